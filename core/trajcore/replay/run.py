"""What happened in this run: its events in order, and how each step of the recording was satisfied."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from trajcore.events.head import Head, head_of
from trajcore.replay.compare import Comparison, Match

if TYPE_CHECKING:
    from trajcore.events.base import Event, Observation


class Status(Enum):
    """How a step of the recording was satisfied."""

    MATCHED = "matched"
    DIVERGED = "diverged"
    SKIPPED = "skipped"
    RECORDED = "recorded"


@dataclass(frozen=True)
class StepResult:
    """One action that asked something of the world, and both observations."""

    index: int
    id: int | None
    kind: str
    status: Status
    comparison: Comparison | None
    exit_code: int | None
    recorded_exit_code: int | None
    seconds: float
    reason: str
    actual: Observation | None
    recorded: Observation | None

    @property
    def match(self) -> Match | None:
        """How recorded and actual agree; None when they do not, or were not compared."""
        return self.comparison.match if self.comparison else None


@dataclass(frozen=True)
class Entry:
    """One event of the run. `origin` is its index in the recording; None for what this run added."""

    raw: bytes
    head: Head
    origin: int | None
    live: bool

    def data(self) -> dict[str, Any]:
        """The event as a Python object, a new one at each call."""
        value: dict[str, Any] = json.loads(self.raw)
        return value


class Run:
    """The events of this run. Ids of the recording are kept; what is added gets ids above them all."""

    def __init__(self, last_id: int) -> None:
        self.entries: list[Entry] = []
        self.results: dict[int, StepResult] = {}
        self._last_id = last_id

    def __len__(self) -> int:
        return len(self.entries)

    def keep(self, raw: bytes, head: Head, origin: int) -> None:
        """A recorded event, as it is."""
        self.entries.append(Entry(raw, head, origin, live=False))

    def add(
        self, event: dict[str, Any], *, origin: int | None = None, id: int | None = None, live: bool = False
    ) -> Entry:
        """A new event: it is stamped with an id (a fresh one unless given) and the time."""
        if id is None:
            self._last_id += 1
            id = self._last_id
        stamped = {"id": id, "timestamp": datetime.now().isoformat(), **event}
        stamped["id"] = id
        raw = json.dumps(stamped, ensure_ascii=False).encode("utf-8", "surrogatepass")
        entry = Entry(raw, head_of(stamped), origin, live)
        self.entries.append(entry)
        return entry

    @property
    def has_live_steps(self) -> bool:
        """Whether a model has added anything."""
        return any(entry.live for entry in self.entries)

    def added(self) -> Iterator[tuple[int, Entry]]:
        """What this run added to the recording, each with its place among the entries."""
        return ((place, entry) for place, entry in enumerate(self.entries) if entry.origin is None)

    def events(self) -> Sequence[Event]:
        """The run so far, as typed events."""
        from trajcore.events.parse import parse

        return [parse(entry.data()).event for entry in self.entries]

    def to_json(self) -> Iterator[bytes]:
        """The run as OpenHands writes a trajectory: one list, indented by four."""
        yield b"["
        for place, entry in enumerate(self.entries):
            text = json.dumps(entry.data(), indent=4, ensure_ascii=True)
            indented = "\n".join("    " + line for line in text.split("\n"))
            yield (",\n" if place else "\n").encode() + indented.encode()
        yield b"\n]\n"
