"""What the live part of a session may come to: it stops there, whatever its messages, and can be raised."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import of_commands
from loopback import Answer, Call, Loopback
from trajcore import notices
from trajcore.api import areplay
from trajcore.errors import BadInput, Refused
from trajcore.live.budget import Budget, Limit, budget_of, seconds_of
from trajcore.live.model import close_connections
from trajcore.live.modelsettings import ModelSettings
from trajcore.replay.states import State
from trajcore.session import Delivery, Session, Settings
from trajcore.trajectory import Trajectory

LOOK = Answer("I look.", [Call("execute_bash", {"command": "echo looked"})])


@asynccontextmanager
async def session(budget: Budget, cost: float = 0.0) -> AsyncIterator[tuple[Session, list[notices.Notice]]]:
    """One at the end of its recording, whose model goes on looking."""

    def answer(_: object) -> Answer:
        return Answer(LOOK.text, LOOK.calls, cost=cost or None)

    with Loopback(answer) as server:
        model = ModelSettings("openai/m", "sk-loopback-0123456789", server.url)
        made = Session(
            Trajectory.from_bytes(of_commands("true")), Settings("toy", model=model, budget=budget)
        )
        told: list[notices.Notice] = []
        made.subscribe(told.append)
        made.resume()
        await made.idle()
        yield made, told
        await made.close()
        await close_connections()


async def say(session: Session, text: str) -> None:
    session.message(text, Delivery.LIVE)
    await session.idle()


def replies(session: Session) -> int:
    return session.usage.replies if session.usage else 0


def ending(session: Session) -> str:
    return session.live_outcome.ending if session.live_outcome else ""


@pytest.mark.usefixtures("toy")
async def test_steps_are_those_of_the_session_and_are_raised_by_as_many() -> None:
    async with session(Budget(steps=2)) as (live, told):
        await say(live, "go")
        assert (live.state, replies(live), ending(live)) == (State.AWAITING_INPUT, 2, "steps_spent")
        assert [one.text for one in told if isinstance(one, notices.Said)][-1] == (
            "stopped: 2 live steps spent (--max-steps)"
        )
        assert told[-1] == notices.BudgetSpent("steps_spent", "2 live steps")
        await say(live, "on")
        assert replies(live) == 2
        assert live.run.entries[-1].data()["args"]["content"] == "on"
        live.go_on()
        await live.idle()
        assert (replies(live), live.spent, live.budget) == (4, Limit.STEPS, Budget(steps=4))
        live.go_on()
        live.interrupt()
        await live.idle()
        assert live.spent is None
        with pytest.raises(Refused, match="spent"):
            live.go_on()


@pytest.mark.usefixtures("toy")
async def test_money_is_what_has_been_spent() -> None:
    async with session(Budget(cost=0.25), cost=0.1) as (live, _):
        await say(live, "go")
        assert (replies(live), ending(live)) == (3, "cost_spent")
        live.go_on()
        await live.idle()
        assert (replies(live), live.budget.cost) == (5, 0.5)


@pytest.mark.usefixtures("toy")
async def test_where_no_price_is_known_it_is_said_that_money_ends_nothing() -> None:
    async with session(Budget(cost=0.25, steps=3)) as (live, told):
        await say(live, "go")
        assert ending(live) == "steps_spent"
        warned = [one.text for one in told if isinstance(one, notices.Said) and "not known" in one.text]
        assert len(warned) == 1


@pytest.mark.usefixtures("toy")
async def test_time_is_that_of_the_models_turns() -> None:
    async with session(Budget(seconds=0.001)) as (live, _):
        await say(live, "go")
        assert ending(live) == "time_spent"
        assert replies(live) <= 1
        assert live.run.entries[-1].head.kind != "error"


@pytest.mark.usefixtures("toy")
async def test_without_a_screen_it_ends_there_whatever_messages_are_left() -> None:
    told: list[notices.Notice] = []
    with Loopback([LOOK, LOOK, LOOK]) as server:
        model = ModelSettings("openai/m", "sk-loopback-0123456789", server.url)
        settings = Settings("toy", model=model, budget=Budget(steps=1))
        report = await areplay(
            Trajectory.from_bytes(of_commands("true")),
            settings=settings, carry_on=True, messages=["one", "two", "three"], on_notice=told.append,
        )  # fmt: skip
        assert len(server.bodies) == 1
    assert report.live is not None
    assert (report.live.ending, report.live.steps, report.state) == ("steps_spent", 1, "awaiting_input")
    assert report.exit_code() == 0
    warned = [one.text for one in told if isinstance(one, notices.Said) and one.severity == "warning"]
    assert warned[-1] == "2 messages not given to the model any more"


@given(st.integers(1, 9), st.floats(0.01, 10**6), st.floats(0.01, 10**6), st.integers(0, 10**9))
def test_a_raised_budget_is_not_spent(steps: int, cost: float, seconds: float, so_far: int) -> None:
    at_first = Budget(steps, cost, seconds)
    for limit in Limit:
        raised = at_first.raised(limit, at_first, so_far)
        came = tuple(so_far if one is limit else 0 for one in Limit)
        assert raised.spent(*came) is None
        assert at_first.raised(limit, Budget(), so_far) == at_first


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("30s", 30), ("1.5m", 90), ("1 H", 3600)])
def test_a_time_is_read(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    "make",
    [
        *(
            lambda text=text: budget_of(None, None, text)
            for text in ("0", "-1s", "5d", "", "soon", "9" * 400)
        ),
        *(lambda cost=cost: budget_of(None, cost, None) for cost in (0.0, -1.0, float("nan"), float("inf"))),
        lambda: budget_of(0, None, None),
    ],
)
def test_what_is_no_budget_is_refused_in_a_line(make: Callable[[], Budget]) -> None:
    with pytest.raises(BadInput, match="expected") as caught:
        make()
    assert len(str(caught.value)) < 200
