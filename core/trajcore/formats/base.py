"""What a format is: a container of records, and where in the bytes of a file, or of several, they are."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import msgspec

from trajcore.errors import BadInput
from trajcore.formats.json.text import text_start
from trajcore.reading import NotRegular, read_file, recording_bytes

_TEXT: Final = re.compile(rb"[^ \t\n\r\x0b\f]")


@dataclass(frozen=True)
class Source:
    """The bytes of one file; `path` is None for what came from elsewhere."""

    name: str
    path: Path | None
    data: bytes


class Span(NamedTuple):
    """Where a record's JSON text is: in which source, from which byte, up to which."""

    source: int
    begin: int
    end: int


@dataclass(frozen=True)
class Layout:
    """The records of a trajectory: their JSON texts, and the span that each occupies.

    A record is the smallest piece that a container holds: a member of its list, a line, a file. What it
    means is a dialect's business. `opening` is the byte where the series of them begins, behind the
    bracket of a list, None where each has a file of its own; `paired` says that members of the list are
    lists of records themselves; `lines` that each stands on a line of its own, without brackets and commas.
    """

    format: str
    sources: Sequence[Source]
    records: list[msgspec.Raw]
    spans: Sequence[Span]
    opening: int | None = None
    paired: bool = False
    lines: bool = False


class Files:
    """What was opened: a file, bytes from elsewhere, or a directory. Read once, whoever asks."""

    def __init__(self, name: str, path: Path | None = None, data: bytes | None = None) -> None:
        self.name = name
        self.path = path
        self._data = data

    @cached_property
    def directory(self) -> Path | None:
        """The directory that was opened, if it is one."""
        try:
            return (
                self.path
                if self._data is None and self.path is not None and os.path.isdir(self.path)
                else None
            )
        except OSError:
            return None

    @cached_property
    def source(self) -> Source:
        """The bytes of the file. Raises `BadInput`, naming it, when it cannot be read."""
        if self._data is not None or self.path is None:
            return Source(self.name, self.path, self._data or b"")
        return read_source(self.path)

    @cached_property
    def begin(self) -> int:
        """Where the text of the file begins. Raises `BadInput` for what is empty, binary or no UTF-8."""
        return text_start(self.source.data, self.source.name)

    @cached_property
    def first(self) -> bytes:
        """The first character of the text that is no white space. Raises as `begin` does."""
        found = _TEXT.search(self.source.data, self.begin)
        return found[0] if found else b""


class Format(Protocol):
    """A container: between bytes and records. `formats.registry.register_format` adds another one."""

    @property
    def name(self) -> str:
        """How it is called in messages and on the command line."""
        ...

    def records(self, files: Files, row: str | None) -> Iterable[Layout]:
        """Every reading that the bytes admit, none where they are no such container.

        `row` picks one of several trajectories in a file. Raises `BadInput` where the bytes are such a
        container and there is something wrong with it, `RowNeeded` where a row has to be picked.
        """
        ...

    def write(self, records: Iterable[bytes | memoryview]) -> Iterator[bytes | memoryview]:
        """The bytes of a new file with these records."""
        ...


def read_source(path: Path, largest: int | None = None) -> Source:
    """The bytes of a file, as many as a recording may have or `largest`. Raises `BadInput`, naming it."""
    try:
        return Source(str(path), path, read_file(path, recording_bytes() if largest is None else largest))
    except NotRegular as error:
        raise BadInput(f"{str(error)[:-1]}: give a pipe to `trajtui replay -`.") from None


@dataclass(frozen=True)
class FileRow:
    """One row of a file that holds many trajectories. `number` counts from 0."""

    number: int
    id: str
    begin: int
    end: int


class RowNeeded(BadInput):
    """The file holds several trajectories, and none was picked."""

    def __init__(self, name: str, rows: Sequence[FileRow]) -> None:
        ids = ", ".join(row.id or str(row.number) for row in rows[:5]) + (", …" if len(rows) > 5 else "")
        super().__init__(f"{name} holds {len(rows)} trajectories: pick one with --row (0 to {len(rows) - 1}, "
                         f"or its id: {ids}).")  # fmt: skip
        self.rows = rows
