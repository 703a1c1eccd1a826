"""All keys and marks of the debugger."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from trajcore.views.marks import MEANINGS
from trajtui.screens.dialog import Dialog

if TYPE_CHECKING:
    from trajtui.actions.table import UserAction


class Help(Dialog[None]):
    """Every key and every mark of the screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1,enter", "dismiss_help", "close"),
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
    ]

    def __init__(self, actions: Sequence[UserAction]) -> None:
        super().__init__()
        self._actions = actions

    def compose(self) -> ComposeResult:
        """Groups of keys, then the marks."""
        with VerticalScroll(classes="dialog wide"):
            yield Static(_help_text(self._actions), markup=False)

    def action_scroll(self, by: int) -> None:
        """Scroll by a line."""
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)

    def action_dismiss_help(self) -> None:
        """Back to the debugger."""
        self.dismiss(None)


def _help_text(actions: Sequence[UserAction]) -> str:
    lines = []
    for group, rows in groupby(actions, key=lambda action: action.group):
        lines += [group, ""]
        lines += [f"  {action.shown:<10} {action.what}" for action in rows]
        lines.append("")
    lines += ["  Ctrl+P     every command by name", "  Tab        next pane", "", "Marks", ""]
    lines += [f"  {mark}          {what}" for mark, what in MEANINGS]
    return "\n".join(lines)
