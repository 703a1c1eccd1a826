"""What stands in the Sandbox pane: a passage a step, and what is said beside them never inside of one."""

from __future__ import annotations

from documents import of_commands
from trajcore import notices
from trajcore.session import Session
from trajcore.trajectory import Trajectory
from trajcore.views.sandboxlog import SandboxLog


def log() -> SandboxLog:
    return SandboxLog(Session(Trajectory.from_bytes(of_commands("echo 1", "echo 2"))))


def begins(command: str) -> notices.Executing:
    return notices.Executing("run", command, "/workspace", False)


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
    assert "a file is missing" in said[0]
    assert second == ("echo 2", "")


def test_a_step_that_never_ended_keeps_nothing_back() -> None:
    found = log()
    found.hear(begins("echo 1"))
    found.hear(notices.WorldLacks(1))
    found.hear(begins("echo 2"))
    assert ["a file is missing" in text for text, _ in told(found)] == [False, True, False]
