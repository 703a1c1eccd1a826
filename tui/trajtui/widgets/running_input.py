"""The line that the user types into a command while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Static

if TYPE_CHECKING:
    from trajtui.widgets.running_line import RunningLine

_HINT: Final = "Enter types it into the command · Ctrl+D: end of input · Esc leaves"


class RunningInput(Horizontal):
    """At the bottom of the screen, from when it is asked for until the command has ended."""

    _line: RunningLine | None = None

    @dataclass
    class Typed(Message):
        """The user has typed `text`, the end of the line included, into what runs."""

        text: str

    def __init__(self, gone: Callable[[], None]) -> None:
        """`gone` is called when the line went away."""
        super().__init__(id="running")
        self._gone = gone

    def open(self) -> None:
        """Show the line; the letters typed next are no commands."""
        if self._line is None:
            from trajtui.widgets.running_line import RunningLine  # a text box, which no first frame shows

            self._line = RunningLine(self.close)
            self.mount(Static("into the command:", markup=False, id="running-name"), self._line)
            self.mount(Static(_HINT, markup=False, id="running-hint"))
        self.display = True
        self.screen.set_focus(self._line)

    def close(self) -> None:
        """Put the line away, with what was not sent."""
        if self._line is not None and self.display:
            self._line.value = ""
            self.display = False
            self._gone()

    def on_running_line_entered(self, event: RunningLine.Entered) -> None:
        """Hand it on."""
        event.stop()
        self.post_message(self.Typed(event.text))
