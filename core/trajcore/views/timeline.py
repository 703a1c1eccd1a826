"""The rows of a timeline: the recording, with what this run added in its place."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from trajcore.document.outline import Outline
from trajcore.events.kinds import DELEGATE, HIDDEN, Treatment
from trajcore.replay.policy import treatment
from trajcore.replay.run import Run
from trajcore.trajectory import Trajectory

_LABEL_WIDTH: Final = 3


@dataclass(frozen=True)
class Row:
    """One row: a recorded event (`uid`), or one that this run added (`entry`, its place in the run)."""

    uid: int | None
    entry: int | None = None

    def index(self, trajectory: Trajectory) -> int | None:
        """Where its recorded event is now; None for what this run added, and for what is deleted."""
        return None if self.uid is None else trajectory.index_of_uid(self.uid)


class Rows(Protocol):
    """Rows in order, by their numbers from 0."""

    @property
    def raw(self) -> bool:
        """Whether what came back for an action has a row of its own."""
        ...

    @property
    def added(self) -> Mapping[int, int]:
        """The rows of events that this run added, by the place of each in the run."""
        ...

    @property
    def beginning(self) -> Outline | None:
        """The outline of the events that have rows, where those are the first alone."""
        ...

    @property
    def extra(self) -> int | None:
        """A row that is there although it is none of those that are wanted."""
        ...

    @property
    def label_width(self) -> int:
        """Characters of the longest name of an event."""
        ...

    def hidden_at(self, at: int) -> range:
        """The events (their indices) that the row of a folded delegation stands for beside its own."""
        ...

    def number_of(self, row: Row, trajectory: Trajectory) -> int | None:
        """Where a row is, or the one that stands for it; None where it is nowhere."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, at: int, /) -> Row: ...

    def at_or_after(self, index: int) -> int:
        """The row of a recorded event, or of the next one that is shown; the last row at the end."""
        ...

    def of_entry(self, entry: int) -> int | None:
        """The row of an event that this run added."""
        ...


class Timeline:
    """Which rows there are, in order, of the recording as it is now: later edits ask for another one.

    `raw` shows every event, otherwise one row a step. `folded` are delegations (the uid of their action)
    whose events are left out. `beginning`: the first rows of a large recording, which are known at once.
    """

    extra = None

    def __init__(
        self,
        trajectory: Trajectory,
        run: Run,
        *,
        raw: bool = False,
        folded: Collection[int] = (),
        beginning: bool = False,
    ) -> None:
        self.beginning: Outline | None = (
            trajectory.beginning if beginning and not trajectory.all_read else None
        )
        """The outline of the events that have rows, where those are the first alone."""
        self.raw = raw
        """Whether what came back for an action has a row of its own."""
        outline = self.beginning or trajectory.outline
        if raw:
            recorded = list(range(len(outline.ids)))
        else:
            answered = outline.answers
            recorded = [
                index
                for index, kind in enumerate(outline.kinds)
                if index not in answered and kind not in HIDDEN
            ]
        self._folds = _folds(trajectory, outline, folded)
        if self._folds:
            recorded = _without_folded(recorded, self._folds)
        self.label_width = _label_width(outline, len(trajectory))
        """Characters of the longest name of an event."""
        self._uids = trajectory.uids
        self._rows = _merged(recorded, trajectory, run, answers=raw)
        self._by_index = {row: at for at, row in enumerate(self._rows) if row >= 0}
        self._sorted = recorded
        self.added = {-row - 1: at for at, row in enumerate(self._rows) if row < 0}
        """The rows of events that this run added, by the place of each in the run."""

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, at: int) -> Row:
        value = self._rows[at]
        return Row(self._uids[value]) if value >= 0 else Row(None, -value - 1)

    def number_of(self, row: Row, trajectory: Trajectory) -> int | None:
        """Where a row is; where it is folded away, the one that it is folded into. None: it is nowhere."""
        if row.entry is not None:
            return self.of_entry(row.entry)
        index = row.index(trajectory)
        if index is None:
            return None
        place = bisect_right(self._sorted, index)
        return self._by_index[self._sorted[place - 1]] if place else 0

    def hidden_at(self, at: int) -> range:
        """The events (their indices) that the row of a folded delegation stands for beside its own."""
        begin = self._rows[at]
        return range(begin + 1, self._folds.get(begin, begin))

    def at_or_after(self, index: int) -> int:
        """The row of a recorded event, or of the next one that is shown; the last row at the end.

        What is folded away has the row of its delegation.
        """
        place = bisect_left(self._sorted, index)
        before = self._sorted[place - 1] if place else -1
        if before < index < self._folds.get(before, before):
            return self._by_index[before]
        if place == len(self._sorted):
            return len(self._rows) - 1
        return self._by_index[self._sorted[place]]

    def of_entry(self, entry: int) -> int | None:
        """The row of an event that this run added."""
        return self.added.get(entry)


