"""Two branches beside each other."""

from __future__ import annotations

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from trajcore import Session, TrajError
from trajcore.text import safe_line
from trajcore.views.branches import BranchLine
from trajcore.views.comparison import compared, lines
from trajtui.screens.dialog import Dialog


class ComparedBranches(Dialog[None]):
    """What each of two branches came to, and where they part; it is there before that is found."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter", "leave", "close")]

    def __init__(self, session: Session, one: BranchLine, other: BranchLine) -> None:
        super().__init__()
        self._session = session
        self._one = one
        self._other = other

    def compose(self) -> ComposeResult:
        """The lines, to scroll through where there are many."""
        with Vertical(classes="dialog"):
            yield Static(f"{self._one.name} and {self._other.name}", markup=False, classes="question")
            with VerticalScroll():
                yield Static("comparing them", markup=False, id="compared")
            yield Static("arrows scroll · Esc closes", markup=False, classes="note")

    def on_mount(self) -> None:
        """Compare them."""
        self._compare()

    @work(exit_on_error=False)
    async def _compare(self) -> None:
        try:
            found = await compared(self._session, self._one.branch, self._other.branch)
        except TrajError as error:
            text = safe_line(str(error))
        else:
            text = "\n".join(lines(found))
        self.query_one("#compared", Static).update(text)

    def action_leave(self) -> None:
        """Back to the list."""
        self.dismiss(None)
