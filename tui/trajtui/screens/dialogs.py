"""Small questions over the screen: a choice, a path."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from trajcore.text import safe, safe_line
from trajcore.views.question import Question
from trajtui.screens.dialog import Dialog
from trajtui.widgets.inputs import Choices, SafeInput

Ask = Callable[[Any], Awaitable[Any]]
"""Shows a dialog and waits for its answer."""


class Choose(Dialog[str | None]):
    """A question with a few answers; Esc is the harmless one, and so is the first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss_none", "cancel"),
    ]

    def __init__(self, question: str, answers: Mapping[str, str]) -> None:
        super().__init__()
        self._question = question
        self._answers = answers

    @classmethod
    def of(cls, question: Question) -> Choose:
        """The dialog of a question that a view asks."""
        return cls(question.text, question.answers)

    def compose(self) -> ComposeResult:
        """The question above its answers."""
        with Vertical(classes="dialog"):
            yield Static(safe(self._question), markup=False, classes="question")
            yield Choices(
                *(Option(safe_line(text), id=key) for key, text in self._answers.items()), markup=False
            )

    def action_dismiss_none(self) -> None:
        """No answer."""
        self.dismiss(None)

    @on(OptionList.OptionSelected)
    def answer(self, event: OptionList.OptionSelected) -> None:
        """The user has chosen."""
        self.dismiss(event.option.id)


class AskPath(Dialog[Path | None]):
    """Where to write a file. A file that exists is only taken at the second Enter.

    `directory` says of a path whether a directory is made there: that has to be new, or empty.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss_none", "cancel")]

    def __init__(
        self, question: str, proposed: Path, *, directory: Callable[[Path], bool] = lambda _: False
    ) -> None:
        super().__init__()
        self._question = question
        self._directory = directory
        self._proposed = proposed
        self._asked_for: Path | None = None

    def compose(self) -> ComposeResult:
        """The question, the path, and a line for what is wrong with it."""
        with Vertical(classes="dialog"):
            yield Static(safe(self._question), markup=False, classes="question")
            yield SafeInput(str(self._proposed), select_on_focus=False)
            yield Static("Enter saves · Esc cancels", markup=False, id="path-note")

    def on_mount(self) -> None:
        """Show the end of a long path: the name of the file is there."""
        self.call_after_refresh(self._show_end)

    def _show_end(self) -> None:
        path = self.query_one(Input)
        path.action_home()
        path.action_end()

    def action_dismiss_none(self) -> None:
        """Do not write."""
        self.dismiss(None)

    @on(Input.Submitted)
    def check(self, event: Input.Submitted) -> None:
        """Take the path, or say why not."""
        if not event.value.strip():
            return
        path = Path(os.path.expanduser(event.value.strip()))
        note = self.query_one("#path-note", Static)
        if not os.path.isdir(path.absolute().parent):
            note.update(safe_line(f"there is no directory {path.absolute().parent}"))
        elif self._directory(path):
            if os.path.lexists(path) and (not os.path.isdir(path) or any(path.iterdir())):
                note.update("that is there already: name a new directory")
            else:
                self.dismiss(path)
        elif os.path.isdir(path):
            note.update("that is a directory: add a file name")
        elif os.path.islink(path) and path != self._proposed:
            note.update("that is a link, which a save does not follow: name the file itself")
        elif os.path.exists(path) and path != self._asked_for:
            self._asked_for = path
            note.update("this file exists: Enter again overwrites it")
        else:
            self.dismiss(path)
