"""What stands in the Sandbox pane: a passage a step, and what is said beside them never inside of one."""

from __future__ import annotations

import pytest

from documents import of_commands
from trajcore import notices
from trajcore.replay.causes import NETWORK_OFF
from trajcore.replay.run import Status, StepResult
from trajcore.replay.verdict import Comparison
from trajcore.session import Session
from trajcore.trajectory import Trajectory
from trajcore.views.sandboxlog import Passage, SandboxLog


def log() -> SandboxLog:
    return SandboxLog(Session(Trajectory.from_bytes(of_commands("echo 1", "echo 2"))))


def begins(command: str) -> notices.Executing:
    return notices.Executing("run", command, "/workspace", False)


def diverged(command: str, said: str, code: int, reason: str) -> Passage:
    """A step that was recorded to end with 0 ends with a code, and a reason is given."""
    found = log()
    found.hear(begins(command))
    found.hear(notices.Output(f"{said}\n".encode()))
    found.hear(notices.Executed(code, 0.5))
    passage = found.passages[0]
    comparison = Comparison(None, reason)
    passage.result = StepResult(
        1, 1, "run", Status.DIVERGED, comparison, code, 0, 0.5, reason, actual=None, recorded=None
    )
    return passage


def told(found: SandboxLog) -> list[tuple[str, str]]:
    return [(one.note or one.prompt.partition("$ ")[2], one.rule) for one in found.passages]


def test_what_is_said_while_a_step_runs_stands_behind_it() -> None:
    found = log()
    found.hear(begins("echo 1"))
    found.hear(notices.WorldLacks(1))
    found.hear(notices.Output(b"1\n"))
    found.hear(notices.Executed(0, 0.5))
    found.hear(begins("echo 2"))
    first, said, second = told(found)
    assert first == ("echo 1", "exit 0 · 500ms")
    assert len(found.passages[0].output) == 1
    assert "a step found other files" in said[0]
    assert second == ("echo 2", "")


def test_a_step_that_never_ended_keeps_nothing_back() -> None:
    found = log()
    found.hear(begins("echo 1"))
    found.hear(notices.WorldLacks(1))
    found.hear(begins("echo 2"))
    assert ["a step found other files" in text for text, _ in told(found)] == [False, True, False]


@pytest.mark.parametrize(
    ("said", "reason", "rule"),
    [
        (
            "fatal: unable to access: Could not resolve host: h",
            f"exit 0 → 2, {NETWORK_OFF}",
            f"≠ exit 2 (recorded 0) · 500ms · {NETWORK_OFF}",
        ),
        ("ls: cannot access", "exit 0 → 2, ls: cannot access", "≠ exit 2 (recorded 0) · 500ms"),
        (
            "E: bad\none\ntwo\nthree",
            "exit 0 → 2, E: bad",
            "≠ exit 2 (recorded 0) · 500ms · E: bad",
        ),
        ("", "exit 0 → 2", "≠ exit 2 (recorded 0) · 500ms"),
        ("", "interrupted, exit 0 → 2", "≠ exit 2 (recorded 0) · 500ms · interrupted"),
    ],
)
def test_a_rule_names_the_cause_that_does_not_stand_just_above_it(said: str, reason: str, rule: str) -> None:
    assert diverged("x", said, 2, reason).rule == rule


def test_what_is_typed_into_a_command_stands_behind_no_prompt() -> None:
    found = log()
    found.hear(notices.Executing("run", "yes", "/workspace", False, is_input=True))
    assert found.passages[0].prompt == "⌨ yes"
