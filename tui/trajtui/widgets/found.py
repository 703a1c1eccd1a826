"""What is searched for, where it stands in the rows of a pane: the cells of it that are marked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from rich.cells import cell_len

if TYPE_CHECKING:
    from trajcore.views.query import Query
    from trajtui.widgets.sideways import LongLine

_FAR: Final = 400
"""So many characters around a row are looked at for what an expression finds in it."""


class Said(Struct, frozen=True):
    """A text that stands in a row from a cell on, and what goes before and behind it in other rows."""

    text: str
    column: int = 0
    before: str = ""
    behind: str = ""


def reach(query: Query) -> int:
    """How many characters of other rows are needed to know what is found in one."""
    return _FAR if query.is_expression else len(query.text) - 1


def said_by_long(line: LongLine, left: int, width: int, reach: int) -> Said:
    """What stands in the `width` cells from cell `left` on of a line of any length."""
    first = max(0, left - reach)
    before = line.cut(first, left - first)
    return Said(line.cut(left, width), left, before, line.cut(left + width, reach))


def cells(query: Query, said: Iterable[Said]) -> Iterator[tuple[int, int]]:
    """From which cell of a row to before which one it says what is searched for, each time that it does."""
    for one in said:
        start, end = len(one.before), len(one.before) + len(one.text)
        for begin, until in query.visible_in(one.before + one.text + one.behind):
            begin, until = max(begin, start), min(until, end)
            if begin < until:
                at = one.column + cell_len(one.text[: begin - start])
                yield at, at + cell_len(one.text[begin - start : until - start])
