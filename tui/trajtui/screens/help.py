"""All keys and marks of the debugger."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from trajcore.views.marks import MEANINGS
from trajtui.screens.dialog import Dialog

if TYPE_CHECKING:
    from trajtui.actions.table import UserAction

_PALETTE: Final = "Ctrl+P"
_KEY_WIDTH: Final = 10
_TWO_COLUMNS: Final = 150
"""So wide a screen has room for two columns."""

Group = tuple[str, list[tuple[str, str]]]
"""A title, and keys or marks with what they are for."""


class Help(Dialog[None]):
    """Every key and every mark of the screen, in groups, beside each other where there is room."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1,enter", "dismiss_help", "close"),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
    ]

    def __init__(self, actions: Sequence[UserAction]) -> None:
        super().__init__()
        self._groups = _groups(actions)

    def compose(self) -> ComposeResult:
        """A title, groups of keys, then the marks."""
        columns = _columns(self._groups, 2 if self.app.size.width >= _TWO_COLUMNS else 1)
        with Vertical(classes="dialog wide", id="help"):
            yield Static("Keys and marks", markup=False, classes="question")
            with VerticalScroll(id="help-groups"), Horizontal():
                for column in columns:
                    yield Static(Content("\n\n").join(map(_shown, column)), markup=False)
            yield Static("arrows scroll · Esc closes", markup=False, classes="note")

    def action_scroll(self, by: int) -> None:
        """Scroll by a line."""
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)

    def action_dismiss_help(self) -> None:
        """Back to the debugger."""
        self.dismiss(None)


def _groups(actions: Sequence[UserAction]) -> list[Group]:
    groups: list[Group] = [
        (title, [(action.shown or _PALETTE, action.what) for action in rows])
        for title, rows in groupby(actions, key=lambda action: action.group)
    ]
    groups[-1][1].extend([(_PALETTE, "every command by name"), ("Tab", "next pane")])
    return [*groups, ("Marks", list(MEANINGS))]


def _columns(groups: list[Group], count: int) -> list[list[Group]]:
    """The groups in order, in columns of about the same length."""
    half = sum(len(rows) + 2 for _, rows in groups) / count
    columns: list[list[Group]] = [[]]
    length = 0
    for group in groups:
        if length >= half - len(group[1]) / 2 and len(columns) < count:
            columns.append([])
            length = 0
        columns[-1].append(group)
        length += len(group[1]) + 2
    return columns


def _shown(group: Group) -> Content:
    title, rows = group
    lines = [Content.styled(title, "bold")]
    for key, what in rows:
        lines.append(Content.assemble((f"{key:<{_KEY_WIDTH}} ", "$text-primary"), what))
    return Content("\n").join(lines)
