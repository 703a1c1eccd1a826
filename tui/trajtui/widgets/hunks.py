"""What differs, as rows: the two sides beside each other where there is room, below each other where not.

However much that is, only what is looked at is laid out.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from typing import Final, Protocol, overload

from rich.cells import cell_len, set_cell_size
from rich.style import Style
from rich.text import Text
from textual.cache import LRUCache

from trajcore.text import TAB
from trajcore.views.blocks import BlockKind
from trajcore.views.differing import Below, Heads, one_below_the_other
from trajcore.views.hunks import Gap, Hunk, Hunks, LinePair, Pairs
from trajcore.views.words import Piece, Pieces, Tone
from trajtui.abandoned import go_on
from trajtui.widgets.found import Said
from trajtui.widgets.wrapping import fitting

SIDE_BY_SIDE: Final = 110
"""From so many cells on, the two sides stand beside each other."""
_DIVIDER: Final = " │ "
_SIGNED: Final = 3
"""So many cells are between the number of a line and its text."""
_GAP: Final = -1
_TITLE: Final = -2
_DRAWN: Final = 200
"""So many lines are kept as rows: more than a screen shows."""
_BETWEEN: Final = 500
"""After so many lines it is asked whether anybody still waits for their rows."""

STYLES: Final = {
    "hunk--gap",
    "hunk--number",
    "hunk--aside",
    "hunk--left",
    "hunk--right",
    "hunk--left-word",
    "hunk--right-word",
    "hunk--head",
}
"""The component classes of a pane that draws such rows."""
_SIGNS: Final = {Tone.SAME: "  ", Tone.ASIDE: "≈≈", Tone.CHANGED: "-+"}


class Styled(Protocol):
    """A pane that knows how its parts are drawn."""

    def part_style(self, name: str) -> Style:
        """The style of a component class."""
        ...


@dataclass(frozen=True)
class Cell:
    """A part of one side's line: from the character `begin` to before `end`, on one row."""

    pair: LinePair
    right: bool
    begin: int
    end: int

    @property
    def is_first(self) -> bool:
        """Whether it is the first row of its line."""
        return self.begin == 0

    @property
    def line(self) -> str:
        """The whole line that it is of, as it is shown."""
        return "".join(piece.text for piece in _expanded(self.pair)[self.right])

    @property
    def is_empty(self) -> bool:
        """Whether this side has no such line."""
        return (self.pair.right if self.right else self.pair.left) is None


@dataclass(frozen=True)
class Drawable:
    """A row that is drawn when it can be seen: one side, or the left and the right one."""

    cells: tuple[Cell | None, ...]
    width: int
    """How many cells each side has."""
    digits: int
    signed: str = ""
    """The sign of what stands below the other side, by itself."""

    @property
    def is_changed(self) -> bool:
        """Whether it is of lines that differ."""
        return any(cell is not None and cell.pair.tone is Tone.CHANGED for cell in self.cells)

    def text(self, pane: Styled) -> Text:
        """As it is drawn."""
        drawn = [self._side(pane, cell, bool(at)) for at, cell in enumerate(self.cells)]
        if len(drawn) == 1:
            return drawn[0]
        return Text.assemble(drawn[0], (_DIVIDER, pane.part_style("hunk--number")), drawn[1])

    def said(self, reach: int) -> Iterator[Said]:
        """What of each side's line it shows, and so many characters of what goes before and behind."""
        for at, cell in enumerate(self.cells):
            if cell is not None and not cell.is_empty:
                line, begin, end = cell.line, cell.begin, cell.end
                column = at * (self.width + len(_DIVIDER)) + self.digits + _SIGNED
                before, behind = line[max(0, begin - reach) : begin], line[end : end + reach]
                yield Said(line[begin:end], column, before, behind)

    def _side(self, pane: Styled, cell: Cell | None, last: bool) -> Text:
        text = Text()
        if cell is not None and not cell.is_empty:
            _draw(text, pane, cell, self.digits, self.signed)
        if len(self.cells) > 1 and not last:
            text.append(" " * max(0, self.width - text.cell_len))
        return text


