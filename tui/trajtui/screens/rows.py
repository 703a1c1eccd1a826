"""Which of a file's trajectories to open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from trajcore.text import safe_line
from trajtui.widgets.choices import Choices


class RowsApp(App[str]):
    """Asks for a row; its answer is the number of the row, or None."""

    TITLE = "trajtui"
    CSS_PATH = "../app.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,ctrl+q", "quit", "quit")]

    def __init__(self, file: str, rows: Sequence[tuple[int, str]]) -> None:
        """`rows` are the numbers of the trajectories in the file, and their ids."""
        super().__init__()
        self._file = file
        self._rows = rows

    def compose(self) -> ComposeResult:
        """The rows by number and id."""
        options = [Option(f"{number:>5}  {safe_line(id)}", id=str(number)) for number, id in self._rows]
        with Vertical(id="start"):
            title = f"{self._file} holds {len(self._rows)} trajectories: which one?"
            yield Static(safe_line(title), markup=False, classes="question")
            yield Choices(*options, markup=False)
            yield Static("Enter opens · q quits", markup=False, id="start-note")

    @on(OptionList.OptionSelected)
    def open_row(self, event: OptionList.OptionSelected) -> None:
        """Open the selected row."""
        self.exit(event.option.id)
