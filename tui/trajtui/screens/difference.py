"""A unified diff, to scroll through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from trajcore.text import safe_line
from trajtui.screens.dialog import Dialog
from trajtui.widgets.lines import LinePane

_WIDEST: Final = 2000
"""Characters of a line that are shown."""


class DifferenceScreen(Dialog[None]):
    """The lines of a diff; what goes and what comes are told by colour as well as by their marks."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "leave", "close"),
        Binding("j,down", "move(1)", show=False),
        Binding("k,up", "move(-1)", show=False),
        Binding("pagedown,space", "page(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("g,home", "end(False)", show=False),
        Binding("G,end", "end(True)", show=False),
        Binding("h,left", "sideways(-8)", show=False),
        Binding("l,right", "sideways(8)", show=False),
    ]

    DEFAULT_CSS = """
    DifferenceScreen { align: center middle; }
    DifferenceScreen .dialog { width: 120; max-width: 98%; height: 92%; max-height: 92%; padding: 0 1; }
    DifferenceScreen DifferenceLines { height: 1fr; }
    """

    def __init__(self, title: str, lines: Sequence[str]) -> None:
        super().__init__()
        self._title = title
        self._lines = lines

    def compose(self) -> ComposeResult:
        """The title above the lines."""
        added = sum(line.startswith("+") and not line.startswith("+++ ") for line in self._lines)
        removed = sum(line.startswith("-") and not line.startswith("--- ") for line in self._lines)
        with Vertical(classes="dialog"):
            title = f"{self._title}: +{added} −{removed} lines"
            yield Static(title, markup=False, classes="question")
            yield DifferenceLines(self._lines)
            yield Static("arrows, PgUp PgDn, g G move · Esc closes", markup=False, classes="note")

    @property
    def _pane(self) -> DifferenceLines:
        return self.query_one(DifferenceLines)

    def action_move(self, by: int) -> None:
        """Scroll by lines."""
        self._pane.move(by)

    def action_page(self, by: int) -> None:
        """Scroll by pages."""
        self._pane.move(by * max(1, self._pane.size.height - 1))

    def action_end(self, last: bool) -> None:
        """Go to the first or the last line."""
        self._pane.move_to_end(last=last)

    def action_sideways(self, by: int) -> None:
        """Scroll sideways along long lines."""
        self._pane.scroll_relative(x=by, animate=False)

    def action_leave(self) -> None:
        """Close it."""
        self.dismiss(None)


class DifferenceLines(LinePane):
    """One row a line."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"difference--added", "difference--removed", "difference--place"}

    DEFAULT_CSS = """
    DifferenceLines > .difference--added { color: $success; }
    DifferenceLines > .difference--removed { color: $error; }
    DifferenceLines > .difference--place { color: $text-muted; }
    """

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__()
        self._lines = lines
        self._width = max((min(len(line), _WIDEST) for line in lines), default=1) + 8

    def on_mount(self) -> None:
        """Draw the lines."""
        self.lines_changed()

    def line_count(self) -> int:
        """All of them."""
        return len(self._lines)

    def line_width(self) -> int:
        """The longest."""
        return self._width

    def line_text(self, number: int) -> Text:
        """A line in the colour of its mark."""
        line = self._lines[number]
        shown = line if len(line) <= _WIDEST else line[:_WIDEST] + "…"
        return Text(safe_line(shown), self._style(line))

    def _style(self, line: str) -> str | Style:
        if line.startswith(("@@", "--- ", "+++ ", "\\", "…")):
            return self.part_style("difference--place")
        if line.startswith("+"):
            return self.part_style("difference--added")
        return self.part_style("difference--removed") if line.startswith("-") else ""