def _draw(text: Text, pane: Styled, cell: Cell, digits: int, signed: str) -> None:
    pair, right = cell.pair, cell.right
    number = pair.its_number if right else pair.number
    side = "right" if right else "left"
    sign = signed or _SIGNS[pair.tone][right]
    own = {"-": "hunk--left", "+": "hunk--right"}.get(sign, "hunk--aside")
    shown = f"{number or '':>{digits}} " if cell.is_first else " " * (digits + 1)
    text.append(shown, pane.part_style("hunk--number"))
    text.append(f"{sign if cell.is_first else ' '} ", pane.part_style(own))
    words = f"hunk--{side}-word" if pair.related and None not in (pair.left, pair.right) else own
    at = 0
    for piece in _expanded(pair)[right]:
        part = piece.text[max(0, cell.begin - at) : max(0, cell.end - at)]
        at += len(piece.text)
        style = {Tone.SAME: "", Tone.ASIDE: "hunk--aside", Tone.CHANGED: words}[piece.tone]
        text.append(part, pane.part_style(style) if style else None)


@lru_cache(maxsize=64)
def _expanded(pair: LinePair) -> tuple[Pieces, Pieces]:
    """Both lines in parts, tabs as the blanks that they are wide."""
    one, other = pair.pieces()
    return _without_tabs(one), _without_tabs(other)


def _without_tabs(pieces: Pieces) -> Pieces:
    if not any("\t" in piece.text for piece in pieces):
        return pieces
    made, at = [], 0
    for piece in pieces:
        text = (" " * (at % TAB) + piece.text).expandtabs(TAB)[at % TAB :]
        made.append(Piece(text, piece.tone))
        at += len(text)
    return tuple(made)


SIDES: Final = frozenset({BlockKind.HUNKS, BlockKind.HEADS})
"""Blocks of two sides."""


