"""What every dialog is: a screen over the others that is answered once."""

from __future__ import annotations

from typing import ClassVar

from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen, ScreenResultType
from textual.widgets import Static

from trajcore.text import safe_line
from trajtui.styles import DIALOGS


def tell(note: Static, text: str, *, bad: bool = False) -> None:
    """Say in a line of a screen what its keys do, or what is wrong (`bad`)."""
    note.update(safe_line(text))
    note.set_class(bad, "bad")


class Dialog(ModalScreen[ScreenResultType]):
    """A screen that takes an answer only while it is the uppermost.

    Two quick keys are two answers: Textual would take the second for one to whatever screen is beneath, and
    take that off, the debugger not excepted.
    """

    CSS_PATH = DIALOGS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+z", "app.suspend_process", "suspend", show=False, id="suspend"),
        Binding("f1,question_mark", "keys", "these keys", show=False, id="help"),
    ]

    def action_keys(self) -> None:
        """Show the keys that work here."""
        from trajtui.screens.help import Help  # which is a dialog

        self.app.push_screen(Help.of_dialog(self))

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Go away with an answer; nothing happens where it has been given, or another dialog is in front."""
        return super().dismiss(result) if self.is_active else AwaitComplete()
