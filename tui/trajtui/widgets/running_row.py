"""The row of what is carried out at present, and its clock."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from textual.timer import Timer

from trajcore import Session, notices
from trajcore.views.timeline import Row

if TYPE_CHECKING:
    from trajtui.widgets.timeline import TimelineView

_SHOWN_FROM: Final = 0.2
"""Seconds: what takes less has its outcome before anybody has read that it runs."""


class RunningRow:
    """Watches what is carried out. One timer is there at most, and none while nothing runs.

    Steps that fly by share a timer: each of them only says when it began.
    """

    def __init__(self, view: TimelineView, session: Session) -> None:
        self._view = view
        self._session = session
        self._now: notices.Executing | None = None
        self._begun = 0.0
        self._timer: Timer | None = None
        self._shown = False

    @property
    def seconds(self) -> float:
        """For how long it has run by now."""
        return time.monotonic() - self._begun

    @property
    def number(self) -> int | None:
        """Its row, or that of the delegation that it is folded into, as soon as it is shown."""
        row = self._row() if self._shown else None
        return None if row is None else self._view.number_of(row)

    def follow(self, notice: notices.Notice) -> None:
        """The session has told of a change."""
        match notice:
            case notices.Executing():
                self._now, self._begun = notice, time.monotonic()
                if self._timer is None:
                    self._wait(_SHOWN_FROM)
            case notices.Executed():
                self._end()
            case notices.StateChanged(state) if not state.at_work:
                self._end()

    def _end(self) -> None:
        number = self.number
        if self._shown and self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._now, self._shown = None, False
        if number is not None:
            self._view.line_changed(number)

    def _wait(self, seconds: float) -> None:
        self._timer = self._view.set_timer(seconds, self._tick)

    def _tick(self) -> None:
        """Show the clock, and again at its next second; what has begun since the last time is waited for."""
        self._timer = None
        if self._now is None:
            return
        seconds = self.seconds
        if seconds < _SHOWN_FROM:
            self._wait(_SHOWN_FROM - seconds)
            return
        self._shown = True
        number = self.number
        if number is not None:
            self._view.line_changed(number)
        self._wait(1 - seconds % 1)

    def _row(self) -> Row | None:
        """The row that stands for it; None where it has none, as what the harness runs before the first."""
        now, entries = self._now, self._session.run.entries
        if now is None or now.is_prelude:
            return None
        if now.uid is not None:
            return Row(now.uid)
        places = range(len(entries) - 1, -1, -1)
        place = next((at for at in places if entries[at].id == now.id), None)
        if place is None or now.id is None:
            return None
        origin = entries[place].origin
        return Row(None, place) if origin is None else Row(origin)
