"""What a row of the timeline says, as plain data; the front end sees to its width and its colours."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final, NamedTuple

from trajcore.document.outline import Outline
from trajcore.events.head import Head
from trajcore.events.kinds import DELEGATE, MESSAGE, RUN, Service, kind_named
from trajcore.replay.run import Status
from trajcore.session import Session
from trajcore.text import safe_line
from trajcore.trajectory import Trajectory
from trajcore.views import marks
from trajcore.views.outcomes import Outcome, outcome_of, outcome_of_entry
from trajcore.views.spent import Spent, seconds_of, spent_on
from trajcore.views.summaries import (
    Summary,
    directory_entered,
    folded,
    shared_directory,
    summary_of,
    told_apart,
)
from trajcore.views.timeline import Row, Rows

_CHOSEN: Final = {Service.RECORDED: marks.SERVED, Service.SKIP: marks.SKIPPED}
_COMPARED: Final = 4000
"""So many characters of a text are compared with those of the rows beside it."""
_SAMPLE: Final = 400
"""So many of the events that are about a file tell which directory they share."""
_AT_ONCE: Final = 40
"""So many of them are read before others have their turn."""
_LOOK_BACK: Final = 30
"""So many events are looked at for where the shell is."""


_NO_OUTCOME: Final = Outcome()
_NOTHING_SPENT: Final = Spent()


class RowTone(Enum):
    """What the mark of a row tells, beside what it is."""

    PLAIN = "plain"
    GOOD = "good"
    BAD = "bad"
    EDITED = "edited"
    LIVE = "live"
    RUNNING = "running"


@dataclass(frozen=True)
class RowLine:
    """One row. Its texts are safe to draw, and of any length."""

    label: str
    """How the event is called: its id, or `#index`."""
    mark: str
    """How it was satisfied, or will be: one of `views.marks`, or a space."""
    tone: RowTone
    source: str
    """Whose it is: one of `marks.SOURCES`, or a space."""
    kind: str
    """Its speaker, for a message, else a short name of its kind."""
    summary: str
    by_user: bool
    is_action: bool
    is_path: bool
    """Its summary is a path, of which the end matters most."""
    more: int = 0
    """How many lines follow the one that the summary is."""
    beside: tuple[str, ...] = ()
    """The summaries of the rows before and behind it that are of its kind, which it is to be told from."""
    breakpoint: bool = False
    bookmark: bool = False
    depth: int = 0
    """How many delegations it is in."""
    foldable: bool = False
    """It is a delegation, whose events can be left out."""
    outcome: Outcome = _NO_OUTCOME
    downstream: bool = False
    """It was played after something that has been edited since."""
    recorded: str = ""
    """How long it took when it was recorded."""
    spent: Spent = _NOTHING_SPENT
    """What was recorded of the model's response that it came of."""

    @property
    def note(self) -> str:
        """`stale`, `not played`, `remade` or `waits`, instead of how it came out."""
        return self.outcome.note

    @property
    def exit(self) -> str:
        """How it came out: `exit 0`, `exit 0→2`, `error`."""
        return self.outcome.exit

    @property
    def duration(self) -> str:
        """How long it took in this run."""
        return self.outcome.duration


class _Said(NamedTuple):
    """The beginning of what an event says, and whose neighbour it is."""

    kind: str
    text: str