def last_row(trajectory: Trajectory, run: Run, place: int | None = None) -> Row | None:
    """The row of what was done last in the run, or had been done with its entry at `place`: a step, a word.

    What came back for a step is on the row of the step. Nothing was done: the first row; None: there is none.
    """
    last = len(run.entries) - 1 if place is None else place
    for at in range(last, -1, -1):
        row = _row_of(trajectory, run, at)
        if row is not None:
            return row
    return Row(trajectory.uid(0)) if len(trajectory) else None


def _row_of(trajectory: Trajectory, run: Run, place: int) -> Row | None:
    """The row that an entry of the run has to itself, if it has one."""
    entry = run.entries[place]
    if entry.head.kind in HIDDEN or treatment(entry.head) is Treatment.PASS:
        return None
    if entry.origin is None:
        return Row(None, place)
    index = None if run.is_superseded(entry) else trajectory.index_of_uid(entry.origin)
    return None if index is None else Row(entry.origin)


def _label_width(outline: Outline, events: int) -> int:
    nameless = len(outline.by_id) < len(outline.ids)
    return max(_LABEL_WIDTH, len(str(outline.last_id)), len(str(events)) + nameless)


def can_fold(trajectory: Trajectory, index: int) -> bool:
    """Whether an event stands for a delegation, whose events can be left out."""
    return trajectory.outline.kinds[index] == DELEGATE


def _folds(trajectory: Trajectory, outline: Outline, folded: Collection[int]) -> dict[int, int]:
    """The observation (its index) that closes each of the delegations that are folded, by its action."""
    begins = (trajectory.index_of_uid(uid) for uid in folded)
    return {begin: end for begin in begins if begin is not None and (end := outline.delegations.get(begin))}


def _without_folded(recorded: list[int], folds: Mapping[int, int]) -> list[int]:
    kept, until = [], -1
    for index in recorded:
        if index >= until:
            kept.append(index)
            until = folds.get(index, -1)
    return kept


def _merged(recorded: list[int], trajectory: Trajectory, run: Run, *, answers: bool) -> list[int]:
    """Rows as integers: an index of the recording, or -1 - place for an entry that this run added.

    With `answers`, what came back for what this run added has rows of its own.
    """
    if all(entry.origin is not None for entry in run.entries):
        return recorded
    added: list[tuple[int, int]] = []
    last = -1
    for place, entry in enumerate(run.entries):
        if entry.origin is not None:
            index = None if run.is_superseded(entry) else trajectory.index_of_uid(entry.origin)
            last = last if index is None else max(last, index)
        elif answers or entry.head.is_action or entry.head.cause is None:
            added.append((bisect_right(recorded, last), -place - 1))
    rows: list[int] = []
    at = 0
    for before, value in added:
        rows.extend(recorded[at:before])
        at = max(at, before)
        rows.append(value)
    rows.extend(recorded[at:])
    return rows
