"""The model that the next call goes to: one that config.toml has a name for, or what is typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from trajcore import BadInput, ModelUnavailable, Session
from trajcore.views import models
from trajtui.screens.dialog import Dialog, tell
from trajtui.widgets.inputs import Choices, LabelledInput

if TYPE_CHECKING:
    from trajcore.views.models import ModelSettings

_HINT: Final = "Enter takes it for the next call · Tab: the fields · Esc leaves"
_FIELDS: Final = {
    "model": ("model", "as litellm names it: openai/gpt-4o"),
    "key": ("key", "hidden, kept in no file; empty: as it is set"),
    "base_url": ("base URL", "where it is not the provider's own"),
    "effort": ("effort", "of reasoning: low, medium, high; empty: as the model has it"),
}


@dataclass(frozen=True)
class Picked:
    """The model that was chosen, and what is to be said of it."""

    model: ModelSettings
    left_out: tuple[str, ...]


class ModelDialog(Dialog[Picked | None]):
    """Asks which model the next call goes to, with which key, where, and with how much effort."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "cancel")]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._form = models.form(session)

    def compose(self) -> ComposeResult:
        """The models that have names, the fields, and what the keys do."""
        with Vertical(classes="dialog wide", id="model"):
            yield Static("The model that the next call goes to", markup=False, classes="question")
            yield Choices(*(Option(text) for _, text in self._form.choices), markup=False)
            for name, (label, what) in _FIELDS.items():
                yield LabelledInput(label, id=f"model-{name}", what=what, password=name == "key")
            yield Static(_HINT, markup=False, classes="note")

    def on_mount(self) -> None:
        """Point at the model that the session has."""
        self.query_one(Choices).highlighted = 0
        self.query_one(Choices).focus()

    @property
    def _pointed_at(self) -> str:
        return self._form.names[self.query_one(Choices).highlighted or 0]

    def _field(self, name: str) -> Input:
        return self.query_one(f"#model-{name}", Input)

    @on(OptionList.OptionHighlighted)
    def fill(self) -> None:
        """Show the settings of the model that is pointed at."""
        found = models.fields_of(self._session, self._pointed_at)
        self._field("model").value = found.model
        self._field("base_url").value = found.base_url
        self._field("effort").value = found.effort

    @on(OptionList.OptionSelected)
    @on(Input.Submitted)
    def take(self) -> None:
        """Answer with what is chosen, or say what is wrong with it."""
        typed = models.Fields(**{name: self._field(name).value for name in _FIELDS})
        try:
            model = models.chosen(self._session, self._pointed_at, typed)
        except (BadInput, ModelUnavailable) as error:
            tell(self.query_one(".note", Static), str(error), bad=True)
            return
        self.dismiss(Picked(model, models.left_out(self._session, self._pointed_at)))

    def action_leave(self) -> None:
        """Change nothing."""
        self.dismiss(None)
