"""What a format tells of a file, or of a directory of files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec

from trajcore.errors import BadInput


@dataclass(frozen=True)
class Source:
    """The bytes of one file; `path` is None for what came from elsewhere."""

    name: str
    path: Path | None
    data: bytes


class Span(NamedTuple):
    """Where an event's JSON text is: in which source, from which byte, up to which."""

    source: int
    begin: int
    end: int


@dataclass(frozen=True)
class Layout:
    """The events of a trajectory: their JSON texts, and the span that each occupies.

    `opening` is the byte behind the bracket that opens the list they are in, None where each has a file
    of its own; `paired` says that members of the list are lists of events themselves.
    """

    sources: Sequence[Source]
    events: list[msgspec.Raw]
    spans: list[Span]
    opening: int | None = None
    paired: bool = False


@dataclass(frozen=True)
class Row:
    """One row of a file that holds many trajectories. `number` counts from 0."""

    number: int
    id: str
    begin: int
    end: int


class RowNeeded(BadInput):
    """The file holds several trajectories, and none was picked."""

    def __init__(self, name: str, rows: Sequence[Row]) -> None:
        ids = ", ".join(row.id or str(row.number) for row in rows[:5]) + (", …" if len(rows) > 5 else "")
        super().__init__(f"{name} holds {len(rows)} trajectories: pick one with --row (0 to {len(rows) - 1}, "
                         f"or its id: {ids}).")  # fmt: skip
        self.rows = rows
