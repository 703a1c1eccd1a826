"""The state machine: what may be done when, and that everything else is refused in words."""

from __future__ import annotations

from itertools import product

import pytest

from trajcore.replay.states import LEGAL, NEXT, Command, Mode, State, refusal


def test_the_words_of_the_status_bar_are_those_of_the_contract() -> None:
    words = "PAUSED|REPLAYING|THINKING|EXECUTING|AWAITING INPUT|AWAITING CONFIRMATION|FINISHED|ERROR"
    assert [state.value for state in State] == words.split("|")
    assert [mode.value for mode in Mode] == ["REPLAY", "LIVE"]


def test_every_state_is_in_every_table() -> None:
    assert set(LEGAL) == set(NEXT) == set(State)


def test_every_state_can_be_reached_from_the_first_and_left_again() -> None:
    assert reachable(State.PAUSED) == set(State)
    for state in State:
        assert State.PAUSED in reachable(state), f"{state} is a dead end"
        assert state not in NEXT[state]


def reachable(start: State) -> set[State]:
    found, new = {start}, {start}
    while new:
        new = {state for known in new for state in NEXT[known]} - found
        found |= new
    return found


@pytest.mark.parametrize(("state", "command"), product(State, Command), ids=lambda value: value.name)
def test_every_command_is_either_legal_or_refused_in_words(state: State, command: Command) -> None:
    why = refusal(state, command)
    if command in LEGAL[state]:
        assert why is None
    else:
        assert why is not None
        assert why.startswith(f"cannot {command.value} now: ")
        assert len(why) > len(f"cannot {command.value} now: ") + 10
        assert "\n" not in why


@pytest.mark.parametrize("state", [State.REPLAYING, State.THINKING, State.EXECUTING])
def test_nothing_is_begun_while_something_runs_and_it_can_be_interrupted(state: State) -> None:
    for command in (Command.STEP, Command.CONTINUE, Command.RUN_TO, Command.RESTART, Command.GO_LIVE):
        assert refusal(state, command)
    assert refusal(state, Command.INTERRUPT) is None


@pytest.mark.parametrize("state", [State.PAUSED, State.AWAITING_INPUT, State.FINISHED, State.ERROR])
def test_where_nothing_runs_one_can_restart_speak_and_save(state: State) -> None:
    for command in (Command.RESTART, Command.MESSAGE, Command.SAVE_RUN):
        assert refusal(state, command) is None


def test_recorded_events_are_stepped_only_in_a_paused_replay() -> None:
    assert [state for state in State if Command.STEP in LEGAL[state]] == [State.PAUSED]
