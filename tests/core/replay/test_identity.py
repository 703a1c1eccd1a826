"""One identity an event, for its life: what belongs to it goes along, waits, and comes back with it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import trajcore
import trajtui
from documents import message, of_commands, ran, run
from trajcore.document.edits import Seen, Splice
from trajcore.errors import TrajError
from trajcore.events.kinds import Service
from trajcore.replay.positions import Position
from trajcore.session import Delivery, Session
from trajcore.settings import Settings
from trajcore.trajectory import Trajectory
from trajcore.views.timeline import Timeline

DELEGATION: list[dict[str, Any]] = [
    message(0, "go"),
    {"id": 1, "source": "agent", "action": "delegate", "args": {"agent": "x", "inputs": {}}},
    run(2, "inside"),
    ran(3, 2),
    {"id": 4, "source": "agent", "observation": "delegate", "content": "", "extras": {"outputs": {}}},
    message(5, "and now?"),
    run(6, "behind"),
    ran(7, 6),
    message(8, "and then?"),
]


def opened(events: list[dict[str, Any]]) -> Session:
    return Session(Trajectory.from_bytes(json.dumps(events).encode()), Settings("recorded", checkpoints=8))


async def stepped(session: Session, steps: int) -> Session:
    for _ in range(steps):
        session.step()
        await session.idle()
    return session


async def played(*commands: str, steps: int) -> Session:
    return await stepped(Session(Trajectory.from_bytes(of_commands(*commands)), Settings("recorded")), steps)


def shown(session: Session, folded: set[int]) -> list[int | None]:
    timeline = Timeline(session.trajectory, session.run, folded=folded)
    return [timeline[at].uid for at in range(len(timeline))]


def ids(session: Session) -> list[int | None]:
    return list(session.trajectory.outline.ids)


async def test_all_that_belongs_to_a_deleted_event_waits_for_it_and_comes_back() -> None:
    session = await stepped(opened(DELEGATION), 2)
    result, position = session.result_of(2), session.position
    assert result is not None
    session.toggle_breakpoint(2)
    session.serve(2, Service.SKIP)
    folded = {session.trajectory.uid(1)}
    rows = shown(session, folded)
    session.editing.delete([1])
    assert ids(session) == [0, 5, 6, 7, 8]
    assert (len(session.results), len(session.breakpoints), len(session.services)) == (0, 0, 0)
    assert "0 steps" in session.summary()
    assert (session.position, session.first_stale) == (1, 1)
    session.editing.insert(0, [{"source": "user", "action": "message", "args": {"content": "first"}}])
    session.editing.undo()
    session.editing.undo()
    assert session.results == {2: result}
    assert [point.index(session.trajectory) for point in session.breakpoints] == [2]
    assert session.services == {2: Service.SKIP}
    assert shown(session, folded) == rows == [0, 1, 5, 6, 8]
    assert (session.position, session.first_stale, session.stale) == (position, None, frozenset())
    await session.close()


async def test_a_message_typed_in_place_of_a_recorded_one_waits_for_it_too() -> None:
    session = await stepped(opened(DELEGATION), 2)
    session.message("instead", Delivery.REPLACE)
    session.editing.delete([5])
    session.editing.delete([0])
    session.editing.undo()
    session.editing.undo()
    session.resume()
    await session.idle()
    texts = [entry.data().get("args", {}).get("content") for entry in session.run.entries]
    assert texts.count("instead") == 1
    assert "and now?" not in texts
    await session.close()


async def test_events_move_around_a_breakpoint_which_stays_on_its_own() -> None:
    session = opened(DELEGATION)
    session.toggle_breakpoint(6)
    session.editing.move([5], 1)
    assert ids(session) == [0, 1, 2, 3, 4, 6, 7, 5, 8]
    session.editing.move_to([8], 0)
    session.editing.insert(0, [{"source": "user", "action": "message", "args": {"content": "x"}}])
    session.resume()
    await session.idle()
    assert session.trajectory.outline.ids[session.position] == 6
    session.editing.delete([session.position])
    assert len(session.breakpoints) == 0
    session.resume()
    await session.idle()
    assert session.at_end
    await session.close()


async def test_an_event_that_is_played_again_behind_the_position_stands_once_for_itself() -> None:
    session = await stepped(
        Session(Trajectory.from_bytes(of_commands("a", "b", "c")), Settings("recorded")), 2
    )
    session.editing.move([1], 1)
    assert ids(session) == [0, 3, 4, 1, 2, 5, 6]
    await stepped(session, 1)
    again = [entry for entry in session.run.entries if entry.origin == 1]
    assert [session.run.is_superseded(entry) for entry in again] == [True, False]
    assert session.first_stale == 1
    session.editing.undo()
    assert [session.run.is_superseded(entry) for entry in again] == [True, False]
    assert list(session.results) == [1, 3]
    await session.close()


async def test_a_checkpoint_is_where_it_was_when_the_step_before_it_comes_back() -> None:
    session = await stepped(
        Session(Trajectory.from_bytes(of_commands("a", "b", "c")), Settings("recorded")), 2
    )
    at = Position(session.position)
    follow, trajectory = session._replay.follow, session.trajectory

    def following(edit: Any, *, undone: bool = False) -> None:
        follow(edit, undone=undone)
        at.follow(edit, trajectory.index_of_uid, undone=undone)

    session.editing._follow = following
    session.editing.delete([3])
    session.editing.delete([1])
    assert at.index == session.position == 1
    session.editing.revert_to(0)
    assert at.index == session.position == 5
    at.put(1)
    session.editing.redo()
    session.editing.undo()
    assert at.index == 1
    await session.close()


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["insert", "delete", "move", "set", "duplicate", "undo", "redo", "revert"]),
        st.integers(0, 20),
        st.sampled_from([-1, 1]),
    ),
    max_size=12,
)


def edit(session: Session, name: str, number: int, by: int) -> None:
    """One edit of any kind; none where it cannot be made."""
    editing, index = session.editing, number % len(session.trajectory)
    try:
        match name:
            case "insert":
                editing.insert(index, [{"source": "user", "action": "message", "args": {"content": "new"}}])
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
            case "revert":
                editing.revert_to(number % (len(session.trajectory.history) + 1))
    except TrajError:
        pass


class Belongings:
    """What belongs to events by their ids, which no edit changes."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._keys = self._uids()
        self._known = self._shown()

    def _uids(self) -> list[set[int]]:
        replay = self._session._replay
        points = {point.uid for point in replay.breakpoints._all if point.uid is not None}
        return [points, set(replay.services), set(replay.run.results), set(replay.player.replacements)]

    def _shown(self) -> dict[int | None, tuple[Any, ...]]:
        session = self._session
        breaks = {point.index(session.trajectory) for point in session.breakpoints}
        return {
            id: (
                session.run.results.get(session.trajectory.uid(index)),
                session.service_of(index),
                index in breaks,
                session.services.get(index),
            )
            for index, id in enumerate(ids(session))
        }

    def check(self) -> None:
        assert self._uids() == self._keys
        nothing = (None, Service.EXECUTE, False, None)
        for id, shown in self._shown().items():
            assert shown == self._known.get(id, nothing)
        assert all(self._session.result_of(index) is one for index, one in self._session.results.items())


