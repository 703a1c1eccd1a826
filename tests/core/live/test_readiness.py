"""What is known of a live session before its replay is told then; a failed call changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import trajcore
from documents import message, of_commands, ran, run
from loopback import Answer, Call, Loopback
from program import say, write
from trajcore import notices
from trajcore.errors import ModelUnavailable, SandboxUnavailable, TrajError
from trajcore.live.model import Patience, close_connections
from trajcore.live.modelprocess import MODELS
from trajcore.live.modelsettings import ModelSettings
from trajcore.live.readiness import check_model
from trajcore.replay.states import Mode, State
from trajcore.session import Delivery, Session, Settings
from trajcore.trajectory import Trajectory

pytestmark = pytest.mark.usefixtures("toy")

LOOK = Call("execute_bash", {"command": "echo looked"})
NOBODY = "http://127.0.0.1:9/v1"


@pytest.fixture(autouse=True)
async def _connections() -> AsyncIterator[None]:
    yield
    await close_connections()


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GROQ_API_KEY"):
        monkeypatch.delenv(name, raising=False)


# Before the replay

USERS_TURN = [message(0, "go"), run(1, "true"), ran(2, 1, ""), say(3, "What next?")]
MODEL = {"LLM_MODEL": "openai/m", "LLM_BASE_URL": NOBODY}


@pytest.mark.parametrize(
    ("environment", "options", "error", "words"),
    [
        ({}, {"messages": ["on"]}, ModelUnavailable, "no model is configured"),
        (MODEL, {}, trajcore.BadInput, "--message"),
        (MODEL, {"messages": ["on", " "]}, trajcore.BadInput, "the message is empty"),
        (MODEL, {"messages": ["on"], "sandbox": "recorded"}, SandboxUnavailable, "docker or bubblewrap"),
        ({**MODEL, "LLM_BASE_URL": "localhost:1"}, {"messages": ["on"]}, ModelUnavailable, "not a URL"),
        ({**MODEL, "LLM_BASE_URL": "http://[::1"}, {"messages": ["on"]}, ModelUnavailable, "not a URL"),
        ({"LLM_MODEL": "openai/m"}, {"messages": ["on"]}, ModelUnavailable, "no key for openai/m"),
        ({"LLM_MODEL": "groq/m"}, {"messages": ["on"]}, ModelUnavailable, "no key for groq/m"),
        ({"LLM_MODEL": "plain"}, {"messages": ["on"]}, ModelUnavailable, "No provider is known"),
    ],
)
async def test_what_would_be_told_behind_the_replay_is_told_before_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    options: dict[str, Any],
    error: type[TrajError],
    words: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    path = write(tmp_path / "x.json", USERS_TURN)
    told: list[notices.Notice] = []
    with pytest.raises(error, match=words) as caught:
        await trajcore.areplay(path, **{"sandbox": "toy", **options}, carry_on=True, on_notice=told.append)
    assert "\n" not in str(caught.value)
    assert not [one for one in told if isinstance(one, notices.StepDone | notices.Executing)]


async def test_whose_turn_it_is_counts_what_is_skipped_and_where_it_stops(tmp_path: Path) -> None:
    path = write(tmp_path / "x.json", USERS_TURN)
    with Loopback([Answer("Done.")] * 2) as server:
        model = ModelSettings("openai/m", "sk-loopback-0123456789", server.url)
        for options in ({"until": 3}, {"breaks": ["kind==finish"], "messages": ["on"]}):
            report = await trajcore.areplay(
                path, settings=Settings("toy", model=model), carry_on=True, **options
            )
            assert report.live is not None
        assert len(server.bodies) == 2


@pytest.mark.parametrize(
    "model",
    [
        ModelSettings("anthropic/m", "sk-0123456789"),
        ModelSettings("plain", base_url=NOBODY),
        ModelSettings("bedrock/m"),
        ModelSettings("ollama/m"),
        ModelSettings("azure/m"),
        ModelSettings("hosted_vllm/m"),
        ModelSettings("m", "sk-0123456789", custom_llm_provider="openai"),
        ModelSettings("openai/m", completion_kwargs={"api_key": "sk-0123456789"}),
    ],
    ids=lambda model: model.model,
)
async def test_what_may_be_had_after_all_is_not_refused(model: ModelSettings) -> None:
    await check_model(model)


# A call that fails

FAILING: dict[str, list[Answer]] = {
    **{str(status): [Answer(status=status)] for status in (400, 401, 402, 403, 404, 413)},
    **{f"{status} again": [Answer(status=status)] * 2 for status in (408, 429, 500, 502, 503, 529)},
    "too long": [Answer(status=400, error="This model's maximum context length is 10 tokens")],
    "no credit": [Answer(status=429, error="You exceeded your current quota")],
    "more patience than there is": [Answer(status=429, headers={"retry-after": "5000"})],
    "hangs up": [Answer(drop=True)] * 2,
    "closes": [Answer(closes=True)],
    "empty": [Answer("", completion_tokens=0)],
    "nonsense": [Answer(raw="<html>no model here</html>")],
    "an error in the middle": [Answer(breaks="overloaded")] * 2,
    "silent": [Answer(hang=True)] * 2,
}


def opened(url: str, monkeypatch: pytest.MonkeyPatch) -> Session:
    hurried = Patience(attempts=2, first_wait=0.01, timeout=0.3)
    monkeypatch.setattr("trajcore.live.model.Patience", lambda: hurried)
    model = ModelSettings("openai/m", "sk-loopback-0123456789", url)
    return Session(Trajectory.from_bytes(of_commands("true", "true")), Settings("toy", model=model))


@pytest.mark.parametrize("kind", FAILING)
async def test_a_failed_call_leaves_all_as_it_was_whatever_failed(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = [*FAILING[kind], Answer("I look.", [LOOK]), *FAILING[kind], Answer("Now.")]
    with Loopback(script) as server:
        session = opened(server.url, monkeypatch)
        session.step()
        await session.idle()
        before = (list(session.run.entries), session.position)
        session.message("take over", Delivery.LIVE)
        await session.idle()
        assert (session.state, session.mode, session.queued) == (State.PAUSED, Mode.REPLAY, ("take over",))
        assert (list(session.run.entries), session.position) == before
        session.message(session.take_back(), Delivery.LIVE)
        await session.idle()
        assert (session.state, session.mode) == (State.AWAITING_INPUT, Mode.LIVE)
        assert isinstance(session.failure, ModelUnavailable)
        assert session.run.entries[-1].head.observation == "run"
        session.message("go on", Delivery.LIVE)
        await session.idle()
        assert (session.failure, session.unsent) == (None, ())
        await session.close()


async def test_where_nobody_listens_and_where_the_process_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    session = opened(NOBODY, monkeypatch)
    session.step()
    await session.idle()
    session.message("take over", Delivery.LIVE)
    await session.idle()
    assert (session.state, session.queued) == (State.PAUSED, ("take over",))
    await session.close()
    with Loopback([Answer(hang=True)]) as server:
        session = opened(server.url, monkeypatch)
        session.message("take over", Delivery.LIVE)
        while not server.bodies:
            await asyncio.sleep(0.01)
        MODELS.stop()
        await session.idle()
        assert (session.state, session.queued) == (State.PAUSED, ("take over",))
        await session.close()


async def test_a_sandbox_that_cannot_be_had_leaves_all_as_it_was_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_: object) -> None:
        raise SandboxUnavailable("no engine answers")

    monkeypatch.setattr("trajcore.replay.executor.Executor.ready", fail)
    session = opened(NOBODY, monkeypatch)
    session.message("take over", Delivery.LIVE)
    await session.idle()
    assert (session.state, session.mode, session.queued) == (State.PAUSED, Mode.REPLAY, ("take over",))
    assert str(session.failure) == "no engine answers"
    await session.close()
