"""The lines of a text that is held in pieces: only those that are looked at are made."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from textual.cache import LRUCache

from trajcore.text import TAB
from trajcore.views.pieces import Pieces
from trajtui.abandoned import go_on
from trajtui.widgets.sideways import LongLine, line_of
from trajtui.widgets.textrows import LineRows, Place

if TYPE_CHECKING:
    from trajcore.views.query import Query

_KEPT: Final = 4
"""So many pieces are kept as they were made: more than a screen shows lines of."""


class PieceRows(LineRows):
    """The lines of a text that is held in pieces. What is kept beside it is where these are."""

    def __init__(self, pieces: Pieces, style: str) -> None:
        """Finding the pieces takes a while. Raises `NotInPieces`."""
        super().__init__(style)
        self._pieces = pieces
        self._made: LRUCache[int, list[str]] = LRUCache(_KEPT)
        self._cells = array("Q", [0])
        """The cells of all pieces before each, and before what would be next."""
        self._count = 1
        width = 0
        for lines in map(_lines, pieces.find()):
            go_on()
            self._measure(lines)
            self._count += len(lines) - 1
            cells = _cells(lines[0])
            self._cells.append(self._cells[-1] + cells)
            width += cells
            self.widest = max(self.widest, width)
            if len(lines) > 1:
                width = 0

    def _measure(self, lines: Sequence[str]) -> None:
        if 2 * max(map(len, lines)) > self.widest:
            self.widest = max(self.widest, *map(_cells, lines))

    def __len__(self) -> int:
        return self._count

    def line(self, number: int) -> str:
        """See `LineRows.line`."""
        where = self._pieces.with_line(number)
        if len(where) == 1:
            return line_of(self.lines(where[0])[number - self._pieces.line_of(where[0])])
        return PartedLine(self, where, self._cells)

    def places(self, query: Query, reach: int) -> Iterator[Place | None]:
        """See `LineRows.places`."""
        before = ""
        for number in range(len(self._pieces)):
            text = before + "\n".join(self.lines(number))
            for at, _ in query.visible_in(text):
                line = self._pieces.line_of(number) + text.count("\n", 0, at) - before.count("\n")
                begin = text.rfind("\n", 0, at) + 1
                cells = _cells(text[begin:at])
                if not begin:  # the line may have begun in pieces before this one
                    first = self._pieces.with_line(line).start
                    cells += self._cells[number] - self._cells[first] - _cells(before)
                yield line, cells
            yield None
            before = text[-reach:] if reach else ""

    def lines(self, number: int) -> list[str]:
        """The lines of a piece."""
        made = self._made.get(number)
        if made is None:
            made = self._made[number] = _lines(self._pieces[number])
        return made


def _cells(line: str) -> int:
    return len(line) if line.isascii() else cell_len(line)


def _lines(made: str) -> list[str]:
    return made.expandtabs(TAB).split("\n")


class PartedLine(LongLine):
    """A line of many pieces. As a string it is its beginning."""

    __slots__ = ("_cells", "_parts", "_rows")

    _rows: PieceRows
    _parts: range
    _cells: Sequence[int]

    def __new__(cls, rows: PieceRows, parts: range, cells: Sequence[int]) -> PartedLine:
        """See `__init__`."""
        made = super().__new__(cls, rows.lines(parts[0])[0])
        made._rows, made._parts, made._cells = rows, parts, cells
        return made

    def __init__(self, rows: PieceRows, parts: range, cells: Sequence[int]) -> None:
        """`cells` are those before each piece of all."""

    @property
    def width(self) -> int:
        """See `LongLine.width`."""
        return self._cells[self._parts.stop] - self._cells[self._parts.start]

    def cut(self, left: int, width: int) -> str:
        """See `LongLine.cut`."""
        first, last = self._parts.start, self._parts.stop
        begin = self._cells[first]
        number = max(first, bisect_right(self._cells, begin + left, first, last) - 1)
        shown, at = list[str](), left - (self._cells[number] - begin)
        while number < last and width > 0:
            shown.append(LongLine(self._rows.lines(number)[0]).cut(at, width))
            width -= _cells(shown[-1])
            number, at = number + 1, 0
        return "".join(shown)
