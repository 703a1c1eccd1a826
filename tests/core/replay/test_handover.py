"""What is said before a model takes over: calls of one reply cut apart, and what was edited by hand."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from documents import called, message, ran, run
from loopback import Answer, Loopback
from trajcore import notices
from trajcore.events.kinds import Service
from trajcore.live.messages.results import NOT_EXECUTED
from trajcore.live.model import close_connections
from trajcore.live.modelsettings import ModelSettings
from trajcore.replay.handover import differs_in_waiting_alone
from trajcore.session import Delivery, Session, Settings
from trajcore.trajectory import Trajectory
from trajcore.views.question import GO_BACK, GO_LIVE, PLAY_ON, before_live

pytestmark = pytest.mark.usefixtures("toy")


@pytest.fixture(autouse=True)
async def _connections() -> AsyncIterator[None]:
    yield
    await close_connections()


def of_one_reply(*calls: str) -> list[dict[str, Any]]:
    """A recording in which one reply asks for several commands, then another for one more."""
    events = [message(0, "go")]
    for call in calls:
        id = len(events)
        said = {"tool_call_metadata": called(call, "r1", *calls, arguments='{"command": "true"}')}
        events += [{**run(id, "true"), **said}, {**ran(id + 1, id, ""), **said}]
    id = len(events)
    return [*events, run(id, "echo last"), ran(id + 1, id, "last")]


def opened(events: list[dict[str, Any]], **settings: Any) -> Session:
    return Session(Trajectory.from_bytes(json.dumps(events).encode()), Settings("toy", **settings))


async def stepped(session: Session, steps: int) -> Session:
    for _ in range(steps):
        session.step()
        await session.idle()
    return session


@pytest.mark.parametrize(("steps", "left"), [(1, (3, 5)), (2, (5,)), (3, None), (4, None)])
async def test_a_reply_that_is_cut_apart_is_told_with_the_places_where_it_is_not(
    steps: int, left: Any
) -> None:
    session = await stepped(opened(of_one_reply("a", "b", "c")), steps)
    known = session.handover
    question = before_live(session)
    await session.close()
    if left is None:
        assert (known.cut, known.lines, question) == (None, (), None)
        return
    assert known.cut is not None
    assert question is not None
    assert (known.cut.before, known.cut.behind, known.cut.left) == (1, 7, left)
    assert "in one piece before event 1 and before event 7." in question.text
    assert list(question.answers) == ["no", PLAY_ON, GO_BACK, GO_LIVE]


async def test_what_is_cut_apart_is_said_and_told_to_the_model() -> None:
    with Loopback([Answer("I see.")]) as server:
        model = ModelSettings("openai/m", "sk-loopback-0123456789", server.url)
        session = await stepped(opened(of_one_reply("a", "b"), model=model), 1)
        told: list[str] = []
        session.subscribe(lambda one: told.append(one.text) if isinstance(one, notices.Said) else None)
        session.message("go on", Delivery.LIVE)
        await session.idle()
        await session.close()
    assert told[0].startswith(
        "event 3 came of the same reply as what was played last: the model is told that"
    )
    results = {
        one["tool_call_id"]: one["content"] for one in server.bodies[0]["messages"] if "tool" in one["role"]
    }
    assert (results["a"] == NOT_EXECUTED, results["b"] == NOT_EXECUTED) == (False, True)


async def test_edits_behind_the_sandbox_are_named() -> None:
    session = await stepped(opened([message(0, "go"), run(1, "echo 1"), ran(2, 1, "1"), run(3, "echo 2")]), 1)
    assert session.handover.lines == ()
    session.editing.set_value(1, ("args", "command"), "echo one")
    (line,) = session.handover.lines
    await session.close()
    assert line.startswith("event 1 changed since this was played: the sandbox and the model have what was")


def test_whether_an_event_waits_is_told_to_nobody() -> None:
    said = {"id": 0, "action": "message", "args": {"content": "a", "wait_for_response": False}}
    waits = {**said, "args": {"content": "a", "wait_for_response": True}}
    assert differs_in_waiting_alone(said, waits)
    assert differs_in_waiting_alone({**said, "args": {"content": "a"}}, waits)
    assert not differs_in_waiting_alone(said, said)  # it was moved, say
    assert not differs_in_waiting_alone(said, {**waits, "args": {"content": "b", "wait_for_response": True}})


async def test_a_result_that_the_user_wrote_is_named_and_no_other() -> None:
    session = opened([message(0, "go"), run(1, "echo 1"), ran(2, 1, "1"), run(3, "echo 2"), ran(4, 3, "2")])
    for index in (1, 3):
        session.serve(index, Service.RECORDED)
    session.editing.set_value(2, ("content",), "something else")
    session.editing.set_value(3, ("args", "command"), "echo two")
    await stepped(session, 2)
    assert session.handover.lines == ("The result in event 2 is as you wrote it: no sandbox produced it.",)
    await session.close()
