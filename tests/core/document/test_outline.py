"""Which observation answers which action: by cause, then by tool call, and by position as the last resort."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from documents import message, ran, run
from trajcore.dialects.openhands_v0.dialect import OpenHandsV0
from trajcore.document.outline import Outline
from trajcore.trajectory import Trajectory


def of(*events: dict[str, Any]) -> Outline:
    dialect = OpenHandsV0()
    return Outline(dialect.slots([json.dumps(event).encode() for event in events]), dialect)


def called(id: str) -> dict[str, Any]:
    return {"tool_call_metadata": {"tool_call_id": id}}


def test_an_observation_answers_the_action_that_it_names_as_its_cause() -> None:
    found = of(run(7), run(9), ran(10, 9), ran(11, 7))
    assert found.answers == {2: 1, 3: 0}
    assert found.answer_of == {1: 2, 0: 3}


def test_the_cause_counts_before_the_tool_call() -> None:
    found = of(run(1, **called("a")), run(2, **called("b")), ran(3, 1, **called("b")))
    assert found.answers == {2: 0}


def test_without_a_cause_the_tool_call_decides() -> None:
    found = of(
        run(1, **called("a")), run(2, **called("b")), ran(3, None, **called("a")), ran(4, None, **called("b"))
    )
    assert found.answers == {2: 0, 3: 1}


def test_a_cause_that_is_not_there_leaves_it_to_the_tool_call() -> None:
    assert of(run(1, **called("a")), run(2), ran(3, 99, **called("a"))).answers == {2: 0}


def test_without_either_it_answers_the_action_before_it() -> None:
    found = of(message(None), run(None), ran(None, None), run(None), ran(None, None))
    assert found.answers == {2: 1, 4: 3}


def test_an_action_that_was_answered_is_not_answered_again_by_position() -> None:
    assert of(run(None), ran(None, None), ran(None, None)).answers == {1: 0}


def test_an_error_that_names_no_cause_answers_nothing() -> None:
    error = {"observation": "error", "content": "bad call", "extras": {}}
    assert of(run(1), error, ran(2, 1)).answers == {2: 0}


def test_repeated_ids_and_calls_mean_the_latest_action_so_far() -> None:
    assert of(run(1), ran(2, 1), run(1), ran(3, 1)).answers == {1: 0, 3: 2}
    calls = of(
        run(1, **called("a")), ran(2, None, **called("a")), run(3, **called("a")), ran(4, None, **called("a"))
    )
    assert calls.answers == {1: 0, 3: 2}


def test_an_observation_never_answers_what_comes_after_it() -> None:
    assert of(ran(5, 6), run(6)).answers == {}


def test_events_inside_a_delegation_know_how_deep_they_are() -> None:
    delegate = {"action": "delegate", "args": {"agent": "A", "inputs": {}}}
    done = {"observation": "delegate", "content": "", "extras": {"outputs": {}}}
    found = of(run(0), delegate, run(1), delegate, run(2), done, run(3), done, run(4))
    assert [found.depth(index) for index in range(9)] == [0, 0, 1, 1, 2, 1, 1, 0, 0]


def test_a_delegation_that_was_never_closed_indents_nothing() -> None:
    delegate = {"action": "delegate", "args": {"agent": "A", "inputs": {}}}
    found = of(delegate, run(1), run(2))
    assert [found.depth(index) for index in range(3)] == [0, 0, 0]


def test_in_real_recordings_every_command_is_answered(recordings: dict[str, Path]) -> None:
    for name in ("basic.json", "basic_gui_mode.json", "ponyc_4595.json"):
        trajectory = Trajectory.open(recordings[name])
        found = trajectory.outline
        for action, answer in found.answer_of.items():
            assert trajectory.head(answer).cause == trajectory.head(action).id
        runs = [index for index, kind in enumerate(found.kinds) if kind == "run" and found.is_action[index]]
        assert set(runs) <= set(found.answer_of), name


_LOOSE = st.sampled_from([None, 0, 1, 2, -1, 1.5, "1", True, [], {}])
_EVENTS = st.lists(
    st.dictionaries(
        st.sampled_from(["id", "source", "action", "observation", "cause", "tool_call_metadata", "content"]),
        _LOOSE | st.sampled_from(["run", "null", "error", {"tool_call_id": "a"}, {"tool_call_id": 1}]),
        max_size=6,
    ),
    max_size=8,
)


@given(_EVENTS)
def test_whatever_a_file_holds_pairs_are_an_action_and_an_observation_behind_it(
    events: list[dict[str, Any]],
) -> None:
    found = of(*events)
    assert len(found.ids) == len(found.kinds) == len(found.sources) == len(found.is_action) == len(events)
    for observation, action in found.answers.items():
        assert action < observation
        assert found.is_action[action]
        assert not found.is_action[observation]
    for action, observation in found.answer_of.items():
        assert found.answers[observation] == action