class HunkRows(Sequence["tuple[str, str] | Drawable"]):
    """The rows of hunks in a pane of a width: which there are is known, each is made when it is looked at."""

    def __init__(self, hunks: Hunks, width: int) -> None:
        """Counting the rows takes a while where there are many."""
        self._hunks = hunks
        self._beside = width >= SIDE_BY_SIDE
        self._width = (width - len(_DIVIDER)) // 2 if self._beside else width
        self._digits = len(str(max(map(_last_number, hunks.hunks), default=0)))
        self._room = max(1, self._width - self._digits - _SIGNED)
        self.widest = 0
        """The cells of the widest row that is of no line."""
        self.changes = array("q")
        """The rows at which the differences begin."""
        self._parts = array("q")
        """Of each entry (a gap, a title, a pair, a side of one) the hunk, and what it is of that."""
        self._begins = array("q", [0])
        """The row at which each entry begins, and the one behind the last."""
        self._signs: list[str] = []
        self._drawn: LRUCache[int, list[Drawable]] = LRUCache(_DRAWN)
        for number, hunk in enumerate(hunks.hunks):
            self._add_words(number, _GAP, _gap(hunk.gap))
            self._add_words(number, _TITLE, hunk.title)
            self._add_pairs(number, hunk.pairs)
        self._add_words(len(hunks.hunks), _GAP, _gap(hunks.behind))
        self._add_words(len(hunks.hunks), _TITLE, hunks.unread)

    def _add_words(self, number: int, what: int, words: str) -> None:
        if words:
            self.widest = max(self.widest, cell_len(words))
            self._add(number, what, "", 1)

    def _add_pairs(self, number: int, pairs: Pairs) -> None:
        if self._beside:
            entries: Iterator[Below] = (("", at, False) for at in range(len(pairs)))
        else:
            entries = one_below_the_other(pairs)
        changed = False
        for sign, at, right in entries:
            if len(self._signs) % _BETWEEN == 0:
                go_on()
            is_changed = pairs.tone(at) is Tone.CHANGED
            if is_changed and not changed:
                self.changes.append(self._begins[-1])
            changed = is_changed
            pair = pairs[at]
            sides = (False, True) if self._beside else (right,)
            height = max(_height(pair, side, self._room) for side in sides)
            self._add(number, 2 * at + right, sign, height)

    def _add(self, number: int, what: int, sign: str, height: int) -> None:
        self._parts.extend((number, what))
        self._signs.append(sign)
        self._begins.append(self._begins[-1] + height)

    def __len__(self) -> int:
        return self._begins[-1]

    @overload
    def __getitem__(self, number: int) -> tuple[str, str] | Drawable: ...

    @overload
    def __getitem__(self, number: slice) -> list[tuple[str, str] | Drawable]: ...

    def __getitem__(
        self, number: int | slice
    ) -> tuple[str, str] | Drawable | list[tuple[str, str] | Drawable]:
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        if not 0 <= number < len(self):
            raise IndexError(number)
        entry = bisect_right(self._begins, number) - 1
        of, what = self._parts[2 * entry], self._parts[2 * entry + 1]
        hunks = self._hunks
        if what == _TITLE:
            return hunks.hunks[of].title if of < len(hunks.hunks) else hunks.unread, "hunk--gap"
        if what == _GAP:
            return _gap(hunks.hunks[of].gap if of < len(hunks.hunks) else hunks.behind), "hunk--gap"
        drawn = self._drawn.get(entry)
        if drawn is None:
            pair = hunks.hunks[of].pairs[what // 2]
            drawn = self._drawn[entry] = list(self._rows(pair, bool(what % 2), self._signs[entry]))
        return drawn[number - self._begins[entry]]

    def _rows(self, pair: LinePair, right: bool, sign: str) -> Iterator[Drawable]:
        if not self._beside:
            for cell in _cells(pair, right, self._room):
                yield Drawable((cell,), self._width, self._digits, sign)
            return
        for cells in zip_longest(*(_cells(pair, side, self._room) for side in (False, True))):
            yield Drawable(cells, self._width, self._digits)


def differences(rows: Sequence[object]) -> Sequence[int]:
    """The rows at which the differences begin."""
    return rows.changes if isinstance(rows, HunkRows) else ()


def _last_number(hunk: Hunk) -> int:
    last = hunk.pairs[-1] if hunk.pairs else None
    return 0 if last is None else last.its_number or last.number or 0


def _gap(gap: Gap) -> str:
    return gap.words if gap.lines else ""


def _height(pair: LinePair, right: bool, width: int) -> int:
    """How many rows a line of a pair takes."""
    line = pair.right if right else pair.left
    if line is None:
        return 0
    if len(line) <= width and line.isascii() and "\t" not in line:
        return 1
    return sum(1 for _ in _cells(pair, right, width))


def _cells(pair: LinePair, right: bool, width: int) -> Iterator[Cell]:
    line = pair.right if right else pair.left
    if line is None:
        return
    parts = _expanded(pair)[right] if pair.is_long else ()
    shown = "".join(piece.text for piece in parts) or line.expandtabs(TAB)
    for begin, end in cuts(shown, width):
        yield Cell(pair, right, begin, end)


def cuts(text: str, width: int) -> Iterator[tuple[int, int]]:
    """Where the rows of a text begin and end, each at most `width` cells wide; best behind blanks."""
    at = 0
    while True:
        end = at + fitting(text[at : at + width], width)
        if end >= len(text):
            yield at, len(text)
            return
        blank = text.rfind(" ", at, end)
        if blank - at > width // 2:
            end = blank + 1
        yield at, end
        at = end


def heads(block: Heads, width: int) -> list[tuple[str, str] | Text | Drawable]:
    """What stands above the sides: beside each other, or below."""
    if not block.right:
        return [(block.left, "hunk--head")]
    if width < SIDE_BY_SIDE:
        return [(f"- {block.left}", "hunk--head"), (f"+ {block.right}", "hunk--head")]
    side = (width - len(_DIVIDER)) // 2
    return [(set_cell_size(block.left, side) + _DIVIDER + block.right, "hunk--head")]
