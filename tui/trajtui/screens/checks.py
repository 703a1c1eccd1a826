"""What is wrong with the recording: a list to go through, with the repairs that are offered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from trajcore import Session, TrajError
from trajcore.text import safe_line
from trajcore.views.checks import Finding, checking, is_error
from trajtui.screens.dialog import Dialog
from trajtui.widgets.inputs import Choices

_KEYS = "Enter goes to the event · r makes the repair (u undoes it) · Esc closes"
_NO_KEYS = "Esc closes"


class ChecksScreen(Dialog[int | None]):
    """The findings; its answer is the index of the event to go to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "close"),
        Binding("r", "repair", "repair"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._findings: Sequence[Finding] = ()

    def compose(self) -> ComposeResult:
        """A line above the list, and what the selected repair would do below it."""
        with Vertical(classes="dialog wide"):
            yield Static("checking…", markup=False, classes="question")
            yield Choices(markup=False)
            yield Static("", markup=False, id="checks-repair", classes="note")
            yield Static(_NO_KEYS, markup=False, id="checks-keys", classes="note")

    def on_mount(self) -> None:
        """Check the recording."""
        self._check()

    @work(exclusive=True)
    async def _check(self, said: str = "") -> None:
        found = await asyncio.to_thread(checking(self._session.trajectory))
        self._findings = found.findings
        options = self.query_one(Choices)
        at = options.highlighted or 0
        options.set_options([Option(_line(finding), id=str(n)) for n, finding in enumerate(self._findings)])
        if self._findings:
            options.highlighted = min(at, len(self._findings) - 1)
        options.focus()
        self.query_one(".question", Static).update(said + found.summary)
        self.query_one("#checks-keys", Static).update(_KEYS if self._findings else _NO_KEYS)
        self._show_repair()

    @on(OptionList.OptionHighlighted)
    def _show_repair(self) -> None:
        finding = self._selected
        repair = finding.repair if finding else None
        if finding is None:
            text = ""
        else:
            text = f"r: {repair.words}" if repair else "nothing can be offered for this: e edits the event"
        self.query_one("#checks-repair", Static).update(safe_line(text))

    @property
    def _selected(self) -> Finding | None:
        at = self.query_one(Choices).highlighted
        return self._findings[at] if at is not None and at < len(self._findings) else None

    def action_repair(self) -> None:
        """Make the offered repair, and check again."""
        finding = self._selected
        if finding is None or finding.repair is None:
            return
        note = self.query_one("#checks-repair", Static)
        if self._session.busy:
            note.update("the run is going on: Esc, and Esc again pauses it")
            return
        try:
            self._session.editing.repair(finding.repair)
        except TrajError as error:
            note.update(safe_line(str(error)))
            return
        self._findings = ()
        self._check(f"repaired {finding.name}: {safe_line(finding.repair.words)}\n")

    def action_leave(self) -> None:
        """Stay where the timeline is."""
        self.dismiss(None)

    @on(OptionList.OptionSelected)
    def go(self, event: OptionList.OptionSelected) -> None:
        """Go to the event."""
        self.dismiss(self._findings[int(event.option.id or 0)].index)


def _line(finding: Finding) -> Content:
    text = safe_line(f"{finding.name:>6}  {finding.text}")
    return Content.styled(text, "$text-error" if is_error(finding) else "$text-warning")
