"""Every place of a run knows what was carried out to make it, and is offered only for that."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from documents import message, of_commands, ran, run
from trajcore.errors import TrajError
from trajcore.events.kinds import Service
from trajcore.replay.run import Status
from trajcore.sandbox.base import Limits, SandboxSettings
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory
from trajcore.views.rows import RowLine, row_line
from trajcore.views.timeline import Timeline

pytestmark = pytest.mark.usefixtures("toy")


def opened(*commands: str, then: list[dict[str, Any]] | None = None) -> Session:
    world = SandboxSettings(limits=Limits(no_change=1.5, hard=20.0), track_files=True)
    events = json.loads(of_commands(*commands))
    for event in then or []:
        events.append({**event, "id": len(events)})
        if "cause" in event:
            events[-1]["cause"] = len(events) - 2
    trajectory = Trajectory.from_bytes(json.dumps(events).encode())
    return Session(trajectory, Settings("toy", world, checkpoints=8))


async def stepped(session: Session, times: int = 1, *, keep: bool = True) -> None:
    for _ in range(times):
        session.step()
        await session.idle()
        if keep:
            await session.checkpointed()


async def back(session: Session, index: int | None = None) -> str:
    route = (session.back_to_step() if index is None else session.back_to(index))[0]
    session.go_back(route)
    await session.idle()
    return route.describe("")


async def content(session: Session, path: str = "log") -> list[str]:
    sandbox = await session._replay.world.ready()
    return (await sandbox.files.read(f"{sandbox.directory}/{path}")).decode().split()


LOGGED = ("echo 1 >> log", "echo 2 >> log", "echo 3 >> log", "echo 4 >> log")


async def test_a_deletion_and_its_undo_leave_no_place_of_another_world():
    session = opened(*LOGGED)
    await stepped(session, 3)
    session.editing.delete([5])
    await session.checkpointed()
    session.editing.undo()
    await stepped(session)
    await back(session)
    await back(session)
    assert session.position == 5
    assert await content(session) == ["1", "2"]
    await stepped(session, 2)
    assert await content(session) == ["1", "2", "3", "4"]
    await session.close()


async def test_a_world_that_holds_a_deleted_step_is_offered_for_nothing():
    session = opened(*LOGGED)
    await stepped(session, 3)
    session.editing.delete([3])
    await back(session)
    assert await content(session) == ["1"]
    await stepped(session)
    assert await content(session) == ["1", "3"]
    await session.close()


async def test_a_world_without_an_inserted_step_is_not_offered_for_what_is_behind_it():
    session = opened(*LOGGED)
    await stepped(session, 3)
    session.editing.insert(3, [{"source": "agent", "action": "run", "args": {"command": "echo new >> log"}}])
    await back(session)
    assert await content(session) == ["1", "new", "2"]
    await session.close()


async def test_a_world_made_of_an_edited_command_is_not_offered_until_the_edit_is_undone():
    session = opened(*LOGGED)
    await stepped(session, 3)
    session.editing.set_value(1, ("args", "command"), "echo one >> log")
    session.editing.undo()
    assert session.back_to(5)[0].steps == 0
    session.editing.redo()
    await back(session)
    assert await content(session) == ["one", "2"]
    await session.close()


async def test_a_world_with_a_step_that_is_not_to_be_executed_any_more_is_not_offered():
    session = opened(*LOGGED)
    await stepped(session, 3)
    session.serve(3, Service.SKIP)
    await back(session)
    assert await content(session) == ["1"]
    session.serve(3, Service.EXECUTE)
    await back(session, 3)
    await stepped(session)
    assert await content(session) == ["1", "2"]
    await session.close()


async def test_going_back_over_what_executes_nothing_leaves_the_world_alone():
    said = {"source": "agent", "action": "message", "args": {"content": "done"}}
    session = opened("echo $RANDOM$RANDOM > log", then=[said, {**said, "action": "finish", "args": {}}])
    await stepped(session, 3)
    number = await content(session)
    sandbox = session._replay.world.sandbox
    assert "same world" in await back(session)
    assert "same world" in await back(session)
    assert session.position == 3
    assert session._replay.world.sandbox is sandbox
    assert await content(session) == number
    await stepped(session, 2)
    assert session.at_end
    assert "same world" not in await back(session, 1)
    await session.close()


async def test_a_checkpoint_behind_what_executes_nothing_serves_the_place_before_it():
    said = {"source": "agent", "action": "message", "args": {"content": "done"}}
    session = opened("echo $RANDOM$RANDOM > log", then=[said, run(0, "echo more > other"), ran(0, 0, "")])
    await stepped(session, keep=False)
    number = await content(session)
    await stepped(session)  # the message: only here the run is left alone
    await back(session)
    await stepped(session, 2, keep=False)
    assert "straight from a checkpoint" in await back(session, 3)
    assert await content(session) == number
    await session.close()


async def test_an_executed_event_that_is_moved_behind_the_position_is_said_to_be_executed_again():
    session = opened(*LOGGED)
    await stepped(session, 2)
    session.editing.move_to([3], len(session.trajectory))
    moved = session.trajectory.uid(7)
    assert session.result_of(7) is None
    timeline = Timeline(session.trajectory, session.run, raw=True)
    assert row_line(session, timeline[7]).mark != "="
    session.resume()
    await session.idle()
    result = session.run.results[moved]
    assert "second time" in result.reason
    assert await content(session) == ["1", "2", "3", "4", "2"]
    await session.close()


async def test_what_was_played_after_a_deleted_step_is_marked_and_the_summary_says_so():
    session = opened("echo 1 > log", "cat log", "cat log")
    await stepped(session, 2)
    session.editing.delete([1])
    session.resume()
    await session.idle()
    assert "before an edit" in session.summary()
    session.editing.undo()
    assert "before an edit" not in session.summary()
    await session.close()


async def test_behind_a_changed_step_results_are_marked_stale_and_behind_a_changed_message_they_are_not():
    session = opened("echo 1 > log", "cat log", then=[message(0, "thanks"), run(0, "cat log"), ran(0, 0, "")])
    session.resume()
    await session.idle()
    assert {line.note for line in lines(session)} == {""}
    session.editing.set_value(0, ("args", "content"), "do something else")
    assert [line.note for line in lines(session)] == ["stale", "", "", "", ""]
    session.editing.set_value(3, ("args", "command"), "true")
    assert [line.note for line in lines(session)] == ["stale", "", "stale", "", "stale"]
    session.editing.revert_to(0)
    session.serve(1, Service.SKIP)
    assert [line.note for line in lines(session)] == ["", "stale", "stale", "", "stale"]
    await session.close()


def lines(session: Session) -> list[RowLine]:
    timeline = Timeline(session.trajectory, session.run)
    return [row_line(session, timeline[at]) for at in range(len(timeline))]


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(
            ["step", "step", "back", "to", "insert", "delete", "move", "set", "serve", "undo", "redo"]
        ),
        st.integers(0, 30),
        st.sampled_from([-1, 1]),
    ),
    min_size=2,
    max_size=10,
)


MOVED = [("step", 0, 1), ("step", 0, 1), ("back", 0, 1), ("move", 25, 1), ("back", 0, 1), ("move", 5, -1),
         ("undo", 0, 1), ("step", 0, 1)]  # fmt: skip
"""A move within what was played, and its undo: the position is where it was."""

TWICE = [("back", 0, 1), ("move", 1, 1), ("step", 0, 1), ("delete", 1, 1)]
"""One step is played a second time behind another, which is deleted then: it came to what the other left."""


@given(OPERATIONS)
@example(MOVED)
@example(TWICE)
@settings(max_examples=6)
def test_what_is_shown_as_equal_is_equal_in_a_fresh_replay(operations: list[tuple[str, int, int]]) -> None:
    asyncio.run(_holds(operations))


@pytest.mark.long
@given(OPERATIONS)
@settings(max_examples=250)
def test_what_is_shown_as_equal_is_equal_in_a_fresh_replay_in_many_cases(
    operations: list[tuple[str, int, int]],
) -> None:
    asyncio.run(_holds(operations))


STEPS = (
    ("echo 1 >> log; cat log", "1"),
    ("echo 2 >> log; cat log", "1\n2"),
    ("cd /tmp; cd - >/dev/null; x=$(wc -l <log); echo $x", "2"),
    ("echo $x; rm -f log; echo 4 >> log", "2"),
    ("cat log", "4"),
)


def with_answers() -> bytes:
    events = [message(0, "do it")]
    for command, output in STEPS:
        id = len(events)
        events += [run(id, command), ran(id + 1, id, output)]
    return json.dumps(events).encode()


async def _holds(operations: list[tuple[str, int, int]]) -> None:
    world = SandboxSettings(limits=Limits(no_change=1.5, hard=20.0))
    session = Session(Trajectory.from_bytes(with_answers()), Settings("toy", world, checkpoints=3))
    try:
        await stepped(session, 3)
        for operation in operations:
            try:
                _do(session, *operation)
            except TrajError:
                continue
            await session.idle()
            await session.checkpointed()
        await _as_in_a_fresh_replay(session, world)
    finally:
        await session.close()


def _do(session: Session, name: str, number: int, by: int) -> None:
    editing, index = session.editing, number % len(session.trajectory)
    match name:
        case "step":
            session.step()
        case "back":
            session.go_back(session.back_to_step()[0])
        case "to":
            session.go_back(session.back_to(number % (session.position + 1))[0])
        case "insert":
            action = {"source": "agent", "action": "run", "args": {"command": f"echo {number} >> log"}}
            editing.insert(index, [action])
        case "delete":
            editing.delete([index])
        case "move":
            editing.move([index], by)
        case "set":
            editing.set_value(index, ("args", "command"), f"echo {number} > log")
        case "serve":
            session.serve(index, list(Service)[number % 3])
        case "undo":
            editing.undo()
        case "redo":
            editing.redo()


async def _as_in_a_fresh_replay(session: Session, world: SandboxSettings) -> None:
    fresh = Session(Trajectory.from_bytes(session.trajectory.to_bytes()), Settings("toy", world))
    try:
        for uid, service in session._replay.services.items():
            index = session.trajectory.index_of_uid(uid)
            if index is not None:
                fresh.serve(index, service)
        if session.position:
            fresh.run_to(session.position)
            await fresh.idle()
        for line, row in zip(lines(session), Timeline(session.trajectory, session.run), strict=True):
            index = row.index(session.trajectory)
            if index is None or line.note == "stale" or (result := session.result_of(index)) is None:
                continue
            again = fresh.result_of(index)
            assert again is not None
            assert (result.status, result.exit_code) == (again.status, again.exit_code)
            if result.status in (Status.MATCHED, Status.DIVERGED):
                assert result.actual is not None
                assert again.actual is not None
                assert result.actual.content == again.actual.content
    finally:
        await fresh.close()
