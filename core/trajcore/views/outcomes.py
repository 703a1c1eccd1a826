"""How a step came out, in the words of its row: recorded, or in this run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from trajcore.dialects import canonical
from trajcore.document.outline import Outline
from trajcore.events.head import Head, head_of
from trajcore.events.kinds import EDIT, WRITE
from trajcore.replay.run import Entry, Status, StepResult
from trajcore.sandbox.base import FileChanges
from trajcore.session import Session
from trajcore.views import marks

_WIDEST: Final = 8
"""Cells of the column of exit codes."""
_LONGEST_EDIT: Final = 200_000
"""So many bytes of an edit are counted line by line."""
_EFFORT: Final = 100_000
"""So many pairs of its lines are looked at: it is done for each row of an edit that is drawn."""


@dataclass(frozen=True)
class Outcome:
    """What stands at the end of a row. Each text is empty where there is nothing to say."""

    note: str = ""
    """`stale`, `not played`, `remade` or `waits`, instead of how it came out."""
    exit: str = ""
    """`exit 0`, `exit 0→2` where recorded and actual differ, `error`."""
    failed: bool = False
    diverged: bool = False
    duration: str = ""
    files: int = 0
    """How many files it changed in this run."""
    lines: tuple[int, int] | None = None
    """How many lines of its file an edit removes and adds."""


def outcome_of(session: Session, index: int, head: Head, outline: Outline) -> Outcome:
    """How a recorded event came out; what was recorded until it is played."""
    if index in session.stale:
        return Outcome("stale" if session.run.holds(session.trajectory.uid(index)) else "not played")
    if head.wait_for_response:
        return Outcome("waits")
    result = session.result_of(index)
    departure = session.departure
    if result is not None and departure is not None and departure <= index:
        return Outcome("stale")
    if session.remade is not None and session.remade[0] == index:
        return Outcome("remade")
    if result is not None:
        return _played(session, index, head, result, outline)
    answer = outline.answer_of.get(index)
    if answer is None:
        return Outcome(exit=_word(head), failed=head.failed, lines=_lines(session, index, head))
    answered, entry = session.trajectory.head(answer), session.run.live_entry(session.trajectory.uid(index))
    live = Outcome() if entry is None else _live(session, entry)
    lines = None if answered.failed else live.lines or _lines(session, index, head)
    return Outcome(
        exit=_word(answered), failed=answered.failed, duration=live.duration, files=live.files, lines=lines
    )


def outcome_of_entry(session: Session, place: int) -> Outcome:
    """How what this run added came out."""
    entry = session.run.entries[place]
    answer = session.run.answer_to(place) if entry.head.is_action else entry
    if answer is None:
        return Outcome("waits" if entry.head.wait_for_response else "")
    known = _live(session, entry if entry.head.is_action else answer)
    failed = answer.head.failed
    lines = None if failed else known.lines or edited_lines(entry.head, canonical.arguments(entry.data()))
    word = _word(answer.head)
    return Outcome("", word, failed, duration=known.duration, files=known.files, lines=lines)


def _live(session: Session, entry: Entry) -> Outcome:
    """What is known of an action that a model has taken: how long it took, and what it changed."""
    step = session.run.live_steps.get(entry.id if entry.head.is_action else entry.cause or -1)
    if step is None:
        return Outcome()
    lines = _changed(step.files) if _is_edit(entry.head) else None
    return Outcome(duration=marks.duration(step.seconds), files=_count(step.files), lines=lines)


def _played(session: Session, index: int, head: Head, result: StepResult, outline: Outline) -> Outcome:
    """How it came out in this run, beside what was recorded."""
    answer = outline.answer_of.get(index)
    before = None if answer is None else session.trajectory.head(answer)
    if session.trajectory.is_branch and result.recorded is not None:
        before = head_of({"observation": result.recorded.observation, "content": result.recorded.content})
    after = before if result.status is Status.RECORDED else _actual(result)
    failed = (after is not None and after.failed) or result.exit_code not in (None, 0)
    lines = None
    if not failed and result.status is not Status.SKIPPED:
        counted = _changed(result.files) if _is_edit(head) else None
        lines = counted or _lines(session, index, head)
    return Outcome(
        exit=_exits(before, after, result),
        failed=failed,
        diverged=result.status is Status.DIVERGED,
        duration=marks.step_duration(result),
        files=_count(result.files),
        lines=lines,
    )


def _actual(result: StepResult) -> Head | None:
    actual = result.actual
    if actual is None:
        return None
    told = {"is_error": getattr(actual.extras, "is_error", None)}
    return head_of(canonical.observation(actual.observation or "", "agent", actual.content, **told))


def _exits(before: Head | None, after: Head | None, result: StepResult) -> str:
    """Recorded and actual exit code where they differ; one where they are the same."""
    old, new = result.recorded_exit_code, result.exit_code
    if old is not None and new is not None and old != new:
        both = f"exit {old}→{new}"
        return both if len(both) <= _WIDEST else f"{old}→{new}"
    if new is not None:
        return f"exit {new}"
    failed, did = after is not None and after.failed, before is not None and before.failed
    if after is not None and before is not None and failed != did:
        return "ok→error" if failed else "error→ok"
    return "error" if failed else ""


def _word(answer: Head) -> str:
    """An exit code, or that it failed otherwise."""
    if answer.exit_code is not None:
        return f"exit {answer.exit_code}"
    return "error" if answer.failed else ""


# What it changed


def _is_edit(head: Head) -> bool:
    return head.action in (EDIT, WRITE)


def _count(files: FileChanges | None) -> int:
    return 0 if files is None else files.count


def _changed(files: FileChanges | None) -> tuple[int, int] | None:
    """How many lines went and came, by the diffs of what changed; None where there is none."""
    diffs = [change.diff for change in files.files if change.diff] if files is not None else []
    lines = [line for diff in diffs for line in diff.split("\n")[2:]]
    removed = sum(line.startswith("-") for line in lines)
    added = sum(line.startswith("+") for line in lines)
    return (removed, added) if diffs else None


def _lines(session: Session, index: int, head: Head) -> tuple[int, int] | None:
    if not _is_edit(head) or len(session.trajectory.raw(index)) > _LONGEST_EDIT:
        return None
    try:
        return edited_lines(head, canonical.arguments(session.trajectory.modern(index)))
    except (ValueError, TypeError):
        return None


def edited_lines(head: Head, args: Mapping[str, Any]) -> tuple[int, int] | None:
    """How many lines an edit removes and adds, by what it says; None where it does not say."""
    if not _is_edit(head):
        return None
    old, new = args.get("old_str"), args.get("new_str")
    whole = args.get("file_text") if args.get("file_text") is not None else args.get("content")
    if isinstance(old, str) and old:
        return _between(old.splitlines(), new.splitlines() if isinstance(new, str) else [])
    added = new if isinstance(new, str) and new else whole
    return (0, len(added.splitlines())) if isinstance(added, str) and added else None


def _between(old: list[str], new: list[str]) -> tuple[int, int]:
    from trajcore.views.matching import matches  # most first frames show no edit of a part

    same = sum(alike.length for alike in matches(old, new, _EFFORT))
    return len(old) - same, len(new) - same
