"""Which rows a filter wants, and where they are among each other."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import message, ran, run
from trajcore.dialects.newevents import user_message
from trajcore.errors import BadInput
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory
from trajcore.views.filtering import PRESETS, Filter, Narrowed
from trajcore.views.timeline import Row, Timeline

EVENTS: list[dict[str, Any]] = [
    message(0, "count"),
    run(1, "ls"),
    ran(2, 1, "none", extras={"metadata": {"exit_code": 2}}),
    run(3, "pwd"),
    ran(4, 3, "/w"),
    message(5, "done?", "agent", wait_for_response=True),
    {"id": 6, "source": "agent", "action": "edit", "args": {"path": "/a.py", "command": "create"}},
    {"id": 7, "source": "agent", "observation": "edit", "content": "done", "cause": 6, "extras": {}},
]


def opened(events: list[dict[str, Any]] = EVENTS) -> Session:
    return Session(Trajectory.from_bytes(json.dumps(events).encode()), Settings("recorded"))


def filtered(session: Session, text: str, first: int | None = None) -> Filter:
    found, rows = Filter(session, text), Timeline(session.trajectory, session.run)
    found.begin(rows, first)
    for _ in range(10_000):
        if found.done:
            break
        found.go_on(0)
    return found


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        *(("kind=run", [1, 2]), ("exit!=0", [1]), ("failed", [1]), ("output~none", [1]), ("waits", [3])),
        *(("source=user", [0]), ("changed", [4]), ("file=/a.py", [4]), ("text~w", [2]), ("diverged", [])),
        *(("edited", []), ("live", []), ("marked", []), ("kind=run and exit=0", [2])),
    ],
)
def test_what_is_recorded_counts_before_it_is_played(text: str, numbers: list[int]) -> None:
    assert filtered(opened(), text).numbers == numbers


def test_what_the_user_does_is_asked_for_by_a_word() -> None:
    session = opened()
    session.trajectory.set_value(3, ("args", "command"), "pwd -P")
    session.toggle_bookmark(0)
    session.toggle_breakpoint(5)
    session.run.add(user_message("more"))
    assert filtered(session, "edited").numbers == [3]  # a row behind the message that was typed first
    assert filtered(session, "marked").numbers == [1, 4]
    assert filtered(session, "live").numbers == [0]


def test_a_row_is_looked_at_again() -> None:
    session = opened()
    found = filtered(session, "edited")
    edit = session.trajectory.set_value(1, ("args", "command"), "ls -l")
    assert edit
    assert found.look_again(1)
    assert not found.look_again(1)
    assert found.numbers == [1]
    session.trajectory.undo()
    assert found.look_again(1)
    assert found.words == "edited  0 of 5"


def test_every_preset_is_a_condition_and_others_are_refused() -> None:
    for preset in PRESETS:
        filtered(opened(), preset.condition)
    with pytest.raises(BadInput, match="is no condition"):
        Filter(opened(), "nonsense")


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.integers(0, 11), st.none() | st.integers(0, 11))
def test_narrowed_rows_are_those_wanted_and_the_next_one(
    wanted: list[bool], position: int, first: int | None
) -> None:
    events = [message(at, "a", "user" if one else "agent") for at, one in enumerate(wanted)]
    session = opened(events)
    position = min(position, len(events) - 1)
    found = filtered(session, "source=user", first)
    assert found.numbers == [at for at, one in enumerate(wanted) if one]
    rows = Timeline(session.trajectory, session.run)
    narrowed = Narrowed(rows, found.numbers, position)
    shown = sorted({*found.numbers, position})
    assert [narrowed[at].uid for at in range(len(narrowed))] == shown
    assert narrowed.extra == (None if wanted[position] else shown.index(position))
    for index in range(len(events)):
        later = [at for at, one in enumerate(shown) if one >= index]
        assert narrowed.at_or_after(index) == (later[0] if later else len(shown) - 1)
        before = [at for at, one in enumerate(shown) if one <= index]
        assert narrowed.number_of(Row(index), session.trajectory) == (before[-1] if before else 0)


def test_an_expression_that_never_ends_is_given_up_and_said() -> None:
    session = opened(
        [message(0, "go"), run(1, "a" * 60 + "b"), ran(2, 1, ""), run(3, "a" * 60), ran(4, 3, "")]
    )
    found = filtered(session, "command~(?:a|aa)+(?:a|aa)+c")
    assert found.done
    assert "takes too long" in found.words
