"""What came out otherwise when steps were executed again on a way back: the world from there is a new one."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

from msgspec import Struct

from trajcore.dialects.canonical import exit_code
from trajcore.replay.run import EXECUTED, Status, StepResult

if TYPE_CHECKING:
    from trajcore.replay.run import Run
    from trajcore.sandbox.base import FileChanges


class Remade(Struct, frozen=True):
    """The first step (its uid) that came out otherwise, and in what, in words."""

    uid: int
    what: str


def first_remade(earlier: Mapping[int, StepResult], now: Mapping[int, StepResult]) -> Remade | None:
    """The first of the steps executed both times that differ. Results are by uid, in the order of the run."""
    for uid, result in now.items():
        before = earlier.get(uid)
        if before is None or before.status not in EXECUTED or result.status not in EXECUTED:
            continue
        what = _difference(before, result)
        if what:
            return Remade(uid, what)
    return None


def first_times(run: Run) -> dict[int, StepResult]:
    """What came of the actions that a model had carried out in a run, by uid, for `first_remade`."""
    from trajcore.events.base import Observation  # most runs have no such steps

    found: dict[int, StepResult] = {}
    for entry, answer in pairwise(run.entries):
        step = run.live_steps.get(entry.id)
        if step is None or entry.origin is None or answer.cause != entry.id:
            continue
        observed = answer.event
        if isinstance(observed, Observation):
            code = exit_code(observed)
            found[entry.origin] = StepResult(
                entry.origin, entry.id, entry.head.kind, Status.MATCHED, None, code, None,
                step.seconds, "", observed, None, step.files,
            )  # fmt: skip
    return found


def _difference(before: StepResult, after: StepResult) -> str:
    """Nothing is set aside here, unlike in comparing with the recording: what varies makes another world."""
    if before.exit_code != after.exit_code:
        return f"exit {_code(before.exit_code)} → {_code(after.exit_code)}"
    texts = [side.actual.content for side in (before, after) if side.actual is not None]
    if len(texts) == 2 and texts[0] != texts[1]:
        return "another output"
    if before.files is None or after.files is None:
        return ""
    path = _changed_otherwise(before.files, after.files)
    return "" if path is None else f"another {path}"


def _changed_otherwise(before: FileChanges, after: FileChanges) -> str | None:
    """The first path that was changed otherwise, or one time only."""
    first, second = (
        {change.path: (change, change.digest) for change in side.files} for side in (before, after)
    )
    paths = [*first, *(path for path in second if path not in first)]
    found = next((path for path in paths if first.get(path) != second.get(path)), None)
    return "number of changed files" if found is None and before.more != after.more else found


def _code(code: int | None) -> str:
    return "unknown" if code is None else str(code)
