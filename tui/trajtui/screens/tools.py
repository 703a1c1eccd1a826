"""The tools of the live agent: which of them it has from its next reply on."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import OptionList, Static

from trajcore import BadInput, Session
from trajcore.text import safe_line
from trajcore.views.tools import ToolLine, switched, tool_lines
from trajtui.screens.dialog import Dialog, tell
from trajtui.widgets.inputs import Choices

_HINT: Final = "Space on/off, from the agent's next reply on · Esc closes"


class ToolList(Dialog[None]):
    """A list to switch tools on and off in; it takes effect at once."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close", "close"),
        Binding("space", "switch", "on, off", show=False),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._lines: list[ToolLine] = []

    def compose(self) -> ComposeResult:
        """The list, and what the keys do."""
        with Vertical(classes="dialog wide"):
            yield Static("Tools of the live agent", markup=False, classes="question")
            yield Choices(markup=False)
            yield Static(_HINT, markup=False, classes="note")

    def on_mount(self) -> None:
        """Fill the list."""
        self._fill()
        self.query_one(Choices).focus()

    def _fill(self) -> None:
        options = self.query_one(OptionList)
        at = options.highlighted or 0
        options.clear_options()
        self._lines = tool_lines(self._session)
        options.add_options([_shown(line) for line in self._lines])
        options.highlighted = at

    @on(OptionList.OptionSelected)
    def action_switch(self) -> None:
        """Switch the tool under the cursor on or off, or say why not."""
        at = self.query_one(OptionList).highlighted
        if at is None:
            return
        said = _HINT
        try:
            self._session.choose_tools(switched(self._session, self._lines[at].name))
        except BadInput as error:
            said = str(error)
        tell(self.query_one(".note", Static), said, bad=said != _HINT)
        self._fill()

    def action_close(self) -> None:
        """Back to the debugger."""
        self.dismiss(None)


def _shown(line: ToolLine) -> str:
    return safe_line(f"{'●' if line.is_on else '○'} {line.name:<22} {line.what}")
