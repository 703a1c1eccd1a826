"""What a row of the timeline says, as plain data; the front end sees to its width and its colours."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from trajcore.document.outline import Outline
from trajcore.events.head import Head, head_of
from trajcore.events.kinds import DELEGATE, MESSAGE, Service, kind_named
from trajcore.replay.run import Status, StepResult
from trajcore.session import Session
from trajcore.text import safe_line
from trajcore.views import marks
from trajcore.views.summaries import summary_of
from trajcore.views.timeline import Row

_CHOSEN: Final = {Service.RECORDED: marks.SERVED, Service.SKIP: marks.SKIPPED}


class RowTone(Enum):
    """What the mark of a row tells, beside what it is."""

    PLAIN = "plain"
    GOOD = "good"
    BAD = "bad"
    EDITED = "edited"
    LIVE = "live"


@dataclass(frozen=True)
class RowLine:
    """One row. Its texts are safe to draw, and of any length."""

    label: str
    """How the event is called: its id, or `#index`."""
    mark: str
    """How it was satisfied, or will be: one of `views.marks`, or a space."""
    tone: RowTone
    kind: str
    """Its speaker, for a message, else a short name of its kind."""
    summary: str
    by_user: bool
    is_action: bool
    is_path: bool
    """Its summary is a path, of which the end matters most."""
    breakpoint: bool = False
    depth: int = 0
    """How many delegations it is in."""
    foldable: bool = False
    """It is a delegation, whose events can be left out."""
    note: str = ""
    """`stale`, `remade` or `waits`, instead of how it came out."""
    exit: str = ""
    """How it came out: `exit 0`, `error`."""
    duration: str = ""
    diverged: bool = False
    """It diverged; or, of what this run added, it failed."""
    downstream: bool = False
    """It was played after something that has been edited since."""


def row_line(session: Session, row: Row, outline: Outline | None = None) -> RowLine:
    """What a row of the session's timeline says now.

    `outline`: that of the first events, where no more has been read.
    """
    index = row.index(session.trajectory)
    if index is None:
        return _of_entry(session, row.entry or 0)
    return _recorded(session, index, session.trajectory.outline if outline is None else outline)


def kind_name(head: Head) -> str:
    """How the timeline calls an event: by its speaker for messages, else by its kind."""
    if head.kind == MESSAGE:
        return "user" if head.source == "user" else "say"
    return safe_line(kind_named(head.kind).title)


def _recorded(session: Session, index: int, outline: Outline) -> RowLine:
    trajectory = session.trajectory
    head = trajectory.head(index)
    mark, tone = _mark(session, index)
    note, exit, duration, diverged = _outcome(session, index, head, outline)
    first, typed = session.first_stale, session.replacement_of(index)
    return RowLine(
        label=outline.label(index),
        mark=mark,
        tone=tone,
        kind=kind_name(head),
        summary=safe_line(head.summary() if typed is None else summary_of(typed).line),
        by_user=head.source == "user",
        is_action=head.is_action,
        is_path=kind_named(head.kind).file,
        breakpoint=trajectory.uid(index) in session.breakpoints,
        depth=outline.depth(index),
        foldable=head.action == DELEGATE,
        note=note,
        exit=exit,
        duration=duration,
        diverged=diverged,
        downstream=first is not None and first <= index < session.position,
    )


_TONES: Final = {Status.DIVERGED: RowTone.BAD, Status.UNKNOWN: RowTone.PLAIN}


def _mark(session: Session, index: int) -> tuple[str, RowTone]:
    if index in session.trajectory.edited or index in session.stale:
        return marks.EDITED, RowTone.EDITED
    if session.replacement_of(index) is not None:
        return marks.LIVE, RowTone.LIVE
    result = session.result_of(index)
    if result is not None:
        return marks.mark_of(result), _TONES.get(result.status, RowTone.GOOD)
    if session.trajectory.uid(index) in session.trajectory.grown:
        return marks.LIVE, RowTone.LIVE
    if index < session.position:
        return " ", RowTone.PLAIN
    return _CHOSEN.get(session.service_of(index), marks.RECORDED_ONLY), RowTone.PLAIN


def _outcome(session: Session, index: int, head: Head, outline: Outline) -> tuple[str, str, str, bool]:
    """Note, exit code, duration, and whether it diverged; what was recorded until it is played."""
    if index in session.stale:
        return "stale", "", "", False
    if head.wait_for_response:
        return "waits", "", "", False
    result = session.result_of(index)
    if result is not None and _is_of_another_world(session, index):
        return "stale", "", "", False
    if session.remade is not None and session.remade[0] == index:
        return "remade", "", "", False
    if result is not None:
        diverged = result.status is Status.DIVERGED
        came_out = _exit(result.exit_code) or ("error" if _has_failed(result) else "")
        return "", came_out, marks.duration(result.seconds), diverged
    answer = outline.answer_of.get(index)
    if answer is not None:
        return "", _came_out(session.trajectory.head(answer)), _took(session, index), False
    return "", _exit(head.exit_code) or ("error" if head.failed_edit else ""), "", False


def _has_failed(result: StepResult) -> bool:
    """Whether what came back tells of a failure in words."""
    actual = result.actual
    if actual is None:
        return False
    return head_of({"observation": actual.observation, "content": actual.content}).failed


def _took(session: Session, index: int) -> str:
    """How long an action of the model took; nothing of others."""
    entry = session.run.live_entry(session.trajectory.uid(index))
    seconds = None if entry is None else session.run.spent_on(entry.id)
    return "" if seconds is None else marks.duration(seconds)


def _is_of_another_world(session: Session, index: int) -> bool:
    """Whether an event was played behind something that would be carried out otherwise now."""
    departure = session.departure
    return departure is not None and departure <= index


def _of_entry(session: Session, place: int) -> RowLine:
    """An event that this run added. An answer has a row of its own only where every event has."""
    entry = session.run.entries[place]
    answer = session.run.answer_to(place) if entry.head.is_action else entry
    seconds = None if answer is None else session.run.spent_on(answer.cause)
    failed = answer is not None and answer.head.failed
    return RowLine(
        label=entry.label,
        mark=marks.LIVE,
        tone=RowTone.LIVE,
        kind=kind_name(entry.head),
        summary=safe_line(entry.head.summary()),
        by_user=entry.head.source == "user",
        is_action=entry.head.is_action,
        is_path=kind_named(entry.head.kind).file,
        note="waits" if entry.head.wait_for_response and answer is None else "",
        exit="" if answer is None else _came_out(answer.head),
        duration="" if seconds is None else marks.duration(seconds),
        diverged=failed,
    )


def _came_out(answer: Head) -> str:
    """An exit code, or that it failed otherwise."""
    if answer.exit_code is not None:
        return _exit(answer.exit_code)
    return "error" if answer.failed else ""


def _exit(code: int | None) -> str:
    return "" if code is None else f"exit {code}"
