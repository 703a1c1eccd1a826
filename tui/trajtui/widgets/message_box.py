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

    goes_live = False
    """Whether what is sent goes to the model, wherever the session is."""
    _text: MessageText | None = None
    _hint: Static | None = None

    @dataclass
    class Submitted(Message):
        """The user sent `text`."""

        text: str
        delivery: Delivery

    class Closed(Message):
        """The box went away."""

    class Recalled(Message):
        """The user wants the last queued message back."""

    def open(self, hint: str, *, live: bool = False) -> None:
        """Show the box; `hint` says what the keys do here. `live`: whatever is sent goes to the model."""
        self.goes_live = live
        self.border_title = "To the model, in a new branch" if live else "Message"
        text = self._made()
        self.hint(hint)
        self.display = True
        self.screen.set_focus(text)  # at once: the letters typed next are no commands

    def hint(self, hint: str) -> None:
        """Say what the keys do here."""
        if self._hint is not None:
            self._hint.update(hint)

    @property
    def typed(self) -> str:
        """What stands in it."""
        return "" if self._text is None else self._text.text

    def put_back(self, text: str) -> None:
        """Words that nobody has been given come before what is typed already, a blank line between them."""
        box = self._made()
        box.text = "\n\n".join(filter(None, (text, box.text.strip("\n"))))
        box.move_cursor(box.document.end)

    def _made(self) -> MessageText:
        if self._text is None:
            from trajtui.widgets.message_text import MessageText  # a text box, which no first frame shows

            self._text = MessageText(id="message-text", soft_wrap=True, show_line_numbers=False)
            self._hint = Static("", id="message-hint", markup=False)
            self.mount(self._text, self._hint)
        return self._text

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
        self.post_message(self.Submitted(text, Delivery.LIVE if self.goes_live else event.delivery))

    def on_message_text_recalled(self, event: MessageText.Recalled) -> None:
        """Hand the wish on."""
        event.stop()
        self.post_message(self.Recalled())

    def clear(self) -> None:
        """The text was taken."""
        if self._text is not None:
            self._text.text = ""
