"""Lines that are not wrapped: any stretch of one is cut out at once, however long it is."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import Final

from rich.cells import cell_len, set_cell_size

MORE: Final = "…"
"""Stands at an edge where a line goes on."""
_SHORT: Final = 200
"""Lines of so few characters are drawn whole."""
_STRETCH: Final = 500
"""So many characters are measured together."""


class LongLine(str):
    """A line of one row, of any length; where its characters stand is known in advance."""

    __slots__ = ("_starts",)

    def __init__(self, text: str) -> None:
        """`text` has no character that moves the cursor."""
        stretches = () if self.isascii() else range(0, len(text), _STRETCH)
        self._starts = [0, *accumulate(cell_len(text[at : at + _STRETCH]) for at in stretches)]
        """The cell at which each stretch begins, and the one behind the last; of ASCII it is not needed."""

    @property
    def width(self) -> int:
        """How many cells it takes."""
        return len(self) if self.isascii() else self._starts[-1]

    def cut(self, left: int, width: int) -> str:
        """What stands in the `width` cells from cell `left` on; half a wide character is a blank."""
        if self.isascii():
            return self[left : left + width]
        number = max(0, bisect_right(self._starts, left) - 1)
        stretches = self[number * _STRETCH : number * _STRETCH + _STRETCH + 2 * width]
        return _cut(stretches, left - self._starts[number], width)


def line_of(text: str) -> str:
    """A line as a row: a `LongLine`, where it is too long to be drawn whole."""
    return LongLine(text) if len(text) > _SHORT else text


def _cut(text: str, left: int, width: int) -> str:
    """The same of a short text."""
    at, cell = 0, 0
    while at < len(text) and cell < left:
        cell += cell_len(text[at])
        at += 1
    shown = " " * (cell - left) + text[at : at + 2 * width]
    return set_cell_size(shown, min(width, cell_len(shown)))
