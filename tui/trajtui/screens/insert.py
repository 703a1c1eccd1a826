"""What is inserted: a message to type, or a kind to pick."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from trajcore.text import safe_line
from trajcore.views.form import insertable_kinds
from trajtui.screens.dialog import Dialog
from trajtui.widgets.inputs import Choices, SafeTextArea


class EnteredText(SafeTextArea):
    """A text; Enter takes it and Ctrl+J is a new line."""

    class Sent(Message):
        """The user is done."""

    async def _on_key(self, event: events.Key) -> None:
        if event.key not in ("enter", "ctrl+j"):
            await super()._on_key(event)
            return
        event.stop()
        event.prevent_default()
        if event.key == "enter":
            self.post_message(self.Sent())
        else:
            self.insert("\n")


class AskText(Dialog[str | None]):
    """Asks for a text of one line or more; None when there is to be none."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "cancel")]

    def __init__(self, question: str, text: str = "", *, enter: str = "inserts", empty: bool = False) -> None:
        """`text` is there to begin with, `enter` says what Enter does, `empty` that no text is one too."""
        super().__init__()
        self._question = question
        self._text = text
        self._enter = enter
        self._empty = empty
        self._warned = False

    def compose(self) -> ComposeResult:
        """The question, the text, and what the keys do."""
        with Vertical(classes="dialog wide"):
            yield Static(safe_line(self._question), markup=False, classes="question")
            yield EnteredText(self._text, highlight=None if self._text else "markdown", classes="value")
            yield Static(
                f"Enter {self._enter} · Ctrl+J: new line · Esc cancels",
                markup=False,
                classes="note",
                id="text-note",
            )

    @on(EnteredText.Sent)
    def take(self) -> None:
        """Take the text, if there is any."""
        text = self.query_one(EnteredText).value.strip("\n")
        if text.strip() or self._empty:
            self.dismiss(text)

    def action_leave(self) -> None:
        """Cancel; what was typed is only thrown away at the second Esc."""
        if self.query_one(EnteredText).value.strip() not in ("", self._text.strip()) and not self._warned:
            self._warned = True
            self.query_one("#text-note", Static).update("Esc again throws what was typed away")
        else:
            self.dismiss(None)


_OTHER: Final = "other"


class AskKind(Dialog[str | None]):
    """Asks which kind of event to insert; an empty kind is one that the user writes as JSON."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "cancel")]

    def compose(self) -> ComposeResult:
        """The kinds, with what each is."""
        with Vertical(classes="dialog"):
            yield Static("Insert which kind of event?", markup=False, classes="question")
            names = [*insertable_kinds(), (_OTHER, "anything else, as JSON")]
            yield Choices(*(Option(f"{name:<19} {what}", id=name) for name, what in names), markup=False)

    def action_leave(self) -> None:
        """None after all."""
        self.dismiss(None)

    @on(OptionList.OptionSelected)
    def pick(self, event: OptionList.OptionSelected) -> None:
        """This kind."""
        self.dismiss("" if event.option.id == _OTHER else event.option.id)
