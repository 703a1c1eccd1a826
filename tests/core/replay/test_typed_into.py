"""What the user types into a running command is read and waited for, and a saved run types it again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from documents import message, ran, run
from needs import IMAGE
from trajcore import notices
from trajcore.errors import Refused
from trajcore.events.kinds import Service
from trajcore.masking import hide
from trajcore.replay.states import State
from trajcore.sandbox.base import Limits, SandboxSettings
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory
from worlds import KINDS

pytestmark = pytest.mark.usefixtures("toy")

Events = list[dict[str, Any]]
ASKS = "read -p 'go on? ' answer; echo \"it was $answer\""


@pytest.fixture
async def opened() -> AsyncIterator[Callable[..., Session]]:
    """Opens recordings; their sandboxes are gone after the test."""
    sessions: list[Session] = []

    def one(events: Events, sandbox: str = "toy") -> Session:
        world = SandboxSettings(image=IMAGE, limits=Limits(no_change=2.0, hard=4.0))
        sessions.append(Session(Trajectory.from_bytes(json.dumps(events).encode()), Settings(sandbox, world)))
        return sessions[-1]

    yield one
    for session in sessions:
        await session.close()


def once_written(session: Session, text: bytes, then: Callable[[], Awaitable[object]]) -> asyncio.Future[Any]:
    """What `then` comes to, which is begun when the running command has written `text`."""
    written, came = bytearray(), asyncio.get_running_loop().create_future()

    def listen(notice: notices.Notice) -> None:
        if isinstance(notice, notices.Output):
            written.extend(notice.data)
            if text in written and not came.done():
                came.set_result(None)

    session.subscribe(listen)

    async def go_on() -> object:
        await came
        return await then()

    return asyncio.ensure_future(go_on())


async def stepped(session: Session) -> Any:
    session.step()
    await session.idle()
    assert session.failure is None
    return list(session.run.results.values())[-1]


def saved(session: Session) -> Events:
    events: Events = json.loads(b"".join(session.run.to_json()))
    return events


@pytest.mark.parametrize("kind", [*KINDS, "local", "toy"])
async def test_a_question_is_answered_and_the_saved_run_answers_it_again(opened: Any, kind: str) -> None:
    session = opened([message(0), run(1, ASKS), ran(2, 1, "go on? yes")], kind)
    typing = once_written(session, b"go on? ", lambda: session.send_input("no\n"))
    result = await stepped(session)
    await typing
    assert "it was no" in result.actual.content
    assert (result.exit_code, "what you typed into it" in result.reason) == (0, True)
    kept = saved(session)
    assert kept[-1]["trajtui"] == {"satisfied": "typed", "reason": "you typed into it", "typed": ["no\n"]}

    again = opened(kept, kind)
    result = await stepped(again)
    assert (result.status.value, result.match.value) == ("matched", "equal")
    assert saved(again)[-1]["trajtui"] == kept[-1]["trajtui"]


async def test_who_types_is_waited_for_longer_than_any_limit(opened: Any) -> None:
    session = opened([message(0), run(1, ASKS), ran(2, 1)])

    async def slowly() -> None:
        await session.send_input("")  # the user is at the keyboard
        await asyncio.sleep(5)
        await session.send_input("late\n")

    typing = once_written(session, b"go on? ", slowly)
    result = await stepped(session)
    await typing
    assert "it was late" in result.actual.content


async def test_the_end_of_input_and_an_interruption_work_as_in_a_terminal(opened: Any) -> None:
    session = opened([message(0), run(1, "cat; echo behind it"), ran(2, 1), run(3, "cat"), ran(4, 3)])

    async def at_once() -> None:
        while True:
            try:
                await session.send_input("a line\n\x04")
            except Refused:
                await asyncio.sleep(0.02)
            else:
                return

    typing = asyncio.ensure_future(at_once())
    result = await stepped(session)
    await typing
    assert result.actual.content.count("a line") == 2
    assert "behind it" in result.actual.content

    typing = asyncio.ensure_future(at_once())
    session.subscribe(lambda notice: isinstance(notice, notices.Output) and session.interrupt())
    assert await stepped(session) is not None
    await typing
    assert session.state is State.PAUSED or session.at_end


async def test_what_is_not_shown_is_not_kept_and_such_a_step_is_served(opened: Any) -> None:
    session = opened([message(0), run(1, "read -s -p 'password: ' it; echo; echo ${#it}"), ran(2, 1)])
    typing = once_written(session, b"password: ", lambda: session.send_input("hunter2\n"))
    result = await stepped(session)
    await typing
    assert result.actual.content.strip().endswith("7")
    kept = saved(session)
    assert "hunter2" not in json.dumps(kept)
    again = opened(kept)
    result = await stepped(again)
    assert (result.status.value, "what it did not show" in result.reason) == ("recorded", True)


async def test_a_secret_is_not_kept(opened: Any) -> None:
    hide("sk-typed-by-hand-000001")
    session = opened([message(0), run(1, "read it; echo got it"), ran(2, 1)])
    session.serve(1, Service.EXECUTE)

    async def at_once() -> None:
        while True:
            try:
                return await session.send_input("sk-typed-by-hand-000001\n")
            except Refused:
                await asyncio.sleep(0.02)

    typing = asyncio.ensure_future(at_once())
    await stepped(session)
    await typing
    assert "sk-typed-by-hand" not in json.dumps(saved(session))


async def test_where_nothing_runs_it_is_refused(opened: Any) -> None:
    session = opened([message(0), run(1, "true"), ran(2, 1)])
    with pytest.raises(Refused, match="nothing runs"):
        await session.send_input("x")
    await stepped(session)
    with pytest.raises(Refused, match="nothing runs"):
        await session.send_input("x")
