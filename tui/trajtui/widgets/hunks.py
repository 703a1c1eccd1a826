"""What differs, as rows: the two sides beside each other where there is room, below each other where not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

from rich.cells import set_cell_size
from rich.style import Style
from rich.text import Text

from trajcore.text import TAB
from trajcore.views.blocks import BlockKind
from trajcore.views.differing import Heads, one_below_the_other
from trajcore.views.hunks import Gap, Hunks, LinePair
from trajcore.views.words import Piece, Pieces, Tone
from trajtui.widgets.found import Said
from trajtui.widgets.wrapping import fitting

SIDE_BY_SIDE: Final = 110
"""From so many cells on, the two sides stand beside each other."""
_DIVIDER: Final = " │ "
_SIGNED: Final = 3
"""So many cells are between the number of a line and its text."""

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


def laid_out(hunks: Hunks, width: int) -> list[tuple[str, str] | Text | Drawable]:
    """The rows of hunks in a pane of a width."""
    rows: list[tuple[str, str] | Text | Drawable] = []
    digits = len(str(max((pair.its_number or pair.number or 0 for pair in _last_pairs(hunks)), default=0)))
    layout = _beside if width >= SIDE_BY_SIDE else _below
    for hunk in hunks.hunks:
        rows += _gap(hunk.gap)
        rows += [(hunk.title, "hunk--gap")] if hunk.title else []
        rows += layout(hunk.pairs, width, digits)
    return [*rows, *_gap(hunks.behind)]


def differences(rows: Sequence[object]) -> list[int]:
    """The rows at which the differences begin."""
    if not isinstance(rows, list):  # those of a long text, which are made when they are looked at
        return []
    changed = [isinstance(row, Drawable) and row.is_changed for row in rows]
    return [at for at, one in enumerate(changed) if one and not (at and changed[at - 1])]


def _last_pairs(hunks: Hunks) -> Iterator[LinePair]:
    return (pair for hunk in hunks.hunks for pair in hunk.pairs[-1:])


def _gap(gap: Gap) -> list[tuple[str, str]]:
    return [(gap.words, "hunk--gap")] if gap.lines else []


def _beside(pairs: Sequence[LinePair], width: int, digits: int) -> Iterator[Drawable]:
    """Each pair on as many rows as the longer of its lines needs."""
    side = (width - len(_DIVIDER)) // 2
    for pair in pairs:
        left, right = (list(_cells(pair, right, side - digits - _SIGNED)) for right in (False, True))
        for at in range(max(len(left), len(right))):
            cells = left[at] if at < len(left) else None, right[at] if at < len(right) else None
            yield Drawable(cells, side, digits)


def _below(pairs: tuple[LinePair, ...], width: int, digits: int) -> Iterator[Drawable]:
    for sign, _, pair, right in one_below_the_other(pairs):
        for cell in _cells(pair, right, width - digits - _SIGNED):
            yield Drawable((cell,), width, digits, sign)


def _cells(pair: LinePair, right: bool, width: int) -> Iterator[Cell]:
    line = pair.right if right else pair.left
    if line is None:
        return
    parts = _expanded(pair)[right] if pair.is_long else ()
    shown = "".join(piece.text for piece in parts) or line.expandtabs(TAB)
    for begin, end in cuts(shown, max(1, width)):
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
