"""What is wrong with the recording: a list to go through, with the repairs that are offered, one or all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from trajcore import Session, TrajError
from trajcore.text import safe_line
from trajcore.views.checks import Finding, Repair, checking, is_error
from trajtui.screens.dialog import Dialog
from trajtui.widgets.inputs import Choices

_KEYS = "Enter mends · o: in another way · R mends all errors (u undoes) · s shows the event · Esc closes"
_NO_KEYS = "Esc closes"
_LONGEST_NAME: Final = 16


class ChecksScreen(Dialog[int | None]):
    """The findings; its answer is the index of the event to go to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "close"),
        Binding("r", "repair", "mend"),
        Binding("R", "repair_all", "mend all errors"),
        Binding("o", "other", "another way to mend it"),
        Binding("s", "go", "show the event"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._findings: Sequence[Finding] = ()
        self._way = 0
        """Which of several ways to mend it is offered."""

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
    def _select(self) -> None:
        self._way = 0
        self._show_repair()

    def _show_repair(self) -> None:
        finding, ways = self._selected, self._ways
        if finding is None:
            text = ""
        elif not ways:
            text = "nothing can be offered for this: s shows the event, and e edits it there"
        else:
            more = f" (way {self._way + 1} of {len(ways)}, o shows the next)" * (len(ways) > 1)
            text = f"Enter: {ways[self._way].words}{more}"
        file = f"{finding.file}: " if finding is not None and finding.file else ""
        self.query_one("#checks-repair", Static).update(safe_line(file + text))

    @property
    def _ways(self) -> Sequence[Repair]:
        """The repairs that are offered for the finding that is selected."""
        finding = self._selected
        return () if finding is None or finding.repair is None else (finding.repair, *finding.others)

    @property
    def _selected(self) -> Finding | None:
        at = self.query_one(Choices).highlighted
        return self._findings[at] if at is not None and at < len(self._findings) else None

    def action_other(self) -> None:
        """Offer the next way to mend it."""
        self._way = (self._way + 1) % max(len(self._ways), 1)
        self._show_repair()

    def action_repair(self) -> None:
        """Make the offered repair, and check again."""
        finding, ways = self._selected, self._ways
        if finding is None or not ways or self._is_refused():
            return
        repair = ways[self._way]
        try:
            self._session.editing.repair(repair)
        except TrajError as error:
            self._refuse(str(error))
            return
        self._findings = ()
        self._check(f"mended {_named(finding)}: {safe_line(repair.words)}\n")

    @work(exclusive=True, group="mending")
    async def action_repair_all(self) -> None:
        """Make one repair after the other until no error is left that can be mended, and check again."""
        if self._is_refused() or not any(is_error(one) and one.repair for one in self._findings):
            return
        self.query_one(".question", Static).update("mending…")
        self._findings = ()
        try:
            count = await self._session.editing.repair_all()
        except TrajError as error:
            self._check(f"{safe_line(str(error))}\n")
            return
        self._check(f"{count} {'fault' if count == 1 else 'faults'} mended\n")

    def _is_refused(self) -> bool:
        """Whether nothing can be mended now, which is said."""
        if self._session.busy:
            self._refuse("the run is going on: Esc, and Esc again pauses it")
        return self._session.busy

    def _refuse(self, why: str) -> None:
        self.query_one("#checks-repair", Static).update(safe_line(why))

    def action_leave(self) -> None:
        """Stay where the timeline is."""
        self.dismiss(None)

    def action_go(self) -> None:
        """Go to the event."""
        finding = self._selected
        if finding is not None:
            self.dismiss(finding.index)

    @on(OptionList.OptionSelected)
    def pick(self) -> None:
        """Mend what was picked; go to the event where nothing is offered for it."""
        if self._ways:
            self.action_repair()
        else:
            self.action_go()


def _named(finding: Finding) -> str:
    """What a finding is about: the file, the beginning of whose name says its place, or an event."""
    file = finding.file.rsplit("/", 1)[-1]
    return safe_line(file if len(file) <= _LONGEST_NAME else f"{file[:_LONGEST_NAME]}…") or finding.name


def _line(finding: Finding) -> Content:
    text = safe_line(f"{_named(finding):>6}  {finding.text}")
    return Content.styled(text, "$text-error" if is_error(finding) else "$text-warning")
