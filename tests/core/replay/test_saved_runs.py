"""A saved run: what OpenHands 0.62 would write, and what replays to itself again and again."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajcore.dialects.openhands_v0.written import as_written_today
from trajcore.session import Delivery, Session, Settings
from trajcore.trajectory import Trajectory

FIELDS: dict[str, dict[str, list[str]]] = json.loads(
    Path(__file__).with_name("fields_0_62.json").read_bytes()
)
"""The arguments and details that OpenHands 0.62 writes, and takes, for each kind."""

OPENHANDS = os.environ.get("TRAJTUI_OPENHANDS_PYTHON") or (
    sys.executable if importlib.util.find_spec("openhands") else None
)


def saved(events: list[dict[str, Any]], insert: int | None = None) -> list[dict[str, Any]]:
    """Replay a recording as recorded and save the run; `insert` is where a message is typed."""
    return asyncio.run(_saved(events, insert))


async def _saved(events: list[dict[str, Any]], insert: int | None) -> list[dict[str, Any]]:
    trajectory = Trajectory.from_bytes(json.dumps(events).encode())
    session = Session(trajectory, Settings(sandbox="recorded"))
    if insert is not None and insert < len(trajectory):
        session.run_to(insert)
        await session.idle()
        session.message("by the way", Delivery.INSERT)
    if not session.at_end:
        session.resume()
        await session.idle()
    result: list[dict[str, Any]] = json.loads(b"".join(session.run.to_json()))
    return result


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event.get("action") or event["observation"] for event in events]


OLD_EDIT = "print(file_editor(**{'command': 'create', 'path': '/workspace/a', 'file_text': 'x'}))"
SHAPES: list[dict[str, Any]] = [
    {"action": "run", "args": {"command": "ls", "keep_prompt": True, "is_confirmed": "confirmed"}},
    {"action": "run", "command": "ls", "thought": "", "is_confirmed": "confirmed", "action_risk": None},
    {"action": "edit", "args": {"path": "/workspace/a", "translated_ipython_code": OLD_EDIT}},
    {"action": "finish", "args": {"outputs": {}, "task_completed": "true", "thought": "ok"}},
    {"action": "message", "args": {"content": "hi", "images_urls": None, "wait_for_response": True}},
    {"action": "system", "args": {"content": "You are", "tools": []}},
    {"action": "recall", "args": {"recall_type": "knowledge", "query": "q", "new_field": 1}},
    {"action": "think", "args": {"thought": "hm"}},
    {"action": "null", "args": {}},
    {"action": "condensation", "args": {"forgotten_event_ids": [0], "summary": None}},
    {"action": "change_agent_state", "args": {"agent_state": "paused"}},
    {"observation": "run", "content": "a", "extras": {"exit_code": 1, "command_id": 7, "command": "ls"}},
    {"observation": "run", "content": "a", "exit_code": 0, "command_id": -1, "command": "ls"},
    {"observation": "edit", "content": "d", "extras": {"path": "/a", "formatted_output_and_error": "ok"}},
    {"observation": "agent_state_changed", "content": "", "extras": {"agent_state": "running"}},
    {"observation": "null", "content": "", "extras": {}},
    {"observation": "error", "content": "bad", "extras": {}},
    {"observation": "recall", "content": "", "extras": {"recall_type": "knowledge", "date": "2025-01-01"}},
]

EVENTS = st.lists(
    st.builds(
        lambda shape, id, source, cause: {**shape, **id, **source, **cause},
        st.sampled_from(SHAPES),
        st.one_of(st.just({}), st.integers(0, 20).map(lambda id: {"id": id})),
        st.sampled_from([{}, {"source": "agent"}, {"source": "user"}, {"source": "environment"}]),
        st.sampled_from([{}, {}, {"cause": 0}, {"cause": 3}]),
    ),
    min_size=1,
    max_size=12,
)


@given(EVENTS, st.none() | st.integers(0, 12))
def test_replaying_a_saved_run_gives_the_same_run(events: list[dict[str, Any]], insert: int | None) -> None:
    first = saved(events, insert)
    second = saved(first)
    assert kinds(second) == kinds(first)
    assert saved(second) == second
    assert len({event["id"] for event in first}) == len(first)


@given(EVENTS)
def test_nothing_is_lost_and_flags_stay(events: list[dict[str, Any]]) -> None:
    run = saved(events)
    assert kinds(run) == kinds(sorted_as_played(events, run))
    flags = [event["args"]["wait_for_response"] for event in run if event.get("action") == "message"]
    assert flags == [True] * len(flags)


def sorted_as_played(events: list[dict[str, Any]], run: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Answers stand behind their actions in a run; otherwise the order is the recording's."""
    assert sorted(kinds(events)) == sorted(kinds(run))
    return run


@given(EVENTS)
def test_a_saved_run_has_the_fields_of_today_and_no_others(events: list[dict[str, Any]]) -> None:
    for event in saved(events):
        side, inside = ("action", "args") if "action" in event else ("observation", "extras")
        assert set(event[inside]) <= set(FIELDS[side][event[side]]), event
        assert event["source"] in ("agent", "user", "environment")


def test_repeated_and_missing_ids_become_unique_and_causes_follow_them() -> None:
    action = {"id": 5, "source": "agent", "action": "run", "args": {"command": "ls"}}
    answer = {"id": 6, "source": "agent", "observation": "run", "cause": 5, "content": "a", "extras": {}}
    nameless = {key: value for key, value in action.items() if key != "id"}
    nameless_answer = {key: value for key, value in answer.items() if key not in ("id", "cause")}
    run = saved([action, answer, action, answer, nameless, nameless_answer])
    assert [event["id"] for event in run[:2]] == [5, 6]
    assert len({event["id"] for event in run}) == 6
    for asked, answered in zip(run[::2], run[1::2], strict=True):
        assert answered["cause"] == asked["id"]


def test_what_openhands_writes_today_is_written_unchanged(recordings: dict[str, Path]) -> None:
    for event in json.loads(recordings["all_event_types_v0.62.json"].read_bytes()):
        assert as_written_today(event) == event


@pytest.mark.skipif(OPENHANDS is None, reason="openhands-ai is not installed (TRAJTUI_OPENHANDS_PYTHON)")
def test_openhands_own_reader_takes_every_event(recordings: dict[str, Path], tmp_path: Path) -> None:
    runs = [saved(SHAPES)]
    runs += [json.loads(asyncio.run(_replayed(path))) for path in recordings.values()]
    (tmp_path / "runs.json").write_text(json.dumps([event for run in runs for event in run]))
    program = (
        "import json, sys\n"
        "from openhands.events.serialization.event import event_from_dict\n"
        "for event in json.load(open(sys.argv[1])):\n    event_from_dict(event)\n"
    )
    command = [str(OPENHANDS), "-c", program, str(tmp_path / "runs.json")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=170)
    assert done.returncode == 0, done.stderr


async def _replayed(path: Path) -> bytes:
    session = Session(Trajectory.open(path), Settings(sandbox="recorded"))
    session.resume()
    await session.idle()
    return b"".join(session.run.to_json())