class RowLines:
    """What the rows of a timeline say, each found out when it is asked for.

    `directory` is one that the recording's paths share (`directory_of`). RowLines that are of one kind, and
    beside each other, are told apart.
    """

    def __init__(self, session: Session, timeline: Rows, directory: str = "") -> None:
        self._session = session
        self._timeline = timeline
        self._directory = directory
        self._texts: dict[int, _Said] = {}

    def forget(self) -> None:
        """An event may say something else by now."""
        self._texts.clear()

    def line(self, at: int, *, times: bool = False, spent: bool = False, alone: bool = False) -> RowLine:
        """What a row says now: with the time it took when it was recorded, and what the model came to.

        `alone`: what its neighbours say is left out.
        """
        outline = self._timeline.beginning or self._session.trajectory.outline
        row, hidden = self._timeline[at], self._timeline.hidden_at(at)
        summary, others = self._summary(at, row)
        beside = () if alone else tuple(map(safe_line, others))
        index = row.index(self._session.trajectory)
        if index is None:
            return _of_entry(self._session, row.entry or 0, summary, beside)
        line = _recorded(self._session, index, outline, summary, beside, hidden)
        if not (times or spent):
            return line
        return _with_columns(line, self._session.trajectory, index, outline, spent=spent)

    def _summary(self, at: int, row: Row) -> tuple[Summary, list[str]]:
        """What stands for the text of a row, and for those of its neighbours."""
        said = self._said(at)
        numbers = (number for number in (at - 1, at + 1) if 0 <= number < len(self._timeline))
        others = [other.text for other in map(self._said, numbers) if other.kind == said.kind]
        summary = told_apart(summary_of(said.text), said.text, others)
        return summary, [summary_of(other).line for other in others if other != said.text]

    def _said(self, at: int) -> _Said:
        found = self._texts.get(at)
        if found is None:
            found = self._texts[at] = self._found_out(self._timeline[at])
        return found

    def _found_out(self, row: Row) -> _Said:
        index = row.index(self._session.trajectory)
        if index is None:
            head = self._session.run.entries[row.entry or 0].head
            return _Said(head.kind, folded(_text(head), self._directory))
        head = self._session.trajectory.head(index)
        text = self._session.replacement_of(index)
        text = self._without_directory(index, head) if text is None else text
        return _Said(f"{head.type} {head.kind}", folded(text, self._directory))

    def _without_directory(self, index: int, head: Head) -> str:
        """What a command does, without going to where the shell is anyhow."""
        text = _text(head)
        entered = directory_entered(text) if head.action == RUN else None
        if entered is None:
            return text
        outline = self._timeline.beginning or self._session.trajectory.outline
        return f"… {entered[1]}" if entered[0] == _directory_at(self._session, index, outline) else text


def row_line(session: Session, row: Row, outline: Outline | None = None) -> RowLine:
    """What a row of the session's timeline says now, by itself.

    `outline`: that of the first events, where no more has been read.
    """
    index = row.index(session.trajectory)
    if index is None:
        entry = row.entry or 0
        return _of_entry(session, entry, summary_of(_text(session.run.entries[entry].head)), ())
    outline = session.trajectory.outline if outline is None else outline
    typed = session.replacement_of(index)
    summary = summary_of(_text(session.trajectory.head(index)) if typed is None else typed)
    return _recorded(session, index, outline, summary, (), range(0))


def running(line: RowLine, seconds: float) -> RowLine:
    """A row while what it stands for is carried out: for so long by now, in place of the outcome."""
    outcome = Outcome(duration=marks.clock(seconds))
    return replace(line, mark=marks.RUNNING, tone=RowTone.RUNNING, outcome=outcome)


def kind_name(head: Head) -> str:
    """How the timeline calls an event: by its speaker for messages, else by its kind."""
    if head.kind == MESSAGE:
        return "user" if head.source == "user" else "say"
    return safe_line(kind_named(head.kind).title)


def _text(head: Head) -> str:
    """What an event says, as far as a row tells of it."""
    text, lines = head.text, head.lines
    if lines is not None:
        first, last = lines
        text = f"{text}:{first}-{'' if last < 0 else last}"
    return text


def _directory_at(session: Session, index: int, outline: Outline) -> str | None:
    """Where the shell is before a command of the recording; None where that is not known."""
    trajectory = session.trajectory
    for at in range(index - 1, max(-1, index - 1 - _LOOK_BACK), -1):
        if not (outline.is_action[at] and outline.kinds[at] == RUN):
            continue
        answer = outline.answer_of.get(at)
        known = None if answer is None else trajectory.head(answer).directory
        if known is not None:
            return known.rstrip("/") or "/"
        entered = directory_entered(trajectory.head(at).text)
        if entered is not None:
            return None if "cd " in entered[1] else entered[0]
        if "cd" in trajectory.head(at).text:
            return None
    return None


