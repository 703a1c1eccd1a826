"""The rows of a timeline that a condition is true of, found a slice of time after the other."""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

from trajcore.errors import BadInput
from trajcore.events.head import Head
from trajcore.replay.conditions import Condition, Moment, Sort, Term, parse
from trajcore.replay.run import StepResult
from trajcore.session import Session
from trajcore.trajectory import Trajectory
from trajcore.views.slices import SLICE
from trajcore.views.timeline import Row, Timeline


@dataclass(frozen=True)
class Preset:
    """A filter that one key sets."""

    key: str
    condition: str
    words: str


PRESETS: Final = (
    Preset("d", "diverged", "diverged"),
    Preset("e", "failed", "errors"),
    Preset("u", "kind=message and source=user", "user"),
    Preset("c", "changed", "changed files"),
    Preset("b", "marked", "breakpoints, bookmarks"),
    Preset("x", "edited", "edited"),
    Preset("l", "live", "live"),
    Preset("w", "waits", "waits"),
)


class RowMoment(Moment):
    """What a condition can ask of a row."""

    def __init__(self, session: Session, row: Row) -> None:
        self._session = session
        self._row = row
        self._index = row.index(session.trajectory)
        super().__init__(self._own_head(), self._own_data, self._own_result(), self._own_answer())

    def _own_head(self) -> Head:
        if self._index is not None:
            return self._session.trajectory.head(self._index)
        entry = self._row.entry
        return Head() if entry is None else self._session.run.entries[entry].head

    def _own_data(self) -> dict[str, Any]:
        try:
            if self._index is not None:
                return self._session.trajectory.modern(self._index)
            if self._row.entry is not None:
                entry = self._session.run.entries[self._row.entry]
                return entry.canonical(entry.data())
        except ValueError:
            pass
        return {}

    def _own_result(self) -> StepResult | None:
        return None if self._index is None else self._session.result_of(self._index)

    def _own_answer(self) -> Head | None:
        session, row = self._session, self._row
        if self._index is not None:
            answer = session.trajectory.outline.answer_of.get(self._index)
            if answer is not None:
                return session.trajectory.head(answer)
        elif row.entry is not None and (came := session.run.answer_to(row.entry)) is not None:
            return came.head
        head = self._own_head()
        return None if head.is_action else head

    @property
    def is_edited(self) -> bool:
        """Whether the recording was edited here."""
        return self._index is not None and self._index in self._session.trajectory.edited

    @property
    def is_live(self) -> bool:
        """Whether it was added by this run, or a model."""
        trajectory = self._session.trajectory
        return self._index is None or trajectory.uid(self._index) in trajectory.grown

    @property
    def is_marked(self) -> bool:
        """Whether it has a breakpoint or a bookmark."""
        uid, session = self._row.uid, self._session
        return uid is not None and (uid in session.breakpoints or uid in session.bookmarks)


def _of_row(moment: Moment) -> RowMoment:
    return cast(RowMoment, moment)


TERMS: Final = (
    Term("edited", "the recording was edited here", Sort.WORD, lambda moment: _of_row(moment).is_edited),
    Term("live", "added by this run", Sort.WORD, lambda moment: _of_row(moment).is_live),
    Term("marked", "a breakpoint or a bookmark", Sort.WORD, lambda moment: _of_row(moment).is_marked),
)
"""What a filter can ask for beside what a breakpoint can."""


class Filter:
    """A condition on the rows of a timeline. Where those change, it is to `begin` again."""

    def __init__(self, session: Session, text: str) -> None:
        """Raises `BadInput` where the condition cannot be read."""
        self.condition: Condition = parse(text, TERMS)
        self.done = True
        self.fault = ""
        """Why not all rows are looked at."""
        self.numbers: list[int] = []
        """The rows that were found, in order."""
        self._session = session
        self._rows: Timeline | None = None
        self._work: Iterator[bool] = iter(())

    def begin(self, rows: Timeline, first: int | None = None) -> None:
        """Look at other rows: at the `first` before all others."""
        self._rows, self.numbers, self.done = rows, [], not len(rows)
        self._work = self._all(rows, first)

    def narrowed(self, rows: Timeline, next_row: int | None) -> Narrowed:
        """The rows that were found so far, and the one that comes next."""
        return Narrowed(rows, self.numbers, next_row)

    @property
    def words(self) -> str:
        """The condition, and how many rows it is true of; with `…` while they are looked at."""
        rows = 0 if self._rows is None else len(self._rows)
        if self.fault:
            return f"{self.condition.text}  {self.fault}"
        return f"{self.condition.text}  {len(self.numbers):,}{'' if self.done else '…'} of {rows:,}"

    def go_on(self, seconds: float = SLICE) -> bool:
        """Look for so many seconds; whether that found more rows."""
        before, until = len(self.numbers), time.perf_counter() + seconds
        while not self.done:
            self.done = next(self._work, True)
            if time.perf_counter() >= until:
                break
        return len(self.numbers) > before

    def look_again(self, number: int) -> bool:
        """A row says something else than before; whether it has come or gone with that."""
        place = bisect_left(self.numbers, number)
        there = place < len(self.numbers) and self.numbers[place] == number
        wanted = self._holds(number)
        if wanted and not there:
            self.numbers.insert(place, number)
        elif there and not wanted:
            del self.numbers[place]
        return wanted is not there

    def _all(self, rows: Timeline, first: int | None) -> Iterator[bool]:
        if first is not None and 0 <= first < len(rows) and self._holds(first):
            self.numbers.append(first)
        for number in range(len(rows)):
            if number != first and self._holds(number):
                insort(self.numbers, number)
            yield False

    def _holds(self, number: int) -> bool:
        rows = self._rows
        if rows is None or self.fault:
            return False
        try:
            return self.condition.holds(RowMoment(self._session, rows[number]))
        except BadInput as error:
            self.fault, self.done, self._work = str(error), True, iter(())
            return False


class Narrowed:
    """Some of the rows of a timeline, and the one that comes next, which is always there."""

    beginning = None

    def __init__(self, rows: Timeline, numbers: list[int], next_row: int | None) -> None:
        self._rows = rows
        self._numbers = numbers[:]
        self.extra: int | None = None
        """The row that is there although it is none of those that are wanted."""
        place = -1 if next_row is None else bisect_left(numbers, next_row)
        if next_row is not None and numbers[place : place + 1] != [next_row]:
            insort(self._numbers, next_row)
            self.extra = place
        self.raw = rows.raw
        self.label_width = rows.label_width
        places = {number: at for at, number in enumerate(self._numbers)} if rows.added else {}
        self.added = {entry: places[at] for entry, at in rows.added.items() if at in places}

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, at: int) -> Row:
        return self._rows[self._numbers[at]]

    def at_or_after(self, index: int) -> int:
        """The row of a recorded event, or of the next one that is shown; the last row at the end."""
        return min(bisect_left(self._numbers, self._rows.at_or_after(index)), len(self._numbers) - 1)

    def hidden_at(self, at: int) -> range:
        """The events (their indices) that the row of a folded delegation stands for beside its own."""
        return self._rows.hidden_at(self._numbers[at])

    def of_entry(self, entry: int) -> int | None:
        """The row of an event that this run added."""
        return self.added.get(entry)

    def number_of(self, row: Row, trajectory: Trajectory) -> int | None:
        """Where a row is, or the nearest one before it; None where it is nowhere."""
        number = self._rows.number_of(row, trajectory)
        if number is None or not self._numbers:
            return None
        return max(0, bisect_right(self._numbers, number) - 1)
