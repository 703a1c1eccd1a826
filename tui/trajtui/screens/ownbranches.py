"""The branches that the recording itself has: go on with one, compare two."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import OptionList, Static

from trajcore import Trajectory, TrajError
from trajcore.views.blocks import code, note
from trajcore.views.branches import columns
from trajcore.views.ownbranches import OwnBranch, compared, own_rows
from trajtui.screens.dialog import Dialog, tell
from trajtui.widgets.event import EventPane
from trajtui.widgets.inputs import Choices

_HINT = "Enter goes on with it · c compares it with the present one · Space picks another · Esc"


class OwnBranchList(Dialog[OwnBranch | None]):
    """Each branch by its last event; the answer is the one that is to be gone on with."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", "close"),
        Binding("c", "compare", "compare two", show=False),
        Binding("space", "mark", "choose it for comparing", show=False),
    ]

    def __init__(self, trajectory: Trajectory, branches: list[OwnBranch]) -> None:
        super().__init__()
        self._trajectory = trajectory
        self._branches = branches
        self._marked = next((at for at, one in enumerate(branches) if one.active), 0)

    def compose(self) -> ComposeResult:
        """The list above what its keys do."""
        with Vertical(classes="dialog wide"):
            yield Static("Branches of the recording itself", markup=False, classes="question")
            yield Choices(*columns(own_rows(self._branches)), markup=False)
            yield Static(_HINT, markup=False, classes="note")

    def on_mount(self) -> None:
        """The present one is selected."""
        self.query_one(OptionList).highlighted = self._marked

    @property
    def _selected(self) -> int:
        return self.query_one(OptionList).highlighted or 0

    @on(OptionList.OptionSelected)
    def go(self) -> None:
        """Go on with the selected one."""
        self.dismiss(self._branches[self._selected])

    def action_mark(self) -> None:
        """Have the next one compared with the selected one."""
        self._marked = self._selected
        self._say(f"c compares the selected one with {self._branches[self._marked].short}")

    def action_compare(self) -> None:
        """Show what each of two has alone."""
        one, other = self._branches[self._marked], self._branches[self._selected]
        if one is other:
            self._say(f"{one.short} is compared with another one: select that")
        else:
            self.app.push_screen(ComparedOwn(self._trajectory, one, other))

    def _say(self, text: str) -> None:
        tell(self.query_one(".note", Static), text)


class ComparedOwn(Dialog[None]):
    """What two branches share, and what each has alone."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter", "dismiss(None)", "close")]

    def __init__(self, trajectory: Trajectory, one: OwnBranch, other: OwnBranch) -> None:
        super().__init__()
        self._trajectory = trajectory
        self._names = one.name, other.name
        self._title = f"{one.short} and {other.short}"

    def compose(self) -> ComposeResult:
        """A patch, to scroll through."""
        with Vertical(classes="dialog"):
            yield Static(self._title, markup=False, classes="question")
            yield EventPane(id="compared")
            yield Static("arrows scroll · Esc closes", markup=False, classes="note")

    def on_mount(self) -> None:
        """Compare them."""
        self._compare()

    @work(exit_on_error=False)
    async def _compare(self) -> None:
        try:
            lines = await asyncio.to_thread(lambda: "\n".join(compared(self._trajectory, *self._names)))
        except TrajError as error:
            self.query_one(EventPane).show((note(str(error)),))
        else:
            self.query_one(EventPane).show((code(lines, "diff"),))
