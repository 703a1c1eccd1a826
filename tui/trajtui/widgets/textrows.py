"""The lines of a text that is too long to be wrapped, cut out where they are looked at."""

from __future__ import annotations

from abc import abstractmethod
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, overload

from rich.cells import cell_len

from trajcore.text import TAB
from trajtui.widgets.sideways import line_of

if TYPE_CHECKING:
    from trajcore.views.query import Query

TextRow = tuple[str, str]
Place = tuple[int, int]
"""A row, and a cell of it."""

_PIECE: Final = 1 << 16
"""So many characters are looked through at once."""


class LineRows(Sequence[TextRow]):
    """A row for each line of a text, made where it is looked at."""

    def __init__(self, style: str) -> None:
        self.style = style
        self.widest = 0
        """The cells of the widest line."""

    @abstractmethod
    def line(self, number: int) -> str:
        """The line of that number, which there is."""

    @abstractmethod
    def places(self, query: Query, reach: int) -> Iterator[Place | None]:
        """Where it says what is searched for, first of all; None for each piece of it that does not.

        `reach`: so many characters beyond a piece are looked at with it.
        """

    @overload
    def __getitem__(self, number: int) -> TextRow: ...

    @overload
    def __getitem__(self, number: slice) -> Sequence[TextRow]: ...

    def __getitem__(self, number: int | slice) -> TextRow | Sequence[TextRow]:
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        if not 0 <= number < len(self):
            raise IndexError(number)
        return self.line(number), self.style


class TextRows(LineRows):
    """The lines of a text that is held whole. What is kept beside it is where each begins."""

    def __init__(self, text: str, style: str) -> None:
        super().__init__(style)
        self._text = text.expandtabs(TAB)
        self._begins = array("Q", [0])
        at = 0
        while (end := self._text.find("\n", at)) >= 0:
            self._measure(at, end)
            at = end + 1
            self._begins.append(at)
        self._measure(at, len(self._text))
        self._begins.append(len(self._text) + 1)

    def _measure(self, begin: int, end: int) -> None:
        if self._text.isascii():
            self.widest = max(self.widest, end - begin)
        elif 2 * (end - begin) > self.widest:
            self.widest = max(self.widest, cell_len(self._text[begin:end]))

    def __len__(self) -> int:
        return len(self._begins) - 1

    def line(self, number: int) -> str:
        """See `LineRows.line`."""
        return line_of(self._text[self._begins[number] : self._begins[number + 1] - 1])

    def places(self, query: Query, reach: int) -> Iterator[Place | None]:
        """See `LineRows.places`."""
        for begin in range(0, len(self._text), _PIECE):
            first = max(0, begin - reach)
            for at, _ in query.visible_in(self._text[first : begin + _PIECE]):
                line = bisect_right(self._begins, first + at) - 1
                yield line, cell_len(self._text[self._begins[line] : first + at])
            yield None
