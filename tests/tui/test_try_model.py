"""`trajtui doctor --try-model`: a small round trip for each thing that a session needs of its model."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from loopback import Answer, Call, Loopback
from program import trajtui
from trajcore.live.modelsettings import ModelSettings
from trajcore.settings import Settings
from trajcore.views.trying import TriedModel

KEY = "sk-loopback-0123456789abcdef"
SEVEN = Call("report_number", {"number": 7})


def able(messages: list[dict[str, Any]]) -> Answer:
    """A model that does all that it is asked."""
    asked = messages[-1]["content"]
    if isinstance(asked, list):
        return Answer("Red.")
    if messages[-1]["role"] == "tool":
        return Answer("Reported.")
    if "three times" in asked:
        return Answer(calls=[Call("report_number", {"number": number}) for number in (1, 2, 3)])
    return Answer(calls=[SEVEN]) if "report_number" in asked else Answer("one, two, three")


def without_tools(messages: list[dict[str, Any]]) -> Answer:
    answer = able(messages)
    return Answer("report_number(7)") if answer.calls else answer


def one_by_one(messages: list[dict[str, Any]]) -> Answer:
    answer = able(messages)
    return replace(answer, calls=answer.calls[:1])


def blind(messages: list[dict[str, Any]]) -> Answer:
    if isinstance(messages[-1]["content"], list):
        return Answer(status=400, error="this model takes no images")
    return able(messages)


def in_one_piece(messages: list[dict[str, Any]]) -> Answer:
    return replace(able(messages), piece=1000)


async def tried(script: Callable[..., Answer]) -> tuple[int, dict[str, Any], list[str]]:
    """The exit code, the object and the lines."""
    lines: list[str] = []
    with Loopback(script) as server:
        model = TriedModel(Settings(model=ModelSettings("openai/m", KEY, server.url)))
        await model.run(lines.append)
    assert KEY not in str(lines) + str(model.to_dict())
    return model.exit_code, model.to_dict(), lines


WHAT = ["answer", "streaming", "tools", "results", "parallel calls", "picture"]


@pytest.mark.parametrize(
    ("script", "not_working", "not_tried"),
    [
        (able, set(), set()),
        (without_tools, {"tools"}, {"results", "parallel calls"}),
        (one_by_one, {"parallel calls"}, set()),
        (blind, {"picture"}, set()),
        (in_one_piece, {"streaming"}, set()),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_what_works_what_does_not_and_what_was_not_tried(
    script: Callable[..., Answer], not_working: set[str], not_tried: set[str]
) -> None:
    code, data, _ = await tried(script)
    assert [trial["what"] for trial in data["trials"]] == WHAT
    assert {trial["what"] for trial in data["trials"] if trial["works"] is False} == not_working
    assert {trial["what"] for trial in data["trials"] if trial["works"] is None} == not_tried
    assert (code, data["works"]) == (int(bool(not_working)), not not_working)
    assert data["tokens"]["prompt"] == sum(trial["tokens"]["prompt"] for trial in data["trials"])
    assert data["not_tried"]


async def test_it_is_told_in_lines_with_what_it_took_and_what_to_set() -> None:
    code, _, lines = await tried(able)
    said = "\n".join(lines)
    assert code == 0
    assert [line[4:19].strip() for line in lines[:6]] == WHAT
    assert "100 tokens in, 20 out" in lines[0]
    assert "5 replies · 500 tokens in, 100 out" in said
    assert "no price is known" in said
    assert lines[-1].startswith("not tried: ")


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (ModelSettings("openai/m", KEY, "http://127.0.0.1:9/v1"), "Cannot reach http://127.0.0.1:9/v1"),
        (ModelSettings("openai/m", KEY, "nowhere"), "nowhere is not a URL"),
        (ModelSettings("plain", KEY), "No provider is known for the model plain"),
        (ModelSettings(), "no model is configured"),
    ],
)
async def test_a_model_that_cannot_be_had_is_exit_code_3(model: ModelSettings, words: str) -> None:
    lines: list[str] = []
    tried = TriedModel(Settings(model=model))
    await tried.run(lines.append)
    assert tried.exit_code == 3
    assert words in lines[0]
    assert len(lines) == 1


def test_the_command_prints_lines_or_one_object_and_no_key() -> None:
    with Loopback(able) as server:
        own = {"LLM_MODEL": "openai/m", "LLM_API_KEY": KEY, "LLM_BASE_URL": server.url}
        done = trajtui("doctor", "--try-model", **own)
        assert (done.returncode, len(done.stdout.splitlines())) == (0, 10)
        with Loopback(lambda _: Answer(status=401, error=f"no such key: {KEY}")) as refusing:
            refused = trajtui("doctor", "--try-model", "--json", **{**own, "LLM_BASE_URL": refusing.url})
    data = json.loads(refused.stdout)
    assert (refused.returncode, data["works"], data["trials"]) == (3, False, [])
    assert "was refused" in data["failure"]
    assert KEY not in done.stdout + done.stderr + refused.stdout + refused.stderr


def test_doctor_itself_is_one_object_too() -> None:
    done = trajtui("doctor", "--json", DOCKER_HOST="unix:///nonexistent.sock", TRAJTUI_SANDBOX="recorded")
    data = json.loads(done.stdout)
    assert (done.returncode, data["executes"]) == (3, False)
    assert {"model", "sandbox"} <= {fact["what"] for fact in data["facts"]}