@given(OPERATIONS)
def test_whatever_is_edited_each_event_keeps_what_belongs_to_it(
    operations: list[tuple[str, int, int]],
) -> None:
    asyncio.run(_keeps_belongings(operations))


async def _keeps_belongings(operations: list[tuple[str, int, int]]) -> None:
    session = await stepped(opened(DELEGATION), 3)
    for index, service in ((2, Service.RECORDED), (6, Service.SKIP)):
        session.serve(index, service)
        session.toggle_breakpoint(index)
    session.toggle_breakpoint(5)
    session.message("instead", Delivery.REPLACE)
    belongings = Belongings(session)
    for operation in operations:
        edit(session, *operation)
        belongings.check()
    session.editing.revert_to(0)
    belongings.check()
    assert ids(session) == list(range(9))
    await session.close()


@given(OPERATIONS)
def test_undoing_what_came_and_went_brings_the_position_back(operations: list[tuple[str, int, int]]) -> None:
    asyncio.run(_comes_back([one for one in operations if one[0] != "move"]))


async def _comes_back(operations: list[tuple[str, int, int]]) -> None:
    session = await stepped(opened(DELEGATION), 2)
    position, results = session.position, session.results
    for operation in operations:
        edit(session, *operation)
        assert 0 <= session.position <= len(session.trajectory)
    session.editing.revert_to(0)
    assert (session.position, session.results) == (position, results)
    assert (session.stale, session.first_stale) == (frozenset(), None)
    await session.close()


@pytest.mark.parametrize("package", [trajcore, trajtui], ids=lambda package: str(package.__name__))
@pytest.mark.parametrize("word", ["remap", "renumber"])
def test_nothing_renumbers_events(package: Any, word: str) -> None:
    for path in Path(package.__file__).parent.rglob("*.py"):
        assert word not in path.read_text().lower(), path


@given(OPERATIONS)
def test_a_place_goes_the_same_way_by_records_and_by_events(operations: list[tuple[str, int, int]]) -> None:
    session = opened(DELEGATION)
    trajectory = session.trajectory
    for operation in operations:
        before, done = trajectory.uids, len(trajectory.history)
        edit(session, *operation)
        if len(trajectory.history) == done + 1:
            made = trajectory.history[-1]
            splices = [change for change in made.changes if isinstance(change, Splice)]
            moved = {piece.uid for one in splices if one.moved is not None for piece in one.inserted}
            seen = Seen(tuple(before), tuple(trajectory.uids), frozenset(), frozenset(moved))
            for undone, count in ((False, len(before)), (True, len(trajectory))):
                for at in range(count + 1):
                    index, gone = made.place(at, undone=undone)
                    assert seen.place(at, undone=undone)[0] == index
                    assert seen.place(at, undone=undone)[1] == gone[:1]
