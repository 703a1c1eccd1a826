"""Two branches beside each other."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from trajcore.views.comparison import Compared, lines
from trajtui.screens.dialog import Dialog


class ComparedBranches(Dialog[None]):
    """What each of two branches came to, and where they part."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter", "leave", "close")]

    def __init__(self, found: Compared) -> None:
        super().__init__()
        self._found = found

    def compose(self) -> ComposeResult:
        """The lines, to scroll through where there are many."""
        with Vertical(classes="dialog"):
            yield Static("Two branches", markup=False, classes="question")
            with VerticalScroll():
                yield Static("\n".join(lines(self._found)), markup=False)
            yield Static("arrows scroll · Esc closes", markup=False, classes="note")

    def action_leave(self) -> None:
        """Back to the list."""
        self.dismiss(None)
