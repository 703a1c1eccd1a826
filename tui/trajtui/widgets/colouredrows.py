"""Rows in colours, kept as strings and numbers: each is made a text of its own when it is looked at."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final, overload

from rich.style import Style
from rich.text import Span, Text

from trajtui.abandoned import go_on

_BETWEEN: Final = 100
"""After so many rows it is asked whether anybody still waits for them."""


class ColouredRows(Sequence[Text]):
    """Rows of a text. As texts they would be a dozen objects each, which are walked through for garbage."""

    def __init__(self, rows: Iterable[Text]) -> None:
        """Going through the rows takes a while where there are many."""
        self._rows: list[str] = []
        self._ends: list[str] = []
        self._spans = array("q")
        """Where each stretch of a row begins and ends, and the number of its style."""
        self._firsts = array("q", [0])
        """The first span of each row, and of what would be next: it is none but has the row's own style."""
        self._numbers: dict[Style | str, int] = {}
        self.widest = 0
        """The cells of the widest row."""
        for row in rows:
            if len(self._rows) % _BETWEEN == 0:
                go_on()
            self._add(row)
        self._styles = list(self._numbers)

    def _add(self, row: Text) -> None:
        spans = ((span.start, span.end, self._number(span.style)) for span in row.spans)
        own = (0, 0, self._number(row.style))
        self._spans.extend(chain(own, *spans))
        self._firsts.append(len(self._spans))
        self._rows.append(row.plain)
        self._ends.append(row.end)
        self.widest = max(self.widest, row.cell_len)

    def _number(self, style: Style | str) -> int:
        return self._numbers.setdefault(style, len(self._numbers))

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, number: int) -> Text: ...

    @overload
    def __getitem__(self, number: slice) -> list[Text]: ...

    def __getitem__(self, number: int | slice) -> Text | list[Text]:
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        number = range(len(self))[number]
        numbers = self._spans[self._firsts[number] : self._firsts[number + 1]]
        (_, _, own), *spans = zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True)
        styled = [Span(begin, end, self._styles[style]) for begin, end, style in spans]
        return Text(self._rows[number], self._styles[own], end=self._ends[number], spans=styled)
