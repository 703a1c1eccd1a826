"""What is marked with the mouse in a pane of lines, and what it says in the text itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class Part(str):
    """A row that is not the whole of its line: the line goes on in the next row, or the row is indented."""

    __slots__ = ("end", "lead")

    end: str
    """What stands between this row and the next one in the text itself."""
    lead: int
    """So many cells at its beginning are not of the text."""

    def __new__(cls, text: str, end: str = "\n", lead: int = 0) -> Part:
        """See the attributes."""
        made = super().__new__(cls, text)
        made.end, made.lead = end, lead
        return made


@dataclass(frozen=True)
class Mark:
    """From one cell to another, each a line and a column of it; which of them is first is found out here."""

    FAR: ClassVar[int] = 10**9
    """A column behind the end of every line."""

    pressed: tuple[int, int]
    reached: tuple[int, int]

    @property
    def rows(self) -> tuple[int, int]:
        """The first line and the last one."""
        first, last = sorted((self.pressed[0], self.reached[0]))
        return first, last

    def columns(self, row: int) -> tuple[int, int] | None:
        """What is marked of a line: from a column to before another one; None where nothing is."""
        (first, start), (last, end) = sorted((self.pressed, self.reached))
        if not first <= row <= last:
            return None
        return start if row == first else 0, end + 1 if row == last else self.FAR
