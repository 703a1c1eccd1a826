"""Which recorded answers of OpenHands say that an action was not carried out, in all its wordings."""

from __future__ import annotations

from typing import Any, cast

import pytest

from trajcore.dialects.base import Satisfied
from trajcore.dialects.openhands_v0.dialect import OpenHandsV0
from trajcore.dialects.openhands_v0.refusals import REFUSALS, refusal
from trajcore.events.actions import RunAction, RunArgs
from trajcore.events.base import Observation
from trajcore.events.kinds import Service
from trajcore.events.parse import parse

LOST = "Any previously established system state, dependencies, or environment variables may have been lost."
SAID = {
    "multiple": "ERROR: Cannot execute multiple commands at once.\nPlease run each command separately OR "
    "chain them into a single command via && or ;\nProvided commands:\n(1) # both\n(2) touch a",
    "late 2024": "The action has not been executed.",
    "spring 2025": "The action has not been executed. This may have occurred because the user pressed the "
    f"stop button, or because the runtime system crashed and restarted due to resource constraints. {LOST}",
    "stopped": "Stop button pressed. The action has not been executed.",
    "crashed": "The action has not been executed due to a runtime error. The runtime system may have crashed "
    f"and restarted due to resource constraints. {LOST}",
    "no such action": "Action run_ipython is not supported in the current runtime.",
    "command line": "CLIRuntime does not support interactive input from the agent (e.g., 'C-c'). The command "
    "'C-c' was not sent to any process.",
    "outside": "Invalid path: /etc/hosts. You can only work with files in /tmp/workspace.",
    "gone": "Command execution failed: [Errno 111] Connection refused",
    "silent 2024": "Command execution timed out",
    "silent": "Runtime failed to return execute_action before the requested timeout of 120s",
}


def error(content: str, error_id: str = "") -> Observation:
    return observed("error", content, error_id=error_id)


def observed(kind: str, content: str, **extras: Any) -> Observation:
    parsed = parse({"observation": kind, "content": content, "extras": extras})
    assert parsed.problems == ()
    return cast("Observation", parsed.event)


def ran(content: str, suffix: str = "", exit_code: int = -1) -> Observation:
    return observed("run", content, command="x", metadata={"exit_code": exit_code, "suffix": suffix})


def treated(recorded: Observation | None, state: str = "confirmed") -> Satisfied:
    action = RunAction(args=RunArgs(command="touch a", confirmation_state=state))
    return OpenHandsV0().treatment(action, recorded)


@pytest.mark.parametrize("wording", SAID)
def test_what_was_not_carried_out_is_served_and_the_reason_says_so(wording: str) -> None:
    satisfied = treated(error(SAID[wording]))
    assert satisfied.service is Service.RECORDED
    before = "given up before its end" if wording.startswith("silent") else "not carried out"
    assert satisfied.reason.startswith(f"{before} when it was recorded (")
    assert satisfied.reason.endswith("): served from the recording")


@pytest.mark.parametrize("id", ["", "_STOPPED", "_ERROR"])
def test_an_error_is_known_by_its_id_in_any_words(id: str) -> None:
    assert refusal(error("Gestoppt.", f"AGENT_ERROR$ERROR_ACTION_NOT_EXECUTED{id}"))
    assert refusal(error("Gestoppt.\n", f"AGENT_ERROR$ERROR_ACTION_NOT_EXECUTED{id}"))


def test_what_the_user_refused_is_served_whatever_its_state_says() -> None:
    refused = observed(
        "user_rejected", "Action has been rejected by the user! Waiting for further user input."
    )
    for state in ("confirmed", "rejected"):
        assert "the user refused it" in treated(refused, state).reason
    assert "the user refused it" in treated(None, "rejected").reason
    assert treated(refused, "awaiting_confirmation").service is Service.SKIP


def test_a_command_behind_a_running_one_is_served() -> None:
    suffix = (
        '\n[Your command "touch a" is NOT executed. The previous command is still running - You CANNOT …]'
    )
    assert "still running" in treated(ran("", suffix)).reason


@pytest.mark.parametrize(
    "recorded",
    [
        None,
        ran("fine", exit_code=0),
        ran("", "\n[The command has no new output after 10 seconds. You may wait …]"),
        ran('[Your command "x" is NOT executed. ', "\n[The command completed with exit code 0.]", 0),
        *(ran(text, exit_code=0) for text in SAID.values()),
        observed("edit", "ERROR:\nThe path /a does not exist.", path="/a"),
        error("File not found: /workspace/a. Your current working directory is /workspace."),
        error("ERROR_BINARY_FILE"),
        error("the log says: The action has not been executed."),
    ],
)
def test_what_a_program_says_and_what_comes_again_is_carried_out(recorded: Observation | None) -> None:
    assert treated(recorded) == Satisfied()


def test_every_wording_has_its_versions() -> None:
    assert all(row.versions.startswith(("2024", "2025")) for row in REFUSALS)
