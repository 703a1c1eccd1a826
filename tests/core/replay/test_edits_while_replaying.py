"""Edits of a recording that is being replayed: the position, results and marks stay with their events."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import of_commands
from trajcore import notices
from trajcore.errors import Refused, TrajError
from trajcore.events.kinds import Service
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory


def recording(*commands: str) -> Trajectory:
    return Trajectory.from_bytes(of_commands(*commands))


def said(text: str) -> dict[str, Any]:
    return {"source": "user", "action": "message", "args": {"content": text}}


async def played(*commands: str, steps: int) -> Session:
    session = Session(recording(*commands), Settings("recorded", checkpoints=8))
    for _ in range(steps):
        session.step()
        await session.idle()
    return session


def command_of(session: Session, index: int) -> str:
    return str(session.trajectory.data(index)["args"]["command"])


async def test_an_event_inserted_at_the_cursor_comes_next():
    session = await played("a", "b", steps=1)
    assert session.position == 3
    session.editing.insert(3, [said("wait")])
    assert session.position == 3
    assert session.stale == frozenset()
    session.step()
    await session.idle()
    texts = [entry.data().get("args", {}).get("content") for entry in session.run.entries]
    assert "wait" in texts
    await session.close()


async def test_an_event_inserted_before_the_cursor_is_stale_and_nothing_is_played_twice():
    session = await played("a", "b", "c", steps=2)
    session.editing.insert(1, [said("first")])
    assert session.position == 6
    assert session.stale == {1}
    assert session.first_stale == 1
    assert sorted(session.results) == [2, 4]
    assert all(session.result_of(index) is result for index, result in session.results.items())
    session.editing.undo()
    assert session.position == 5
    assert session.first_stale is None
    assert sorted(session.results) == [1, 3]
    await session.close()


async def test_a_played_event_that_is_edited_is_stale_until_it_is_played_again():
    session = await played("a", "b", "c", steps=2)
    session.editing.set_value(1, ("args", "command"), "A")
    assert session.stale == {1}
    session.editing.undo()
    assert session.stale == frozenset()
    session.editing.redo()
    session.go_back(session.back_to(1)[0])
    await session.idle()
    assert session.first_stale is None
    session.step()
    await session.idle()
    assert session.stale == frozenset()
    assert session.trajectory.data(1)["args"]["command"] == "A"
    session.editing.undo()
    assert session.stale == {1}
    await session.close()


async def test_a_played_event_that_is_deleted_comes_back_with_its_result():
    session = await played("a", "b", "c", steps=2)
    result = session.results[1]
    entries = len(session.run)
    session.editing.delete([1])
    assert session.position == 3
    assert sorted(session.results) == [1]
    assert session.first_stale == 1
    assert len(session.run) == entries
    session.editing.undo()
    assert session.position == 5
    assert session.results[1] == result
    assert session.first_stale is None
    await session.close()


async def test_breakpoints_and_services_stay_with_their_events():
    session = await played("a", "b", "c", steps=0)
    session.toggle_breakpoint(3)
    session.serve(5, Service.SKIP)
    session.editing.insert(0, [said("hello"), said("there")])
    assert [point.index(session.trajectory) for point in session.breakpoints] == [5]
    assert dict(session.services) == {7: Service.SKIP}
    session.resume()
    await session.idle()
    assert session.position == 5
    session.editing.delete([5])
    assert len(session.breakpoints) == 0
    await session.close()


async def test_going_back_after_edits_finds_the_same_places():
    session = await played("a", "b", "c", steps=2)
    await session.checkpointed()
    session.step()
    await session.idle()
    session.editing.insert(0, [said("hello")])
    session.go_back(session.back_to_step()[0])
    await session.idle()
    assert session.position == 6
    assert command_of(session, session.position) == "c"
    session.step()
    await session.idle()
    assert session.at_end
    await session.close()


async def test_what_is_told_of_an_edit_says_where_events_went():
    session = await played("a", "b", steps=0)
    told: list[notices.Notice] = []
    session.subscribe(told.append)
    session.editing.delete([1])
    change = next(change for change in told if isinstance(change, notices.DocumentChanged))
    assert change.structural
    assert [session.trajectory.index_of_uid(uid) for uid in range(5)] == [0, None, None, 1, 2]
    await session.close()


async def test_events_are_not_moved_under_a_replay_that_is_counting_them():
    session = Session(recording("a", "b"), Settings("recorded"))
    session.resume()
    for change in (
        lambda: session.editing.insert(0, [said("no")]),
        lambda: session.editing.delete([1]),
        lambda: session.editing.move([1], 1),
        session.editing.undo,
    ):
        with pytest.raises(Refused, match="going on"):
            change()
    session.editing.set_value(1, ("args", "note"), True)
    await session.idle()
    assert session.at_end
    session.editing.undo()
    await session.close()


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["insert", "delete", "move", "set", "duplicate", "undo", "redo", "step", "back"]),
        st.integers(0, 20),
        st.sampled_from([-1, 1]),
    ),
    max_size=12,
)


@given(OPERATIONS)
def test_no_order_of_edits_and_steps_loses_track(operations: list[tuple[str, int, int]]):
    asyncio.run(_keeps_track(operations))


async def _keeps_track(operations: list[tuple[str, int, int]]) -> None:
    session = await played("a", "b", "c", steps=1)
    for name, number, by in operations:
        index = number % len(session.trajectory)
        try:
            _do(session, name, index, by)
        except TrajError:
            continue
        await session.idle()
        _check(session)
    while session.editing.undo() is not None:
        _check(session)
    await session.close()


def _do(session: Session, name: str, index: int, by: int) -> None:
    editing = session.editing
    match name:
        case "insert":
            editing.insert(index, [said("new")])
        case "delete":
            editing.delete([index])
        case "move":
            editing.move([index], by)
        case "set":
            editing.set_value(index, ("args", "note"), by)
        case "duplicate":
            editing.duplicate([index])
        case "undo":
            editing.undo()
        case "redo":
            editing.redo()
        case "step":
            session.step()
        case "back":
            session.go_back(session.back_to_step()[0])


def _check(session: Session) -> None:
    trajectory, run = session.trajectory, session.run
    assert 0 <= session.position <= len(trajectory)
    for index, result in session.results.items():
        assert trajectory.index_of_uid(result.uid) == index
        assert trajectory.outline.is_action[index]
        assert trajectory.head(index).kind == result.kind
    standing = [entry for entry in run.entries if not run.is_superseded(entry)]
    origins = [entry.origin for entry in standing if entry.origin is not None]
    assert len(origins) == len(set(origins))
    places = [trajectory.index_of_uid(origin) for origin in origins]
    assert all(place is None or place < len(trajectory) for place in places)
    assert all(index < session.position for index in session.stale)
    own = [entry.id for entry in run.entries]
    assert len(own) == len(set(own))
    for entry in standing:
        index = None if entry.origin is None else trajectory.index_of_uid(entry.origin)
        played = entry.recorded_head is not None and index is not None and index < session.position
        if played and index not in session.stale:
            assert entry.raw == trajectory.raw(index)
