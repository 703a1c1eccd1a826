"""The table of kinds: complete, and the only place where kinds are told apart."""

from typing import Any

import pytest

from trajcore.events import kinds
from trajcore.events.actions import ACTIONS
from trajcore.events.head import head_of
from trajcore.events.kinds import ACTION_KINDS, OBSERVATION_KINDS, ActionKind, EventKind, ObservationKind
from trajcore.events.observations import OBSERVATIONS
from trajcore.runtimes.openhands.runtime import OpenHandsRuntime
from trajcore.runtimes.openhands_v1.runtime import OpenHandsV1Runtime


def _name(row: EventKind) -> str:
    return row.name


def _names(models: tuple[type[Any], ...], side: str) -> set[str]:
    return {str(model.model_fields[side].default) for model in models}


def test_each_kind_has_a_row_and_a_model() -> None:
    assert {row.name for row in ACTION_KINDS} == _names(ACTIONS, "action")
    assert {row.name for row in OBSERVATION_KINDS} == _names(OBSERVATIONS, "observation")


def test_no_kind_has_two_rows() -> None:
    assert len({row.name for row in ACTION_KINDS}) == len(ACTION_KINDS)
    assert len({row.name for row in OBSERVATION_KINDS}) == len(OBSERVATION_KINDS)


def test_each_kind_has_a_name_in_code() -> None:
    named = {value for name, value in vars(kinds).items() if name.isupper() and isinstance(value, str)}
    assert named == {row.name for row in (*ACTION_KINDS, *OBSERVATION_KINDS)}


@pytest.mark.parametrize("row", [*ACTION_KINDS, *OBSERVATION_KINDS], ids=_name)
def test_each_kind_says_what_it_is(row: EventKind) -> None:
    assert row.what != EventKind(name="").what


@pytest.mark.parametrize("row", ACTION_KINDS, ids=_name)
def test_what_answers_an_action_is_an_observation_that_may(row: ActionKind) -> None:
    if row.answered_by is not None:
        assert kinds.observation_kind(row.answered_by) in OBSERVATION_KINDS
        assert kinds.observation_kind(row.answered_by).answers
    else:
        assert not row.asks_the_world


@pytest.mark.parametrize("row", ACTION_KINDS, ids=_name)
def test_the_fields_of_a_row_are_those_of_its_model(row: ActionKind) -> None:
    model = next(model for model in ACTIONS if model.model_fields["action"].default == row.name)
    fields: Any = model.model_fields["args"].annotation
    assert {*row.flags, *row.choices} <= set(fields.model_fields)


@pytest.mark.parametrize("row", [*ACTION_KINDS, *OBSERVATION_KINDS], ids=_name)
def test_a_timeline_can_read_what_a_row_says_in_a_line(row: ActionKind | ObservationKind) -> None:
    side, inner = ("action", "args") if isinstance(row, ActionKind) else ("observation", "extras")
    for name in row.main:
        head = head_of({side: row.name, inner: {name: "said"}})
        assert head.summary() == "said"


@pytest.mark.parametrize(
    "name", sorted({row.name for row in ACTION_KINDS} & {row.name for row in OBSERVATION_KINDS})
)
def test_what_the_screen_shows_of_a_kind_is_the_same_on_both_sides(name: str) -> None:
    action, observation = kinds.action_kind(name), kinds.observation_kind(name)
    for field in ("title", "hidden", "file", "content_language"):
        assert getattr(action, field) == getattr(observation, field)


def test_an_unknown_kind_is_bookkeeping_that_may_be_answered() -> None:
    row = kinds.action_kind("dance")
    assert (row.name, row.treatment, row.answered_by) == ("dance", kinds.Treatment.PASS, "dance")
    assert kinds.observation_kind("dance").answers
    assert not kinds.kind_named("dance").hidden


def test_what_is_executed_is_what_the_runtimes_of_this_vocabulary_carry_out() -> None:
    executed = {row.name for row in ACTION_KINDS if row.treatment is kinds.Treatment.EXECUTE}
    assert executed == OpenHandsRuntime.kinds | OpenHandsV1Runtime.kinds


def test_what_says_an_action_is_searched() -> None:
    lines = {name for row in ACTION_KINDS for name in row.main} - set(kinds.ActionKind(name="").main)
    assert lines <= set(kinds.TEXTS)
