"""A diff, to scroll through: as wide as the terminal, both sides beside each other where there is room."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from trajcore.views.differing import HunksBlock
from trajcore.views.unified import from_unified
from trajtui.screens.pages import Pages
from trajtui.widgets.event import EventPane


class DifferenceScreen(Pages):
    """The lines of a unified diff, the words marked that differ."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right_square_bracket", "difference(1)", "next difference", show=False),
        Binding("left_square_bracket", "difference(-1)", "previous difference", show=False),
    ]

    DEFAULT_CSS = """
    DifferenceScreen .dialog { width: 98%; }
    """
    keys: ClassVar[str] = "arrows, PgUp PgDn, g G move · ] [ next, previous difference · Esc closes"

    def __init__(self, title: str, lines: Sequence[str]) -> None:
        added = sum(line.startswith("+") and not line.startswith("+++ ") for line in lines)
        removed = sum(line.startswith("-") and not line.startswith("--- ") for line in lines)
        self._lines = EventPane()
        self._lines.can_focus = False  # the keys are the dialog's
        self._block = HunksBlock(partial(from_unified, lines), id(lines), sum(map(len, lines)))
        super().__init__(f"{title}: +{added} −{removed} lines", self._lines)

    def on_mount(self) -> None:
        """Show the lines."""
        self._lines.show((self._block,))

    def action_difference(self, by: int) -> None:
        """Go to the next difference, or the one before."""
        self._lines.next_difference(by)
