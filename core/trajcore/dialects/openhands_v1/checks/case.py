"""One conversation as the checks see it: its records by kind, id and file, and how its faults are written."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, Final

from trajcore.dialects.changes import Changes, Rewritten
from trajcore.dialects.examined import Fault, Kept, Stage
from trajcore.dialects.findings import Repair, Severity
from trajcore.dialects.openhands_v1.tree import BESIDE, ROOT, Tree, names_parents
from trajcore.dialects.openhands_v1.wire import Key, Log
from trajcore.formats.json.edit import with_value
from trajcore.formats.json.reading import as_object

HEX: Final = re.compile(r"[0-9a-fA-F-]{8,}")
"""Ids that are found again in the name of a file."""
ACTION: Final = "ActionEvent"
MESSAGE: Final = "MessageEvent"
PROMPT: Final = "SystemPromptEvent"
ERROR: Final = "AgentErrorEvent"
ANSWERS: Final = frozenset({"ObservationEvent", "UserRejectObservation", ERROR})


class Case:
    """A conversation that is examined."""

    def __init__(self, kept: Kept, log: Log, *, main: bool) -> None:
        self.kept = kept
        self.log = log
        self.main = main
        """Whether it is the one that goes on; others are those of its helpers."""
        self.faults: list[Fault] = []
        self._read: dict[int, dict[str, Any]] = {}

    @cached_property
    def tree(self) -> Tree:
        """What hangs on what."""
        return Tree(self.log)

    @cached_property
    def has_parents(self) -> bool:
        """Whether its events name what they hang on."""
        return names_parents(self.log.keys.values())

    @property
    def records(self) -> Sequence[int]:
        """The records of its events."""
        return self.log.records

    def key(self, record: int) -> Key:
        """What is read of a record at once."""
        return self.log.keys[record]

    def text(self, record: int) -> bytes:
        """The text of a record."""
        return bytes(self.kept.records[record])

    def data(self, record: int) -> dict[str, Any]:
        """A record as an object, not to be changed."""
        if record not in self._read:
            self._read[record] = as_object(self.kept.records[record])
        return self._read[record]

    def is_damaged(self, record: int) -> bool:
        """Whether it cannot be read."""
        return record in self.kept.damaged

    @cached_property
    def ids(self) -> set[str]:
        """The ids of all events, also of such that cannot be read, by the names of their files."""
        found = {id for record in self.records if (id := self.key(record).id) is not None}
        named = (id_in(self.kept.file(record)) for record in self.records if self.is_damaged(record))
        return found | {id for id in named if id}

    def before(self, record: int) -> int | None:
        """The last event in front of one that a branch can go on from."""
        behind = (at for at in reversed(self.records) if at < record and not self.is_damaged(at))
        return next((at for at in behind if self.key(at).id and self.key(at).kind not in BESIDE), None)

    def hung(self, record: int, parent: int | None) -> Rewritten:
        """An event that hangs on another one."""
        named = ROOT if parent is None else self.key(parent).id
        return Rewritten(record, with_value(self.text(record), ("parent_id",), named))

    def told(self, record: int | None) -> str:
        """How an event is called in words."""
        if record is None:
            return "nothing: it begins a branch"
        key = self.key(record)
        return f"{key.kind} {short(key.id)}" if key.kind else short(key.id)

    def fault(
        self,
        record: int,
        code: str,
        text: str,
        stage: Stage,
        *repairs: Repair,
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Note what is wrong with a record."""
        id = self.key(record).id if record in self.log.keys else None
        event = id if id and record != self.log.state else ""
        self.faults.append(Fault(record, code, text, stage, repairs, severity, event))


def repair(words: str, changes: Changes, *, follow: bool = False) -> Repair:
    """A repair of records."""
    return Repair(words, changes=tuple(changes), follow=follow)


def short(id: str | None) -> str:
    """An id, cut where it is long."""
    return "without an id" if not id else id if len(id) <= _SHOWN else f"{id[:_SHOWN]}…"


_SHOWN: Final = 12


def several(names: Iterable[object]) -> str:
    """Some names, the first of them."""
    listed = [str(name)[:40] for name in names]
    return ", ".join(listed[:4]) + (f" and {len(listed) - 4} more" if len(listed) > 4 else "")


def id_in(file: str) -> str:
    """The id that the name of a file of an event says."""
    match = re.fullmatch(r"(?:.*/)?event[-_]\d+[-_](.+)\.json", file)
    return match[1] if match else ""


def fresh_id(*of: object) -> str:
    """An id of its own, the same whenever it is made of the same."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, "trajtui " + " ".join(map(str, of))))
