"""All rows of a timeline at once: what is the worst in each stretch of them, and how long it took."""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterator
from enum import IntEnum
from typing import Final

from msgspec import Struct

from trajcore.replay.run import Status
from trajcore.session import Session
from trajcore.views import marks
from trajcore.views.slices import SLICE
from trajcore.views.spent import seconds_of
from trajcore.views.timeline import Row, Timeline


class Level(IntEnum):
    """What is to be seen of a row before all else; a higher one hides those below it."""

    PLAIN = 0
    LIVE = 1
    BOOKMARK = 2
    BREAKPOINT = 3
    EDITED = 4
    FAILED = 5
    DIVERGED = 6


SHAPES: Final = {
    Level.PLAIN: " ",
    Level.LIVE: marks.LIVE,
    Level.BOOKMARK: marks.BOOKMARK,
    Level.BREAKPOINT: marks.BREAKPOINT,
    Level.EDITED: marks.EDITED,
    Level.FAILED: "!",
    Level.DIVERGED: marks.DIVERGED,
}
"""The mark of each."""

CURSOR: Final = "▲"
MEANINGS: Final = (
    (SHAPES[Level.DIVERGED], "a step that diverged"),
    (SHAPES[Level.FAILED], "a step that failed, or exited with another code than 0"),
    (SHAPES[Level.EDITED], "an edit"),
    (SHAPES[Level.BREAKPOINT], "a breakpoint"),
    (SHAPES[Level.BOOKMARK], "a bookmark"),
    (SHAPES[Level.LIVE], "added in this run"),
    ("▃▇", "how long steps took; a click goes to the row"),
    (CURSOR, "the cursor"),
    (marks.NEXT, "what comes next"),
)
"""What stands in the strip, the first before those below it in the same cell, and what it means."""


class Cell(Struct, frozen=True):
    """A stretch of rows: the worst in it, and how long it took, from 0 to 1 of what the longest takes."""

    level: Level
    height: float
    begins: bool
    """Whether its first row is not in the cell before, which has its mark then."""


class Overview:
    """What there is of each row, read a slice of time after the other and kept until the row changes."""

    def __init__(self, session: Session) -> None:
        self.done = True
        self._session = session
        self._rows: Timeline | None = None
        self._levels = bytearray()
        self._seconds = array("f")
        self._marked: set[int] = set()
        """The rows that have a breakpoint or a bookmark."""
        self._work: Iterator[bool] = iter(())
        self._cells: tuple[int, list[Cell]] | None = None
        """What was made of them for a width, while nothing changes it."""

    def __len__(self) -> int:
        return len(self._levels)

    def begin(self, rows: Timeline) -> None:
        """Other rows are there."""
        self._rows, self.done, self._cells = rows, not len(rows), None
        self._levels, self._seconds = bytearray(len(rows)), array("f", bytes(4 * len(rows)))
        self._marked = set()
        self._work = self._all(len(rows))

    def go_on(self, seconds: float = SLICE) -> None:
        """Read rows for so many seconds."""
        until = time.perf_counter() + seconds
        while not self.done:
            self.done = next(self._work, True)
            if time.perf_counter() >= until:
                break
        self._cells = None

    def _all(self, count: int) -> Iterator[bool]:
        for number in range(count):
            self.look_again(number)
            yield False

    def look_again(self, number: int) -> None:
        """Read a row, which may be another by now."""
        if self._rows is None or not 0 <= number < len(self._levels):
            return
        row = self._rows[number]
        self._levels[number] = level = self._level(row)
        self._seconds[number] = self._took(row)
        if level in (Level.BREAKPOINT, Level.BOOKMARK):
            self._marked.add(number)
        self._cells = None

    def marks_changed(self) -> None:
        """Breakpoints or bookmarks were set or removed."""
        if self._rows is None or not len(self):
            return
        trajectory = self._session.trajectory
        points = (point.index(trajectory) for point in self._session.breakpoints)
        indices = [*(at for at in points if at is not None), *self._session.bookmarks]
        before, self._marked = self._marked, set()
        for number in before | {self._rows.at_or_after(index) for index in indices}:
            self.look_again(number)

    def _level(self, row: Row) -> Level:
        session, index = self._session, row.index(self._session.trajectory)
        if index is None:
            return Level.LIVE
        result, uid = session.result_of(index), row.uid
        if result is not None and result.status is Status.DIVERGED:
            return Level.DIVERGED
        if self._has_failed(index):
            return Level.FAILED
        if index in session.trajectory.edited:
            return Level.EDITED
        if uid in session.breakpoints:
            return Level.BREAKPOINT
        if uid in session.bookmarks:
            return Level.BOOKMARK
        return Level.LIVE if uid in session.trajectory.grown else Level.PLAIN

    def _has_failed(self, index: int) -> bool:
        trajectory, result = self._session.trajectory, self._session.result_of(index)
        if result is not None:
            return result.exit_code not in (None, 0)
        answer = trajectory.outline.answer_of.get(index)
        return trajectory.head(index if answer is None else answer).failed

    def _took(self, row: Row) -> float:
        session, index = self._session, row.index(self._session.trajectory)
        if index is None:
            answer = None if row.entry is None else session.run.answer_to(row.entry)
            return (answer and session.run.spent_on(answer.cause)) or 0.0
        result = session.result_of(index)
        if result is not None:
            return result.seconds
        return seconds_of(session.trajectory, index, session.trajectory.outline) or 0.0

    # What is drawn

    def row_at(self, cell: int, width: int) -> int:
        """The first row of a cell, where so many cells stand for all rows."""
        return max(0, min(cell, width - 1)) * len(self) // max(1, width)

    def cell_of(self, number: int, width: int) -> int:
        """The cell, the last of several, that a row is in."""
        return max(0, ((number + 1) * width - 1) // max(1, len(self)))

    def cells(self, width: int) -> list[Cell]:
        """All rows in so many cells."""
        if self._cells is None or self._cells[0] != width:
            self._cells = width, self._made(width) if len(self) and width > 0 else []
        return self._cells[1]

    def _made(self, width: int) -> list[Cell]:
        count = len(self)
        begins = [cell * count // width for cell in range(width)]
        ends = [max(begin + 1, (cell + 1) * count // width) for cell, begin in enumerate(begins)]
        stretches = list(zip(begins, ends, strict=True))
        levels = [Level(max(self._levels[begin:end])) for begin, end in stretches]
        seconds = [sum(self._seconds[begin:end]) for begin, end in stretches]
        longest = max(seconds) or 1.0
        return [
            Cell(level, (took / longest) ** 0.5, cell == 0 or begins[cell - 1] != begin)
            for cell, (level, took, begin) in enumerate(zip(levels, seconds, begins, strict=True))
        ]
