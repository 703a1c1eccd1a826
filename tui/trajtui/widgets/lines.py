"""A pane of lines that are drawn only while they can be seen, however many there are."""

from __future__ import annotations

from abc import abstractmethod
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.cache import LRUCache
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from trajcore.text import TAB, safe_line


class LinePane(ScrollView, can_focus=True):
    """Subclasses say how many lines there are and what each looks like; this one scrolls and caches."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._strips: LRUCache[tuple[int, int], Strip] = LRUCache(1000)

    @abstractmethod
    def line_count(self) -> int:
        """How many lines there are."""

    @abstractmethod
    def line_text(self, number: int) -> Text:
        """What line `number` looks like. Its text has been made safe."""

    def line_width(self) -> int:
        """The widest line, in cells; panes that wrap answer with their own width."""
        return self.scrollable_content_region.width

    def lines_changed(self) -> None:
        """Have the lines drawn again. A pane that is anchored keeps its end in view."""
        self._strips.clear()
        self.virtual_size = Size(self.line_width(), self.line_count())
        self.refresh()

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

    def part_style(self, name: str) -> Style:
        """The text style of a component class, resolved against the pane's own colours."""
        full = self.get_component_rich_style(name)
        return Style(
            color=full.color, bold=full.bold, dim=full.dim, italic=full.italic, underline=full.underline
        )

    def ground_style(self, name: str) -> Style:
        """The background of a component class."""
        return Style(bgcolor=self.get_component_rich_style(name).bgcolor)

    def render_line(self, y: int) -> Strip:
        """One row of the pane."""
        number = self.scroll_offset.y + y
        width = self.scrollable_content_region.width
        base = self.rich_style
        if number >= self.line_count():
            return Strip.blank(width, base)
        key = (number, width)
        strip = self._strips.get(key)
        if strip is None:
            strip = text_strip(self.line_text(number), base)
            self._strips[key] = strip
        left = self.scroll_offset.x
        return strip.crop_extend(left, left + width, base).apply_offsets(left, number)


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


CONSOLE = Console(color_system="truecolor", force_terminal=True, width=10_000, legacy_windows=False)
"""Where texts become segments; nothing is ever written to it."""


# Wrapping

_WRAP_LIMIT: Final = 2_000_000


def wrapped_text(line: Text, width: int) -> list[Text]:
    """The rows of a coloured line, each at most `width` cells wide."""
    if line.cell_len <= width:
        return [line]
    return list(line.wrap(CONSOLE, width, tab_size=TAB, overflow="fold"))


def wrapped(text: str, width: int) -> list[str]:
    """The rows of a safe text, broken at spaces where there are any; each at most `width` cells wide."""
    rows: list[str] = []
    for line in text.expandtabs(TAB).split("\n"):
        if len(line) <= width and (line.isascii() or cell_len(line) <= width):
            rows.append(line)
        elif len(line) > _WRAP_LIMIT:
            rows.append(line[:width])
        else:
            rows.extend(_broken(line, width))
    return rows


def _broken(line: str, width: int) -> list[str]:
    rows, at = [], 0
    while at < len(line):
        end = at + _fitting(line[at : at + width], width)
        space = line.rfind(" ", at, end + 1) if end < len(line) else -1
        if space - at > width // 3:
            rows.append(line[at:space])
            at = space + 1
        else:
            rows.append(line[at:end])
            at = end
    return rows


def _fitting(head: str, width: int) -> int:
    """How many characters fit into `width` cells; at least one."""
    if head.isascii():
        return len(head)
    used = 0
    for place, character in enumerate(head):
        used += cell_len(character)
        if used > width:
            return max(1, place)
    return len(head)