async def directory_of(trajectory: Trajectory) -> str:
    """The directory that the paths of a recording share, by a sample of them. Others have their turn."""
    about_files = [
        trajectory.uid(index)
        for index, kind in enumerate(trajectory.outline.kinds)
        if kind_named(kind).file and trajectory.outline.is_action[index]
    ]
    paths: list[str] = []
    for number, uid in enumerate(about_files[:: max(1, len(about_files) // _SAMPLE)]):
        if number % _AT_ONCE == 0:
            await asyncio.sleep(0)
        index = trajectory.index_of_uid(uid)
        args = None if index is None else trajectory.head(index).args
        if args is not None and args.path:
            paths.append(args.path)
    return shared_directory(paths)


def _with_columns(
    line: RowLine, trajectory: Trajectory, index: int, outline: Outline, *, spent: bool
) -> RowLine:
    # What a model did in this session says how long it took as every step of the run does.
    is_live = trajectory.uid(index) in trajectory.grown and bool(line.duration)
    seconds = None if is_live else seconds_of(trajectory, index, outline)
    return replace(
        line,
        recorded="" if seconds is None else marks.duration(seconds),
        spent=spent_on(trajectory, index, outline) if spent and line.is_action else Spent(),
    )


def _recorded(
    session: Session, index: int, outline: Outline, summary: Summary, beside: tuple[str, ...], hidden: range
) -> RowLine:
    trajectory = session.trajectory
    head, first = trajectory.head(index), session.first_stale
    mark, tone = _mark(session, index)
    text = safe_line(summary.line)
    if hidden:
        text, mark, tone = _of_all(session, text, hidden, (mark, tone))
    within = (index, *hidden)
    return RowLine(
        label=outline.label(index),
        mark=mark,
        tone=tone,
        source=marks.SOURCES.get(head.source or "", " "),
        kind=kind_name(head) if head.is_action else f"└ {kind_name(head)}",
        summary=text,
        by_user=head.source == "user",
        is_action=head.is_action,
        is_path=head.is_action and kind_named(head.kind).file,
        more=summary.more,
        beside=beside,
        breakpoint=any(trajectory.uid(at) in session.breakpoints for at in within),
        bookmark=any(trajectory.uid(at) in session.bookmarks for at in within),
        depth=outline.depth(index),
        foldable=head.action == DELEGATE,
        outcome=outcome_of(session, index, head, outline),
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


def _of_all(session: Session, text: str, hidden: range, own: tuple[str, RowTone]) -> tuple[str, str, RowTone]:
    """What a folded delegation says for the events in it: how many, and their marks, worst first."""
    found = {own[0]: own[1]}
    counted: Counter[str] = Counter()
    for index in hidden:
        if session.trajectory.outline.is_action[index]:
            mark, tone = _mark(session, index)
            found[mark] = tone
            counted[mark] += 1
    worst = min(found, key=marks.WORST_FIRST.index)
    shown = (mark for mark in marks.WORST_FIRST if counted[mark] and mark in _SAID)
    said = " ".join(f"{mark}{counted[mark]}" for mark in shown)
    parts = [text, f"{len(hidden)} event{'s' * (len(hidden) != 1)}", said]
    return " · ".join(filter(None, parts)), worst, found[worst]


_SAID: Final = frozenset(marks.WORST_FIRST) - {marks.RECORDED_ONLY, " "}
"""The marks that are counted: what was not played, and what asks nothing, is of no interest."""


def _of_entry(session: Session, place: int, summary: Summary, beside: tuple[str, ...]) -> RowLine:
    """An event that this run added. An answer has a row of its own only where every event has."""
    entry = session.run.entries[place]
    head = entry.head
    return RowLine(
        label=entry.label,
        mark=marks.LIVE,
        tone=RowTone.LIVE,
        source=marks.SOURCES.get(head.source or "", " "),
        kind=kind_name(head) if head.is_action else f"└ {kind_name(head)}",
        summary=safe_line(summary.line),
        by_user=head.source == "user",
        is_action=head.is_action,
        is_path=head.is_action and kind_named(head.kind).file,
        more=summary.more,
        beside=beside,
        outcome=outcome_of_entry(session, place),
    )
