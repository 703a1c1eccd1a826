"""A pane of lines that are drawn only while they can be seen, however many there are."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.cache import LRUCache
from textual.geometry import Size
from textual.message import Message
from textual.reactive import var
from textual.scroll_view import ScrollView
from textual.strip import Strip

from trajcore.text import safe_line
from trajtui.widgets.marking import Mark, Part
from trajtui.widgets.sideways import MORE, LongLine
from trajtui.widgets.wrapping import CONSOLE

if TYPE_CHECKING:
    from trajcore.views.query import Query
    from trajcore.views.timeline import Row
    from trajtui.widgets.found import Said

ABOVE: Final = 4
"""So many rows are shown above one that is gone to."""
_DRAWN: Final = 300
"""So many lines are kept as they were drawn, the whole screen and some more: each is dozens of objects."""


class LinePane(ScrollView, can_focus=True):
    """Subclasses say how many lines there are and what each looks like; this one scrolls, marks and caches.

    A column for the bar is always kept free, so that what is wrapped to the pane is never cut by it.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"lines--match"}
    ALLOW_SELECT = False
    """A drag marks text in this pane alone, and does that here: Textual's would go on over its neighbours."""

    @dataclass
    class RowChosen(Message):
        """What a row of the timeline brought was chosen in another pane."""

        row: Row

    class EdgesChanged(Message):
        """Lines go on at other edges than before."""

    wraps: var[bool] = var(True)
    """Whether lines that are wider than the pane are continued below; otherwise they scroll sideways."""
    aside: var[str] = var("")
    """What stands at the right of the pane's title."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._strips: LRUCache[tuple[int, int, int], Strip] = LRUCache(_DRAWN)
        self._pressed: tuple[int, int] | None = None
        """The line and the cell on which the mouse's button went down that is still down."""
        self._mark: Mark | None = None
        self._query: Query | None = None
        self._told_edges = (False, False)

    can_wrap: ClassVar[bool] = False
    """Whether its lines are wrapped or not as the user wants it."""

    def turn_wrapping(self) -> str:
        """Wrap wide lines, or no longer; what is to be said of it."""
        if not self.can_wrap:
            return "lines are always wrapped here"
        self.wraps = not self.wraps
        self.scroll_to(x=0, animate=False)
        return "wide lines go on below" if self.wraps else "wide lines scroll sideways: ← →"

    @abstractmethod
    def line_count(self) -> int:
        """How many lines there are."""

    @abstractmethod
    def line_text(self, number: int) -> Text:
        """What line `number` looks like. Its text has been made safe."""

    def long_line(self, number: int) -> tuple[LongLine, Style] | None:
        """Line `number`, where it is one of which only what can be seen is to be drawn."""
        return None

    def copied(self, number: int) -> str:
        """What line `number` is in the text itself: a `Part`, where it is not the whole of a line there."""
        long = self.long_line(number)
        return long[0] if long is not None else self.line_text(number).plain.rstrip()

    def line_width(self) -> int:
        """The widest line, in cells; panes that wrap answer with their own width."""
        return self.scrollable_content_region.width

    def lines_changed(self) -> None:
        """Have the lines drawn again. A pane that is anchored keeps its end in view."""
        self._strips.clear()
        self.virtual_size = Size(self.line_width(), self.line_count())
        self.refresh()

    def line_changed(self, number: int) -> None:
        """Have one line drawn again."""
        self._strips.discard((number, self.scrollable_content_region.width, self.scroll_offset.x))
        self.refresh_line(number)

    def notify_style_update(self) -> None:
        """Colours have changed: forget what was drawn."""
        super().notify_style_update()
        self._strips.clear()

    def move(self, by: int) -> None:
        """Go so many lines down."""
        self.scroll_relative(y=by, animate=False)

    def move_to_end(self, *, last: bool) -> None:
        """Go to the first or the last line."""
        if last:
            self.scroll_end(animate=False)
        else:
            self.scroll_home(animate=False)

    # Sideways

    @property
    def edges(self) -> tuple[bool, bool]:
        """Whether lines go on at the left of what can be seen, and at the right."""
        return self.scroll_offset.x > 0, self.scroll_offset.x < self.max_scroll_x

    def to_line_end(self, *, last: bool) -> None:
        """Show where the line ends that is gone along, or where all begin."""
        room = self.scrollable_content_region.width
        end = max(map(self._cells_of, self.in_line()), default=0) if last else 0
        self.scroll_to(x=max(0, end - room), animate=False, immediate=True)

    def in_line(self) -> range:
        """The lines of which the longest is gone along: those in sight."""
        top = self.scroll_offset.y
        return range(top, min(top + self.scrollable_content_region.height, self.line_count()))

    def _cells_of(self, number: int) -> int:
        long = self.long_line(number)
        return self.line_text(number).cell_len if long is None else long[0].width

    def watch_scroll_x(self, old_value: float, new_value: float) -> None:
        """See `EdgesChanged`."""
        super().watch_scroll_x(old_value, new_value)
        self._tell_edges()

    def watch_virtual_size(self) -> None:
        """The same: there are other lines."""
        self._tell_edges()

    def _tell_edges(self) -> None:
        if self.edges != self._told_edges:
            self._told_edges = self.edges
            self.post_message(self.EdgesChanged())

    def part_style(self, name: str) -> Style:
        """The text style of a component class, resolved against the pane's own colours."""
        full = self.get_component_rich_style(name)
        return Style(
            color=full.color, bold=full.bold, dim=full.dim, italic=full.italic, underline=full.underline
        )

    def ground_style(self, name: str) -> Style:
        """What a component class puts a text on: a background, or the text reversed."""
        full = self.get_component_rich_style(name)
        return Style(bgcolor=full.bgcolor, reverse=full.reverse)

    def render_line(self, y: int) -> Strip:
        """One row of the pane."""
        number = self.scroll_offset.y + y
        width = self.scrollable_content_region.width
        base = self.rich_style
        if number >= self.line_count():
            return Strip.blank(width, base)
        left = self.scroll_offset.x
        key = (number, width, left)
        strip = self._strips.get(key)
        if strip is None:
            strip = self._strips[key] = self._drawn_part(number, left, width, base)
        columns = self._mark.columns(number) if self._mark is not None else None
        if columns is not None:
            strip = _styled(strip, columns[0] - left, columns[1] - left, _MARKED)
        return strip.apply_offsets(left, number)

    def _drawn_part(self, number: int, left: int, width: int, base: Style) -> Strip:
        """As much of a line as the pane has room for, with a mark where it goes on."""
        long = self.long_line(number)
        if long is None:
            whole = text_strip(self.line_text(number), base)
            length = whole.cell_length
            strip = whole.crop_extend(left, left + width, base)
        else:
            length = long[0].width
            strip = Strip([Segment(long[0].cut(left, width), base + long[1])]).adjust_cell_length(width, base)
        for begin, end in self.found_in(number, left, width):
            strip = _styled(strip, begin - left, end - left, self.part_style("lines--match"))
        more = Strip([Segment(MORE, base)])
        if left and length:
            strip = Strip.join([more, strip.crop(1)])
        return strip if length <= left + width else Strip.join([strip.crop(0, width - 1), more])

    # What is searched for

    def show_query(self, query: Query | None) -> None:
        """Mark what is searched for wherever it can be seen, or nothing any more."""
        self._query = query
        self._strips.clear()
        self.refresh()

    def found_in(self, number: int, left: int, width: int) -> list[tuple[int, int]]:
        """The cells of a line that are searched for, of those from cell `left` on that can be seen."""
        if self._query is None:
            return []
        from trajtui.widgets import found  # with the first search

        return list(found.cells(self._query, self.said(number, left, width, found.reach(self._query))))

    def said(self, number: int, left: int, width: int, reach: int) -> Iterator[Said]:
        """What of the text itself stands in a line, and so many characters of what it goes on from and in."""
        from trajtui.widgets.found import Said, said_by_long

        if (long := self.long_line(number)) is not None:
            yield said_by_long(long[0], left, width, reach)
            return
        row = self.copied(number)
        lead = row.lead if isinstance(row, Part) else 0
        below, behind = number + 1, row.end if isinstance(row, Part) else "\n"
        while not behind.endswith("\n") and len(behind) < reach and below < self.line_count():
            behind, below = behind + _joined(self.copied(below)), below + 1
        before, above = "", number
        while above and len(before) < reach:
            joined = _joined(self.copied(above - 1))
            if joined.endswith("\n"):
                break
            before, above = joined + before, above - 1
        yield Said(row[lead:], lead, before, behind.removesuffix("\n"))

    def seek(self) -> None:
        """Bring in sight where it says what is searched for, in panes that know where that may be."""

    def bring_in_sight(self, row: int, cell: int = 0) -> None:
        """Have a cell of a row in sight: where it is, or below some others, or in the middle of the pane."""
        room, at = self.scrollable_content_region, self.scroll_offset
        # By force: what has just been laid out may need bars that the pane has yet to show.
        if not at.y <= row < at.y + room.height:
            self.scroll_to(y=max(0, row - ABOVE), animate=False, immediate=True, force=True)
        if not at.x <= cell < at.x + room.width - 1:
            self.scroll_to(x=max(0, cell - room.width // 2), animate=False, immediate=True, force=True)

    # What is marked with the mouse

    @property
    def is_marked(self) -> bool:
        """Whether anything is marked."""
        return self._mark is not None

    @property
    def marked_text(self) -> str:
        """What is marked; nothing where nothing is."""
        if self._mark is None:
            return ""
        first, last = self._mark.rows
        rows = range(first, min(last, self.line_count() - 1) + 1)
        return "".join(self._marked_part(number, is_last=number == rows[-1]) for number in rows)

    def _marked_part(self, number: int, *, is_last: bool) -> str:
        assert self._mark is not None
        start, end = self._mark.columns(number) or (0, 0)
        row = self.copied(number)
        behind = row.end if isinstance(row, Part) else "\n"
        start = max(start, row.lead if isinstance(row, Part) else 0)
        line = row if isinstance(row, LongLine) else LongLine(row)
        return line.cut(start, max(0, end - start)) + ("" if is_last else behind)

    def unmark(self) -> bool:
        """Mark nothing any more; whether something was marked."""
        was_marked, self._mark = self._mark is not None, None
        if was_marked:
            self.refresh()
        return was_marked

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A mark begins where the button goes down, once the mouse moves."""
        self.unmark()
        if event.button == 1:
            self._pressed = self._cell(event)
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """The mark goes to where the mouse is; above and below the pane it scrolls."""
        if self._pressed is None:
            return
        if event.y < 0 or event.y >= self.scrollable_content_region.height:
            self.move_view(-1 if event.y < 0 else 1)
        cell = self._cell(event)
        if cell != self._pressed or self._mark is not None:
            self._mark = Mark(self._pressed, cell)
            self.refresh()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """The mark is made."""
        self._pressed = None
        self.release_mouse()

    def move_view(self, by: int) -> None:
        """Show lines further down, or up; what else the pane has stays where it is."""
        self.scroll_relative(y=by, animate=False)

    def _cell(self, event: events.MouseEvent) -> tuple[int, int]:
        """The line and the cell of it that the mouse is on, or the nearest there are."""
        inside = self.scrollable_content_region
        row = max(0, min(event.y - self.gutter.top, inside.height - 1)) + self.scroll_offset.y
        column = max(0, min(event.x - self.gutter.left, inside.width)) + self.scroll_offset.x
        return max(0, min(row, self.line_count() - 1)), column


def _styled(strip: Strip, start: int, end: int, style: Style) -> Strip:
    """A row whose cells from `start` to `end` are drawn in a style, whatever they were drawn in."""
    width = strip.cell_length
    start, end = max(0, min(start, width)), max(0, min(end, width))
    before, inside, behind = strip.crop(0, start), strip.crop(start, end), strip.crop(end, width)
    return Strip.join([before, Strip(Segment.apply_style(inside, post_style=style)), behind])


_MARKED: Final = Style(reverse=True)


def _joined(row: str) -> str:
    """A row, and what stands between it and the next one in the text itself."""
    return row[row.lead :] + row.end if isinstance(row, Part) else row + "\n"


def text_strip(text: Text, base: Style) -> Strip:
    """A text as one row of cells, drawn on `base`."""
    own = CONSOLE.get_style(text.style) if text.style else None
    ground = base + own if own else base
    segments = [
        Segment(segment.text, ground + segment.style if segment.style else ground)
        for segment in text.render(CONSOLE, end="")
        if segment.text
    ]
    return Strip(segments)


def safe_strip(strip: Strip) -> Strip:
    """A row with pictures in place of control characters, as wide as before."""
    if all(safe_line(segment.text) == segment.text for segment in strip):
        return strip
    safe = [Segment(safe_line(text), style) for text, style, control in strip if not control]
    return Strip(safe).adjust_cell_length(strip.cell_length)
