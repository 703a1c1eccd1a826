"""Where `:` goes, and what it says where it does not."""

from __future__ import annotations

import json

import pytest

from documents import message, ran, run
from trajcore.dialects.newevents import user_message
from trajcore.errors import BadInput
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory
from trajcore.views.jumping import place_of
from trajcore.views.timeline import Row, Timeline

STATE = {"source": "environment", "observation": "agent_state_changed", "content": "", "extras": {}}
EVENTS = [
    {**message(10, "begin"), "timestamp": "2025-01-01T23:00:00"},
    {**run(11, "ls"), "timestamp": "2025-01-01T23:10:00.5"},
    {**ran(12, 11), "timestamp": "2025-01-01T23:30:00"},
    {"id": 13, **STATE},
    {**message(14, "go on"), "timestamp": "2025-01-02T00:40:00Z"},
    {**message(14, "again"), "timestamp": "never"},
    {"id": 16, **STATE, "timestamp": "2025-01-02T01:00:00"},
]


@pytest.fixture
def session() -> Session:
    return Session(Trajectory.from_bytes(json.dumps(EVENTS).encode()), Settings("recorded"))


async def gone(session: Session, text: str, cursor: int = 0, *, raw: bool = False) -> tuple[int | None, str]:
    rows = Timeline(session.trajectory, session.run, raw=raw)
    place = await place_of(session, rows, cursor, text)
    return place.row.uid, place.words


@pytest.mark.parametrize(
    ("text", "uid"),
    [
        *(("10", 0), (" 14 ", 4), ("#5", 5), ("$", 5), ("+1", 1), ("0%", 0), ("50%", 1), ("100%", 5)),
        *(("@0s", 0), ("@10m", 1), ("@10m0.6s", 1), ("@1h30m", 4), ("@0:40", 4), ("@23:00", 0)),
        ("@23:10:00", 1),
    ],
)
async def test_a_place_is_found(session: Session, text: str, uid: int) -> None:
    assert await gone(session, text) == (uid, "")


async def test_a_row_that_stands_for_an_event_is_named(session: Session) -> None:
    assert await gone(session, "12") == (1, "12 is what came back for 11")
    assert await gone(session, "12", raw=True) == (2, "")
    assert await gone(session, "13") == (4, "13 has a row in the raw view alone (v)")
    assert await gone(session, "+9", 1) == (5, "that is the last row")
    assert await gone(session, "-9", 1) == (0, "that is the first row")


async def test_what_this_run_added_is_gone_to_by_its_label(session: Session) -> None:
    entry = session.run.add(user_message("wait"))
    rows = Timeline(session.trajectory, session.run)
    assert (await place_of(session, rows, 0, str(entry.id))).row == Row(None, 0)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        *(("99", "no row is called 99"), ("x", "no row is called x"), ("", "where to"), ("+", "no place")),
        *(("101%", "from 0% to 100%"), ("x%", "no place"), ("@", "no time"), ("@25:00", "no time of the")),
        *(("@3h", "2h00m behind the first, at 01:00:00"), ("@9999999999d", "longer"), ("16", "v shows it")),
        *(("-1x", "no place"), ("#99", "no row"), ("+9999999999999", "no place")),
    ],
)
async def test_what_is_no_place_is_said(session: Session, text: str, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        await gone(session, text)
