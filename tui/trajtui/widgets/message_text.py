"""The text of a message while it is typed."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widgets import TextArea

from trajcore import Delivery
from trajtui.widgets.lines import safe_strip


class MessageText(TextArea):
    """A text box; Enter sends it, Ctrl+J is a new line, and ↑ in an empty one asks for what is queued.

    What is sent is called for, and told in no message: the box is gone before the next key comes.
    """

    def __init__(self, send: Callable[[Delivery], None]) -> None:
        """`send` is told what is to become of the text."""
        super().__init__(id="message-text", soft_wrap=True, show_line_numbers=False)
        self._send = send

    def on_mount(self) -> None:
        """Nothing moves unless the world moved."""
        self.cursor_blink = False

    class Recalled(Message):
        """The user wants the last queued message back."""

    async def _on_key(self, event: events.Key) -> None:
        deliveries = {"enter": Delivery.INSERT, "alt+r": Delivery.REPLACE, "ctrl+l": Delivery.LIVE}
        if event.key in deliveries:
            self._take(event)
            self._send(deliveries[event.key])
        elif event.key == "alt+up" or (event.key == "up" and not self.text):
            self._take(event)
            self.post_message(self.Recalled())
        elif event.key == "ctrl+j":
            self._take(event)
            self.insert("\n")
        else:
            await super()._on_key(event)

    def render_line(self, y: int) -> Strip:
        """One row; what was pasted cannot speak to the terminal."""
        return safe_strip(super().render_line(y))

    @staticmethod
    def _take(event: events.Key) -> None:
        event.stop()
        event.prevent_default()
