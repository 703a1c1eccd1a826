"""Two branches beside each other."""

from __future__ import annotations

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from trajcore import Session, TrajError
from trajcore.views.blocks import note
from trajcore.views.branches import BranchLine
from trajcore.views.comparison import blocks, compared
from trajtui.screens.dialog import Dialog
from trajtui.widgets.event import EventPane


class ComparedBranches(Dialog[None]):
    """What each of two branches came to, and where they part; it is there before that is found."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "leave", "close"),
        Binding("right_square_bracket", "difference(1)", "next difference", show=False),
        Binding("left_square_bracket", "difference(-1)", "previous difference", show=False),
    ]

    def __init__(self, session: Session, one: BranchLine, other: BranchLine) -> None:
        super().__init__()
        self._session = session
        self._one = one
        self._other = other

    def compose(self) -> ComposeResult:
        """What they come to, to scroll through where there is much."""
        with Vertical(classes="dialog"):
            yield Static(f"{self._one.name} and {self._other.name}", markup=False, classes="question")
            yield EventPane(id="compared")
            yield Static("arrows scroll · ] [ differences · Esc closes", markup=False, classes="note")

    def on_mount(self) -> None:
        """Compare them."""
        self._pane.show((note("comparing them"),))
        self._compare()

    @property
    def _pane(self) -> EventPane:
        return self.query_one(EventPane)

    @work(exit_on_error=False)
    async def _compare(self) -> None:
        try:
            found = await compared(self._session, self._one.branch, self._other.branch)
        except TrajError as error:
            self._pane.show((note(str(error)),))
        else:
            self._pane.show(blocks(found))

    def action_difference(self, by: int) -> None:
        """Go to the next difference, or the one before."""
        self._pane.next_difference(by)

    def action_leave(self) -> None:
        """Back to the list."""
        self.dismiss(None)
