"""What a run came to: one sentence, one line a step, and the report of the contract."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from trajcore.replay.compare import Match
from trajcore.replay.run import Status, StepResult
from trajcore.sandbox.tracking.filechanges import Changes


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


def step_entry(index: int, result: StepResult) -> dict[str, Any]:
    """The step at an index, as the report has it. `files` is there where it was told what it changed."""
    return {
        "index": index,
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


def _files(files: Changes) -> dict[str, Any]:
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


def sentence(steps: Iterable[tuple[int, StepResult]], label: str = "step") -> str:
    """What happened, in one sentence: `14 steps: 12 equal, 1 diverged (step 9: exit 0 → 1)`.

    `steps` are the index and the result of each.
    """
    steps = list(steps)
    results = [result for _, result in steps]
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
    diverged = [(index, result) for index, result in steps if result.status is Status.DIVERGED]
    if diverged:
        index, first = diverged[0]
        more = ", …" if len(diverged) > 1 else ""
        name = first.id if first.id is not None else f"#{index}"
        parts.append(f"{len(diverged)} diverged ({label} {name}: {first.reason}{more})")
    plural = "step" if len(results) == 1 else "steps"
    return f"{len(results)} {plural}: {', '.join(parts)}"


def _count(results: list[StepResult], match: Match) -> int:
    return sum(result.status is Status.MATCHED and result.match is match for result in results)
