"""Where the user types a message. What Enter does stands below the text, always."""

from __future__ import annotations

from collections.abc import Callable
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

    class Recalled(Message):
        """The user wants the last queued message back."""

    def __init__(self, send: Callable[[str, Delivery], None], gone: Callable[[], None], *, id: str) -> None:
        """`send` is called with what the user sends, `gone` when the box went away: by the key that did it.

        A message would come behind the next key, which would go into a box that nobody sees any more.
        """
        super().__init__(id=id)
        self._send = send
        self._gone = gone

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

            self._text = MessageText(self._hand_on)
            self._hint = Static("", id="message-hint", markup=False)
            self.mount(self._text, self._hint)
        return self._text

    def close(self) -> None:
        """Put the box away; what was typed stays for the next time."""
        self.display = False
        self._gone()

    def _hand_on(self, delivery: Delivery) -> None:
        """Hand the text on; nothing happens while there is none."""
        text = self.typed.strip("\n")
        if text.strip():
            self._send(text, Delivery.LIVE if self.goes_live else delivery)

    def on_message_text_recalled(self, event: MessageText.Recalled) -> None:
        """Hand the wish on."""
        event.stop()
        self.post_message(self.Recalled())

    def clear(self) -> None:
        """The text was taken."""
        if self._text is not None:
            self._text.text = ""
