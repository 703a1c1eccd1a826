"""Again from here: which models go on, and what they are told."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from trajcore import BadInput, Session
from trajcore.views import again
from trajtui.screens.dialog import Dialog, tell
from trajtui.screens.insert import EnteredText
from trajtui.widgets.inputs import SafeInput

_HINT: Final = "Enter begins · Tab: the other field · Ctrl+J: new line · Esc cancels"


class AskAgain(Dialog[again.Wanted | None]):
    """Asks for the models and the message with which to go on before an event."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "cancel")]

    def __init__(self, session: Session, proposal: again.Proposal) -> None:
        super().__init__()
        self._session = session
        self._proposal = proposal

    def compose(self) -> ComposeResult:
        """The place, the models, the message, and what the keys do or what is wrong."""
        proposal = self._proposal
        with Vertical(classes="dialog wide"):
            title = f"Again from before {proposal.place}, each model in a branch and a world of its own"
            yield Static(title, markup=False, classes="question")
            yield Static("Models, with a comma between them", markup=False, classes="label")
            yield SafeInput(proposal.models, placeholder="openai/gpt-5, …", id="again-models", compact=True)
            yield Static("Message; without one the model simply goes on", markup=False, classes="label")
            yield EnteredText(proposal.message, id="again-message")
            yield Static(_HINT, markup=False, classes="note")

    def on_mount(self) -> None:
        """The models come first."""
        self.query_one("#again-models", Input).focus()

    @on(Input.Submitted)
    @on(EnteredText.Sent)
    def take(self) -> None:
        """Answer with what was typed, or say what is wrong with it."""
        models = self.query_one("#again-models", Input).value
        message = self.query_one(EnteredText).value.strip("\n")
        try:
            found = again.wanted(self._session, self._proposal.index, models, message)
        except BadInput as error:
            tell(self.query_one(".note", Static), str(error), bad=True)
            return
        self.dismiss(found)

    def action_leave(self) -> None:
        """Do nothing."""
        self.dismiss(None)
