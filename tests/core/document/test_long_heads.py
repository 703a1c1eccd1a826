"""Heads of events with long contents: what is kept of them is little, what they answer is all."""

from __future__ import annotations

import json

import pytest

from documents import ran, run
from trajcore.events.head import LONGEST
from trajcore.trajectory import Trajectory

LONG = "ERROR: " + "a line of it\n" * 50_000 + "the end"


@pytest.mark.parametrize("extras", [{}, {"path": ["of a wrong type"]}], ids=["as read", "read loosely"])
def test_a_head_answers_all_and_keeps_the_beginning(extras: dict[str, object]) -> None:
    edit = {"id": 1, "source": "agent", "cause": 0, "observation": "edit", "content": LONG, "extras": extras}
    trajectory = Trajectory.from_bytes(json.dumps([run(0), edit, ran(2, 0, LONG, exit_code=3)]).encode(), "x")
    for index in (1, 2):
        head = trajectory.head(index)
        assert head.content == head.text == LONG
        assert len(head.told or "") == LONGEST
        assert head.failed
        assert head.summary() == "ERROR: a line of it"
    assert trajectory.head(1).failed_edit
    assert trajectory.head(2).exit_code == 3


def test_a_head_answers_for_the_event_that_it_was_read_of() -> None:
    trajectory = Trajectory.from_bytes(json.dumps([run(0), ran(1, 0, LONG)]).encode(), "x")
    before = trajectory.head(1)
    trajectory.set_value(1, ("content",), "short")
    assert before.content == LONG
    assert trajectory.head(1).content == "short"
    trajectory.undo()
    assert trajectory.head(1).content == LONG
