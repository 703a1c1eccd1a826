"""What a model is told next: of interruptions, of what was changed by hand, and what the user typed.

All of it enters the run as messages of the user, between two replies of the model, and so is in the saved
run, and in every replay of it. If the call that was to tell it fails, it leaves the run again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

from trajcore.dialects import newevents
from trajcore.text import safe_line

if TYPE_CHECKING:
    from trajcore.queued import Queued
    from trajcore.replay.run import Entry, Run
    from trajcore.sandbox.base import FileChange, FileChanges

_NAMED: Final = 20
"""So many files that were changed by hand are named; the model can look at the others itself."""


class UnderWay(Enum):
    """What the user can interrupt. The values are what the model is told of it, behind "The user"."""

    REPLY = "interrupted your last reply before it was complete."
    ACTION = "interrupted your last action while it was carried out: what came back may not be all of it."
    QUESTION = "interrupted you while your last action waited for approval: it was not carried out."


@dataclass
class _Unheard:
    """What was told since the model answered last: where in the run it begins, and how to take it back."""

    at: int
    interrupted: UnderWay | None
    events: int = 0
    said: list[str] = field(default_factory=list)


class Telling:
    """What waits to be told to the model of a run, and what was told that it has not answered yet."""

    def __init__(self, run: Run, queue: Queued, reasons: list[str]) -> None:
        """`reasons`, why actions were refused, are next messages of the user: they are taken from there."""
        self._run = run
        self._queue = queue
        self._reasons = reasons
        self._interrupted: UnderWay | None = None
        self._last: list[Entry] = []
        """The last event before the interruption: where it is gone, the run has been taken back behind it."""
        self._told: list[tuple[FileChanges, int, str]] = []
        """Changes by hand that were told: at which place of the run, in which words."""
        self._unheard: _Unheard | None = None

    def interrupted(self, what: UnderWay) -> None:
        """The user has interrupted the model. What it was told before that stays told."""
        self._interrupted, self._last = what, self._run.entries[-1:]
        self._unheard = None

    def take(self) -> list[str]:
        """The messages of the user that enter the run now, in order."""
        if self._interrupted is not None and self._last != self._run.entries[-1:]:
            self._interrupted = None
        unheard = self._unheard or _Unheard(len(self._run), self._interrupted)
        told = [] if self._interrupted is None else [newevents.note(self._interrupted.value)]
        self._interrupted = None
        for changes in self._untold():
            note = newevents.note(_by_hand(changes))
            self._told.append((changes, len(self._run) + len(told), note))
            told.append(note)
        said = [*self._reasons, *self._queue.deliver()]
        self._reasons.clear()
        told += said
        unheard.said += said
        unheard.events += len(told)
        self._unheard = unheard if unheard.events else None
        return told

    def _untold(self) -> list[FileChanges]:
        """What was changed by hand that is not told in the run as it is now: it may have been taken back."""
        entries = self._run.entries
        self._told = [
            (changes, at, note)
            for changes, at, note in self._told
            if at < len(entries) and entries[at].head.text == note
        ]
        return [
            changes
            for _, changes in self._run.by_hand
            if not any(changes is told for told, _, _ in self._told)
        ]

    def heard(self) -> None:
        """The model has answered."""
        self._unheard = None

    def unsay(self) -> bool:
        """Nobody heard what was told since the last answer: it leaves the run, and waits again.

        Whether there was anything. What has been followed by something else stays.
        """
        unheard, self._unheard = self._unheard, None
        if unheard is None or len(self._run) != unheard.at + unheard.events:
            return False
        self._run.rewind(unheard.at, len(self._run.by_hand))
        self._interrupted = unheard.interrupted
        self._queue.undeliver(unheard.said)
        return True


def _by_hand(changes: FileChanges) -> str:
    """What the user changed by hand, in a line."""
    named = [_in_words(change) for change in changes.files[:_NAMED]]
    more = changes.count - len(named)
    named += [f"{more} more"] if more else []
    return f"changed files in the sandbox by hand: {', '.join(named)}."


def _in_words(change: FileChange) -> str:
    lines = change.diff.split("\n")
    added = sum(line.startswith("+") and not line.startswith("+++ ") for line in lines)
    removed = sum(line.startswith("-") and not line.startswith("--- ") for line in lines)
    size = f", +{added} -{removed}" if added or removed else ""
    return f"{safe_line(change.path)} ({change.kind}{size})"
