"""The text box of the line that is typed into a running command."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final

from textual.binding import Binding, BindingType
from textual.message import Message

from trajtui.widgets.inputs import SafeInput

_END_OF_INPUT: Final = "\x04"


class RunningLine(SafeInput):
    """Enter sends the line, Ctrl+D what stands in it and the end of the input, as a terminal does."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+d", "end_of_input", "end of input", show=False),
        Binding("escape", "leave", "leave", show=False),
    ]

    @dataclass
    class Entered(Message):
        """The user has typed this, the end of the line or of the input included."""

        text: str

    def __init__(self, left: Callable[[], None]) -> None:
        """`left` is called when the user leaves the line."""
        super().__init__(id="running-line", compact=True)
        self._left = left

    async def action_submit(self) -> None:
        """Send the line."""
        self._enter("\n")

    def action_end_of_input(self) -> None:
        """A program is told of the end where nothing stands before it on the line."""
        self._enter(_END_OF_INPUT * (1 + bool(self.value)))

    def action_leave(self) -> None:
        """Send nothing."""
        self._left()

    def _enter(self, end: str) -> None:
        text, self.value = self.value, ""
        self.post_message(self.Entered(f"{text}{end}"))
