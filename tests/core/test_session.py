"""The session: what each command does to the replay, the run and the state."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajcore import notices
from trajcore.activity import Activity
from trajcore.errors import BadInput, ModelUnavailable
from trajcore.events.kinds import Service
from trajcore.replay.run import Status
from trajcore.replay.states import LEGAL, Command, Mode, State
from trajcore.session import Delivery, Refused, Session, Settings
from trajcore.trajectory import Trajectory


def message(id: int, source: str, text: str, *, wait: bool = False) -> dict[str, Any]:
    args = {"content": text, "wait_for_response": wait}
    return {"id": id, "source": source, "action": "message", "args": args}


def run(id: int, command: str) -> dict[str, Any]:
    return {"id": id, "source": "agent", "action": "run", "args": {"command": command}}


def output(id: int, cause: int, text: str, exit_code: int = 0) -> dict[str, Any]:
    extras = {"command": "", "metadata": {"exit_code": exit_code}}
    return {
        "id": id, "source": "agent", "observation": "run", "cause": cause, "content": text, "extras": extras,
    }  # fmt: skip


def finish(id: int, text: str = "done") -> dict[str, Any]:
    return {"id": id, "source": "agent", "action": "finish", "args": {"final_thought": text}}


def state_change(id: int, state: str) -> dict[str, Any]:
    changed = {"observation": "agent_state_changed", "content": "", "extras": {"agent_state": state}}
    return {"id": id, "source": "environment", **changed}


DIALOGUE = [
    message(0, "user", "count the files"),
    state_change(1, "running"),
    run(2, "ls | wc -l"),
    output(3, 2, "3"),
    message(4, "agent", "Three. Shall I delete them?", wait=True),
    message(5, "user", "no"),
    run(6, "true"),
    output(7, 6, ""),
    finish(8),
    state_change(9, "finished"),
]


def session_of(events: list[dict[str, Any]], sandbox: str = "recorded", **settings: Any) -> Session:
    data = json.dumps(events).encode()
    return Session(Trajectory.from_bytes(data, "test.json"), Settings(sandbox=sandbox, **settings))


async def replayed(events: list[dict[str, Any]]) -> Session:
    session = session_of(events)
    session.resume()
    await session.idle()
    return session


def ids(session: Session) -> list[int | None]:
    return [entry.head.id for entry in session.run.entries]


async def test_a_replay_keeps_every_event_once_and_in_order() -> None:
    session = await replayed(DIALOGUE)
    assert ids(session) == list(range(10))
    assert session.state is State.FINISHED
    assert session.ending == "finished"


async def test_a_step_ends_with_the_next_thing_the_agent_did() -> None:
    session = session_of(DIALOGUE)
    stops = []
    while not session.at_end:
        session.step()
        await session.idle()
        stops.append(session.position)
    assert stops == [4, 5, 8, 10]


async def test_a_question_in_the_middle_does_not_stop_the_replay() -> None:
    session = await replayed(DIALOGUE)
    assert session.mode is Mode.REPLAY
    assert len(session.run.results) == 2


async def test_a_question_at_the_end_is_honoured_through_trailing_bookkeeping() -> None:
    session = await replayed([*DIALOGUE[:5], state_change(20, "awaiting_user_input")])
    assert session.state is State.AWAITING_INPUT
    assert session.mode is Mode.LIVE
    assert "litellm" not in sys.modules or not session.run.has_live_steps


async def test_a_recording_that_just_ends_is_paused_at_its_end() -> None:
    session = await replayed(DIALOGUE[:4])
    assert session.state is State.PAUSED
    assert session.ending == "end_of_recording"


async def test_a_finish_in_the_middle_is_not_the_end() -> None:
    session = await replayed([*DIALOGUE[:4], finish(10), message(11, "user", "and now?"), run(12, "pwd")])
    assert session.at_end
    assert session.ending == "end_of_recording"
    assert [result.id for result in session.run.results.values()] == [2, 12]


async def test_continue_stops_at_a_breakpoint_and_goes_on_from_it() -> None:
    session = session_of(DIALOGUE)
    session.toggle_breakpoint(6)
    session.resume()
    await session.idle()
    assert (session.position, session.state) == (6, State.PAUSED)
    session.resume()
    await session.idle()
    assert session.at_end


async def test_a_step_stops_at_a_breakpoint_inside_it() -> None:
    session = session_of(DIALOGUE)
    session.toggle_breakpoint(1)
    session.step()
    await session.idle()
    assert session.position == 1


async def test_run_to_stops_before_the_event() -> None:
    session = session_of(DIALOGUE)
    session.run_to(6)
    await session.idle()
    assert session.position == 6
    with pytest.raises(Refused, match="played already"):
        session.run_to(2)


async def test_stepping_over_plays_a_delegation_as_one() -> None:
    delegate = {"id": 1, "source": "agent", "action": "delegate", "args": {"agent": "x", "inputs": {}}}
    back = {"id": 5, "source": "agent", "observation": "delegate", "content": "", "extras": {"outputs": {}}}
    events = [
        message(0, "user", "go"), delegate, run(2, "ls"), output(3, 2, ""), finish(4), back, run(6, "ls"),
        output(7, 6, ""),
    ]  # fmt: skip
    session = session_of(events)
    session.step_over()
    await session.idle()
    assert (session.position, session.state) == (6, State.PAUSED)
    session.step_over()
    await session.idle()
    assert session.at_end


async def test_a_wrong_model_setting_is_told_when_a_model_is_asked_for() -> None:
    session = session_of(DIALOGUE, model_fault="[llm] temperature: expected a number")
    session.resume()
    await session.idle()
    with pytest.raises(BadInput, match="temperature"):
        session.message("go on")


async def test_restart_begins_again() -> None:
    session = await replayed(DIALOGUE)
    session.restart()
    await session.idle()
    assert (session.position, session.state, session.mode) == (0, State.PAUSED, Mode.REPLAY)
    assert not session.run.entries
    session.resume()
    await session.idle()
    assert ids(session) == list(range(10))


async def test_an_action_without_a_recorded_answer_is_skipped_by_the_recorded_sandbox() -> None:
    session = await replayed([message(0, "user", "go"), run(1, "ls")])
    (result,) = session.run.results.values()
    assert result.status is Status.SKIPPED
    assert "nothing was recorded" in result.reason


async def test_an_invalid_action_is_skipped_and_named() -> None:
    broken = {"id": 1, "source": "agent", "action": "run", "args": {"command": 5}}
    session = await replayed([message(0, "user", "go"), broken, finish(2)])
    (result,) = session.run.results.values()
    assert result.status is Status.SKIPPED
    assert "args.command" in result.reason
    assert ids(session) == [0, 1, 2]


async def test_environment_events_are_never_executed() -> None:
    hidden = {**run(3, "rm -rf /"), "source": "environment"}
    session = await replayed([message(0, "user", "go"), hidden, output(4, 3, ""), finish(5)])
    assert not session.run.results
    assert ids(session) == [0, 3, 4, 5]


async def test_a_message_in_the_middle_enters_the_run_and_the_replay_goes_on() -> None:
    session = session_of(DIALOGUE)
    session.run_to(4)
    await session.idle()
    session.message("be careful")
    assert session.state is State.PAUSED
    session.resume()
    await session.idle()
    assert ids(session) == [0, 1, 2, 3, 10, 4, 5, 6, 7, 8, 9]
    assert session.run.entries[4].head.source == "user"


async def test_a_message_can_replace_the_next_recorded_one() -> None:
    session = session_of(DIALOGUE)
    session.run_to(4)
    await session.idle()
    session.message("yes, all of them", Delivery.REPLACE)
    session.resume()
    await session.idle()
    assert ids(session) == list(range(10))
    assert session.run.entries[5].data()["args"]["content"] == "yes, all of them"


async def test_going_live_needs_a_model_and_a_sandbox_that_executes() -> None:
    session = await replayed(DIALOGUE)
    with pytest.raises(ModelUnavailable, match="no model is configured"):
        session.message("go on")
    assert session.state is State.FINISHED
    assert ids(session) == list(range(10))


async def test_flipping_is_an_edit_that_can_be_taken_back() -> None:
    session = session_of(DIALOGUE)
    told: list[notices.Notice] = []
    session.subscribe(told.append)
    session.editing.flip(4, "wait_for_response")
    assert session.trajectory.modified
    assert session.trajectory.head(4).wait_for_response is False
    session.editing.undo()
    assert not session.trajectory.modified
    assert told == [notices.DocumentChanged(4)] * 2
    with pytest.raises(BadInput, match="only messages"):
        session.editing.flip(2, "wait_for_response")


async def test_a_saved_run_replays_to_the_same_events(tmp_path: Path) -> None:
    session = await replayed(DIALOGUE)
    saved = await session.save_run(tmp_path / "run.json")
    again = Session(Trajectory.open(saved), Settings(sandbox="recorded"))
    again.resume()
    await again.idle()
    assert [entry.head.kind for entry in again.run.entries] == [e.head.kind for e in session.run.entries]
    assert json.loads(saved.read_bytes())[4]["args"]["wait_for_response"] is True


async def test_listeners_hear_of_states_in_order() -> None:
    session = session_of(DIALOGUE)
    states: list[State] = []

    def listen(change: notices.Notice) -> None:
        if isinstance(change, notices.StateChanged):
            states.append(change.state)

    session.subscribe(listen)
    session.resume()
    await session.idle()
    assert states == [State.REPLAYING, State.FINISHED]


async def test_what_is_interrupted_before_it_began_is_paused() -> None:
    session = session_of(DIALOGUE)
    session.resume()
    session.interrupt()
    await session.idle()
    assert (session.state, session.position) == (State.PAUSED, 0)


KINDS = st.sampled_from(["run", "question", "user", "finish", "state", "think", "unknown", "null", "browse"])


def recording(kinds: list[str]) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = [message(0, "user", "task")]
    for kind in kinds:
        id = len(events)
        match kind:
            case "run":
                events += [run(id, f"echo {id}"), output(id + 1, id, str(id))]
            case "question":
                events.append(message(id, "agent", "well?", wait=True))
            case "user":
                events.append(message(id, "user", "well"))
            case "finish":
                events.append(finish(id))
            case "state":
                events.append(state_change(id, "paused"))
            case "browse":
                events.append({"id": id, "source": "agent", "action": "browse", "args": {"url": "http://x"}})
            case _:
                events.append({"id": id, "source": "agent", "action": kind, "args": {}})
    return events


COMMANDS = st.lists(
    st.sampled_from(
        [
            Command.STEP,
            Command.CONTINUE,
            Command.RUN_TO,
            Command.INTERRUPT,
            Command.RESTART,
            Command.GO_LIVE,
            Command.COMPACT,
            "toggle",
            "flip",
            "undo",
            "insert",
            "replace",
            "live",
            "skip",
            "condition",
            "yield",
        ]
    ),
    max_size=25,
)


@given(st.lists(KINDS, max_size=12), COMMANDS, st.randoms(use_true_random=False))
def test_no_sequence_of_commands_loses_an_event_or_plays_one_twice(
    kinds: list[str], commands: list[Any], random: Any
) -> None:
    asyncio.run(_drive(recording(kinds), commands, random))


async def _drive(events: list[dict[str, Any]], commands: list[Any], random: Any) -> None:
    session = session_of(events)
    states: set[State] = set()

    def listen(change: notices.Notice) -> None:
        if isinstance(change, notices.StateChanged):
            states.add(change.state)

    session.subscribe(listen)
    for command in commands:
        index = random.randrange(len(events))
        allowed = not isinstance(command, Command) or command in LEGAL[session.state]
        try:
            await _do(session, command, index)
        except (Refused, BadInput, ModelUnavailable):
            pass
        else:
            assert allowed, f"{command} was done in {session.state}"
        if random.random() < 0.7:
            await session.idle()
        _check(session, events)
    await session.idle()
    _check(session, events)
    assert states <= {State.PAUSED, State.REPLAYING, State.FINISHED, State.AWAITING_INPUT}
    await session.close()


async def _do(session: Session, command: Any, index: int) -> None:
    commands: dict[Any, Callable[[], object]] = {
        Command.STEP: session.step,
        Command.CONTINUE: session.resume,
        Command.RUN_TO: lambda: session.run_to(index),
        Command.INTERRUPT: session.interrupt,
        Command.RESTART: session.restart,
        Command.GO_LIVE: session.go_live,
        Command.COMPACT: session.compact,
        "toggle": lambda: session.toggle_breakpoint(index),
        "flip": lambda: session.editing.flip(index, "wait_for_response"),
        "undo": session.editing.undo,
        "insert": lambda: session.message("by the way"),
        "replace": lambda: session.message("instead", Delivery.REPLACE),
        "live": lambda: session.message("hello", Delivery.LIVE),
        "skip": lambda: session.serve(index, Service.SKIP),
        "condition": lambda: session.break_on("kind=run"),
    }
    if command in commands:
        commands[command]()
    await asyncio.sleep(0)


def _check(session: Session, events: list[dict[str, Any]]) -> None:
    played = [entry.origin for entry in session.run.entries if entry.origin is not None]
    assert sorted(played) == played == sorted(set(played))
    assert set(played) >= set(range(session.position))
    own = [entry.head.id for entry in session.run.entries]
    assert len(own) == len(set(own))
    assert not session.run.has_live_steps


@pytest.mark.parametrize("moments", range(6))
async def test_what_begins_as_something_ends_is_waited_for_too(moments: int) -> None:
    activity, done = Activity(), []

    async def work() -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        activity.become(State.PAUSED)
        done.append(1)

    activity.become(State.PAUSED)
    activity.begin(Command.STEP, work)
    waiting = asyncio.create_task(activity.idle())
    while not done:
        await asyncio.sleep(0)
    for _ in range(moments):
        await asyncio.sleep(0)
    begun = not activity.busy
    if begun:
        activity.begin(Command.STEP, work)
    await waiting
    await activity.idle()
    assert len(done) == 1 + begun
