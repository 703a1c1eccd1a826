"""How a step was satisfied can be told in a saved run, and a replay of that run does the same."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from documents import message, ran, run
from trajcore import notices
from trajcore.dialects.openhands_v0.checks.all import check
from trajcore.events.kinds import Service
from trajcore.events.satisfied import How, kept_in
from trajcore.sandbox.base import Limits, SandboxSettings
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory

pytestmark = pytest.mark.usefixtures("toy")

Events = list[dict[str, Any]]


@pytest.fixture
async def opened() -> AsyncIterator[Any]:
    """Opens recordings; their sandboxes are gone after the test."""
    sessions: list[Session] = []

    def one(events: Events, sandbox: str = "toy") -> Session:
        world = SandboxSettings(limits=Limits(no_change=5.0, hard=20.0))
        sessions.append(Session(Trajectory.from_bytes(json.dumps(events).encode()), Settings(sandbox, world)))
        return sessions[-1]

    yield one
    for session in sessions:
        await session.close()


async def played(session: Session) -> Events:
    session.resume()
    await session.idle()
    assert session.at_end, session.failure
    written: Events = json.loads(b"".join(session.run.to_json()))
    return written


def told(session: Session) -> list[tuple[str, str]]:
    return [(result.status.value, result.reason) for result in session.run.results.values()]


MADE: Events = [message(0), run(1, "touch a; ls"), ran(2, 1, "a"), run(3, "ls"), ran(4, 3, "a")]


async def test_a_served_step_is_served_again_and_the_others_are_executed(opened: Any) -> None:
    session = opened(MADE)
    session.serve(1, Service.RECORDED)
    saved = await played(session)
    assert saved[2]["trajtui"] == {"satisfied": "recorded", "reason": "you asked for it"}
    assert check([json.dumps(event).encode() for event in saved]) == []

    again = opened(saved)
    assert saved[:4] == (await played(again))[:4]
    assert told(again) == [
        ("recorded", "as in the run that was saved (you asked for it): served from the recording"),
        ("matched", ""),
    ]


async def test_the_user_can_have_a_served_step_executed(opened: Any) -> None:
    session = opened(MADE)
    session.serve(1, Service.RECORDED)
    again = opened(await played(session))
    again.serve(1, Service.EXECUTE)
    saved = await played(again)
    assert [status for status, _ in told(again)] == ["matched", "diverged"]
    assert not [event for event in saved if "trajtui" in event]


async def test_where_nothing_is_executed_nothing_is_kept(opened: Any) -> None:
    assert not [event for event in await played(opened(MADE, "recorded")) if "trajtui" in event]


async def test_an_interrupted_command_is_interrupted_again(opened: Any) -> None:
    session = opened([message(0), run(1, "echo here; sleep 60; touch too-late"), ran(2, 1), *LISTED])

    def interrupt(notice: notices.Notice) -> None:
        if isinstance(notice, notices.Output) and b"here" in notice.data:
            asyncio.get_running_loop().call_later(0.3, session.interrupt)

    session.subscribe(interrupt)
    session.step()
    await session.idle()
    saved = await played(session)
    assert saved[2]["trajtui"]["satisfied"] == "interrupted"
    assert saved[2]["extras"]["metadata"]["exit_code"] == 130

    again, begun = opened(saved), time.monotonic()
    once_more = await played(again)
    assert time.monotonic() - begun < 10
    assert told(again) == [("matched", "interrupted"), ("matched", "")]
    assert once_more[2]["trajtui"] == saved[2]["trajtui"]


LISTED: Events = [run(3, "ls"), ran(4, 3, "")]


@pytest.mark.parametrize("ours", [None, "x", [], {}, {"satisfied": 1}, {"satisfied": "some day"}])
async def test_what_is_not_understood_is_as_if_it_were_not_there(opened: Any, ours: Any) -> None:
    events = [MADE[0], MADE[1], {**MADE[2], "trajtui": ours}]
    session = opened(events)
    await played(session)
    assert told(session) == [("matched", "")]


async def test_what_else_was_interrupted_is_served(opened: Any) -> None:
    cell = {"id": 1, "source": "agent", "action": "run_ipython", "args": {"code": "while True: pass"}}
    answer = {"id": 2, "cause": 1, "source": "agent", "observation": "run_ipython", "content": "stopped"}
    ours = {"satisfied": How.INTERRUPTED.value, "reason": "you interrupted it"}
    session = opened([message(0), cell, {**answer, "extras": {"code": ""}, "trajtui": ours}])
    saved = await played(session)
    assert [status for status, _ in told(session)] == ["recorded"]
    assert saved[2]["trajtui"] == ours
    assert kept_in(session.run.results[1].recorded) is not None
