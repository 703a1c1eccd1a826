"""What has been said to the user: the present note, and all before it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Final

_KEPT: Final = 1_000


@dataclass(frozen=True)
class Note:
    """One thing that was said; `done` is how far the operation is that it tells of, from 0 to 1."""

    text: str = ""
    bad: bool = False
    done: float | None = None
    at: datetime = field(default_factory=datetime.now)
    moment: float = field(default_factory=monotonic)
    """When it was said, by the clock of keys and the mouse."""


class Notes:
    """What is said now, and a log of what was said; how far something is has no place in it."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.present = Note()
        self.log: deque[Note] = deque(maxlen=_KEPT)
        self._changed = changed
        self._in_progress = False
        """Whether the present note is that of a long operation, which ends it."""

    def say(self, text: str, *, bad: bool = False) -> None:
        """Say what came of a command."""
        self._in_progress = False
        self.present = Note(text, bad)
        if text:
            self.log.append(self.present)
        self._changed()

    def progress(self, text: str, done: float | None) -> None:
        """Say how far a long operation is; no text: it has ended."""
        if text or self._in_progress:
            self.present = Note(text, done=done)
        self._in_progress = bool(text)
        self._changed()

    def fade(self) -> None:
        """What was said is out of date; how far something is stays."""
        if not self._in_progress and self.present.text:
            self.present = Note()
            self._changed()
