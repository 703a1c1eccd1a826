"""What a dialect is shown of a recording as it is kept: records, their files, what cannot be read of them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from trajcore.dialects.findings import Finding, Repair, Severity
from trajcore.dialects.recording import Text


@dataclass(frozen=True)
class Kept:
    """The records of a recording as a save would write them now.

    `files` are the names of their files, below what was opened; empty where all are in one. `damaged` says of
    records where they break. `directory` is the directory that was opened, empty where it was none.
    """

    records: Sequence[Text]
    files: Sequence[str] = ()
    damaged: Mapping[int, str] = field(default_factory=dict)
    directory: str = ""

    def file(self, record: int) -> str:
        """The name of a record's file; empty where it has none of its own."""
        return self.files[record] if record < len(self.files) else ""


class Stage(IntEnum):
    """The order in which faults are mended: what is wrong with files hides what is wrong in them."""

    FILES = 0
    FIELDS = 1
    TREE = 2
    LEAF = 3
    PROMPT = 4
    CALLS = 5


@dataclass(frozen=True)
class Fault:
    """What is wrong with a record, whether or not it is an event that is shown. `repairs`: the best first.

    `event` is what its file calls the event in it, where it has one.
    """

    record: int
    code: str
    text: str
    stage: Stage
    repairs: tuple[Repair, ...] = ()
    severity: Severity = Severity.ERROR
    event: str = ""


def found(faults: Sequence[Fault], kept: Kept, events: Mapping[int, int]) -> list[Finding]:
    """Faults as findings; `events` has the index of the event that is found in a record.

    One of a record that no event is found in stands with the event before it.
    """
    listed = []
    shown = sorted(events)
    for fault in faults:
        before = bisect_right(shown, fault.record)
        index = events[shown[before - 1]] if before else 0
        own = fault.record in events
        listed.append(
            Finding(
                index,
                f"#{index}" if own else "–",
                fault.code,
                fault.text,
                fault.severity,
                fault.repairs[0] if fault.repairs else None,
                others=fault.repairs[1:],
                file=kept.file(fault.record),
                event=fault.event,
                stage=int(fault.stage),
            )
        )
    return listed
