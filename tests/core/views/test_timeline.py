"""The rows of a timeline: one a step, and what this run added in its place."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from documents import message, ran, run
from trajcore.dialects.newevents import user_message
from trajcore.document import seen
from trajcore.replay.run import Run
from trajcore.trajectory import Trajectory
from trajcore.views.timeline import Row, Timeline

EVENTS = [
    {"id": 0, "source": "agent", "action": "system", "args": {"content": "You are"}},
    message(1, "count"),
    {"id": 2, "source": "user", "action": "recall", "args": {"recall_type": "knowledge"}},
    run(3, "ls"),
    ran(4, 3),
    {"id": 5, "source": "environment", "observation": "agent_state_changed", "content": "", "extras": {}},
    {"id": 6, "source": "agent", "observation": "error", "content": "malformed call", "extras": {}},
    message(7, "done?", "agent"),
]


def document(events: list[dict[str, Any]] | None = None) -> Trajectory:
    return Trajectory.from_bytes(json.dumps(events or EVENTS).encode())


def rows(timeline: Timeline) -> list[Row]:
    return [timeline[at] for at in range(len(timeline))]


def played(trajectory: Trajectory, upto: int) -> Run:
    run = Run(trajectory.outline.last_id)
    for index in range(upto):
        run.keep(trajectory.raw(index), trajectory.head(index), index)
    return run


def test_steps_are_shown_and_bookkeeping_and_answers_are_not() -> None:
    trajectory = document()
    assert [row.uid for row in rows(Timeline(trajectory, played(trajectory, 0)))] == [0, 1, 3, 6, 7]


def test_the_raw_view_shows_every_event() -> None:
    trajectory = document()
    timeline = Timeline(trajectory, played(trajectory, 3), raw=True)
    assert [row.uid for row in rows(timeline)] == list(range(len(EVENTS)))


def test_what_was_typed_stands_behind_what_was_played_before_it() -> None:
    trajectory = document()
    run = played(trajectory, 4)
    entry = run.add(user_message("wait"))
    place = run.entries.index(entry)
    timeline = Timeline(trajectory, run)
    assert rows(timeline) == [Row(0), Row(1), Row(3), Row(None, place), Row(6), Row(7)]
    assert timeline.of_entry(place) == 3
    assert timeline.of_entry(0) is None


def test_what_was_typed_before_anything_was_played_stands_first() -> None:
    trajectory = document()
    run = played(trajectory, 0)
    run.add(user_message("first"))
    assert rows(Timeline(trajectory, run))[:2] == [Row(None, 0), Row(0)]


def test_the_live_part_stands_where_the_recording_was_left_with_one_row_a_step() -> None:
    trajectory = document()
    run = played(trajectory, 5)
    run.add(user_message("go on"), live=True)
    run.add({"source": "agent", "action": "run", "args": {"command": "pwd"}}, live=True)
    run.add(
        {"source": "agent", "observation": "run", "cause": run.entries[-1].head.id, "content": ""}, live=True
    )
    timeline = Timeline(trajectory, run)
    assert rows(timeline) == [Row(0), Row(1), Row(3), Row(None, 5), Row(None, 6), Row(6), Row(7)]


def test_an_answer_of_this_run_in_the_place_of_the_recorded_one_is_no_row_of_its_own() -> None:
    trajectory = document()
    run = played(trajectory, 4)
    run.add({"source": "agent", "observation": "run", "cause": 3, "content": "other"}, origin=4, id=4)
    assert rows(Timeline(trajectory, run)) == [Row(0), Row(1), Row(3), Row(6), Row(7)]


def test_an_event_without_a_row_leads_to_the_next_that_has_one() -> None:
    trajectory = document()
    timeline = Timeline(trajectory, played(trajectory, 0))
    assert [timeline[timeline.at_or_after(index)].uid for index in range(len(EVENTS))] == [
        0,
        1,
        3,
        3,
        6,
        6,
        6,
        7,
    ]
    assert timeline.at_or_after(len(EVENTS)) == len(timeline) - 1


_KINDS = st.sampled_from(["message", "run", "ran", "null", "recall"])


@given(st.lists(_KINDS, min_size=1, max_size=8), st.lists(st.booleans(), max_size=10), st.booleans())
def test_rows_are_in_the_order_of_the_recording_and_none_is_lost(
    kinds: list[str], moves: list[bool], raw: bool
) -> None:
    made: dict[str, Any] = {"message": message, "run": run, "ran": lambda id: ran(id, None)}
    events = [
        made[kind](id) if kind in made else {"id": id, "action": kind, "source": "environment", "args": {}}
        for id, kind in enumerate(kinds)
    ]
    trajectory = document(events)
    taken = Run(trajectory.outline.last_id)
    at = 0
    for play in moves:
        if play and at < len(events):
            taken.keep(trajectory.raw(at), trajectory.head(at), at)
            at += 1
        else:
            taken.add(user_message("x"))
    timeline = Timeline(trajectory, taken, raw=raw)
    found = rows(timeline)
    recorded = [row.uid for row in found if row.uid is not None]
    added = [row.entry for row in found if row.entry is not None]
    assert recorded == sorted(set(recorded))
    assert added == [place for place, entry in enumerate(taken.entries) if entry.origin is None]
    if raw:
        assert recorded == list(range(len(events)))
    for place in added:
        row = timeline.of_entry(place)
        assert row is not None
        before = [entry.origin for entry in taken.entries[:place] if entry.origin is not None]
        shown = [other.uid for other in found[:row] if other.uid is not None]
        assert all(index <= max(before, default=-1) for index in shown)


_LINKED = st.sampled_from(["message", "run", "ran", "late", "null", "recall", "delegate", "back"])


@given(st.lists(_LINKED, min_size=1, max_size=12), st.booleans())
def test_what_is_shown_of_the_beginning_is_what_is_shown_of_all(kinds: list[str], raw: bool) -> None:
    """`late` answers the first command, wherever that is: behind the beginning, its answer is yet to come."""
    made: dict[str, Any] = {
        "message": message,
        "run": run,
        "ran": lambda id: ran(id, None),
        "late": lambda id: ran(id, kinds.index("run") if "run" in kinds else None),
        "delegate": lambda id: {"id": id, "source": "agent", "action": "delegate", "args": {}},
        "back": lambda id: {
            "id": id,
            "source": "agent",
            "observation": "delegate",
            "content": "",
            "extras": {},
        },
    }
    events = [
        made[kind](id) if kind in made else {"id": id, "action": kind, "source": "environment", "args": {}}
        for id, kind in enumerate(kinds)
    ]
    with patch.object(seen, "_BEGINNING", 5):
        trajectory = document(events)
        assert trajectory.all_read == (len(events) <= 5)
        nothing = Run(-1)
        first = Timeline(trajectory, nothing, raw=raw, beginning=True)
        labels = [trajectory.label(index) for index in range(min(5, len(events)))]
        heads = [trajectory.head(index) for index in range(min(5, len(events)))]
        assert trajectory.all_read == (len(events) <= 5)
        whole = Timeline(trajectory, nothing, raw=raw)
        assert trajectory.all_read
    assert rows(first) == rows(whole)[: len(first)]
    assert len(events) <= 5 or all(row.uid is not None and row.uid >= 5 for row in rows(whole)[len(first) :])
    assert labels == [trajectory.label(index) for index in range(len(labels))]
    assert heads == [trajectory.head(index) for index in range(len(heads))]
