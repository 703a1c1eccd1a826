"""A long text in pieces, of which each can be made safe by itself: what is kept of it is where they are."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Final

from trajcore.longtext import PIECE, LongText
from trajcore.masking import known
from trajcore.text import is_plain, stands_alone
from trajcore.views.folding import Maker

_TRIES: Final = 20
"""So many places are tried for the end of a piece that is no end of a line."""


class NotInPieces(Exception):
    """The text has to be made as a whole: something in it draws wherever it likes, or never ends."""


class Pieces:
    """The pieces of a text, each made what is shown of it when it is asked for.

    One holds whole lines, or a part of a line that is longer than a piece. Together they are what the whole
    text would be made.
    """

    def __init__(self, text: LongText, make: Maker) -> None:
        """`make` is one that makes each line by itself, but for what draws on others."""
        self._text = text
        self._make = make
        self._begins = array("Q", [0])
        self._lines = array("Q", [0])
        """The line in which each piece begins; the last entry, here and above, is for what would be next."""
        self._inside = False
        """Whether what would be next is in the middle of a line."""

    def __len__(self) -> int:
        return len(self._begins) - 1

    def __getitem__(self, number: int) -> str:
        if not 0 <= number < len(self):
            raise IndexError(number)
        return self._make(self._text.part(self._begins[number], self._begins[number + 1]))

    def line_of(self, number: int) -> int:
        """The number of the line in which a piece begins."""
        return self._lines[number]

    def with_line(self, line: int) -> range:
        """The numbers of the pieces in which a line stands: more than one where it is a long one."""
        last = bisect_right(self._lines, line, 0, len(self)) - 1
        return range(bisect_left(self._lines, line, 0, last) if self._lines[last] == line else last, last + 1)

    def find(self) -> Iterator[str]:
        """Find the pieces, which is done once, and have each as it is found.

        Raises `NotInPieces` where there are none.
        """
        while self._begins[-1] < self._text.size or not len(self):
            yield self._found()
        if len(self) > 1 and not self._inside and self._lines[-1] > self._lines[-2]:
            yield self._added(self._text.size, "")  # behind the end of the last line

    def _found(self) -> str:
        text, begin = self._text, self._begins[-1]
        find = text.end_of_line if self._inside else text.end_of_lines
        end = find(begin, PIECE)
        raw = text.part(begin, end)
        is_whole = not self._inside and (end == text.size or raw.endswith("\n"))
        if is_whole:
            if not stands_alone(raw):
                raise NotInPieces
        else:
            end, raw = self._without_secret(begin, end, raw)
            if not is_plain(raw) or "\n" in raw[:-1]:
                raise NotInPieces
        made = self._make(raw)
        if raw.endswith("\n") and not made.endswith("\n"):
            raise NotInPieces
        self._inside = not raw.endswith("\n")
        return self._added(end, made)

    def _without_secret(self, begin: int, end: int, raw: str) -> tuple[int, str]:
        """A part of a line that ends before a secret, if it would end in the middle of one."""
        for _ in range(_TRIES):
            held = 0 if end == self._text.size or raw[-1:].isspace() else known().held_back(raw)
            if not held:
                return end, raw
            end = self._text.end_of_line(begin, end - begin - held)
            if end <= begin:
                break
            raw = self._text.part(begin, end)
        raise NotInPieces

    def _added(self, end: int, made: str) -> str:
        self._begins.append(end)
        self._lines.append(self._lines[-1] + made.count("\n"))
        return made
