"""What is written here draws no warning of our own: edited files, inserted events, saved runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents import called, message, ran, run
from program import SAMPLES, finish
from trajcore.dialects.newevents import new_action, new_command, user_message
from trajcore.errors import BadInput
from trajcore.events.kinds import INSERTABLE
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory


def parallel() -> list[dict[str, Any]]:
    """A reply that made two calls at once, and one that made one."""
    both = [called(call, "r1", "a", "b") for call in "ab"]
    alone = called("c", "r2")
    events = [
        message(0, "go"),
        run(1, "ls", tool_call_metadata=both[0]),
        run(2, "pwd", tool_call_metadata=both[1]),
        ran(3, 1, "x", tool_call_metadata=both[0]),
        ran(4, 2, "y", tool_call_metadata=both[1]),
        run(5, "id", tool_call_metadata=alone),
        ran(6, 5, "z", tool_call_metadata=alone),
        message(7, "done", source="agent"),
    ]
    return [{**event, "timestamp": f"2025-08-01T10:00:{event['id']:02}.000001"} for event in events]


def without_ids() -> list[dict[str, Any]]:
    return [message(None, "go"), run(None, "ls"), ran(None, None, "x"), message(None, "done", source="agent")]


RECORDINGS = {
    **{path.stem: path.read_bytes() for path in sorted(Path(SAMPLES).glob("*.json"))},
    "parallel calls": json.dumps(parallel()).encode(),
    "without ids": json.dumps(without_ids()).encode(),
    "lines": b"".join(json.dumps(event).encode() + b"\n" for event in parallel()),
}


def findings(trajectory: Trajectory) -> list[tuple[str, str, str]]:
    return [(found.name, found.code, found.text) for found in trajectory.checking()()]


def findings_before_the_end(trajectory: Trajectory) -> list[tuple[str, str, str]]:
    """Without commands that edits left at the very end: so an interrupted run looks, which a warning says."""
    outline, last = trajectory.outline, len(trajectory)
    while last and outline.kinds[last - 1] == "run" and outline.is_action[last - 1]:
        last -= 1
    at_the_end = {trajectory.label(index) for index in range(last, len(trajectory))}
    return [found for found in findings(trajectory) if found[0] not in at_the_end or found[1] != "no-result"]


def saved_run(trajectory: Trajectory) -> Trajectory:
    async def play() -> bytes:
        session = Session(trajectory, Settings(sandbox="recorded"))
        session.resume()
        await session.idle()
        return b"".join(session.run.to_json())

    return Trajectory.from_bytes(asyncio.run(play()))


EDITS: dict[str, Callable[[Trajectory, int, int], object]] = {
    "message": lambda trajectory, at, _: trajectory.insert(at, [user_message("and then?")]),
    "command": lambda trajectory, at, _: trajectory.insert(at, [new_command("true")]),
    "delete": lambda trajectory, at, _: trajectory.delete([at]),
    "duplicate": lambda trajectory, at, _: trajectory.duplicate([at]),
    "move": lambda trajectory, at, to: trajectory.move_to([at], to),
    "set": lambda trajectory, at, _: trajectory.set_value(at, ("message",), "edited"),
    "hide": lambda trajectory, at, _: trajectory.flip(at, "hidden"),
    "wait": lambda trajectory, at, _: trajectory.flip(at, "wait_for_response"),
}


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recording_and_the_run_of_it_are_clean(name: str) -> None:
    trajectory = Trajectory.from_bytes(RECORDINGS[name])
    assert findings(trajectory) == []
    assert findings(saved_run(trajectory)) == []


@settings(max_examples=60)
@given(
    st.sampled_from(sorted(RECORDINGS)),
    st.lists(st.tuples(st.sampled_from(sorted(EDITS)), st.integers(0, 99), st.integers(0, 99)), max_size=5),
)
def test_whatever_is_edited_draws_no_warning_and_neither_does_its_run(
    name: str, edits: list[tuple[str, int, int]]
) -> None:
    trajectory = Trajectory.from_bytes(RECORDINGS[name])
    for what, at, to in edits:
        try:
            EDITS[what](trajectory, at % len(trajectory), to % len(trajectory))
        except BadInput:
            continue  # refused in words, as `move` is at the ends
    assert findings_before_the_end(trajectory) == []
    assert findings_before_the_end(Trajectory.from_bytes(trajectory.to_bytes())) == []
    if name == "without ids" and any(what == "command" for what, _, _ in edits):
        return  # A run gives it an id like all others: nothing tells that it was never carried out before.
    assert findings_before_the_end(saved_run(trajectory)) == []


@pytest.mark.parametrize("kind", [row.name for row in INSERTABLE])
@pytest.mark.parametrize("name", ["demo", "parallel calls"])
def test_each_kind_that_can_be_inserted_is_clean_wherever_it_stands(kind: str, name: str) -> None:
    for at in (0, 3, 99):
        trajectory = Trajectory.from_bytes(RECORDINGS[name])
        trajectory.insert(min(at, len(trajectory)), [new_action(kind)])
        assert findings(trajectory) == []


def test_parallel_calls_are_saved_in_the_order_in_which_they_came() -> None:
    saved = saved_run(Trajectory.from_bytes(RECORDINGS["parallel calls"]))
    assert saved.outline.ids == list(range(8))
    assert saved.outline.kinds == ["message", "run", "run", "run", "run", "run", "run", "message"]
    assert saved.outline.answers == {3: 1, 4: 2, 6: 5}


def test_what_a_model_asked_for_behind_its_finish_is_not_lost() -> None:
    done = {**finish(1), "tool_call_metadata": called("a", "r", "a", "b")}
    assert findings(Trajectory.from_bytes(json.dumps([message(0, "go"), done]).encode())) == []
