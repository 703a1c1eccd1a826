"""A unified diff, to scroll through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from rich.style import Style
from rich.text import Text

from trajcore.text import safe_line
from trajtui.screens.pages import Pages
from trajtui.widgets.lines import LinePane

_WIDEST: Final = 2000
"""Characters of a line that are shown."""


class DifferenceScreen(Pages):
    """The lines of a diff; what goes and what comes are told by colour as well as by their marks."""

    def __init__(self, title: str, lines: Sequence[str]) -> None:
        added = sum(line.startswith("+") and not line.startswith("+++ ") for line in lines)
        removed = sum(line.startswith("-") and not line.startswith("--- ") for line in lines)
        super().__init__(f"{title}: +{added} −{removed} lines", DifferenceLines(lines))


class DifferenceLines(LinePane):
    """One row a line."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"difference--added", "difference--removed", "difference--place"}

    DEFAULT_CSS = """
    DifferenceLines > .difference--added { color: $text-success; }
    DifferenceLines > .difference--removed { color: $text-error; }
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
