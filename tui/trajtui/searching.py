"""The search of the timeline's rows: what is typed, what was found, where it goes next."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from trajcore import BadInput
from trajcore.views.finding import Finding
from trajcore.views.haystack import Haystack
from trajcore.views.query import EXPRESSION, Query
from trajcore.views.slices import breath

if TYPE_CHECKING:
    from trajcore import Session
    from trajcore.views.timeline import Row
    from trajtui.widgets.timeline_column import TimelineColumn

_DRAWN: Final = 0.05
"""What is found is drawn no more often than once in so many seconds."""


class Searching:
    """One search at a time; it goes on beside the screen, and ends with the next."""

    sign = "/"
    enter = "keeps the search"
    hint = f"a text, or {EXPRESSION}expression · Enter keeps · Esc back"

    def __init__(self, session: Session, column: TimelineColumn) -> None:
        self._session = session
        self._column = column
        self._haystack: Haystack | None = None
        self._played = 0
        """How many results there were when it was searched."""
        self._origin: Row | None = None
        """Where the cursor was when the search began."""
        self._before: Query | None = None
        self._moves = False
        """Whether the cursor is to go to the first row that is found."""

    @property
    def finding(self) -> Finding | None:
        """The search that the rows show; None where there is none."""
        return self._column.timeline.finding

    def begin(self) -> None:
        """The user is about to type."""
        self._origin = self._column.timeline.selected
        self._before = None if self.finding is None else self.finding.query

    # What is typed

    def typed(self, text: str) -> bool:
        """Search for it, from where the cursor was when the search began."""
        self._column.prompt.say(self.hint)
        try:
            query = Query(text) if text else None
        except BadInput as error:
            if text != EXPRESSION:
                self._column.prompt.say(str(error), bad=True)
            query = None
        self._be_back()
        self._search(query, moves=True)
        return False

    def kept(self, text: str) -> bool:
        """Keep what is found; without a text, what was searched for before."""
        finding = self.finding
        if not text and self._before is not None:
            self._search(self._before, moves=True)
        elif finding is None:
            if text:
                return False  # it stands there why
        elif finding.done and (finding.fault or not len(finding)):
            self._column.tell(finding.fault or f"nothing says {finding.query.text}", bad=True)
        return True

    def erased(self) -> bool:
        """Give it up."""
        self.left()
        return True

    def left(self) -> None:
        """Be where it began, with the search before this one."""
        self._search(self._before, moves=False)
        self._be_back()

    def _be_back(self) -> None:
        if self._origin is not None:
            self._column.timeline.show_row(self._origin)

    # Going on

    async def go(self, *, back: bool = False) -> str | None:
        """Go to the next row that was found, or `back` to the one before; says when that went round."""
        cursor = self._column.timeline.cursor
        if self.finding is None:
            raise BadInput("nothing was searched for yet: / searches")
        if self._played != len(self._session.run.results):
            self._search(self.finding.query, moves=False)
        near: Callable[[Finding], int | None] = lambda found: (  # noqa: E731
            found.last_before(cursor) if back else found.next_behind(cursor)
        )
        while (finding := self.finding) is not None and not finding.done:
            number = near(finding)
            if number is not None and (number < cursor if back else number > cursor):
                break
            await asyncio.sleep(0.02)
        number = None if finding is None else near(finding)
        if finding is None or number is None:
            fault = "" if finding is None else finding.fault
            raise BadInput(fault or "nothing was found")
        self._column.found(number)
        if number >= cursor if back else number <= cursor:
            return f"the search went round, to the {'last' if back else 'first'} that was found"
        return ""

    def end(self) -> bool:
        """Search for nothing any more; whether something was."""
        there = self.finding is not None
        self._search(None, moves=False)
        return there

    def events_changed(self, *, rows: bool) -> None:
        """Events were edited; `rows`: rows come or go with that, which is told too."""
        self._haystack = None
        if not rows:
            self.rows_changed()

    def rows_changed(self) -> None:
        """Search again, at once as far as that goes."""
        if self.finding is not None:
            self._search(self.finding.query, moves=self._moves)

    # The search itself

    def _search(self, query: Query | None, *, moves: bool) -> None:
        timeline = self._column.timeline
        self._column.workers.cancel_group(self._column, "search")
        self._moves = moves
        if query is not (None if self.finding is None else self.finding.query):
            self._column.post_message(self._column.Searched(query))
        if query is None:
            timeline.show_found(None)
            self._column.show_title()
            return
        self._haystack = self._haystack or Haystack(self._session.trajectory)
        self._played = len(self._session.run.results)
        finding = Finding(self._session, timeline.rows, query, timeline.cursor + 1, self._haystack)
        timeline.show_found(finding)
        finding.go_on()
        self._show(finding)
        if not finding.done:
            self._column.go_on_with(partial(self._through, finding), "search")

    async def _through(self, finding: Finding) -> None:
        drawn = 0.0
        while not finding.done:
            await breath()
            more = finding.go_on()
            if more and (self._moves or time.monotonic() - drawn > _DRAWN):
                self._show(finding)
                drawn = time.monotonic()
        self._show(finding)
        if finding.fault and self._column.prompt.purpose is not self:
            self._column.tell(finding.fault, bad=True)

    def _show(self, finding: Finding) -> None:
        timeline = self._column.timeline
        if self._moves and finding.first is not None:
            self._moves = False
            self._column.found(finding.first)
        timeline.found_changed()
        self._column.show_title()
