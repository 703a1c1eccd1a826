"""What was edited, in order, and what was undone: to read, and to go to any point of it."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from trajcore.text import safe_line
from trajcore.views.edits import EditHistory
from trajtui.screens.dialog import Dialog
from trajtui.widgets.inputs import Choices


class HistoryList(Dialog[int | None]):
    """The edits; its answer is how many of them are to be done, None when all is to stay."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,U", "leave", "close")]

    def __init__(self, history: EditHistory) -> None:
        super().__init__()
        self._done = history.done
        self._lines = history.lines

    def compose(self) -> ComposeResult:
        """One line an edit, the first being the file as it was opened."""
        lines = map(safe_line, self._lines)
        options = [Option(self._shown(at, line), id=str(at)) for at, line in enumerate(lines)]
        with Vertical(classes="dialog wide"):
            yield Static("Edits", markup=False, classes="question")
            yield Choices(*options, markup=False)
            yield Static("Enter goes to that point · Esc closes", markup=False, classes="note")

    def on_mount(self) -> None:
        """Begin at where the recording is."""
        self.query_one(OptionList).highlighted = self._done

    def _shown(self, at: int, line: str) -> Content:
        if at == self._done:
            return Content(f"▶ {line}")
        return Content(f"  {line}") if at < self._done else Content.styled(f"  {line}  (undone)", "dim")

    def action_leave(self) -> None:
        """All stays as it is."""
        self.dismiss(None)

    @on(OptionList.OptionSelected)
    def pick(self, event: OptionList.OptionSelected) -> None:
        """Go to this point."""
        at = int(event.option.id or 0)
        self.dismiss(None if at == self._done else at)
