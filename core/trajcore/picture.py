"""The cells of a terminal: what is seen once tabs, returns, erasures and movements are carried out.

Takes time in proportion to the length of what is written, whatever that is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from unicodedata import category, east_asian_width

from trajcore.text import TAB

ROWS: Final = 1000
COLUMNS: Final = 1000
"""The size of the pane that OpenHands records: movements end at its edges."""
_HISTORY: Final = 10_000
"""So many rows can have scrolled out of sight without having been written to."""

STRETCH: Final = re.compile(r"\x1b\[[0-9;:?]*[@-~]|\x1b.|[\n\r\b\t\v\f]|[^\n\r\b\t\v\f\x1b]+")
ACTS: Final = re.compile(r"[\r\b\t\v\f]|\x1b(?!\[[0-9;:]*m)")
_OF_TERMINALS: Final = frozenset("\t\v\f")
UNSEEN: Final = re.compile("[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]+")
"""Controls that do nothing to a screen, and take no cell of it."""
_WIDE: Final = frozenset("WF")
_JOINER: Final = "\u200d"
_NO_CELL: Final = frozenset({"Mn", "Me", "Cf"})
"""Marks, variation selectors and joiners belong to the cell before them."""
_SOFT_HYPHEN: Final = "\u00ad"


def drawn(text: str, *, tabs: bool = True) -> str:
    """What is seen of a text whose sequences are colours, erasures and movements alone.

    Without `tabs`, a tab is a character as any other, and so is a feed of a form: no terminal has shown it.
    """
    if ACTS.search(text) is None:
        return text
    screen, pending = Screen(), ""
    for found in STRETCH.finditer(text):
        stretch = found[0]
        if stretch[0] == "\x1b":
            if stretch[-1] == "m":
                pending += stretch
            else:
                screen.obey(stretch)
        elif stretch in CONTROLS and (tabs or stretch not in _OF_TERMINALS):
            CONTROLS[stretch](screen)
        elif seen := UNSEEN.sub("", stretch):
            screen.write(pending, seen)
            pending = ""
    return f"{screen}{pending}"


class Row:
    """The cells of one row. An erasure costs the same, however much it erases."""

    def __init__(self) -> None:
        self._cells: list[str] = []
        self._written: list[int] = []
        """After how many erasures of the whole row each was written: what is older is blank."""
        self._erased = 0
        self._end = 0

    def write(self, column: int, cells: list[str]) -> None:
        """Cells from a column on."""
        gap = column - len(self._cells)
        if gap > 0:
            self._cells += [" "] * gap
            self._written += [self._erased] * gap
        end = column + len(cells)
        self._cells[column:end] = cells
        self._written[column:end] = [self._erased] * len(cells)
        self._end = max(self._end, end)

    def erase(self, column: int, which: str) -> None:
        """From the column to the end of the row; with `2` the whole row. What `1` would erase stays."""
        if which == "2":
            self._erased += 1
            self._end = 0
        elif which != "1":
            del self._cells[column:], self._written[column:]
            self._end = min(self._end, column)

    def __str__(self) -> str:
        row = zip(self._cells[: self._end], self._written, strict=False)
        return "".join(cell if written == self._erased else " " for cell, written in row)


class Screen:
    """Rows, those that have scrolled out of sight included, and a cursor. What is unwritten takes nothing."""

    def __init__(self) -> None:
        self._rows: dict[int, Row] = {}
        self._at, self._column = 0, 0
        self._last = -1
        """The last row that has been written."""
        self._lowest = 0
        """The lowest row that a new line has come to: the screen ends there, or has not been filled."""
        self._base = 0
        """The first row of the screen, where it was emptied."""
        self._first = 0
        """The first row that is still known."""
        self._lines = 1
        self._saved = (0, 0)
        self._hidden: tuple[dict[int, Row], int, int, int] | None = None
        """What is on the screen in whose place another one is shown, and the cursor there."""

    @property
    def _top(self) -> int:
        return max(self._base, self._lowest - ROWS + 1)

    def write(self, colours: str, text: str) -> None:
        """Characters where the cursor is; the colours before one belong to it."""
        cells = cells_of(text)
        cells[0] = colours + cells[0]
        self._row().write(self._column, cells)
        self._last = max(self._last, self._at)
        self._column += len(cells)

    def _row(self) -> Row:
        """The row of the cursor."""
        return self._rows.setdefault(self._at, Row())

    def line(self) -> None:
        """To the beginning of the next line."""
        self._move(self._at + 1, 0)
        self._lowest = max(self._lowest, self._at)
        self._lines += 1

    def down(self) -> None:
        """What a feed of a line or of a form does where no return comes with it."""
        self._move(self._at + 1, self._column)
        self._lowest = max(self._lowest, self._at)
        self._lines += 1

    def start(self) -> None:
        """To the beginning of the line."""
        self._column = 0

    def back(self) -> None:
        """One cell to the left."""
        self._column = max(0, self._column - 1)

    def tab(self) -> None:
        """To the next stop of the tabulator."""
        self._column += TAB - self._column % TAB

    def obey(self, sequence: str) -> None:
        """Carry out an erasure or a movement; what is neither does nothing."""
        if sequence[1] != "[":
            sequence = {"7": "\x1b[s", "8": "\x1b[u", "M": "\x1b[A"}.get(sequence[1], "\x1b[m")
        kind, numbers = sequence[-1], sequence[2:-1]
        if kind == "K":
            self._erase_row(numbers)
        elif kind == "J":
            self._erase(numbers)
        elif kind in "hl":
            self._switch(kind == "h")
        elif kind == "s":
            self._saved = self._at, self._column
        elif kind == "u":
            self._move(self._saved[0], min(self._saved[1], COLUMNS - 1))
        elif kind in _MOVES:
            first, _, second = numbers.partition(";")
            place = _MOVES[kind](self._at - self._top, self._column, _number(first), _number(second))
            self._move(self._top + min(max(place[0], 0), ROWS - 1), min(max(place[1], 0), COLUMNS - 1))

    def _move(self, row: int, column: int) -> None:
        self._at, self._column = row, column

    def _erase_row(self, which: str) -> None:
        if self._at in self._rows:
            self._row().erase(self._column, which)

    def _erase(self, which: str) -> None:
        """What is behind the cursor; all that is in sight, which is then out of it; all that is out of it.

        What `1` would erase stays.
        """
        if which == "3":
            self._first = self._top
        elif which == "2" or (not which and (self._at, self._column) == (self._top, 0)):
            below = self._at - self._top
            self._base = max(self._top, self._last + 1)
            self._move(self._top + below, self._column)
        elif not which:
            for row in range(self._at + 1, self._last + 1):
                self._rows.pop(row, None)
            self._last = min(self._last, self._at)
            self._erase_row("")

    def _switch(self, to_other: bool) -> None:
        """To another screen, or back: what was on the other one is gone."""
        if to_other:
            self._hidden = self._hidden or (self._rows, self._at, self._column, self._last)
            self._rows, self._last = {}, -1
        elif self._hidden is not None:
            self._rows, self._at, self._column, self._last = self._hidden
            self._hidden = None

    def __str__(self) -> str:
        end = max(self._lowest, self._last) + 1
        first = max(self._first, end - self._lines - _HISTORY)
        return "\n".join(str(self._rows.get(row, "")) for row in range(first, end))


_Place = tuple[int, int]
_MOVES: Final[dict[str, Callable[[int, int, int, int], _Place]]] = {
    "A": lambda row, column, by, _: (row - by, column),
    "B": lambda row, column, by, _: (row + by, column),
    "C": lambda row, column, by, _: (row, column + by),
    "D": lambda row, column, by, _: (row, column - by),
    "E": lambda row, column, by, _: (row + by, 0),
    "F": lambda row, column, by, _: (row - by, 0),
    "G": lambda row, column, to, _: (row, to - 1),
    "d": lambda row, column, to, _: (to - 1, column),
    "H": lambda row, column, to, across: (to - 1, across - 1),
    "f": lambda row, column, to, across: (to - 1, across - 1),
}
"""Where a movement leads to, from a row of the screen and a column, with its numbers."""

CONTROLS: Final[dict[str, Callable[[Screen], None]]] = {
    "\n": Screen.line,
    "\r": Screen.start,
    "\b": Screen.back,
    "\t": Screen.tab,
    "\v": Screen.down,
    "\f": Screen.down,
}


def _number(digits: str) -> int:
    return max(1, int(digits)) if digits.isdigit() else 1


def cells_of(text: str) -> list[str]:
    """The cells that a text takes: a character is one, a wide one two.

    A mark, and what is joined, belongs to the cell before it.
    """
    if text.isascii():
        return list(text)
    cells: list[str] = []
    last = -1
    for character in text:
        joined = last >= 0 and cells[last].endswith(_JOINER)
        if last >= 0 and (joined or (category(character) in _NO_CELL and character != _SOFT_HYPHEN)):
            cells[last] += character
            continue
        last = len(cells)
        cells.append(character)
        if east_asian_width(character) in _WIDE:
            cells.append("")
    return cells
