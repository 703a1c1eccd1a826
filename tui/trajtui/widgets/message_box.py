"""Where the user types a message. What Enter does stands below the text, always."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.strip import Strip
from textual.widgets import Static, TextArea

from trajcore import Delivery
from trajtui.widgets.inputs import safe_strip


class _Text(TextArea):
    """The text itself; Enter sends it and Ctrl+J is a new line."""

    @dataclass
    class Sent(Message):
        """The user is done; `delivery` is what is to become of the text."""

        delivery: Delivery

    class Left(Message):
        """The user went away without sending."""

    async def _on_key(self, event: events.Key) -> None:
        deliveries = {"enter": Delivery.INSERT, "alt+r": Delivery.REPLACE, "ctrl+l": Delivery.LIVE}
        if event.key in deliveries:
            self._take(event)
            self.post_message(self.Sent(deliveries[event.key]))
        elif event.key == "escape":
            self._take(event)
            self.post_message(self.Left())
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


class MessageBox(Vertical):
    """A box at the bottom of the screen, there when it is asked for."""

    @dataclass
    class Submitted(Message):
        """The user sent `text`."""

        text: str
        delivery: Delivery

    class Closed(Message):
        """The box went away."""

    def compose(self) -> ComposeResult:
        """A text and its hint."""
        yield _Text(id="message-text", soft_wrap=True, show_line_numbers=False)
        yield Static("", id="message-hint", markup=False)

    def open(self, hint: str, *, replaceable: bool) -> None:
        """Show the box; `hint` says what the keys do here."""
        self._replaceable = replaceable
        self.border_title = "Message"
        self.query_one("#message-hint", Static).update(hint)
        self.display = True
        self.screen.set_focus(self.query_one(_Text))  # at once: the letters typed next are no commands

    def close(self) -> None:
        """Put the box away; what was typed stays for the next time."""
        self.display = False
        self.post_message(self.Closed())

    def on__text_sent(self, event: _Text.Sent) -> None:
        """Hand the text on; nothing happens while there is none."""
        event.stop()
        area = self.query_one(_Text)
        if not area.text.strip():
            return
        if event.delivery is Delivery.REPLACE and not self._replaceable:
            return
        self.post_message(self.Submitted(area.text.strip("\n"), event.delivery))

    def on__text_left(self, event: _Text.Left) -> None:
        """Put the box away."""
        event.stop()
        self.close()

    def clear(self) -> None:
        """The text was taken."""
        self.query_one(_Text).text = ""
