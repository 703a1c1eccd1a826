"""The branches of the recording: go to one, name it, save it, delete it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static

from trajcore import Session, TrajError
from trajcore.text import safe_line
from trajcore.views.branches import BranchLine, branch_lines, columns
from trajtui.screens.dialog import Dialog
from trajtui.widgets.inputs import Choices, SafeInput

_HINT = "Enter go there · w save as a file · n name · d delete · Esc closes"


@dataclass(frozen=True)
class Picked:
    """What is to be done with a branch: `go` or `save`."""

    line: BranchLine
    what: str


class BranchList(Dialog[Picked | None]):
    """Every branch of the recording, with its model, its steps and how it stands."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,alt+b,ctrl+left", "close", "close"),
        Binding("w", "save", show=False),
        Binding("n", "name", show=False),
        Binding("d,delete", "delete", show=False),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._lines: list[BranchLine] = []
        self._to_delete: BranchLine | None = None

    def compose(self) -> ComposeResult:
        """The list above a line for a name."""
        with Vertical(classes="dialog wide"):
            yield Static("Branches", markup=False, classes="question")
            yield Choices(markup=False)
            name = SafeInput(placeholder="its name", id="branch-name")
            name.display = False
            yield name
            yield Static(_HINT, markup=False, id="branch-note")

    def on_mount(self) -> None:
        """Show them, the present one selected."""
        self._fill()
        present = next((at for at, line in enumerate(self._lines) if line.present), 0)
        self.query_one(OptionList).highlighted = present

    def _fill(self) -> None:
        options = self.query_one(OptionList)
        at = options.highlighted or 0
        options.clear_options()
        self._lines = branch_lines(self._session)
        options.add_options(_shown(self._lines))
        options.highlighted = min(at, options.option_count - 1)

    @property
    def _selected(self) -> BranchLine | None:
        at = self.query_one(OptionList).highlighted
        return self._lines[at] if at is not None and at < len(self._lines) else None

    def _say(self, text: str = _HINT) -> None:
        self.query_one("#branch-note", Static).update(safe_line(text))

    def action_close(self) -> None:
        """Back to the debugger, from the name to the list first."""
        name = self.query_one(Input)
        if name.has_focus:
            self._leave_name(name)
        else:
            self.dismiss(None)

    def _leave_name(self, name: Input) -> None:
        name.display = False
        self.query_one(OptionList).focus()

    @on(OptionList.OptionSelected)
    def go(self) -> None:
        """Go to the selected branch."""
        if self._selected is not None:
            self.dismiss(Picked(self._selected, "go"))

    def action_save(self) -> None:
        """Save the selected branch."""
        if self._selected is not None:
            self.dismiss(Picked(self._selected, "save"))

    def action_name(self) -> None:
        """Type another name."""
        if self._selected is not None:
            name = self.query_one(Input)
            name.value = self._selected.branch.name
            name.display = True
            name.focus()

    @on(Input.Submitted)
    def call(self, event: Input.Submitted) -> None:
        """Give the selected branch this name, or say what is wrong with it."""
        if self._selected is None:
            return
        try:
            self._session.branches.rename(self._selected.branch, event.value)
        except TrajError as error:
            self._say(str(error))
            return
        self._leave_name(event.input)
        self._fill()
        self._say()

    def action_delete(self) -> None:
        """Delete the selected branch, at the second time of asking."""
        line = self._selected
        if line is None:
            return
        if self._to_delete is None or self._to_delete.branch is not line.branch:
            self._to_delete = line
            self._say(f"d again deletes {line.name} for good")
            return
        self._to_delete = None
        try:
            self._session.branches.delete(line.branch)
        except TrajError as error:
            self._say(str(error))
            return
        self._fill()
        self._say()


def _shown(lines: list[BranchLine]) -> list[str]:
    return columns([
        (
            "▶" if line.present else " ",
            line.name,
            line.model,
            f"{line.steps} step{'s' * (line.steps != 1)}",
            line.stands,
            line.origin,
        )
        for line in lines
    ])  # fmt: skip
