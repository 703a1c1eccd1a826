"""All keys and marks of the debugger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static, TextArea

from trajcore.views import marks, overview
from trajtui import keynames, leaving
from trajtui.screens.dialog import Dialog

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.binding import ActiveBinding
    from textual.widget import Widget

    from trajtui.actions.table import UserAction

_KEY_WIDTH: Final = 10
_TWO_COLUMNS: Final = 150
"""So wide a screen has room for two columns."""

Group = tuple[str, list[tuple[str, str]]]
"""A title, and keys or marks with what they are for."""


class Help(Dialog[None]):
    """Keys, and marks, in groups, beside each other where there is room."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1,enter", "dismiss_help", "close"),
        Binding("j,down", "scroll(1)", "down", show=False),
        Binding("k,up", "scroll(-1)", "up", show=False),
    ]

    def __init__(self, title: str, groups: Sequence[Group]) -> None:
        super().__init__()
        self._head = title
        self._groups = groups

    @classmethod
    def of_all(cls, actions: Sequence[UserAction], focused: Widget | None = None) -> Help:
        """Every key and every mark of the debugger; before them those of a text box, if one is `focused`."""
        here = _in_box(focused) if isinstance(focused, Input | TextArea) else []
        return cls("Keys and marks", [*here, *_groups(actions)])

    @classmethod
    def of_dialog(cls, dialog: Dialog[Any]) -> Help:
        """The keys that work in a dialog, as it is now."""
        bound = [one for one in dialog.active_bindings.values() if one.node is not dialog.app]
        own = [one for one in bound if one.node is dialog]
        return cls("Keys", [("Here", _named([*own, *(one for one in bound if one.node is not dialog)]))])

    def compose(self) -> ComposeResult:
        """A title, groups of keys, then the marks."""
        columns = _columns(self._groups, 2 if self.app.size.width >= _TWO_COLUMNS else 1)
        with Vertical(classes="dialog wide", id="help"):
            yield Static(self._head, markup=False, classes="question")
            with VerticalScroll(id="help-groups", classes="one" if len(columns) == 1 else ""), Horizontal():
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
    palette = next(action.shown for action in actions if action.name == "command_palette").split(" ")[0]
    groups: dict[str, list[tuple[str, str]]] = {}
    for action in actions:
        groups.setdefault(action.group, []).append((action.shown or palette, action.what))
    first = [("Esc", rung.word) for rung in leaving.RUNGS]
    return [
        *groups.items(),
        ("Esc does the first of these that applies", first),
        ("Marks", list(marks.MEANINGS)),
        ("The strip below the timeline", list(overview.MEANINGS)),
    ]


def _in_box(box: Widget) -> list[Group]:
    bound = [one for one in box.screen.active_bindings.values() if one.node is box]
    return [("In this box", _named(bound))]


def _named(bound: Iterable[ActiveBinding]) -> list[tuple[str, str]]:
    """What is said of bindings, with all keys of each."""
    keys: dict[str, list[str]] = {}
    for _, binding, _, _ in bound:
        if binding.description:
            keys.setdefault(binding.description, []).append(keynames.shown(binding.key))
    return [(" ".join(names), what) for what, names in keys.items()]


def _columns(groups: Sequence[Group], count: int) -> list[Sequence[Group]]:
    """The groups in order: in one column, or parted in two where the longer of them is shortest."""
    if count == 1:
        return [groups]
    lengths = [len(rows) + 2 for _, rows in groups]
    at = min(range(len(groups)), key=lambda at: max(sum(lengths[:at]), sum(lengths[at:])))
    return [groups[:at], groups[at:]]


def _shown(group: Group) -> Content:
    title, rows = group
    lines = [Content.styled(title, "bold")]
    for key, what in rows:
        lines.append(Content.assemble((f"{key:<{_KEY_WIDTH}} ", "$text-primary"), what))
    return Content("\n").join(lines)
