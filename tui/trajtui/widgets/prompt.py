"""One line at the bottom of the timeline where a search, a place or a filter is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Static

from trajcore.text import safe_line

if TYPE_CHECKING:
    from textual.events import Key
    from textual.widgets import Input


class Purpose(Protocol):
    """What is typed for."""

    sign: str
    """What stands before the line."""
    hint: str
    """What can be typed, and what the keys do."""
    enter: str
    """What Enter does, in a word of the footer."""

    def typed(self, text: str) -> bool:
        """The line says something else than before; whether that was all."""
        ...

    def kept(self, text: str) -> bool:
        """The user pressed Enter; whether that was all."""
        ...

    def erased(self) -> bool:
        """The user pressed Backspace where nothing is typed; whether that ends it."""
        ...

    def left(self) -> None:
        """The user wants none of it."""


class Prompt(Vertical):
    """There while something is typed; before the first time it is empty."""

    purpose: Purpose | None = None
    """What is typed for, while something is."""
    _input: Input | None = None

    class Closed(Message):
        """It went away."""

    def open(self, purpose: Purpose, text: str = "") -> None:
        """Ask for a line."""
        if self.purpose is not None:
            self.purpose.left()
        self.purpose = None  # what was typed before is nobody's
        field = self._made()
        self._sign.update(purpose.sign)
        self.put(text)
        self.purpose = purpose
        self.count("")
        self.say(purpose.hint)
        self.display = True
        self.screen.set_focus(field)  # at once: the letters typed next are no commands

    def put(self, text: str) -> None:
        """Have a text in the line, as if it had been typed."""
        if self._input is not None:
            self._input.value = text
            self._input.cursor_position = len(text)

    def say(self, text: str, *, bad: bool = False) -> None:
        """Say what the keys do, or what is wrong."""
        if self._input is not None:
            self._hint.update(safe_line(text))
            self._hint.set_class(bad, "bad")

    def count(self, text: str) -> None:
        """Show at the end of the line how much was found."""
        if self._input is not None:
            self._count.update(text)

    def _made(self) -> Input:
        if self._input is None:
            from trajtui.widgets.inputs import SafeInput  # a text box, which no first frame shows

            self._input = SafeInput(id="prompt-text", select_on_focus=False)
            self._sign = Static("", id="prompt-sign", markup=False)
            self._count = Static("", id="prompt-count", markup=False)
            self._hint = Static("", id="prompt-hint", markup=False)
            self.mount(Horizontal(self._sign, self._input, self._count), self._hint)
        return self._input

    def _close(self) -> None:
        self.purpose = None
        self.display = False
        self.post_message(self.Closed())

    def on_input_changed(self, event: Input.Changed) -> None:
        """Hand on what is typed."""
        event.stop()
        now = event.value == event.input.value
        if self.purpose is not None and now and self.purpose.typed(event.value):
            self._close()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep what was typed."""
        event.stop()
        if self.purpose is not None and self.purpose.kept(event.input.value):
            self._close()

    def on_key(self, event: Key) -> None:
        """Escape gives it up, Tab keeps it."""
        if self.purpose is None or self._input is None:
            return
        text = self._input.value
        if event.key == "escape":
            self.purpose.left()
            self._close()
        elif event.key in ("tab", "shift+tab"):
            if self.purpose.kept(text):
                self._close()
        elif event.key == "backspace" and not text:
            if self.purpose.erased():
                self._close()
        else:
            return
        event.stop()
        event.prevent_default()
