"""What the user changes by hand is a place of its own, to go back before, and behind."""

from __future__ import annotations

import pytest

from documents import of_commands
from loopback import Answer, Call, Loopback
from needs import IMAGE
from trajcore.errors import Refused
from trajcore.live.model import ModelSettings
from trajcore.replay.states import State
from trajcore.sandbox.base import Limits, SandboxSettings
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory
from typist import Typist
from worlds import KINDS

pytestmark = pytest.mark.usefixtures("toy")


def opened(
    sandbox: str = "toy",
    checkpoints: int = 8,
    model: ModelSettings = ModelSettings(),  # noqa: B008
) -> Session:
    world = SandboxSettings(image=IMAGE, limits=Limits(no_change=15.0, hard=30.0), track_files=True)
    commands = ("echo 1 >> log", "echo 2 >> log", "echo 3 >> log")
    trajectory = Trajectory.from_bytes(of_commands(*commands))
    return Session(trajectory, Settings(sandbox, world, model, checkpoints=checkpoints))


async def stepped(session: Session, times: int = 1) -> None:
    for _ in range(times):
        session.step()
        await session.idle()


async def visited(session: Session, *lines: str) -> None:
    session.visit(Typist(*lines, "exit"))
    await session.idle()


async def back(session: Session, index: int | None = None) -> str:
    route = (session.back_to_step() if index is None else session.back_to(index))[0]
    session.go_back(route)
    await session.idle()
    assert session.failure is None
    return route.describe("")


async def log(session: Session) -> str:
    sandbox = await session._replay.world.ready()
    return (await sandbox.files.read(f"{sandbox.directory}/log")).decode().replace("\n", "")


@pytest.mark.parametrize("sandbox", ["toy", *KINDS])
async def test_a_step_back_takes_back_what_was_done_by_hand_and_nothing_else(sandbox: str) -> None:
    session = opened(sandbox)
    await stepped(session)
    position = session.position
    await visited(session, "echo hand >> log")
    assert await log(session) == "1hand"
    await back(session)
    assert (session.position, session.state) == (position, State.PAUSED)
    assert await log(session) == "1"
    assert session.run.by_hand == []
    await stepped(session)
    assert await log(session) == "12"
    await session.close()


async def test_one_can_come_back_to_behind_it() -> None:
    session = opened()
    await stepped(session)
    await visited(session, "echo $RANDOM >> log")
    after = await log(session)
    await stepped(session, 2)
    assert "by hand" not in await back(session)
    await back(session)
    assert await log(session) == after
    assert len(session.run.by_hand) == 1
    await back(session)
    assert await log(session) == "1"
    await session.close()


async def test_several_times_by_hand_are_taken_back_one_by_one() -> None:
    session = opened()
    await stepped(session)
    for word in ("a", "b"):
        await visited(session, f"echo {word} >> log")
    assert await log(session) == "1ab"
    await back(session)
    assert await log(session) == "1a"
    await visited(session, "true")
    await back(session)
    assert await log(session) == "1"
    await back(session)
    assert session.position <= 1
    await session.close()


async def test_by_hand_before_anything_was_played() -> None:
    session = opened()
    await visited(session, "echo hand > log")
    assert await log(session) == "hand"
    await stepped(session)
    assert await log(session) == "hand1"
    await back(session)
    assert await log(session) == "hand"
    await back(session)
    await stepped(session)
    assert await log(session) == "1"
    await back(session)
    with pytest.raises(Refused, match="beginning"):
        session.back_to_step()
    await session.close()


async def test_what_a_model_did_and_what_was_done_by_hand_are_places_of_their_own() -> None:
    answers = [Answer(calls=[Call("execute_bash", {"command": "echo model >> log"})]), Answer("Done.")]
    with Loopback(answers) as server:
        session = opened(model=ModelSettings("openai/loopback", "sk-x", server.url))
        await stepped(session, 3)
        session.message("go on")
        await session.idle()
        await visited(session, "echo hand >> log")
        assert await log(session) == "123modelhand"
        await back(session)
        assert session.run.by_hand == []
        assert await log(session) == "123model"
        await back(session)
        await back(session)
        assert not session.run.has_live_steps
        assert await log(session) == "123"
        await session.close()


async def test_where_no_moment_is_kept_it_is_said_before_it_is_lost() -> None:
    session = opened(checkpoints=0)
    await stepped(session)
    await visited(session, "echo hand >> log")
    await stepped(session)
    assert "without what you did by hand" in session.back_to_step()[0].describe("")
    await session.close()
