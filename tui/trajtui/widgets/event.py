"""Blocks of a view below each other: the selected event, what it changed, recorded and actual."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from rich.style import Style
from rich.text import Text
from textual import events, work
from textual.geometry import Offset
from textual.message import Message

from trajcore import Session
from trajcore.views.blocks import Block, BlockKind
from trajcore.views.timeline import Row
from trajtui.widgets.blocks import Rows, first_rows_of, long_rows_of, rows_of, takes_long, widest_of
from trajtui.widgets.folding import FoldingPane
from trajtui.widgets.hunks import SIDES, STYLES, Drawable, differences
from trajtui.widgets.lines import ABOVE
from trajtui.widgets.segments import Segment
from trajtui.widgets.wrapping import UNWRAPPED, wrapped

if TYPE_CHECKING:
    from trajcore.views.query import Query

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
        *STYLES,
    }

    can_wrap = True

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._blocks: tuple[Block, ...] = ()
        self._laid_out: dict[_Piece, Segment] = {}
        self._differing: int | None = 0
        """Which of the differences the user is at; None: the last one, once it is there."""
        self._places: list[int] | None = None
        """The rows at which differences begin; None until that is asked for."""
        self._seeks = False
        """Whether what is searched for is to come in sight, or has and stays there."""
        self._came_to: Offset | None = None
        """Where that was; somewhere else the user has moved on."""

    @dataclass
    class PictureChosen(Message):
        """A picture was asked for: over the whole screen, or else in another program."""

        block: Block
        large: bool

    @property
    def pictures(self) -> list[Block]:
        """The pictures of what is shown, that under the cursor first."""
        shown = [one.picture for one in self._segments.all if one.picture is not None]
        under = self._segments.all[self._segments.at(self._row)].picture if shown else None
        return [*([under] if under is not None else []), *shown]

    def show(self, blocks: tuple[Block, ...]) -> None:
        """Show these blocks, from the top unless they are the ones already shown."""
        if blocks == self._blocks:
            return
        self._blocks, self._seeks = blocks, False
        self._unfolded = self.unfolded_at_first(blocks)
        self._cursor, self._differing, self._end_at = 0, 0, None
        self._lay_out()
        self.scroll_home(animate=False, immediate=True)

    def unfolded_at_first(self, blocks: tuple[Block, ...]) -> set[Hashable]:
        """What is not folded of blocks that were not shown before, by their places."""
        return set()

    # What is searched for

    seeks_in_folded: ClassVar[bool] = True
    """Whether what is folded is unfolded where it says what is searched for."""

    def seek(self) -> None:
        """Bring in sight where it says what is searched for, unfolded, as soon as that is known."""
        self._seeks, self._came_to = self._query is not None, None
        self._seek_on()

    def show_query(self, query: Query | None) -> None:
        """See `LinePane.show_query`."""
        super().show_query(query)
        self._seeks = False

    def go(self, row: int) -> None:
        """See `FoldingPane.go`."""
        self._seeks = False
        super().go(row)

    def _seek_on(self) -> None:
        """Rows have come: those that are sought may be among them, or elsewhere than they were."""
        if self._seeks and self._came_to in (None, self.scroll_offset):
            self._find_sought()

    @work(group="seeking", exclusive=True, exit_on_error=False)
    async def _find_sought(self) -> None:
        from trajtui.widgets.seeking import first_place, is_in  # with the first search

        query = self._query
        for number, (piece, segment) in enumerate(list(self._laid_out.items())):
            if segment.later is not None:
                return  # it goes on once that is laid out
            if query is None or piece.block.kind is BlockKind.HEADING:
                continue
            begin = self._segments.start(number)
            rows = range(begin, begin + len(segment))
            if (place := await first_place(self, rows, query, segment.body)) is not None:
                self._come_to(*place)
                return
            if piece.folded and self.seeks_in_folded and await is_in(piece.block, query):
                self._unfolded.add(piece.key)
                self._lay_out()  # which goes on with this
                return

    def _come_to(self, row: int, cell: int) -> None:
        self._cursor = row
        self.bring_in_sight(row, cell)
        self._came_to = self.scroll_offset
        self.lines_changed()

    # From difference to difference

    @property
    def has_differences(self) -> bool:
        """Whether something in it differs, as far as that is known yet."""
        return bool(self._differences)

    @property
    def _differences(self) -> list[int]:
        """The rows at which something begins that differs."""
        if self._places is None:  # each row that is drawn asks
            segments = enumerate(self._segments.all)
            starts = self._segments.start
            self._places = [starts(at) + row for at, one in segments for row in differences(one.body)]
        return self._places

    def to_difference(self, *, last: bool) -> str:
        """Go to the first difference, or the last one; what is to be said, if there is one yet."""
        self._differing = None if last else 0
        return self.next_difference(0)

    def next_difference(self, by: int) -> str:
        """Go to the next difference, or the one before; what is to be said, nothing where there is none."""
        places = self._differences
        number = (len(places) - 1 if self._differing is None else self._differing) + by
        if not 0 <= number < len(places):
            return ""
        self._differing = number
        self._cursor, self._seeks = places[number], False
        self.scroll_to(y=max(0, places[number] - ABOVE), animate=False, immediate=True)
        self.lines_changed()
        return f"difference {number + 1} of {len(places)}"

    def rows_changed(self, first: int) -> None:
        """See `FoldingPane.rows_changed`: the last difference may be known now."""
        self._places = None
        super().rows_changed(first)
        self._seek_on()
        if self._differing is None and self.has_differences:
            self.next_difference(0)

    def line_text(self, number: int) -> Text:
        """One row; the number of the line stands out that the difference begins with which the user is at."""
        text, row = super().line_text(number), self._segments.row(number)
        if isinstance(row, Drawable) and row.is_changed and self._is_at(number):
            text.stylize(Style(reverse=True), 0, row.digits)
        return text

    def _is_at(self, row: int) -> bool:
        at = self._differing
        return at is not None and self._differences[at : at + 1] == [row]

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
            piece: known.get(piece) or _segment(piece, width if self._is_wrapped(piece.block) else UNWRAPPED)
            for piece in pieces
        }
        self._segments.set(0, [self._laid_out[piece] for piece in pieces])
        self._places = None
        self.lines_changed()
        self.lay_out_later()
        if any(segment.picture is not None for segment in self._segments.all):
            self._draw_pictures()
        self._seek_on()

    @work(exclusive=True, group="pictures", exit_on_error=False)
    async def _draw_pictures(self) -> None:
        """Draw the pictures below their names, one by one, as what has two pixels a cell can show them."""
        from trajtui.widgets.blockpixels import drawn  # comes with the first picture that is looked at

        width = self._wrapped_at
        for segment in [one for one in self._segments.all if one.picture is not None and not one.body]:
            assert segment.picture is not None
            segment.body = await drawn(segment.picture, width, "event--aside")
            if segment in self._segments.all:
                self.rows_changed(self._segments.resized(self._segments.all.index(segment)))

    # Choosing

    def _flip(self, number: int) -> bool:
        segment = self._segments.all[number]
        if segment.picture is None:
            return super()._flip(number)
        self.post_message(self.PictureChosen(segment.picture, large=True))
        return True

    def on_click(self, event: events.Click) -> None:
        """Open the picture that was clicked; unfold, or fold, anything else."""
        row = event.y - self.gutter.top + self.scroll_offset.y
        segments = self._segments
        found = segments.all[segments.at(row)].picture if 0 <= row < len(segments) else None
        if found is not None and not self.is_marked:
            event.prevent_default()  # what any pane does with a click
            self.post_message(self.PictureChosen(found, large=False))

    def _is_wrapped(self, block: Block) -> bool:
        """Two sides are always wrapped: to see what differs, both have to be seen."""
        return self.wraps or block.kind in SIDES


class RowPane(EventPane):
    """A view of the selected row of the timeline."""

    def __init__(self, session: Session, view: Callable[[Session, Row | None], tuple[Block, ...]]) -> None:
        super().__init__()
        self._session = session
        self.view = view

    def show_row(self, row: Row | None) -> None:
        """Show a row, as it is now."""
        self.show(self.view(self._session, row))


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
    if block.picture is not None:
        return Segment([(row, style) for row in wrapped(block.text, width)], picture=block)
    if piece.folded:
        return Segment([], _folded(block, width, style), key)
    if takes_long(block):
        first = first_rows_of(block, width, style) or [("…", "event--aside")]
        return Segment([], first, key, partial(long_rows_of, block, width, style))
    rows = rows_of(block, width, style)
    return Segment([], rows, key, widest=widest_of(rows))


def _folded(block: Block, width: int, style: str) -> Rows:
    short = block.folded
    assert short is not None
    rows = [*rows_of(Block(block.kind, short.head, block.language), width, style)]
    if short.more:
        rows.append((f"… {short.more} · Enter", "event--aside"))
    return [
        *rows,
        *(rows_of(Block(block.kind, short.tail, block.language), width, style) if short.tail else ()),
    ]
