"""What a replay does with each kind of event."""

from __future__ import annotations

import pytest

from trajcore.events.head import head_of
from trajcore.events.kinds import Treatment
from trajcore.replay.policy import asks_the_world, ends_a_step, treatment

EXPECTED = {
    Treatment.EXECUTE: ["run", "run_ipython", "read", "write", "edit"],
    Treatment.SERVE: ["browse", "browse_interactive", "call_tool_mcp"],
    Treatment.LOCAL: ["think", "task_tracking"],
    Treatment.DIALOGUE: ["message", "system", "finish", "reject", "delegate"],
    Treatment.PASS: [
        "null",
        "change_agent_state",
        "recall",
        "condensation",
        "condensation_request",
        "loop_recovery",
        "no_such_kind",
        "?",
    ],
}
PAIRS = [(kind, how) for how, kinds in EXPECTED.items() for kind in kinds]


@pytest.mark.parametrize(("kind", "expected"), PAIRS)
def test_every_kind_of_action_has_its_treatment(kind: str, expected: Treatment) -> None:
    head = head_of({"action": kind, "source": "agent"})
    assert treatment(head) is expected
    assert asks_the_world(head) == (expected in (Treatment.EXECUTE, Treatment.SERVE))


@pytest.mark.parametrize(("kind", "expected"), PAIRS)
def test_events_of_the_environment_are_never_executed(kind: str, expected: Treatment) -> None:
    assert treatment(head_of({"action": kind, "source": "environment"})) is Treatment.PASS


@pytest.mark.parametrize("kind", ["run", "edit", "error", "null", "agent_state_changed", "no_such_kind"])
def test_observations_are_never_executed(kind: str) -> None:
    head = head_of({"observation": kind, "source": "agent"})
    assert treatment(head) is Treatment.PASS
    assert not ends_a_step(head)


@pytest.mark.parametrize("source", ["agent", "user", None])
def test_a_command_is_executed_whoever_typed_it(source: str | None) -> None:
    head = head_of({"action": "run", "source": source})
    assert treatment(head) is Treatment.EXECUTE
    assert ends_a_step(head)


def test_an_event_that_is_neither_is_kept_and_passed_over() -> None:
    assert treatment(head_of({"source": "agent", "content": "x"})) is Treatment.PASS


def test_a_step_ends_at_what_the_agent_does_and_not_at_what_it_is_told() -> None:
    assert ends_a_step(head_of({"action": "message", "source": "agent"}))
    assert ends_a_step(head_of({"action": "think", "source": "agent"}))
    assert ends_a_step(head_of({"action": "finish", "source": "agent"}))
    assert not ends_a_step(head_of({"action": "message", "source": "user"}))
    assert not ends_a_step(head_of({"action": "system", "source": "agent"}))
    assert not ends_a_step(head_of({"action": "recall", "source": "user"}))
