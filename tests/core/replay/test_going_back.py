"""Going back: to the last step, a breakpoint, any event; what is executed again, and what is not lost."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

import pytest

from documents import of_commands
from loopback import Answer, Call, Loopback
from needs import IMAGE, need_bubblewrap, need_docker
from trajcore import notices
from trajcore.errors import Refused
from trajcore.live.modelsettings import ModelSettings
from trajcore.replay.checkpoints import RunCheckpoint, RunCheckpoints
from trajcore.replay.course import Course
from trajcore.replay.run import Run, Status, StepResult
from trajcore.replay.states import State
from trajcore.sandbox.base import Checkpoint, Limits, SandboxSettings
from trajcore.session import Delivery, Session, Settings
from trajcore.trajectory import Trajectory
from trajcore.views.question import way_back

WORLDS = [
    pytest.param("docker", marks=pytest.mark.docker),
    pytest.param("bubblewrap", marks=pytest.mark.bubblewrap),
]


def recording(*commands: str) -> Trajectory:
    return Trajectory.from_bytes(of_commands(*commands))


def opened(kind: str, *commands: str, checkpoints: int = 8) -> Session:
    world = SandboxSettings(image=IMAGE, limits=Limits(no_change=1.5, hard=20.0))
    return Session(recording(*commands), Settings(kind, world, checkpoints=checkpoints))


async def stepped(session: Session, times: int = 1) -> list[int]:
    positions = [session.position]
    for _ in range(times):
        session.step()
        await session.idle()
        positions.append(session.position)
    return positions


async def back(session: Session) -> None:
    session.go_back(session.back_to_step()[0])
    await session.idle()


def contents(session: Session) -> list[str]:
    return [entry.data().get("content", entry.data().get("args", {}).get("content")) for entry in
            session.run.entries if not entry.head.is_action or entry.head.kind == "message"]  # fmt: skip


async def test_stepping_back_visits_the_same_places_in_reverse():
    session = opened("recorded", "a", "b", "c")
    forward = await stepped(session, 3)
    visited = [session.position]
    while session.position:
        await back(session)
        visited.append(session.position)
        assert session.state is State.PAUSED
        assert all(index < session.position for index in session.run.results)
    assert visited == forward[::-1]
    with pytest.raises(Refused, match="beginning"):
        session.back_to_step()
    await session.close()


async def test_the_run_after_going_back_and_forth_is_the_run_that_never_went_back():
    def plain(session: Session) -> list[Any]:
        return [{**event, "timestamp": ""} for event in json.loads(b"".join(session.run.to_json()))]

    straight, winding = opened("recorded", "a", "b", "c"), opened("recorded", "a", "b", "c")
    await stepped(straight, 3)
    await stepped(winding, 2)
    await back(winding)
    await stepped(winding, 2)
    assert plain(winding) == plain(straight)
    for session in (straight, winding):
        await session.close()


async def test_messages_typed_on_the_way_are_not_lost():
    session = opened("recorded", "a", "b", "c")
    await stepped(session)
    session.message("first")
    await stepped(session)
    session.message("second")
    session.go_back(session.back_to(0)[0])
    await session.idle()
    assert "first" not in contents(session)
    session.message("at the very beginning")
    await stepped(session, 3)
    said = [text for text in contents(session) if text]
    assert said == ["at the very beginning", "do it", "first", "second"]
    await session.close()


async def test_a_message_that_replaces_a_recorded_one_still_does():
    session = opened("recorded", "a")
    session.message("do something else", Delivery.REPLACE)
    await stepped(session)
    session.go_back(session.back_to(0)[0])
    await session.idle()
    await stepped(session)
    assert "do something else" in contents(session)
    await session.close()


async def test_back_to_the_previous_breakpoint_event_or_condition():
    session = opened("recorded", "a", "b", "c")
    session.toggle_breakpoint(3)
    await stepped(session, 3)
    hits = [point.hits for point in session.breakpoints]
    session.go_back(session.back_to_breakpoint()[0])
    await session.idle()
    assert session.position == 3
    assert [point.hits for point in session.breakpoints] == hits
    with pytest.raises(Refused, match="no breakpoint"):
        session.back_to_breakpoint()
    session.break_on("command=a")
    session.go_back(session.back_to_breakpoint()[0])
    await session.idle()
    assert session.position == 1
    await session.close()


@pytest.mark.usefixtures("toy")
async def test_going_back_tells_its_price_first_and_how_far_it_is():
    session = opened("toy", "a", "b", "c", checkpoints=0)
    await stepped(session, 3)
    told: list[notices.Notice] = []
    session.subscribe(told.append)
    await back(session)
    assert any(isinstance(change, notices.WentBack) for change in told)
    texts = [change.text for change in told if isinstance(change, notices.Progress)]
    assert texts[0].startswith("going back, about ")
    assert "from a fresh sandbox" in texts[0]
    assert texts[-1] == ""
    await session.close()


@pytest.mark.parametrize("kind", WORLDS)
async def test_the_world_is_what_it_was(kind: str):
    need_docker() if kind == "docker" else need_bubblewrap()
    session = opened(
        kind,
        "echo one > kept; mkdir -p sub; echo gone > sub/old; f() { echo called $X; }; export X=1",
        "cd sub; rm old; echo two > ../kept; X=2; chmod 600 ../kept; ln -s ../kept link; unset -f f",
        "f; pwd; cat ../kept; ls -A",
    )
    await stepped(session, 2)
    await _checkpointed(session)
    await stepped(session)
    before = session.run.results[5].actual
    assert before is not None
    assert "not found" in before.content
    await back(session)
    assert session.position == 5
    await stepped(session)
    again = session.run.results[5].actual
    assert again is not None
    assert again.content == before.content
    session.go_back(session.back_to(3)[0])
    await session.idle()
    assert session.position == 3
    await stepped(session)
    session.trajectory  # noqa: B018 - the second step, executed again from the state after the first
    assert session.run.results[3].exit_code == 0
    await session.close()


@pytest.mark.parametrize("kind", WORLDS)
async def test_a_checkpoint_spares_the_steps_before_it(kind: str):
    need_docker() if kind == "docker" else need_bubblewrap()
    session = opened(kind, "date +%s%N > stamp", "cat stamp", "cat stamp")
    await stepped(session, 2)
    first = session.run.results[3].actual
    await _checkpointed(session)
    await stepped(session)
    route = session.back_to_step()[0]
    assert route.checkpoint is not None
    assert route.steps == 0
    session.go_back(route)
    await session.idle()
    await stepped(session)
    third = session.run.results[5].actual
    assert first is not None
    assert third is not None
    assert third.content == first.content
    await session.close()


@pytest.mark.parametrize("kind", WORLDS)
async def test_a_killed_world_is_recovered_by_stepping_back(kind: str):
    need_docker() if kind == "docker" else need_bubblewrap()
    session = opened(kind, "echo kept > file", "sleep 5", "cat file")
    await stepped(session)
    await _checkpointed(session)
    machine = session._replay.world.sandbox._machine  # type: ignore[union-attr]
    if kind == "docker":
        machine._container.remove(force=True)
    else:
        os.kill(machine._entered.pid, signal.SIGKILL)
    session.step()
    await session.idle()
    assert session.state is State.ERROR
    session.go_back(session.back_to(3)[0])
    await session.idle()
    assert session.state is State.PAUSED
    session.serve(3, session.services.get(3) or _skip())
    await stepped(session, 2)
    actual = session.run.results[5].actual
    assert actual is not None
    assert actual.content.strip() == "kept"
    await session.close()


@pytest.mark.bubblewrap
async def test_behind_what_a_model_did_there_is_a_way_back_to_before_it():
    answers = [
        Answer("Let me see.", calls=[Call("execute_bash", {"command": "sleep 0.6; echo live > made"})]),
        Answer("There it is."),
    ]
    with Loopback(answers) as server:
        session = Session(
            recording("echo one", "cat made"),
            Settings("bubblewrap", model=ModelSettings("openai/loopback", "sk-x", server.url), checkpoints=8),
        )
        await stepped(session)
        session.message("go on", Delivery.LIVE)
        await session.idle()
        await session.checkpointed()
        assert session.run.has_live_steps
        for _ in range(2):  # what it said, what it did
            route = session.back_to_step()[0]
            assert route.steps == 0
            session.go_back(route)
            await session.idle()
        assert not session.run.has_live_steps
        sandbox = session._replay.world.sandbox
        assert sandbox is not None
        with pytest.raises(FileNotFoundError):
            await sandbox.files.read("/workspace/made")
        await stepped(session)
        assert await sandbox.files.read("/workspace/made") == b"live\n"
        await session.close()


class _Always:
    """A world in which every checkpoint can be restored within a second."""

    def is_there(self, checkpoint: Checkpoint) -> bool:
        return True

    def price_of(self, checkpoint: Checkpoint) -> float:
        return 1.0


def _skip() -> Any:
    from trajcore.events.kinds import Service

    return Service.SKIP


async def _checkpointed(session: Session) -> None:
    await session.checkpointed()
    last = session._replay.moments.checkpoints.last
    assert last is not None
    assert last.entries == len(session.run)


def result(index: int, seconds: float) -> StepResult:
    return StepResult(index, index, "run", Status.MATCHED, None, 0, 0, seconds, "", None, None)


def course(steps: int, seconds: float = 1.0) -> Course:
    """Of a run of so many commands, each of which took so long."""
    trajectory = recording(*["true"] * steps)
    run = Run(trajectory.outline.last_id)
    for index in range(len(trajectory)):
        uid = trajectory.uid(index)
        run.keep(trajectory.raw(index), trajectory.head(index), uid)
        if index % 2:
            run.results[uid] = result(uid, seconds)
    return Course(trajectory, run, {})


def behind(steps: int) -> int:
    """The place behind so many commands, by the events and by the entries of the run."""
    return 1 + 2 * steps


def mark(steps: int, seconds: float = 0.1, processes: tuple[str, ...] = (), size: int = 10) -> RunCheckpoint:
    return RunCheckpoint(behind(steps), 0, Checkpoint(None, b"", processes, seconds, size))


def test_no_more_checkpoints_are_kept_than_asked_for_and_they_spread_over_the_time():
    marks = RunCheckpoints(4, 1 << 30)
    for steps in range(1, 101):
        marks.add(mark(steps), course(steps))
        assert len(marks) <= 4
    routes = [marks.routes(behind(steps), course(100), 1.0, _Always())[0] for steps in (30, 60, 99, 100)]
    assert routes[-1].steps == 0
    assert all(route.steps < 60 for route in routes)


def test_checkpoints_fit_the_disk_they_may_take():
    marks = RunCheckpoints(50, 100)
    for steps in range(1, 30):
        gone = marks.add(mark(steps), course(steps))
        assert len(marks) <= 10
        assert not gone or steps > 10


def test_another_way_back_is_offered_where_the_nearest_loses_a_process():
    marks = RunCheckpoints(8, 1 << 30)
    marks.add(mark(2), course(2))
    marks.add(mark(6, processes=("python -m http.server",)), course(6))
    near, far = marks.routes(behind(8), course(10), 5.0, _Always())
    assert (near.steps, near.lost) == (2, ("python -m http.server",))
    assert (far.steps, far.lost) == (6, ())
    assert "without python -m http.server" in near.describe("event 6")


def test_a_checkpoint_is_due_when_it_saves_more_than_it_costs():
    marks = RunCheckpoints(8, 1 << 30)
    assert not marks.due(0.1)
    assert marks.due(3.0)
    marks.add(mark(1, seconds=1.0), course(1))
    assert not marks.due(6.0)
    assert marks.due(20.0)
    assert not RunCheckpoints(0, 1).due(1000.0)


@pytest.mark.parametrize("kind", WORLDS)
async def test_what_takes_too_much_to_be_kept_makes_the_way_back_farther_and_that_is_said(kind: str) -> None:
    world = SandboxSettings(image=IMAGE)
    commands = ("echo one > f", "head -c 3M /dev/urandom > large", "rm large; echo two > f", "cat f")
    session = Session(recording(*commands), Settings(kind, world, checkpoints=8, checkpoint_bytes=1 << 20))
    try:
        for _ in commands:
            await stepped(session)
            await session.checkpointed()
        target = next(iter(session.back_to_step()))
        assert target.describe("").startswith("straight from a checkpoint")
        _, _, third, _ = sorted(session.run.results, key=session.trajectory.index_of_uid)
        route = session.back_to(session.trajectory.index_of_uid(third))[0]
        assert route.steps == 1
        assert "those nearer took more room than there is" in route.describe("event 3")
        session.go_back(route)
        await session.idle()
        assert session.state is State.PAUSED
    finally:
        await session.close()


@pytest.mark.parametrize("kind", WORLDS)
async def test_what_a_way_back_loses_is_said_before_it_is_taken(kind: str) -> None:
    session = opened(kind, "echo x > /dev/shm/f; exec 7> log", "echo two > f")
    try:
        for _ in range(2):
            await stepped(session)
            await session.checkpointed()
        route = session.back_to_step()[0]
        assert route.lost == ("the open descriptor 7 (/workspace/log)", "what is in /dev/shm")
        question = way_back(session, [route])
        assert question is not None
        words = "without the open descriptor 7 (/workspace/log), what is in /dev/shm"
        assert words in question.answers["0"]
    finally:
        await session.close()
