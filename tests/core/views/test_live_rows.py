"""A row of a live session: what came back, how long it took, and whether it failed."""

from __future__ import annotations

from typing import Any

import pytest

from documents import message, ran, run
from showing import played, session_of
from trajcore.dialects import newevents
from trajcore.replay.run import LiveStep
from trajcore.session import Session
from trajcore.views.blocks import BlockKind
from trajcore.views.event import blocks_for
from trajcore.views.rows import RowLines, row_line
from trajcore.views.spent import seconds_of
from trajcore.views.timeline import Row, Timeline

pytestmark = pytest.mark.asyncio


def answer(kind: str, content: str, **extras: Any) -> dict[str, Any]:
    return {"source": "agent", "message": "", "observation": kind, "content": content, "extras": extras}


def acted(session: Session, action: dict[str, Any], came_back: dict[str, Any]) -> Row:
    """Add something a model did, with what came back; its row."""
    place = len(session.run)
    entry = session.run.add({**action, "source": "agent"}, live=True)
    session.run.live_steps[entry.id] = LiveStep(2.5, None)
    session.run.add({**came_back, "cause": entry.id}, live=True)
    return Row(None, place)


READ = newevents.new_action("read", path="/workspace/a.py")
OUTCOMES = [
    (newevents.new_command("ls"), answer("run", "a", metadata={"exit_code": 0}), "exit 0", False),
    (newevents.new_command("ls x"), answer("run", "no", metadata={"exit_code": 2}), "exit 2", True),
    (READ, answer("read", "1\ta", path="a.py"), "", False),
    (READ, answer("read", "ERROR:\nno such file", path="a.py"), "error", True),
    (READ, answer("error", "it cannot be done", error_id=""), "error", True),
]


@pytest.mark.parametrize(("action", "came_back", "shown", "failed"), OUTCOMES)
async def test_a_row_says_how_it_came_out_and_how_long_it_took(
    action: dict[str, Any], came_back: dict[str, Any], shown: str, failed: bool
) -> None:
    session = session_of([message(0, "go")])
    line = row_line(session, acted(session, action, came_back))
    assert (line.exit, line.duration, line.outcome.failed) == (shown, "2.5s", failed)
    await session.close()


@pytest.mark.parametrize(("action", "came_back", "shown", "failed"), OUTCOMES)
async def test_the_event_view_shows_all_that_came_back(
    action: dict[str, Any], came_back: dict[str, Any], shown: str, failed: bool
) -> None:
    session = session_of([message(0, "go")])
    blocks = blocks_for(session, acted(session, action, came_back))
    title, content = blocks[-2:]
    assert content.text == came_back["content"].replace("\t", "       ")
    assert title.kind is (BlockKind.BAD if failed else BlockKind.NOTE)
    assert ("failed" if failed else "what came back") in title.text
    assert "2.5s" in title.text
    await session.close()


async def test_the_raw_view_has_a_row_for_what_came_back() -> None:
    session = session_of([message(0, "go")])
    acted(session, READ, answer("read", "ERROR:\nno such file", path="a.py"))
    assert len(Timeline(session.trajectory, session.run)) == 2
    raw = Timeline(session.trajectory, session.run, raw=True)
    assert len(raw) == 3
    blocks = blocks_for(session, raw[1])
    assert "no such file" in blocks[-1].text
    await session.close()


async def test_a_recorded_read_that_fails_says_so_before_and_after_it_is_played() -> None:
    events = [message(0, "go"), {**READ, "id": 1, "source": "agent"},
              {**answer("read", "ERROR:\nno such file", path="a.py"), "id": 2, "cause": 1},
              run(3), ran(4, 3)]  # fmt: skip
    session = session_of(events)
    row = Row(session.trajectory.uid(1))
    assert row_line(session, row).exit == "error"
    await session.close()
    session = await played(events)
    assert row_line(session, Row(session.trajectory.uid(1))).exit == "error"
    await session.close()


async def test_a_step_of_this_session_says_its_duration_once() -> None:
    session = await played([message(0, "go"), run(1, "true"), ran(2, 1, "")])
    await session._replay.branch()
    action = session.run.add({**newevents.new_command("ls"), "source": "agent"}, live=True)
    session.run.live_steps[action.id] = LiveStep(2.5, None)
    session._replay.grow(action)
    came_back = {**answer("run", "a", metadata={"exit_code": 0}), "cause": action.id}
    session._replay.grow(session.run.add(came_back, live=True))
    trajectory, at = session.trajectory, len(session.trajectory) - 2
    assert seconds_of(trajectory, at, trajectory.outline) is not None
    rows = Timeline(trajectory, session.run)
    line = RowLines(session, rows).line(rows.at_or_after(at), times=True)
    assert (line.duration, line.recorded) == ("2.5s", "")
    await session.close()
