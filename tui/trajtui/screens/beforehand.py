"""What is asked before a recording is shown: which one of a file, and what is to be known first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from trajcore.text import safe_line
from trajcore.views.question import Question
from trajtui.screens.dialogs import Choose
from trajtui.styles import START
from trajtui.themed import ThemedApp
from trajtui.widgets.inputs import Choices


class PickRow(ThemedApp[str]):
    """Asks for a row; its answer is the number of the row, or None."""

    TITLE = "trajtui"
    CSS_PATH = START
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,ctrl+q", "quit", "quit")]

    def __init__(self, file: str, rows: Sequence[tuple[int, str, str]], theme: str = "") -> None:
        """`rows` are the rows of the file: number, id, and why one cannot be opened."""
        super().__init__(theme)
        self._file = file
        self._rows = rows

    def compose(self) -> ComposeResult:
        """The rows by number and id; those that cannot be opened say why."""
        options = [
            Option(safe_line(f"{number:>5}  {id}  {fault}".rstrip()), id=str(number), disabled=bool(fault))
            for number, id, fault in self._rows
        ]
        with Vertical(id="start"):
            whole = sum(not fault for _, _, fault in self._rows)
            title = f"{self._file} holds {whole} trajectories: which one?"
            yield Static(safe_line(title), markup=False, classes="question")
            yield Choices(*options, markup=False)
            yield Static("Enter opens · q quits", markup=False, id="start-note")

    @on(OptionList.OptionSelected)
    def open_row(self, event: OptionList.OptionSelected) -> None:
        """Open the selected row."""
        self.exit(event.option.id)


class AskFirst(ThemedApp[str]):
    """Asks what is to be known before a recording is shown; its answer is None where the user quits."""

    TITLE = "trajtui"
    CSS_PATH = START
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("q,ctrl+q", "quit", "quit", priority=True)]

    def __init__(self, question: Question, theme: str = "") -> None:
        super().__init__(theme)
        self._question = question

    def on_mount(self) -> None:
        """Ask; Esc is the harmless answer."""
        harmless = next(iter(self._question.answers))
        self.push_screen(Choose.of(self._question), lambda answer: self.exit(answer or harmless))
