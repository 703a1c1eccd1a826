"""The branches of the recording: go to one, compare two, name it, save it, delete it."""

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

_HINT = "Enter go · c compare · Space picks with which · w save · n name · d delete · Esc"


@dataclass(frozen=True)
class Picked:
    """What is to be done with a branch: `go`, `save`, or `compare` it with another."""

    line: BranchLine
    what: str
    other: BranchLine | None = None


class BranchList(Dialog[Picked | None]):
    """Every branch of the recording, with its model, its steps and how it stands."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,alt+b,ctrl+left", "close", "close"),
        Binding("w", "save", "save it as a file", show=False),
        Binding("c", "compare", "compare two", show=False),
        Binding("space", "mark", "choose it for comparing", show=False),
        Binding("n", "name", "name it", show=False),
        Binding("d,delete", "delete", "delete it", show=False),
    ]

    def __init__(self, session: Session, at: BranchLine | None = None) -> None:
        """`at` is the one that is selected to begin with; None: the present one."""
        super().__init__()
        self._session = session
        self._at = at
        self._marked: BranchLine | None = None
        """The one that another is to be compared with; None: the present one."""
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
        """Show them, the present one selected unless another is to be."""
        if not self.query(OptionList):  # the program ends, and has taken it away
            return
        self._fill()
        places = (at for at, line in enumerate(self._lines) if _is(line, self._at))
        self.query_one(OptionList).highlighted = next(places, 0)

    def _fill(self) -> None:
        options = self.query_one(OptionList)
        at = options.highlighted or 0
        options.clear_options()
        self._lines = branch_lines(self._session)
        options.add_options(_shown(self._lines, self._marked))
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

    def action_mark(self) -> None:
        """Have the next one compared with the selected branch; a second time: with the present one again."""
        line, marked = self._selected, self._marked
        again = line is None or (marked is not None and _is(line, marked))
        self._marked = None if again else line
        self._fill()
        named = "the present one" if self._marked is None else self._marked.name
        self._say(f"c compares the selected branch with {named}")

    def action_compare(self) -> None:
        """Compare the selected branch with the one that was picked, or the present one."""
        line = self._selected
        other = self._marked or next((one for one in self._lines if one.present), None)
        if line is None or other is None:
            return
        if line.branch is other.branch:
            self._say(f"{line.name} is compared with another one: select that")
            return
        self.dismiss(Picked(line, "compare", other))

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


def _is(line: BranchLine, wanted: BranchLine | None) -> bool:
    return line.present if wanted is None else line.branch is wanted.branch


def _shown(lines: list[BranchLine], marked: BranchLine | None) -> list[str]:
    return columns([
        (
            ("▶" if line.present else " ") + "*" * (marked is not None and _is(line, marked)),
            line.name,
            line.model,
            f"{line.steps} step{'s' * (line.steps != 1)}",
            line.stands,
            line.origin,
        )
        for line in lines
    ])  # fmt: skip
