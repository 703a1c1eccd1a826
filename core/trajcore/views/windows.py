"""Two very long texts: as much of both as is compared line by line, from the first line that differs on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from trajcore.text import common_length

MOST: Final = 4_000_000
"""So many characters of each side are compared line by line; of more, so many behind the first difference."""


@dataclass(frozen=True)
class Window:
    """What is compared of two texts: from `begin` on, which is the same place in both, to before `ends`."""

    begin: int
    ends: tuple[int, int]
    before: int
    """How many equal lines are before it."""
    behind: int
    """How many equal lines both texts end in."""
    left_out: tuple[int, int]
    """How many lines of each side are neither in it nor known to be equal."""

    @property
    def unread(self) -> str:
        """What is to be said of the lines that are left out; nothing where none is."""
        if self.left_out == (0, 0):
            return ""
        mine, its = (f"{count:,} line{'s' * (count != 1)}" for count in self.left_out)
        equal = f"; the last {self.behind:,} are equal" if self.behind else ""
        return f"⋯ not compared: {mine} more of what was recorded, {its} of what came back{equal}"


def window_of(one: str, other: str, most: int) -> Window:
    """The window of two texts, of which neither side has more than twice `most` characters."""
    begin = one.rfind("\n", 0, common_length(one, other)) + 1
    alike = _alike_at_end(one, other, min(len(one), len(other)) - begin)
    limits = len(one) - alike, len(other) - alike
    ends = _end(one, begin, most, limits[0]), _end(other, begin, most, limits[1])
    left_out = _lines(one, ends[0], limits[0]), _lines(other, ends[1], limits[1])
    return Window(begin, ends, one.count("\n", 0, begin), _lines(one, limits[0], len(one)), left_out)


def _alike_at_end(one: str, other: str, most: int) -> int:
    """How many characters of whole lines both end in, which are no more than so many."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if one.endswith(other[len(other) - middle : len(other) - low], 0, len(one) - low):
            low = middle
        else:
            high = middle - 1
    if all(low == len(text) or text[len(text) - low - 1] == "\n" for text in (one, other)):
        return low
    line = one.find("\n", len(one) - low)
    return len(one) - line - 1 if line >= 0 else 0


def _end(text: str, begin: int, most: int, limit: int) -> int:
    """The end of the line that is `most` characters behind a place; in the middle of it, where it is long."""
    line = text.find("\n", begin + most, limit)
    end = line + 1 if line >= 0 else limit
    return end if end <= begin + 2 * most else begin + most


def _lines(text: str, begin: int, end: int) -> int:
    """How many lines there are between two places, parts of one counted."""
    return text.count("\n", begin, end) + (begin < end and text[end - 1] != "\n")
