"""Another model from the next call on: who made which calls is kept with the branch, and no key is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from documents import of_commands
from loopback import Answer, Call, Loopback
from trajcore.errors import BadInput, ModelUnavailable
from trajcore.journal.branches import branch_directory, kept_branches
from trajcore.live.budget import Budget
from trajcore.live.model import close_connections
from trajcore.live.modelsettings import ModelSettings, NamedModel
from trajcore.session import Delivery, Session, Settings
from trajcore.trajectory import Trajectory
from trajcore.views import models

KEYS = ("sk-first-0123456789", "sk-second-0123456789")
LOOK = Call("execute_bash", {"command": "echo looked"})


@pytest.fixture(autouse=True)
async def _connections() -> AsyncIterator[None]:
    yield
    await close_connections()


def session_at(path: Path, server: Loopback, **more: object) -> Session:
    path.write_bytes(of_commands("true"))
    model = ModelSettings("openai/first", KEYS[0], server.url)
    settings = Settings("toy", model=model, keep_branches=True, **more)  # type: ignore[arg-type]
    return Session(Trajectory.open(path), settings)


@pytest.mark.usefixtures("toy")
async def test_the_next_call_goes_to_it_and_the_branch_says_who_did_what(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    with Loopback([Answer("", [LOOK]), Answer("", [LOOK]), Answer("One.", delay=0.4), Answer("", [LOOK]),
                   Answer("Two.")]) as server:  # fmt: skip
        session = session_at(path, server, budget=Budget(steps=9))
        second = ModelSettings("openai/second", KEYS[1], server.url, reasoning_effort="high")
        session.message("go", Delivery.LIVE)
        while len(server.bodies) < 3:
            await asyncio.sleep(0.01)
        session.change_model(second)  # the call that is under way is the first one's still
        await session.idle()
        session.message("on", Delivery.LIVE)
        await session.idle()
        assert [body["model"] for body in server.bodies] == ["first"] * 3 + ["second"] * 2
        assert server.requests[-1].headers["Authorization"] == f"Bearer {KEYS[1]}"
        assert session.usage is not None
        assert session.usage.replies == 5
        assert session.usage.prompt_tokens == 500
        await session.close()
    (kept,) = kept_branches(path)
    assert [(one.model, one.steps) for one in kept.asked] == [("openai/first", 3), ("openai/second", 2)]
    assert kept.model == "openai/second"
    assert kept.asked[1].settings["reasoning_effort"] == "high"
    for file in branch_directory().iterdir():
        assert not any(key in file.read_text() for key in KEYS)


@pytest.mark.usefixtures("toy")
async def test_a_call_that_failed_for_its_key_goes_with_another(tmp_path: Path) -> None:
    def answer(_: object) -> Answer:
        return Answer("Hi.") if server.requests[-1].headers["Authorization"].endswith("9012") else refused

    refused = Answer(status=401)
    with Loopback(answer) as server:
        session = session_at(tmp_path / "x.json", server)
        session.message("go", Delivery.LIVE)
        await session.idle()
        assert isinstance(session.failure, ModelUnavailable)
        typed = models.Fields("openai/first", server.url, "", "sk-mended-56789012")
        session.change_model(models.chosen(session, models.PRESENT, typed))
        session.message(session.take_back(), Delivery.LIVE)
        await session.idle()
        assert session.failure is None
        with pytest.raises(ModelUnavailable, match="not a URL"):
            session.change_model(ModelSettings("openai/first", base_url="nowhere"))
        await session.close()
    assert "mended" not in json.dumps([path.read_text() for path in branch_directory().iterdir()])


def test_a_key_stays_for_its_provider_at_its_address_alone() -> None:
    mine = ModelSettings("openai/a", KEYS[0])
    proxied = ModelSettings("openai/a", KEYS[0], "http://me:pw12345@localhost:1/v1")
    named = {"proxied": NamedModel(proxied), "bad": NamedModel(ModelSettings(), "temperature: expected x")}
    session = Session(
        Trajectory.from_bytes(of_commands("true")), Settings("recorded", model=mine, models=named)
    )

    def key(name: str, model: str, base_url: str, typed: str = "") -> str | None:
        return models.chosen(session, name, models.Fields(model, base_url, "", typed)).api_key

    assert key("", "openai/b", "") == KEYS[0]
    assert key("", "anthropic/b", "") is None
    assert key("", "openai/a", "http://elsewhere.example/v1") is None
    assert key("", "openai/a", "http://elsewhere.example/v1", KEYS[1]) == KEYS[1]
    shown = models.fields_of(session, "proxied").base_url
    assert "pw12345" not in shown + str(models.form(session))
    assert key("proxied", "anything", shown) == KEYS[0]
    kept = models.chosen(session, "proxied", models.Fields("anything", shown, "low"))
    assert (kept.base_url, kept.reasoning_effort) == (proxied.base_url, "low")
    assert key("proxied", "anything", "") is None
    with pytest.raises(BadInput, match="temperature"):
        key("bad", "m", "")
    with pytest.raises(ModelUnavailable):
        key("", " ", "")
    assert not any(secret in str(models.form(session)) for secret in KEYS)


def test_what_is_kept_of_settings_holds_no_secret() -> None:
    told = ModelSettings(
        "openai/m", KEYS[0], "https://me:hunter22@host/v1", temperature=0.5, aws_secret_access_key=KEYS[1],
        completion_kwargs={"extra_headers": {"x-key": KEYS[1]}},
    ).told()  # fmt: skip
    assert told == {"model": "openai/m", "temperature": 0.5, "base_url": "https://<secret_hidden>@host/v1"}
