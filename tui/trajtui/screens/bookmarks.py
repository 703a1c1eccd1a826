"""The list of bookmarks: go to one, remove it."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import OptionList, Static

from trajcore import Session
from trajcore.views import marks
from trajcore.views.bookmarks import BookmarkLine, bookmark_lines
from trajtui.screens.dialog import Dialog
from trajtui.widgets.inputs import Choices


class BookmarkList(Dialog[int]):
    """Every bookmark of the recording. The answer is the uid of the event to go to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "close"),
        Binding("d,delete", "remove", "remove", show=False),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._lines: list[BookmarkLine] = []

    def compose(self) -> ComposeResult:
        """The list above what the keys do."""
        with Vertical(classes="dialog wide"):
            yield Static("Bookmarks", markup=False, classes="question")
            yield Choices(markup=False)
            yield Static("", markup=False, classes="note")

    def on_mount(self) -> None:
        """Fill the list."""
        self._fill()

    def _fill(self) -> None:
        options = self.query_one(OptionList)
        at = options.highlighted or 0
        options.clear_options()
        self._lines = bookmark_lines(self._session)
        options.add_options([f"{marks.BOOKMARK} {line.what}" for line in self._lines])
        if self._lines:
            options.highlighted = min(at, len(self._lines) - 1)
        none = "there is none yet: Ctrl+P Bookmark sets one on the selected event · Esc closes"
        hint = "Enter goes there · d removes · Esc closes" if self._lines else none
        self.query_one(".note", Static).update(hint)

    @on(OptionList.OptionSelected)
    def go(self, event: OptionList.OptionSelected) -> None:
        """Go to it."""
        self.dismiss(self._lines[event.option_index].uid)

    def action_leave(self) -> None:
        """Back to the debugger."""
        self.dismiss(None)

    def action_remove(self) -> None:
        """Remove the selected one."""
        at = self.query_one(OptionList).highlighted
        if at is not None and at < len(self._lines):
            self._session.toggle_bookmark(self._lines[at].index)
            self._fill()
