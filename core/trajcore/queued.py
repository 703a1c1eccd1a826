"""The messages that the user typed while something was under way, in order, until they are delivered."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Final

from trajcore import notices
from trajcore.errors import Refused
from trajcore.masking import known

COMPACT: Final = "/compact"
"""Typed in place of a message: have the model summarise the conversation."""


def compaction(text: str) -> str | None:
    """What a typed text says of the compaction that it asks for, if anything; None where it is a message."""
    command, *words = *text.split(maxsplit=1), ""
    return words[0].strip() if command == COMPACT else None


class Queued:
    """Every change is told as `QueueChanged`, so that front ends show it, and the journal keeps it.

    What is taken back to be edited is kept on disk until something is sent again: no words are lost.
    """

    def __init__(self, tell: notices.Listener) -> None:
        self._tell = tell
        self._waiting: list[str] = []
        self._returned: list[str] = []
        self._untold = False

    @property
    def waiting(self) -> tuple[str, ...]:
        """What is still to be delivered, in the order in which it was typed."""
        return tuple(self._waiting)

    @property
    def returned(self) -> tuple[str, ...]:
        """What was taken back, as long as nothing has been sent since."""
        return tuple(self._returned)

    def add(self, text: str) -> None:
        """One more, behind all others."""
        self._waiting.append(text)
        self._returned.clear()
        self._told()

    def sent(self) -> None:
        """What was taken back has been sent, or is not wanted any more."""
        if self._returned:
            self._returned.clear()
            self._told()

    def deliver(self, first: int = 0) -> list[str]:
        """Take them from number `first` on, to be delivered, up to where a compaction is asked for.

        `delivered` is called when they are in the run: not before that does anybody hear that they are gone
        from here, and at no moment are they without a trace on disk.
        """
        taken = list(takewhile(lambda text: compaction(text) is None, self._waiting[first:]))
        del self._waiting[first : first + len(taken)]
        self._untold = bool(taken)
        return taken

    def compaction(self) -> str | None:
        """Take the first of them, where it asks for a compaction: what it says of that; else None."""
        words = compaction(self._waiting[0]) if self._waiting else None
        if words is not None:
            del self._waiting[0]
            self._told()
        return words

    def delivered(self) -> None:
        """What was taken to be delivered has been."""
        if self._untold:
            self._told()

    def undeliver(self, texts: list[str]) -> None:
        """These were not heard: they come before all others."""
        self._waiting[:0] = texts
        self._told()

    def give_back(self, texts: Sequence[str]) -> None:
        """The user has these words again, as if they had taken them back: an earlier program left them."""
        self._returned += texts
        self._told()

    def take_back(self, number: int | None = None) -> str:
        """Take one of them back to be edited, or all (None), joined by a blank line. Raises `Refused`."""
        taken = self._taken(number)
        self._returned += taken
        self._told()
        return "\n\n".join(taken)

    def drop(self, number: int) -> None:
        """One of them is not to be delivered. Raises `Refused`."""
        self._taken(number)
        self._told()

    def _taken(self, number: int | None) -> list[str]:
        count = len(self._waiting)
        if not count or (number is not None and not -count <= number < count):
            raise Refused("no such message is queued: it has been delivered, or taken back")
        if number is None:
            taken, self._waiting = self._waiting, []
            return taken
        return [self._waiting.pop(number)]

    def _told(self) -> None:
        self._untold = False
        masked = (tuple(map(known().text, texts)) for texts in (self._waiting, self._returned))
        self._tell(notices.QueueChanged(*masked))
