"""What the live part of a session adds to its run, as it comes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trajcore import notices
from trajcore.events.kinds import MESSAGE, Source

if TYPE_CHECKING:
    from trajcore.replay.run import Entry
    from trajcore.session import Session


@dataclass(frozen=True)
class Addition:
    """What this run added: a user's message, something that a model does, or what came of it.

    `seconds` is how long that took, where it was carried out.
    """

    entry: Entry
    seconds: float | None


class Additions:
    """Finds in the notices of a session that never goes back what its live part adds to the run."""

    def __init__(self, session: Session) -> None:
        self._run = session.run
        self._seen = len(session.run)
        self._seconds: float | None = None

    def told_by(self, notice: notices.Notice) -> Iterator[Addition]:
        """What has come since the last notice."""
        match notice:
            case notices.Executed(seconds=seconds):
                self._seconds = seconds
            case notices.ModelReplied():
                self._seconds = None
            case notices.RunChanged():
                self._seen = min(self._seen, len(self._run))  # what nobody heard has left it again
                fresh = self._run.entries[self._seen :]
                self._seen += len(fresh)
                for entry in filter(_is_addition, fresh):
                    answers = not entry.head.is_action
                    yield Addition(entry, self._seconds if answers else None)
                    self._seconds = None


def _is_addition(entry: Entry) -> bool:
    """Whether it is of the live part: what else has no origin answers a step of the recording."""
    return entry.is_added or (entry.origin is None and entry.cause is None)


def is_spoken(addition: Addition) -> bool:
    """Whether it is the model's message, whose text came before it, piece by piece (`ModelText`)."""
    head = addition.entry.head
    return head.kind == MESSAGE and head.source == Source.AGENT.value
