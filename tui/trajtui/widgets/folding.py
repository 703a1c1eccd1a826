"""A pane of segments that are folded and unfolded under a cursor; what is long is laid out in a thread."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Hashable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from rich.style import Style
from rich.text import Text
from textual import events, work
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.geometry import Offset, Region, Size

from trajtui.abandoned import in_thread
from trajtui.widgets.blocks import Row, widest_of
from trajtui.widgets.hunks import Drawable
from trajtui.widgets.lines import LinePane
from trajtui.widgets.marking import Part
from trajtui.widgets.segments import Segment, Segments
from trajtui.widgets.sideways import LongLine

if TYPE_CHECKING:
    from trajtui.widgets.found import Said

_LAYING_OUT: Final = "laying out"


class FoldingPane(LinePane):
    """Subclasses lay out segments; this one draws them, moves the cursor, and folds what is under it.

    It has the component class `folding--cursor`.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"folding--cursor"}
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "flip", "unfold, fold", show=False)]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._segments = Segments()
        self._unfolded: set[Hashable] = set()
        self._cursor: int | None = 0
        """The row of the cursor; None while it follows the end."""
        self._wrapped_at = 0
        self._laying_out: Segment | None = None
        """What is laid out in a thread, or will be once a frame is drawn."""
        self._end_at: Offset | None = None
        """Where the end was gone to while there was more to come; elsewhere the user has moved on."""

    @abstractmethod
    def refold(self, number: int) -> None:
        """Lay out a segment again whose key is now, or is no longer, among those that are unfolded."""

    @property
    def follows_end(self) -> bool:
        """Whether a cursor on the last row stays on the last one."""
        return False

    # Laying out

    def lay_out_later(self) -> None:
        """Lay out, in a thread, the segments that would keep the keys waiting."""
        if self._laying_out is not None and self._laying_out not in self._segments.all:
            self._laying_out = None  # nobody looks at it any more: what comes now does not wait for it
            self.workers.cancel_group(self, _LAYING_OUT)
        number = self._unready()
        if self._laying_out is None and number is not None:
            self._laying_out = self._segments.all[number]
            self.call_after_refresh(self._lay_out_long)  # what can be seen already is drawn first

    @work(group=_LAYING_OUT, exclusive=True)
    async def _lay_out_long(self) -> None:
        segment = None
        try:
            while (number := self._unready()) is not None:
                segment, width = self._segments.all[number], self._wrapped_at
                self._laying_out = segment
                assert segment.later is not None
                rows, most = await in_thread(partial(_made, segment.later))
                if width == self._wrapped_at and segment in self._segments.all:
                    segment.body, segment.later, segment.widest = rows, None, most
                    self.rows_changed(self._segments.resized(self._segments.all.index(segment)))
        finally:
            if self._laying_out is segment:
                self._laying_out = None

    def _unready(self) -> int | None:
        """The segment that is laid out next: the last one, where the end is followed, else the first."""
        numbers = [number for number, one in enumerate(self._segments.all) if one.later is not None]
        return (numbers[-1] if self.follows_end else numbers[0]) if numbers else None

    # Drawing

    def line_count(self) -> int:
        """The rows after wrapping."""
        return len(self._segments)

    def line_width(self) -> int:
        """The widest row, where one is wider than the pane."""
        room = self.scrollable_content_region.width
        return max(room, *(segment.widest for segment in self._segments.all), room)

    def long_line(self, number: int) -> tuple[LongLine, Style] | None:
        """A row that is not wrapped."""
        row = self._segments.row(number)
        if not isinstance(row, tuple) or not isinstance(row[0], LongLine):
            return None
        style = self.part_style(row[1]) if row[1] else Style()
        has_cursor = self.has_focus and number == self._row
        return row[0], style + self.ground_style("folding--cursor") if has_cursor else style

    def line_text(self, number: int) -> Text:
        """One row."""
        row = self._segments.row(number)
        if isinstance(row, Text):
            text = row.copy()
        elif isinstance(row, Drawable):
            text = row.text(self)
        else:
            text = Text(row[0], self.part_style(row[1]) if row[1] else "")
        if self.has_focus and number == self._row:
            text.pad_right(max(0, self._wrapped_at - text.cell_len))
            text.stylize(self.ground_style("folding--cursor"))
        return text

    def copied(self, number: int) -> str:
        """See `LinePane.copied`."""
        row = self._segments.row(number)
        if isinstance(row, Text):
            above = self._segments.row(number - 1) if number else None
            goes_on = isinstance(above, Text) and above.end != "\n"
            indent = len(row.plain) - len(row.plain.lstrip()) if goes_on else 0
            return Part(row.plain.rstrip(), row.end, indent)
        return super().copied(number) if isinstance(row, Drawable) else row[0]

    def said(self, number: int, left: int, width: int, reach: int) -> Iterator[Said]:
        """See `LinePane.said`."""
        row = self._segments.row(number)
        return row.said(reach) if isinstance(row, Drawable) else super().said(number, left, width, reach)

    def rows_changed(self, first: int) -> None:
        """Have the rows from this one on drawn again; those before it are as they were."""
        self._forget(lambda row: row >= first)
        size = Size(self.line_width(), self.line_count())
        if size != self.virtual_size:
            self.virtual_size = size
            self.refresh()
        else:
            self.refresh_lines(first, max(1, self.line_count() - first))
        if self._end_at is not None and self._end_at == self.scroll_offset:
            self.move_to_end(last=True)

    def _forget(self, changed: Callable[[int], bool]) -> None:
        """Rows that are others now are not what was drawn of them."""
        drawn = list(self._strips.keys())
        for key in drawn:
            if changed(key[0]):
                self._strips.discard(key)

    # The cursor

    @property
    def _row(self) -> int:
        """The row of the cursor."""
        last = max(0, len(self._segments) - 1)
        return last if self._cursor is None else min(self._cursor, last)

    def move(self, by: int) -> None:
        """Move the cursor by so many rows, from where it can be seen."""
        top = self.scroll_offset.y
        bottom = max(top, min(top + self.scrollable_content_region.height, len(self._segments)) - 1)
        self.go(max(top, min(self._row, bottom)) + by)

    def in_line(self) -> range:
        """See `LinePane.in_line`: that of the cursor alone, where it goes on at the right."""
        seen, row = super().in_line(), self._row
        room = self.scrollable_content_region.width
        return range(row, row + 1) if row in seen and self._cells_of(row) > room else seen

    def move_to_end(self, *, last: bool) -> None:
        """Go to the first or the last row."""
        self.go(len(self._segments) if last else 0)

    def go(self, row: int) -> None:
        """Put the cursor on a row."""
        before, last = self._row, max(0, len(self._segments) - 1)
        row = max(0, min(row, last))
        self._cursor = None if row == last and self.follows_end else row
        if row == last:
            self.scroll_end(animate=False, immediate=True, x_axis=False, force=True)
        else:
            self.release_anchor()
            self.scroll_to_region(Region(0, row, 1, 1), animate=False, immediate=True, x_axis=False)
        self._end_at = self.scroll_offset if row == last and self._unready() is not None else None
        self._forget(lambda one: one in (before, row))
        for one in (before, row):
            self.refresh_line(one)

    def on_focus(self) -> None:
        """Show the cursor."""
        self.go(self._row)

    def on_blur(self) -> None:
        """Show it no longer."""
        self.rows_changed(self._row)

    def action_scroll_up(self) -> None:
        """One row up."""
        self.move(-1)

    def action_scroll_down(self) -> None:
        """One row down."""
        self.move(1)

    def action_scroll_home(self) -> None:
        """The first row."""
        self.move_to_end(last=False)

    def action_scroll_end(self) -> None:
        """The last row."""
        self.move_to_end(last=True)

    def action_page_up(self) -> None:
        """As far up as is in view."""
        self.move(-self.scrollable_content_region.height)

    def action_page_down(self) -> None:
        """As far down as is in view."""
        self.move(self.scrollable_content_region.height)

    # Folding

    def action_flip(self) -> None:
        """Unfold what the cursor is on, or the next part above it that can be seen; or fold it again."""
        number, top = self._segments.at(self._row), self.scroll_offset.y
        while number >= 0 and self._segments.all:
            if self._flip(number):
                return
            if self._segments.start(number) <= top:
                break
            number -= 1
        raise SkipAction

    def on_click(self, event: events.Click) -> None:
        """Unfold, or fold, what was clicked."""
        row = event.y - self.gutter.top + self.scroll_offset.y
        if not self.is_marked and 0 <= row < len(self._segments) and not self._flip(self._segments.at(row)):
            self.go(row)

    def _flip(self, number: int) -> bool:
        """Unfold a segment, or fold it; whether there is anything to unfold."""
        key = self._segments.all[number].key
        if key is None:
            return False
        self._unfolded ^= {key}
        row = self._segments.start(number)
        self.refold(number)
        self.go(row)
        return True


def _made(make: Callable[[], Sequence[Row]]) -> tuple[Sequence[Row], int]:
    """Rows, and how wide the widest is."""
    rows = make()
    return rows, widest_of(rows)
