"""The world that a run begins in: what names it and where that stands, and what else it could be."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from trajcore import BadInput, Session
from trajcore.text import safe_line
from trajcore.views import worlds
from trajtui.screens.dialog import Dialog
from trajtui.widgets.inputs import Choices, SafeInput

_HINT: Final = "Enter restarts the run in it · Tab: the fields · Esc leaves"
_REPOSITORY: Final = "repository: a directory or an address, @ and a commit behind it"
_MAPS: Final = "other names for directories, for example /testbed=/workspace/x"


class WorldSettings(Dialog[worlds.Choice | None]):
    """Asks in which world the run is to begin; its answer is the choice, for a restart."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "cancel")]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._form = worlds.form(session)

    def compose(self) -> ComposeResult:
        """What names the world, the choices, what the user can bring, and what the keys do."""
        form = self._form
        with Vertical(classes="dialog wide", id="world"):
            yield Static("The world that the run begins in", markup=False, classes="question")
            with VerticalScroll(id="world-facts", can_focus=False):
                yield Static("\n".join(form.facts), markup=False)
            yield Choices(*(Option(text, id=name) for name, text in form.choices), markup=False)
            yield SafeInput(form.repository, placeholder=_REPOSITORY, id="world-repo", compact=True)
            yield SafeInput(form.maps, placeholder=_MAPS, id="world-maps", compact=True)
            yield Static(_HINT, markup=False, classes="note")

    def on_mount(self) -> None:
        """Point at what is chosen now."""
        names = [name for name, _ in self._form.choices]
        choices = self.query_one(Choices)
        choices.highlighted = names.index(self._form.chosen) if self._form.chosen in names else 0
        choices.focus()

    @on(OptionList.OptionSelected)
    @on(Input.Submitted)
    def take(self) -> None:
        """Answer with what is chosen, or say what is wrong with it."""
        at = self.query_one(Choices).highlighted or 0
        repository = self.query_one("#world-repo", Input).value
        maps = self.query_one("#world-maps", Input).value
        try:
            choice = worlds.chosen(self._session, self._form.choices[at][0], repository, maps)
        except BadInput as error:
            note = self.query_one(".note", Static)
            note.update(safe_line(str(error)))
            note.add_class("bad")
            return
        self.dismiss(choice)

    def action_leave(self) -> None:
        """Change nothing."""
        self.dismiss(None)
