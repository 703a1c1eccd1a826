"""The list of breakpoints: switch them on and off, remove them, add conditions."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static

from trajcore import BadInput, Session
from trajcore.views.breakpoints import BreakpointLine, breakpoint_lines
from trajtui.screens.dialog import Dialog, tell
from trajtui.widgets.inputs import Choices, SafeInput

_LIST_KEYS = "Space on/off · d remove · a add a condition · Esc closes"
_LINE_KEYS = "Enter adds the condition · Esc leaves the line"
_EXAMPLES = "exit!=0 · diverged · waits · kind=run and command~pytest · output~Error · file~\\.py$"


class BreakpointList(Dialog[None]):
    """Every breakpoint of the recording, with its hits."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,B", "close", "close"),
        Binding("space", "switch", "on, off", show=False),
        Binding("d,delete", "remove", "remove", show=False),
        Binding("a,i", "add", "add a condition", show=False),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._lines: list[BreakpointLine] = []

    def compose(self) -> ComposeResult:
        """The list above a line for a new condition."""
        with Vertical(classes="dialog wide"):
            yield Static("Breakpoints", markup=False, classes="question")
            yield Choices(markup=False)
            yield SafeInput(placeholder="a condition")
            yield Static(_EXAMPLES, markup=False, classes="note examples")
            yield Static(_LIST_KEYS, markup=False, id="break-note", classes="note")

    def on_mount(self) -> None:
        """Fill the list; where there is nothing to list, a condition can be typed at once."""
        self._fill()
        if not self._lines:
            self.query_one(Input).focus()

    def _fill(self) -> None:
        options = self.query_one(OptionList)
        at = options.highlighted or 0
        options.clear_options()
        self._lines = breakpoint_lines(self._session)
        options.add_options([_shown(line) for line in self._lines])
        if options.option_count:
            options.highlighted = min(at, options.option_count - 1)

    @property
    def _selected(self) -> BreakpointLine | None:
        at = self.query_one(OptionList).highlighted
        return self._lines[at] if at is not None and at < len(self._lines) else None

    def on_descendant_focus(self) -> None:
        """Say what the keys do where the focus is."""
        self._note(_LINE_KEYS if self.query_one(Input).has_focus else _LIST_KEYS)

    def _note(self, text: str, *, bad: bool = False) -> None:
        tell(self.query_one("#break-note", Static), text, bad=bad)

    def action_close(self) -> None:
        """Back to the debugger, from the condition to the list first."""
        if self.query_one(Input).has_focus and self._lines:
            self.query_one(OptionList).focus()
        else:
            self.dismiss(None)

    @on(OptionList.OptionSelected)
    def action_switch(self) -> None:
        """Switch the selected breakpoint on or off."""
        if self._selected is not None:
            self._session.switch_breakpoint(self._selected.breakpoint)
            self._fill()

    def action_remove(self) -> None:
        """Remove the selected breakpoint."""
        if self._selected is not None:
            self._session.remove_breakpoint(self._selected.breakpoint)
            self._fill()

    def action_add(self) -> None:
        """Go to the line for a new condition."""
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def add(self, event: Input.Submitted) -> None:
        """Add a condition, or say what is wrong with it."""
        try:
            self._session.break_on(event.value)
        except BadInput as error:
            self._note(str(error), bad=True)
            return
        event.input.value = ""
        self._fill()
        self.query_one(OptionList).focus()


def _shown(line: BreakpointLine) -> str:
    mark = "●" if line.enabled else "○"
    hits = f"{line.hits} hit{'' if line.hits == 1 else 's'}" if line.hits else ""
    return f"{mark} {line.what:<56} {hits}"
