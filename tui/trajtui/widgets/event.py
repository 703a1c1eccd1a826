"""The selected event, readable: what it says, and for an action what came back."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Final

from trajcore.views.blocks import LONG, Block, BlockKind
from trajtui.widgets.blocks import RENDERED, Rows, rows_of
from trajtui.widgets.folding import FoldingPane
from trajtui.widgets.lines import UNWRAPPED
from trajtui.widgets.segments import Segment, widest_of

_STYLES: Final = {
    BlockKind.HEADING: "event--heading",
    BlockKind.NOTE: "event--aside",
    BlockKind.GOOD: "event--good",
    BlockKind.BAD: "event--bad",
    BlockKind.ADDED: "event--added",
    BlockKind.REMOVED: "event--removed",
    BlockKind.PICTURE: "event--aside",
}


@dataclass(frozen=True)
class _Piece:
    """A block as it is shown: folded or not. `key` is its place, with those of the blocks it is in."""

    block: Block
    key: tuple[int, ...]
    folded: bool
    folds: bool


class EventPane(FoldingPane):
    """Blocks below each other, wrapped to the pane; long ones are folded."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "event--heading",
        "event--aside",
        "event--good",
        "event--bad",
        "event--added",
        "event--removed",
    }

    can_wrap = True

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._blocks: tuple[Block, ...] = ()
        self._laid_out: dict[_Piece, Segment] = {}

    def show(self, blocks: tuple[Block, ...]) -> None:
        """Show these blocks, from the top unless they are the ones already shown."""
        if blocks == self._blocks:
            return
        self._blocks = blocks
        self._unfolded.clear()
        self._cursor = 0
        self._lay_out()
        self.scroll_home(animate=False, immediate=True)

    def on_resize(self) -> None:
        """Wrap to the new width."""
        if self.scrollable_content_region.width != self._wrapped_at:
            self._lay_out()

    def watch_wraps(self) -> None:
        """Continue wide lines below, or have them scroll sideways."""
        if self.is_mounted:
            self._laid_out.clear()
            self._lay_out()

    def refold(self, number: int) -> None:
        """See `FoldingPane.refold`."""
        self._lay_out()

    def _lay_out(self) -> None:
        width = max(1, self.scrollable_content_region.width)
        known = self._laid_out if width == self._wrapped_at else {}
        self._wrapped_at = width
        pieces = list(_pieces(self._blocks, self._unfolded))
        self._laid_out = {
            piece: known.get(piece) or _segment(piece, width if self.wraps else UNWRAPPED) for piece in pieces
        }
        self._segments.set(0, [self._laid_out[piece] for piece in pieces])
        self.lines_changed()
        self.lay_out_later()


def _pieces(
    blocks: Sequence[Block], unfolded: set[Hashable], above: tuple[int, ...] = ()
) -> Iterator[_Piece]:
    """The blocks, and the parts of those that are unfolded, whose first folds them again."""
    for number, block in enumerate(blocks):
        key = (*above, number)
        if block.folded is None or key not in unfolded or not block.parts:
            folds = block.folded is not None
            yield _Piece(block, key, folds and key not in unfolded, folds)
        else:
            first, *others = block.parts
            yield _Piece(first, key, False, True)
            yield from _pieces(others, unfolded, key)


def _segment(piece: _Piece, width: int) -> Segment:
    """A piece, laid out; what is long is left for later."""
    block, key = piece.block, piece.key if piece.folds else None
    style = _STYLES.get(block.kind, "")
    if piece.folded:
        return Segment([], _folded(block, width, style), key)
    if block.size > (RENDERED if block.kind is BlockKind.PROSE else LONG):
        return Segment([], [("…", "event--aside")], key, partial(rows_of, block, width, style, LONG))
    rows = rows_of(block, width, style)
    return Segment([], rows, key, widest=widest_of(rows))


def _folded(block: Block, width: int, style: str) -> Rows:
    short = block.folded
    assert short is not None
    rows = rows_of(Block(block.kind, short.head, block.language), width, style)
    if short.more:
        rows.append((f"… {short.more} · Enter", "event--aside"))
    return rows + (rows_of(Block(block.kind, short.tail, block.language), width, style) if short.tail else [])
