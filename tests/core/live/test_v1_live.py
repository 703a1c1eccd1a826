"""A model takes over a conversation of OpenHands V1: what it is shown, what its calls do, what is written."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from conversations import call, directory, failed, message, prompt, ran, run, state
from loopback import Answer, Call, Loopback
from trajcore import Report, areplay
from trajcore.live.model import close_connections
from trajcore.live.modelsettings import ModelSettings
from trajcore.settings import Settings
from trajcore.trajectory import Trajectory

pytestmark = pytest.mark.bubblewrap

SDK = os.environ.get("TRAJTUI_OPENHANDS_SDK_PYTHON")
ORACLE = Path(__file__).parents[2] / "oracles" / "openhands_sdk.py"
NAMES = ("terminal", "file_editor", "task_tracker", "glob", "grep", "apply_patch")
STATED = {
    "agent": {
        "llm": {"model": "openai/m", "api_key": "**********", "usage_id": "agent"},
        "tools": [{"name": name, "params": {}} for name in NAMES],
        "include_default_tools": ["FinishTool", "ThinkTool"], "kind": "Agent",
    },
}  # fmt: skip
TASKS = [{"title": "Look", "status": "in_progress"}, {"title": "Leap", "notes": "far"}]
PATCH = "*** Begin Patch\n*** Add File: p.txt\n+patched\n*** End Patch"
GOOD = (
    Call(
        "terminal",
        {"command": "export A=7; mkdir -p /workspace/d; cd /workspace/d", "security_risk": "LOW"},
        "g1",
    ),
    Call("file_editor", {"command": "create", "path": "/workspace/d/a.txt", "file_text": "x\n"}, "g2"),
    Call("think", {"thought": "hm"}, "g3"),
    Call("task_tracker", {"command": "plan", "task_list": TASKS}, "g4"),
    Call("glob", {"pattern": "*.txt", "path": "/workspace/d"}, "g5"),
    Call("grep", {"pattern": "x", "path": "/workspace/d"}, "g6"),
    Call("file_editor", {"command": "view", "path": "/workspace/d/a.txt"}, "g7"),
    Call("apply_patch", {"patch": PATCH}, "g8"),
)
BAD = (
    Call("terminal", '{"command": "ls', "b1"),
    Call("file_editor", {"command": "view", "path": "/workspace/a", "lines": 3}, "b2"),
    Call("teleport", {"to": "moon"}, "b3"),
)
ANSWERS = (
    Answer("I begin.", [BAD[0], *GOOD[:4], BAD[1], *GOOD[4:], BAD[2]]),
    Answer("Wrongly.", [Call("task_tracker", {"command": "paint"}, "b4")]),
    Answer(
        "",
        [
            Call("task_tracker", {"command": "view"}, "g9"),
            Call("terminal", {"command": "echo $A; pwd"}, "g10"),
        ],
    ),
    Answer("", [Call("finish", {"message": "Done."}, "g11")]),
)


@pytest.fixture(autouse=True)
async def _connections() -> AsyncIterator[None]:
    yield
    await close_connections()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    one = run(2, "echo now")
    fault = failed(5, run(4, "x"), "never ran")
    events = [prompt(), message(1, "user", "go"), one, ran(3, one, "then"), run(4, "x"), fault]
    return directory(tmp_path / "0f0f", events, state(5, **STATED))


async def carried_on(server: Loopback, path: Path, out: Path, *texts: str) -> Report:
    model = ModelSettings("openai/loopback", "sk-loopback-key", server.url)
    return await areplay(
        path, carry_on=True, messages=texts, save=out, settings=Settings("bubblewrap", model=model)
    )


def only(directory: Path) -> Path:
    (found,) = directory.glob("*/base_state.json")
    return found.parent


def events_of(place: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in sorted(place.glob("events/event-*.json"))]


async def test_its_calls_are_those_of_v1_and_so_is_what_is_written(source: Path, tmp_path: Path) -> None:
    with Loopback(ANSWERS) as server:
        report = await carried_on(server, source, tmp_path / "saved", "use them all")
        requests = list(server.requests)
    assert (report.failure, report.state) == (None, "finished")
    first = requests[0].body
    offered = {tool["function"]["name"] for tool in first["tools"]}
    assert offered == {*NAMES, "finish", "think"}
    shown = [one["content"] for one in first["messages"] if one["role"] == "tool"]
    assert shown[0][0]["text"].startswith("now\n[The command completed with exit code 0.]")
    assert shown[1][0]["text"] == "never ran"

    said, *results = requests[1].body["messages"][len(first["messages"]) :]
    texts = {one["tool_call_id"]: "\n".join(part["text"] for part in one["content"]) for one in results}
    assert [one["id"] for one in said["tool_calls"]] == list(texts)
    expected = {
        "b1": "are not JSON", "g1": "[Command finished with exit code 0]", "g2": "created successfully",
        "g3": "Your thought has been logged.", "g4": "Task list has been updated with 2 item(s).",
        "b2": "has no argument lines", "g5": "Found 1 file(s) matching pattern '*.txt'",
        "g6": "Found 1 file(s) containing pattern 'x'", "g7": "     1\tx", "g8": "Done!",
        "b3": "There is no tool 'teleport'",
    }  # fmt: skip
    assert {id: part for id, part in expected.items() if part not in texts[id]} == {}
    viewed = requests[3].body["messages"][-2]["content"][0]["text"]
    assert viewed == "# Task List\n\n1. 🔄 Look\n\n2. ⏳ Leap\n   far"

    saved = only(tmp_path / "saved")
    records = events_of(saved)
    replies = [one.get("llm_response_id") for one in records if one["kind"] == "ActionEvent"][2:]
    assert len(set(replies[:11])) == 1
    kinds = [one["kind"] for one in records if one.get("tool_call_id") in ("b1", "b3", "g1")]
    assert kinds.count("AgentErrorEvent") == 2
    own = next(one for one in records if one["kind"] == "ActionEvent" and one["tool_call_id"] == "g2")
    assert json.loads(own["tool_call"]["arguments"]) == GOOD[1].arguments
    assert own["thought"] == []
    metrics = json.loads((saved / "base_state.json").read_bytes())["stats"]["usage_to_metrics"]["agent"]
    assert metrics["accumulated_token_usage"]["prompt_tokens"] == 400
    assert [one["response_id"] for one in metrics["token_usages"]] == list(dict.fromkeys(replies))
    found = [finding.code for finding in Trajectory.open(saved).checking()()]
    assert found == ["arguments"]  # those of the call that the model did not write as JSON


async def test_the_saved_run_replays_and_says_the_same_to_a_model(source: Path, tmp_path: Path) -> None:
    with Loopback(ANSWERS) as server:
        await carried_on(server, source, tmp_path / "saved", "use them all")
        last = server.requests[-1].body["messages"]
    saved = only(tmp_path / "saved")
    with Loopback([Answer("I see.")]) as server:
        report = await carried_on(server, saved, tmp_path / "again", "and now?")
        shown = server.requests[0].body["messages"]
    assert report.counts["diverged"] == 0, report.to_dict()
    assert [without_times(one) for one in shown[: len(last)]] == [without_times(one) for one in last]
    assert shown[-1]["content"][-1]["text"] == "and now?"


def without_times(one: dict[str, Any]) -> dict[str, Any]:
    return {key: one.get(key) for key in ("role", "content", "tool_calls", "tool_call_id")}


@pytest.mark.skipif(SDK is None, reason="the SDK of OpenHands is not there (TRAJTUI_OPENHANDS_SDK_PYTHON)")
@pytest.mark.timeout(400)
async def test_the_sdk_goes_on_with_what_a_model_did(source: Path, tmp_path: Path) -> None:
    with Loopback([*ANSWERS, Answer("Bye.")]) as server:
        await carried_on(server, source, tmp_path / "saved", "use them all", "thanks")
        last = server.requests[-1].body["messages"]
    (tmp_path / "ws").mkdir()
    place = only(tmp_path / "saved")
    with Loopback(strict=False) as server:
        command = [str(SDK), str(ORACLE), server.url, str(tmp_path / "ws"), str(place)]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=170, env={**os.environ, "HOME": str(tmp_path)}
        )
        answer = json.loads(done.stdout)
        assert answer.get("after") == "finished", answer
        sent = server.requests[0].body["messages"]
    results = {one["tool_call_id"]: one["content"] for one in sent if one["role"] == "tool"}
    assert {one["tool_call_id"]: one["content"] for one in last if one["role"] == "tool"} == results
    assert [one.get("content") for one in sent if one["role"] == "assistant"][-1] == [
        {"type": "text", "text": "Bye."}
    ]


async def test_what_is_called_at_the_end_of_a_branch_hangs_on_it(source: Path, tmp_path: Path) -> None:
    with Loopback([Answer("", [call_of("ls")]), Answer("Nothing there.")]) as server:
        await carried_on(server, source, tmp_path / "saved", "look")
    records = events_of(only(tmp_path / "saved"))
    assert [one["parent_id"] for one in records[1:]] == [one["id"] for one in records[:-1]]
    known = json.loads((only(tmp_path / "saved") / "base_state.json").read_bytes())
    assert known["leaf_event_id"] == records[-1]["id"]
    assert known["execution_status"] == "finished"
    assert call(1, "x", "y")["kind"] == records[-3]["kind"] == "ActionEvent"


def call_of(command: str) -> Call:
    return Call("terminal", {"command": command})
