"""A live session and servers that misbehave: whatever comes is told in a line, and a message goes on."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from documents import of_commands
from loopback import Answer, Call, Loopback
from needs import IMAGE
from trajcore import notices
from trajcore.errors import ModelUnavailable
from trajcore.live.assembly import Cut
from trajcore.live.model import Patience, close_connections
from trajcore.live.modelprocess import MODELS
from trajcore.live.modelsettings import ModelSettings
from trajcore.replay.states import Mode, State
from trajcore.sandbox.base import Limits, SandboxSettings
from trajcore.session import Delivery, Session, Settings
from trajcore.trajectory import Trajectory

pytestmark = pytest.mark.usefixtures("toy")

KEY = "sk-loopback-0123456789abcdef"
LOOK = Call("execute_bash", {"command": "echo looked"})


@pytest.fixture(autouse=True)
async def _connections() -> AsyncIterator[None]:
    yield
    await close_connections()


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for seconds between two attempts."""
    hurried = Patience(attempts=2, first_wait=0.01, timeout=20.0)
    monkeypatch.setattr("trajcore.live.model.Patience", lambda: hurried)


def opened(server: Loopback | None = None, name: str = "openai/m") -> tuple[Session, list[notices.Notice]]:
    model = ModelSettings(name, KEY, server.url) if server else ModelSettings()
    world = SandboxSettings(image=IMAGE, limits=Limits(no_change=15.0, hard=30.0))
    commands = ("echo 1 >> log", "echo 2 >> log", "echo 3 >> log")
    session = Session(Trajectory.from_bytes(of_commands(*commands)), Settings("toy", world, model))
    told: list[notices.Notice] = []
    session.subscribe(told.append)
    return session, told


async def say(session: Session, text: str) -> None:
    session.message(text, Delivery.LIVE)
    await session.idle()


def warnings(told: list[notices.Notice]) -> list[str]:
    return [one.text for one in told if isinstance(one, notices.Said) and one.severity != "information"]


def contents(session: Session) -> list[str]:
    return [str(entry.data().get("args", {}).get("content", "")) for entry in session.run.entries]


async def test_a_model_that_cannot_be_had_leaves_the_replay_as_it_was() -> None:
    with Loopback([Answer(status=401), Answer("I see.")]) as server:
        session, told = opened(server)
        session.step()
        await session.idle()
        before = list(session.run.entries)
        await say(session, "take over")
        assert (session.state, session.mode) == (State.PAUSED, Mode.REPLAY)
        assert isinstance(session.failure, ModelUnavailable)
        assert session.queued == ("take over",)
        assert session.run.entries == before
        assert session.ending == "error"
        assert len([line for line in warnings(told) if "was refused" in line]) == 1
        position = session.position
        session.step()
        await session.idle()
        assert session.position > position
        assert session.failure is None
        await say(session, session.take_back())
        assert (session.state, session.unsent) == (State.AWAITING_INPUT, ())
        assert "I see." in contents(session)
        await session.close()


async def test_going_live_without_a_word_leaves_it_as_it_was_as_well() -> None:
    with Loopback([Answer(status=500)] * 2) as server:
        session, _ = opened(server)
        session.step()
        await session.idle()
        before = list(session.run.entries)
        session.go_live()
        await session.idle()
        assert (session.state, session.mode, session.unsent) == (State.PAUSED, Mode.REPLAY, ())
        assert session.run.entries == before
        session.resume()
        await session.idle()
        assert session.at_end
        await session.close()


async def test_what_a_model_had_done_stays_where_it_fails_later() -> None:
    with Loopback([Answer("I look.", [LOOK]), Answer(status=401), Answer("All done.")]) as server:
        session, _ = opened(server)
        session.step()
        await session.idle()
        await say(session, "take over")
        assert (session.state, session.mode) == (State.AWAITING_INPUT, Mode.LIVE)
        assert "take over" in contents(session)
        await say(session, "go on")
        assert session.state is State.AWAITING_INPUT
        assert session.failure is None
        await session.close()


async def test_what_it_had_said_stays_too() -> None:
    with Loopback([Answer("I would", drop=True)] * 2) as server:
        session, _ = opened(server)
        session.step()
        await session.idle()
        await say(session, "take over")
        assert session.state is State.AWAITING_INPUT
        assert contents(session)[-2:] == ["take over", f"I would\n\n{Cut.BROKEN.value}"]
        await say(session, "go on")
        assert session.state is State.AWAITING_INPUT
        await session.close()


async def test_an_interrupted_reply_is_kept_as_far_as_it_came() -> None:
    with Loopback([Answer("I would like", hang=True), Answer("Yes.")]) as server:
        session, told = opened(server)
        session.message("take over", Delivery.LIVE)
        async with asyncio.timeout(20):
            while "".join(one.text for one in told if isinstance(one, notices.ModelText)) != "I would like":
                await asyncio.sleep(0.01)
        session.interrupt()
        await session.idle()
        assert session.state is State.AWAITING_INPUT
        assert contents(session)[-1] == f"I would like\n\n{Cut.INTERRUPTED.value}"
        await say(session, "go on")
        assert contents(session)[-1] == "Yes."
        assert server.bodies[-1]["messages"][-2]["content"].endswith(Cut.INTERRUPTED.value)
        await session.close()


