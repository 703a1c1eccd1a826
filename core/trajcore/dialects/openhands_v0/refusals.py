"""Recorded answers which say that an action was not carried out, in each wording that OpenHands has had."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from trajcore.events.kinds import ERROR, RUN, RUN_IPYTHON, USER_REJECTED

if TYPE_CHECKING:
    from trajcore.events.base import Observation

_NOT_DONE: Final = "not carried out when it was recorded"
_GIVEN_UP: Final = "given up before its end when it was recorded"


class Refusal(Struct, frozen=True):
    """One wording: the kind of the answer, what its text matches, and what that means for the action."""

    versions: str
    """When OpenHands worded it so."""
    kind: str
    wording: re.Pattern[str]
    """Searched in what OpenHands itself says in the answer; an error's id is its last line."""
    why: str
    fate: str = _NOT_DONE

    @property
    def reason(self) -> str:
        """What became of the action when it was recorded, and why."""
        return f"{self.fate} ({self.why})"


def _row(versions: str, kind: str, wording: str, why: str, fate: str = _NOT_DONE) -> Refusal:
    return Refusal(versions, kind, re.compile(wording), why, fate)


_STOPPED: Final = "the run was stopped"
_FAILED: Final = "the runtime failed"
_STOPPED_OR_FAILED: Final = "the run was stopped, or the runtime failed"
_UNKNOWN: Final = "the runtime had no such action"
_LINTED: Final = "its linter refused the edit"
_SILENT: Final = "the runtime gave no answer in time"

BY_USER: Final = _row("2024 on", USER_REJECTED, r"", "the user refused it")

REFUSALS: Final = (
    BY_USER,
    _row("2025-08 on", ERROR, r"\AStop button pressed\. The action has not been executed", _STOPPED),
    _row("2025-08 on", ERROR, r"ERROR_ACTION_NOT_EXECUTED_STOPPED\Z", _STOPPED),
    _row("2025-08 on", ERROR, r"\AThe action has not been executed due to a runtime error", _FAILED),
    _row("2025-08 on", ERROR, r"ERROR_ACTION_NOT_EXECUTED_ERROR\Z", _FAILED),
    _row("2025, to August", ERROR, r"ERROR_ACTION_NOT_EXECUTED\Z", _STOPPED_OR_FAILED),
    _row("2024-11 on", ERROR, r"\AThe action has not been executed\.", _STOPPED_OR_FAILED),
    _row(
        "2025-01 on",
        ERROR,
        r"\AERROR: Cannot execute multiple commands at once\.",
        "several commands at once were refused",
    ),
    _row("2025-01 on", RUN, r"NOT executed\. ", "the command before it was still running"),
    _row(
        "2024 on",
        ERROR,
        r"\AAction \w+ (?:does not exist|is not supported in the current runtime)\.",
        _UNKNOWN,
    ),
    _row("2025 on", ERROR, r"AGENT_ERROR\$BAD_ACTION\Z", _UNKNOWN),
    _row(
        "2025-05 on", ERROR, r"\bCLIRuntime does not support\b|\bnot implemented \w+ CLIRuntime\b", _UNKNOWN
    ),
    _row("2025-05 on", ERROR, r"\AInvalid path(?: traversal)?: ", "it would have left the workspace"),
    _row(
        "2024, to November", RUN_IPYTHON, r"\A\[Your proposed edit has introduced new syntax error", _LINTED
    ),
    _row("2024-07 to 2024-11", ERROR, r"\ACommand execution failed: ", _FAILED),
    _row("2024-07 to 2024-11", ERROR, r"\ACommand execution timed out\b", _SILENT, _GIVEN_UP),
    _row("2024-11 on", ERROR, r"\ARuntime failed to return execute_action before ", _SILENT, _GIVEN_UP),
)
"""Of two that match, the first is meant. Errors of the editor and of the notebook are not here: they come
again when the action is carried out.
"""


def refusal(recorded: Observation | None) -> Refusal | None:
    """How an answer says that its action was not carried out; None where it says no such thing."""
    if recorded is None:
        return None
    words = _words(recorded)
    rows = (row for row in REFUSALS if row.kind == recorded.observation)
    return next((row for row in rows if row.wording.search(words)), None)


def _words(recorded: Observation) -> str:
    """What OpenHands itself says in an answer: beside the output of a command, else all of it."""
    # An answer to something else may have a key of that name too, which holds anything.
    suffix = getattr(getattr(recorded.extras, "metadata", None), "suffix", None)
    if isinstance(suffix, str):
        return suffix
    error_id = getattr(recorded.extras, "error_id", "")
    return f"{recorded.content.strip()}\n{error_id}".strip()
