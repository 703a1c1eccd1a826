"""What a run came to: one sentence, one line a step, and the report of the contract."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from trajcore.replay.compare import Match
from trajcore.replay.run import Status, StepResult
from trajcore.sandbox.base import FileChanges


def counts(results: Iterable[StepResult]) -> dict[str, int]:
    """How many steps ended how."""
    found = Counter(result.status for result in results)
    executed = found[Status.MATCHED] + found[Status.DIVERGED]
    return {
        "actions": sum(found.values()),
        "executed": executed,
        "matched": found[Status.MATCHED],
        "diverged": found[Status.DIVERGED],
        "skipped": found[Status.SKIPPED],
        "recorded": found[Status.RECORDED],
    }


def step_entry(result: StepResult) -> dict[str, Any]:
    """One step, as the report has it. `files` is there where it was told what the step changed."""
    return {
        "index": result.index,
        "id": result.id,
        "kind": result.kind,
        "status": result.status.value,
        "match": result.match.value if result.match else None,
        "exit_code": result.exit_code,
        "recorded_exit_code": result.recorded_exit_code,
        "seconds": round(result.seconds, 6),
        "reason": result.reason,
        **({} if result.files is None else _files(result.files)),
    }


def _files(files: FileChanges) -> dict[str, Any]:
    entries = [
        {
            "path": change.path,
            "change": change.kind,
            "before": change.before,
            "after": change.after,
            "diff": change.diff,
            "note": change.note,
        }
        for change in files.files
    ]
    told: dict[str, Any] = {"files": entries}
    if files.more:
        told["more_files"] = files.more
    if files.note:
        told["files_note"] = files.note
    return told


def sentence(results: Iterable[StepResult], label: str = "step") -> str:
    """What happened, in one sentence: `14 steps: 12 equal, 1 diverged (step 9: exit 0 → 1)`."""
    results = list(results)
    if not results:
        return "0 steps: nothing in it asks anything of a sandbox"
    groups = [
        (_count(results, Match.EQUAL), "equal"),
        (_count(results, Match.NORMALISED), "equal after normalising"),
        (sum(r.status is Status.MATCHED and r.match is None for r in results), "with nothing to compare"),
        (sum(r.status is Status.RECORDED for r in results), "served from the recording"),
        (sum(r.status is Status.SKIPPED for r in results), "skipped"),
    ]
    parts = [f"{number} {what}" for number, what in groups if number]
    diverged = [result for result in results if result.status is Status.DIVERGED]
    if diverged:
        first = diverged[0]
        more = ", …" if len(diverged) > 1 else ""
        name = first.id if first.id is not None else f"#{first.index}"
        parts.append(f"{len(diverged)} diverged ({label} {name}: {first.reason}{more})")
    plural = "step" if len(results) == 1 else "steps"
    return f"{len(results)} {plural}: {', '.join(parts)}"


def _count(results: list[StepResult], match: Match) -> int:
    return sum(result.status is Status.MATCHED and result.match is match for result in results)
