"""The filter of the timeline's rows: one key, or a condition that is typed."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Final

from trajcore import BadInput, notices
from trajcore.views.filtering import PRESETS, Filter
from trajcore.views.slices import breath

if TYPE_CHECKING:
    from trajcore import Session
    from trajtui.widgets.timeline_column import TimelineColumn

_BY_KEY: Final = {preset.key: preset for preset in PRESETS}
_MENU: Final = " · ".join((*(f"{one.key} {one.words}" for one in PRESETS), "Backspace all", "Enter type it"))
_TYPED: Final = "kind=run and command~pytest · exit!=0 · output~Error · file=/a.py · Enter with nothing: all"

_DRAWN: Final = 0.1
"""What is found is drawn no more often than once in so many seconds."""


class Filtering:
    """One filter at a time. What comes of steps comes and goes in it."""

    sign = "f"
    enter = "filters by a condition"
    hint = _MENU

    def __init__(self, session: Session, column: TimelineColumn) -> None:
        self._session = session
        self._column = column
        self._before: Filter | None = None
        self._is_menu = True
        self._is_due = False

    def begin(self) -> None:
        """The user is about to choose."""
        self._before = self._column.timeline.filter
        self._is_menu = True

    # What is typed

    def typed(self, text: str) -> bool:
        """A key of the table sets its filter; another begins a condition, followed as it is typed."""
        if self._is_menu and text in _BY_KEY:
            self._show(Filter(self._session, _BY_KEY[text].condition))
            return True
        if self._is_menu and not text:
            return False
        self._is_menu = False
        self._follow_typed(text, bad=False)
        return False

    def kept(self, text: str) -> bool:
        """Keep the condition; at first, have one typed. Without one, all rows are there."""
        if self._is_menu:
            self._is_menu = False
            self._column.prompt.say(_TYPED)
            before = self._before
            self._column.prompt.put("" if before is None else before.condition.text)
            return False
        return self._follow_typed(text, bad=True)

    def erased(self) -> bool:
        """Show all rows."""
        self._show(None)
        return True

    def left(self) -> None:
        """Be as it was."""
        if self._column.timeline.filter is not self._before:
            self._show(self._before)

    def _follow_typed(self, text: str, *, bad: bool) -> bool:
        """Filter by what is typed, or say why not; whether it could be read."""
        try:
            wanted = Filter(self._session, text) if text.strip() else None
        except BadInput as error:
            self._column.prompt.say(str(error), bad=bad)
            return False
        self._column.prompt.say(_TYPED)
        now = self._column.timeline.filter
        if (wanted and wanted.condition.text) != (now and now.condition.text):
            self._show(wanted)
        return True

    # Going on

    def end(self) -> bool:
        """Show all rows; whether any were left out."""
        there = self._column.timeline.filter is not None
        if there:
            self._show(None)
        return there

    def _show(self, wanted: Filter | None) -> None:
        self._column.timeline.narrow(wanted)
        self.go_on()

    def go_on(self) -> None:
        """Look at the rows that nobody has looked at yet, beside the screen."""
        wanted = self._column.timeline.filter
        self._column.workers.cancel_group(self._column, "filter")
        self._column.show_title()
        if wanted is not None and not wanted.done:
            self._column.go_on_with(partial(self._through, wanted), "filter")

    async def _through(self, wanted: Filter) -> None:
        drawn = time.monotonic()
        while not wanted.done:
            await breath()
            if wanted.go_on() and time.monotonic() - drawn > _DRAWN:
                self._draw()
                drawn = time.monotonic()
        self._draw()

    def _draw(self) -> None:
        self._column.timeline.show_wanted()
        self._column.show_title()

    def follow(self, notice: notices.Notice) -> None:
        """What has happened may change which rows are wanted, and which comes next."""
        timeline = self._column.timeline
        if timeline.filter is None:
            return
        match notice:
            case notices.StepDone(result):
                self._look_again(result.uid)
            case notices.DocumentChanged(uid, structural=False) if uid is not None:
                self._look_again(uid)
            case notices.BreakpointsChanged() | notices.DocumentChanged(structural=False):
                timeline.narrow(timeline.filter)
                self.go_on()
            case notices.PositionChanged():
                self._draw_soon()

    def _look_again(self, uid: int) -> None:
        timeline = self._column.timeline
        index = self._session.trajectory.index_of_uid(uid)
        if timeline.filter is not None and index is not None and len(timeline.every):
            timeline.filter.look_again(timeline.every.at_or_after(index))
        self._draw_soon()

    def _draw_soon(self) -> None:
        if not self._is_due:
            self._is_due = True
            self._column.set_timer(_DRAWN / 2, self._draw_due)

    def _draw_due(self) -> None:
        self._is_due = False
        self._draw()
