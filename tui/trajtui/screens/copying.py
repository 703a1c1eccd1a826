"""The menu of what can be copied: a key each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from trajcore.views.copying import Part
from trajtui.screens.dialog import Dialog
from trajtui.widgets.inputs import Choices

SELECTED: Final = "selected"
"""The answer for what is selected with the mouse."""
_HINT: Final = "a letter copies that, Enter the line pointed at · Esc cancels"


class CopyMenu(Dialog[str | None]):
    """Asks what to copy; the answer is the name of a part, or `SELECTED`."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,y", "leave", "cancel")]

    def __init__(self, parts: Sequence[Part], rows: int, *, selected: bool) -> None:
        """`rows` are so many; `selected`: something is selected with the mouse."""
        super().__init__()
        self._rows = rows
        marked = [("s", SELECTED, "what is selected with the mouse")] if selected else []
        self._answers = [*marked, *((part.key, part.name, part.what) for part in parts)]

    def compose(self) -> ComposeResult:
        """A line for each."""
        of = "" if self._rows == 1 else f" of {self._rows} rows"
        with Vertical(classes="dialog"):
            yield Static(f"Copy{of}", markup=False, classes="question")
            yield Choices(
                *(Option(f"{key}  {what}", id=name) for key, name, what in self._answers), markup=False
            )
            yield Static(_HINT, markup=False, classes="note")

    def on_key(self, event: events.Key) -> None:
        """The key of a line takes it."""
        for key, name, _ in self._answers:
            if event.key == key:
                event.stop()
                self.dismiss(name)

    @on(OptionList.OptionSelected)
    def _take(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option.id)

    def action_leave(self) -> None:
        """Copy nothing."""
        self.dismiss(None)