MISBEHAVIOURS: dict[str, list[Answer]] = {
    "bad key": [Answer(status=401)],
    "not paid": [Answer(status=402)],
    "no such model": [Answer(status=404)],
    "too large": [Answer(status=413)],
    "limit": [Answer(status=429)] * 2,
    "failing": [Answer(status=500)] * 2,
    "overloaded": [Answer(status=529)] * 2,
    "gateway": [Answer(status=502, raw="<html>Bad gateway</html>")] * 2,
    "no API": [Answer(raw="<html>not an API</html>")],
    "nonsense": [Answer(raw="data: {broken\n\n")],
    "nothing": [Answer(raw="")],
    "hangs up": [Answer("half", drop=True)] * 2,
    "hangs up at once": [Answer(drop=True)] * 2,
    "ends unsaid": [Answer("half", closes=True)] * 2,
    "ends in arguments": [Answer("half", [Call("think", '{"thought": "ha')], closes=True)] * 2,
    "breaks": [Answer("half", breaks="overload")] * 2,
    "limit of tokens": [Answer("half", finish="length")],
    "limit before it": [Answer("", thinking="hm", finish="length")],
    "filter": [Answer("half", finish="content_filter")],
    "empty": [Answer("")] * 3,
    "bad arguments": [Answer("", [Call("execute_bash", '{"command": ')])] * 3,
    "no such tool": [Answer("", [Call("teleport", {})])] * 3,
    "repeats itself": [Answer("again! " * 300)],
}


@pytest.mark.parametrize("answers", MISBEHAVIOURS.values(), ids=MISBEHAVIOURS)
async def test_whatever_a_server_does_a_further_message_goes_on(answers: list[Answer]) -> None:
    with Loopback([*answers, Answer("fine"), Answer("fine")]) as server:
        session, told = opened(server)
        session.resume()
        await session.idle()
        await say(session, "take over")
        assert len(server.bodies) >= len(answers)
        assert session.state in (State.PAUSED, State.AWAITING_INPUT)
        lines = warnings(told)
        errors = [entry.data().get("content") for entry in session.run.entries if entry.head.kind == "error"]
        assert lines or errors
        for line in lines:
            assert "\n" not in line
            assert len(line) < 500
            assert not any(word in line for word in ("litellm", "Traceback", "internal error", KEY))
        await say(session, "go on")
        assert session.state is State.AWAITING_INPUT
        assert contents(session)[-1] == "fine"
        assert [request.problems for request in server.requests] == [[]] * len(server.requests)
        await session.close()


async def test_the_saved_run_says_how_a_reply_ended(tmp_path: Any) -> None:
    calls = [LOOK, Call("execute_bash", '{"command": "ec')]
    with Loopback([Answer("Both.", calls, finish="length"), Answer("Done.")]) as server:
        session, _ = opened(server)
        await say(session, "take over")
        await session.save_run(tmp_path / "run.json")
        await session.close()
    run = json.loads((tmp_path / "run.json").read_text())
    responses = [
        event["tool_call_metadata"]["model_response"] for event in run if event.get("action") == "run"
    ]
    assert [one["choices"][0]["finish_reason"] for one in responses] == ["length"]


async def test_all_that_streams_is_told() -> None:
    with Loopback([Answer("I look.", [LOOK], thinking="Shall I look?"), Answer("Done.")]) as server:
        session, told = opened(server)
        await say(session, "take over")
        await session.close()
    thoughts = [one for one in told if isinstance(one, notices.ModelThinking)]
    calls = [one for one in told if isinstance(one, notices.ModelCall)]
    texts = [one for one in told if isinstance(one, notices.ModelText)]
    assert "".join(one.text for one in thoughts) == "Shall I look?"
    assert "".join(one.text for one in calls) == LOOK.text
    assert {(one.place, one.name) for one in calls} == {(0, "execute_bash")}
    assert [one.fresh for one in thoughts] == [True, *[False] * (len(thoughts) - 1)]
    assert [one.fresh for one in calls] == [True, *[False] * (len(calls) - 1)]
    assert [one.text for one in texts if one.fresh] == ["I look.", "Done."]


async def test_the_library_is_not_in_this_process() -> None:
    with Loopback([Answer("I look.", [LOOK]), Answer("Done.")]) as server:
        session, _ = opened(server)
        await say(session, "take over")
        await session.close()
    assert not {"litellm", "openai", "tokenizers", "tiktoken"} & set(sys.modules)


async def test_a_live_session_in_sight_has_the_process_started_where_a_model_is_configured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[bool] = []
    monkeypatch.setattr(MODELS, "start", lambda: started.append(True))
    session, _ = opened()
    session.expect_live()
    assert started == []
    with Loopback() as server:
        other, _ = opened(server)
        other.expect_live()
    assert started == [True]
    await session.close()
    await other.close()
