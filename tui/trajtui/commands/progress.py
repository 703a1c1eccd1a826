"""The last line of a terminal, which says what takes long: since when, how much is left, what to press."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from typing import Final

from trajcore import Session, notices
from trajcore.text import safe_line
from trajcore.views.marks import RUNNING, clock

_EACH: Final = 1.0
"""Seconds between two drawings."""
_LONG: Final = 2.0
"""Seconds after which something takes long."""
_ENOUGH: Final = 2
"""So many steps say how long the others will take."""


def can_be_shown() -> bool:
    """Whether standard error is a terminal that can take a line back."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


class ProgressLine:
    """Draws the line while a session works, and takes it back before anything else is printed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._loop = asyncio.get_running_loop()
        self._begun = self._since = self._loop.time()
        self._text = self._limit = ""
        self._done = session.steps_done
        self._drawn = False
        self._timer = self._loop.call_later(_EACH, self._tick)

    def heed(self, notice: notices.Notice) -> None:
        """Follow what the session tells."""
        match notice:
            case notices.Executing(recorded=False):
                limit = f" of {clock(notice.limit)} at most" if notice.limit else ""
                self._begin(notice.line, limit)
            case notices.Progress(text) if text:
                self._begin(text)
            case notices.Executed() | notices.Progress() | notices.Asked():
                self._text = ""

    def clear(self) -> None:
        """Take the line back: something else is printed."""
        if self._drawn:
            self._drawn = False
            self._write("\r\x1b[K")

    def end(self) -> None:
        """Take it back for good."""
        self._timer.cancel()
        self.clear()

    def line(self, now: float) -> str:
        """What there is to say at a time of the loop's; empty where nothing takes long."""
        if not self._text or now - self._since < _LONG:
            return ""
        done, count = self._session.steps_done, self._session.step_count
        parts = [
            f"step {done + 1} of {count}" if done < count else "",
            f"{clock(now - self._since)}{self._limit}",
            self._left(now, done, count),
            "Ctrl+C ends the run",
            self._text,
        ]
        return safe_line(f"{RUNNING} {' · '.join(filter(None, parts))}")

    def _left(self, now: float, done: int, count: int) -> str:
        """How long the other steps will take, if they take as long as those that are done."""
        played = done - self._done
        if played < _ENOUGH or done >= count:
            return ""
        return f"about {clock((self._since - self._begun) / played * (count - done))} left"

    def _begin(self, text: str, limit: str = "") -> None:
        if text != self._text:
            self._text, self._limit, self._since = text, limit, self._loop.time()

    def _tick(self) -> None:
        self._timer = self._loop.call_later(_EACH, self._tick)
        line = self.line(self._loop.time())
        if line:
            self._drawn = True
            from rich.cells import set_cell_size

            width = max(1, shutil.get_terminal_size().columns - 1)
            self._write(f"\r{set_cell_size(line, width).rstrip()}\x1b[K")
        else:
            self.clear()

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
