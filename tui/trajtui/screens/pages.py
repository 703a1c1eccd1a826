"""Lines to read and scroll through, over the other screens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from trajcore.text import safe_line
from trajtui.screens.dialog import Dialog
from trajtui.widgets.lines import LinePane
from trajtui.widgets.wrapping import wrapped


class Pages(Dialog[None]):
    """A title above a pane of lines; nothing in it can be changed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "leave", "close"),
        Binding("j,down", "move(1)", "down", show=False),
        Binding("k,up", "move(-1)", "up", show=False),
        Binding("pagedown,space", "page(1)", "a page down", show=False),
        Binding("pageup", "page(-1)", "a page up", show=False),
        Binding("g,home", "end(False)", "to the beginning", show=False),
        Binding("G,end", "end(True)", "to the end", show=False),
        Binding("h,left", "sideways(-8)", "to the left", show=False),
        Binding("l,right", "sideways(8)", "to the right", show=False),
    ]

    DEFAULT_CSS = """
    Pages { align: center middle; }
    Pages .dialog { width: 120; max-width: 98%; height: 92%; max-height: 92%; padding: 0 1; }
    Pages LinePane { height: 1fr; }
    """

    keys: ClassVar[str] = "arrows, PgUp PgDn, g G move · Esc closes"
    """What is said of them below the lines."""

    def __init__(self, title: str, pane: LinePane) -> None:
        super().__init__()
        self._title = title
        self._pane = pane

    def compose(self) -> ComposeResult:
        """The title above the lines."""
        with Vertical(classes="dialog"):
            yield Static(safe_line(self._title), markup=False, classes="question")
            yield self._pane
            yield Static(self.keys, markup=False, classes="note")

    def action_move(self, by: int) -> None:
        """Scroll by lines."""
        self._pane.move_view(by)

    def action_page(self, by: int) -> None:
        """Scroll by pages."""
        self._pane.move_view(by * max(1, self._pane.size.height - 1))

    def action_end(self, last: bool) -> None:
        """Go to the first or the last line."""
        self._pane.move_to_end(last=last)

    def action_sideways(self, by: int) -> None:
        """Scroll sideways along long lines."""
        self._pane.scroll_relative(x=by, animate=False)

    def action_leave(self) -> None:
        """Close it."""
        self.dismiss(None)


class Paragraphs(LinePane):
    """Lines of plain text, broken where the pane ends; `head` says which stand out."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"paragraphs--head"}

    DEFAULT_CSS = """
    Paragraphs > .paragraphs--head { color: $text-accent; text-style: bold; }
    """

    def __init__(self, lines: Sequence[str], head: Callable[[str], bool]) -> None:
        super().__init__()
        self._lines = lines
        self._head = head
        self._rows: list[tuple[str, bool]] = []

    def on_resize(self) -> None:
        """Break the lines anew."""
        width = max(1, self.scrollable_content_region.width)
        self._rows = [(row, self._head(line)) for line in self._lines for row in _broken(line, width)]
        self.lines_changed()

    def line_count(self) -> int:
        """All rows."""
        return len(self._rows)

    def line_text(self, number: int) -> Text:
        """A row, in the colour of a head where it is one."""
        text, head = self._rows[number]
        return Text(safe_line(text), self.part_style("paragraphs--head") if head else "")


def _broken(line: str, width: int) -> list[str]:
    """The rows of a line, each as far from the left as the first."""
    text = line.lstrip(" ")
    by = min(len(line) - len(text), width // 2)
    return [" " * by + row for row in wrapped(text, width - by)]
