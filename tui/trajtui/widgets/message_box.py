"""Where the user types a message. What Enter does stands below the text, always."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Static

from trajcore import Delivery

if TYPE_CHECKING:
    from trajtui.widgets.message_text import MessageText


class MessageBox(Vertical):
    """A box at the bottom of the screen, there when it is asked for; before that it is empty."""

    _text: MessageText | None = None

    @dataclass
    class Submitted(Message):
        """The user sent `text`."""

        text: str
        delivery: Delivery

    class Closed(Message):
        """The box went away."""

    def open(self, hint: str, *, replaceable: bool) -> None:
        """Show the box; `hint` says what the keys do here."""
        self._replaceable = replaceable
        self.border_title = "Message"
        if self._text is None:
            from trajtui.widgets.message_text import MessageText  # a text box, which no first frame shows

            self._text = MessageText(id="message-text", soft_wrap=True, show_line_numbers=False)
            self.mount(self._text, Static(hint, id="message-hint", markup=False))
        else:
            self.query_one("#message-hint", Static).update(hint)
        self.display = True
        self.screen.set_focus(self._text)  # at once: the letters typed next are no commands

    def close(self) -> None:
        """Put the box away; what was typed stays for the next time."""
        self.display = False
        self.post_message(self.Closed())

    def on_message_text_sent(self, event: MessageText.Sent) -> None:
        """Hand the text on; nothing happens while there is none."""
        event.stop()
        text = "" if self._text is None else self._text.text.strip("\n")
        if not text.strip():
            return
        if event.delivery is Delivery.REPLACE and not self._replaceable:
            return
        self.post_message(self.Submitted(text, event.delivery))

    def on_message_text_left(self, event: MessageText.Left) -> None:
        """Put the box away."""
        event.stop()
        self.close()

    def clear(self) -> None:
        """The text was taken."""
        if self._text is not None:
            self._text.text = ""
