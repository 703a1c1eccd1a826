"""A live session that uses each tool, rightly and wrongly: its messages, its saved run, the replay of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from documents import message, ran, run
from loopback import Answer, Call, Loopback
from trajcore import Report, areplay
from trajcore.live.model import close_connections
from trajcore.live.modelsettings import ModelSettings
from trajcore.settings import Settings
from trajcore.trajectory import Trajectory

pytestmark = pytest.mark.bubblewrap

TASKS = [{"id": "1", "title": "Look", "status": "in_progress", "notes": ""}]
GOOD = (
    Call("execute_bash", {"command": "export A=7; cat", "timeout": 1}, "g1"),
    Call("execute_bash", {"command": "C-d", "is_input": "true"}, "g2"),
    Call("execute_ipython_cell", {"code": "a = 6\nprint(a * 7)", "security_risk": "LOW"}, "g3"),
    Call("str_replace_editor", {"command": "create", "path": "/workspace/a", "file_text": "x\n"}, "g4"),
    Call("think", {"thought": "hm"}, "g5"),
    Call("task_tracker", {"command": "plan", "task_list": TASKS}, "g6"),
)
BAD = (
    Call("execute_bash", '{"command": "ls', "b1"),
    Call("str_replace_editor", {"command": "view", "path": "/workspace/a", "lines": 3}, "b2"),
    Call("teleport", {"to": "moon"}, "b3"),
)
ANSWERS = (
    Answer("I begin.", [BAD[0], *GOOD[:3], BAD[1], *GOOD[3:], BAD[2]]),
    Answer("Again, wrongly.", [Call("task_tracker", {"command": "plan"}, "b4")]),
    Answer(
        "",
        [Call("task_tracker", {"command": "view"}, "g7"), Call("execute_bash", {"command": "echo $A"}, "g8")],
    ),
    Answer("", [Call("finish", {"message": "Done."}, "g9")]),
)


@pytest.fixture(autouse=True)
async def _connections() -> AsyncIterator[None]:
    yield
    await close_connections()


async def carried_on(server: Loopback, path: Path, out: Path, text: str) -> Report:
    """The run of a recording with which the model goes on, saved."""
    model = ModelSettings("openai/loopback", "sk-loopback-key", server.url)
    return await areplay(
        path, carry_on=True, messages=[text], save=out, settings=Settings("bubblewrap", model=model)
    )


async def test_the_saved_run_replays_and_says_the_same_to_a_model(tmp_path: Path) -> None:
    path, saved, again = (tmp_path / name for name in ("x.json", "saved.json", "again.json"))
    path.write_text(json.dumps([message(0, "go"), run(1, "true"), ran(2, 1)]))
    with Loopback(ANSWERS) as server:
        report = await carried_on(server, path, saved, "use them all")
        requests = [body["messages"] for body in server.bodies]
    assert report.failure is None
    assert report.state == "finished"
    check_messages(requests[1][5:])
    events = json.loads(saved.read_text())
    check_events(events)
    assert not list(Trajectory.open(saved).checking()())

    with Loopback([Answer("I see.")]) as server:
        report = await carried_on(server, saved, again, "and now?")
        [shown] = [body["messages"] for body in server.bodies]
    assert report.counts["matched"] == report.counts["actions"] == 6
    assert comparable(shown[: len(requests[3])]) == comparable(requests[3])
    replayed = json.loads(again.read_text())
    assert [kind_of(event) for event in replayed[: len(events)]] == [kind_of(event) for event in events]


def check_messages(told: list[dict[str, Any]]) -> None:
    """Each call has its result, in the order of the calls; what ran says so."""
    said, *results = told
    ids = [call["id"] for call in said["tool_calls"]]
    assert ids == ["b1", "g1", "g2", "g3", "b2", "g4", "g5", "g6", "b3"]
    assert [result["tool_call_id"] for result in results] == ids
    expected = (
        "are not JSON", "timed out after", "[Command finished with exit code 0]", "42",
        "has no argument lines", "created successfully", "has been logged", "updated with 1 items",
        "There is no tool 'teleport'",
    )  # fmt: skip
    for result, part in zip(results, expected, strict=True):
        assert part in result["content"]


def check_events(events: list[dict[str, Any]]) -> None:
    kinds = [kind_of(event) for event in events[4:]]
    assert kinds == [
        "=error", "run", "=run", "run", "=run", "run_ipython", "=run_ipython", "=error", "edit", "=edit",
        "think", "=think", "task_tracking", "=task_tracking", "=error",
        "message", "=error", "task_tracking", "=task_tracking", "run", "=run", "finish",
    ]  # fmt: skip
    errors = [event for event in events if event.get("observation") == "error"]
    assert [event["tool_call_metadata"]["tool_call_id"] for event in errors] == ["b1", "b2", "b3", "b4"]
    assert [event["args"]["thought"] for event in events if event.get("action") == "run"][1:3] == [
        "I begin.",
        "",
    ]
    shown = next(event for event in reversed(events) if event.get("observation") == "task_tracking")
    assert shown["content"] == "# Task List\n\n1. 🔄 Look\n\n"
    assert events[-2]["content"] == "7"


def comparable(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without what came of the command that waits: a replay words it otherwise."""
    return [one for one in messages if one.get("tool_call_id") != "g1"]


def kind_of(event: dict[str, Any]) -> str:
    return event.get("action") or f"={event['observation']}"
