"""All rows at once: the worst of each stretch, and how long it took."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from documents import message, ran, run
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory
from trajcore.views.overview import Level, Overview
from trajcore.views.timeline import Timeline


def overview_of(events: list[dict[str, Any]]) -> tuple[Session, Overview]:
    session = Session(Trajectory.from_bytes(json.dumps(events).encode()), Settings("recorded"))
    overview = Overview(session)
    overview.begin(Timeline(session.trajectory, session.run))
    for _ in range(10_000):
        if overview.done:
            break
        overview.go_on(0)
    return session, overview


EVENTS = [
    message(0, "begin"),
    {**run(1, "sleep 4"), "timestamp": "2025-01-01T00:00:00"},
    {**ran(2, 1, "", extras={"metadata": {"exit_code": 0}}), "timestamp": "2025-01-01T00:00:04"},
    {**run(3, "false"), "timestamp": "2025-01-01T00:00:04"},
    {**ran(4, 3, "", extras={"metadata": {"exit_code": 1}}), "timestamp": "2025-01-01T00:00:05"},
    message(5, "done", "agent"),
]


def levels(overview: Overview, width: int) -> list[Level]:
    return [cell.level for cell in overview.cells(width)]


def test_a_cell_has_the_worst_of_its_rows_and_their_time() -> None:
    _, overview = overview_of(EVENTS)
    assert levels(overview, 4) == [Level.PLAIN, Level.PLAIN, Level.FAILED, Level.PLAIN]
    assert [cell.height for cell in overview.cells(4)] == [0, 1, 0.5, 0]
    assert levels(overview, 2) == [Level.PLAIN, Level.FAILED]
    assert [cell.begins for cell in overview.cells(8)] == [True, False] * 4


def test_what_the_user_sets_and_edits_comes_and_goes() -> None:
    session, overview = overview_of(EVENTS)
    session.toggle_breakpoint(0)
    session.toggle_bookmark(5)
    overview.marks_changed()
    assert levels(overview, 4) == [Level.BREAKPOINT, Level.PLAIN, Level.FAILED, Level.BOOKMARK]
    session.toggle_breakpoint(0)
    session.toggle_bookmark(5)
    overview.marks_changed()
    session.trajectory.set_value(1, ("args", "command"), "sleep 5")
    overview.look_again(1)
    assert levels(overview, 4) == [Level.PLAIN, Level.EDITED, Level.FAILED, Level.PLAIN]


@given(st.integers(1, 40), st.integers(1, 60))
def test_every_row_has_its_cell_and_every_cell_its_row(rows: int, width: int) -> None:
    _, overview = overview_of([message(number, "a") for number in range(rows)])
    assert len(overview.cells(width)) == width
    for cell in range(width):
        assert 0 <= overview.row_at(cell, width) < rows
    for number in range(rows):
        assert 0 <= overview.cell_of(number, width) < width
    if width <= rows:
        assert all(overview.cell_of(overview.row_at(cell, width), width) == cell for cell in range(width))
