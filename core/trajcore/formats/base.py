"""What a format is: a container of records, and where in the bytes of a file, or of several, they are."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import msgspec
from msgspec import Struct

from trajcore.errors import BadInput
from trajcore.formats.json.text import encoding_fault, text_begin, text_start
from trajcore.reading import NotRegular, read_with_status, recording_bytes
from trajcore.storage import Identity, identity_of

_TEXT: Final = re.compile(rb"[^ \t\n\r\x0b\f]")


class Source(Struct, frozen=True):
    """The bytes of one file; `path` is None for what came from elsewhere.

    `packed` says how they were packed (`gzip`, `zip`, `tar`), where they were: they are not what is on disk
    then. `known` tells the file that they were read from, where that is `path`.
    """

    name: str
    path: Path | None
    data: bytes
    packed: str = ""
    known: Identity | None = None


class Span(NamedTuple):
    """Where a record's JSON text is: in which source, from which byte, up to which."""

    source: int
    begin: int
    end: int


PACKED: Final = {"gzip": b"\x1f\x8b", "zip": b"PK\x03\x04"}
"""How packed files begin."""
_TAR: Final = b"ustar", 257
"""What stands at which byte of a tar archive."""


def is_tar(data: bytes) -> bool:
    """Whether these are the bytes of a tar archive."""
    return data.startswith(*_TAR)


DAMAGED: Final = msgspec.Raw(b"{}")
"""Stands for a record that cannot be read."""


class Member(NamedTuple):
    """A record of a store, as it is to be kept in a file."""

    source: int | None
    """The source that it was read from; None where it is new."""
    text: msgspec.Raw | bytes
    number: int | None
    """The id of the event that it is, where it has a number."""


class Store(Protocol):
    """How records that have a file each are kept: what their files are called, and what lies beside them.

    Files are named as they lie below the directory that was opened, `/` between the parts.
    """

    @property
    def names(self) -> Sequence[str]:
        """The files that were read, one for each source."""
        ...

    @property
    def last_number(self) -> int:
        """The highest number that names an event by its file; -1 where no new one is numbered by that."""
        ...

    def named(self, members: Sequence[Member]) -> list[str]:
        """The file of each record, in their order. Raises `BadInput` where names can't keep that order."""
        ...

    def is_kept_at(self, target: Path) -> bool:
        """Whether what is saved to another place stays a directory there; else it becomes one file."""
        ...

    def home(self, target: Path, first: msgspec.Raw | bytes) -> str:
        """Where below a directory a recording is written that its own program is to find there.

        Empty: in itself. `first` is its first record.
        """
        ...

    def at_home(self, name: str) -> str:
        """What a file is called in that."""
        ...

    def at_place(self, target: Path, name: str, data: bytes) -> bytes:
        """A file as it is in this directory, by which the recording may be called in it."""
        ...

    def beside(self, directory: Path) -> Sequence[str]:
        """The other files of a directory that belong to the recording, and go along to another place."""
        ...

    def stale(self, directory: Path) -> Sequence[Path]:
        """Files that tell something of the others which is wrong once any of those comes or goes."""
        ...

    def aside(self, source: int, *, damaged: bool) -> str:
        """Where the file of a source is kept that is no part of the recording any more; empty: it is not."""
        ...

    def owner(self, directory: Path) -> str:
        """Who writes into the directory now, in words; empty where that is nobody."""
        ...


@dataclass(frozen=True)
class Layout:
    """The records of a trajectory: their JSON texts, and the span that each occupies.

    A record is the smallest piece that a container holds: a member of its list, a line, a file. What it
    means is a dialect's business. `opening` is the byte where the series of them begins, behind the
    bracket of a list, None where each has a file of its own, which `store` names; `paired` says that members
    of the list are lists of records themselves; `lines` that each stands on a line of its own, without
    brackets and commas.

    `damaged` says of records that cannot be read where they break: their spans hold what stands there, and
    `records` has `DAMAGED` in their place, an object without members. `closing` is the byte where the series
    ends, None where that is at the bracket behind the last record. `missing` says what is wrong
    behind it: where the file was cut off, or that text stands there. `misplaced` says of records that can
    be read what is wrong with where they stand: that some are missing before one, that two have one place.
    `holder` is where the object stands in the first source whose list the records are: a row of an
    evaluation's results says more than what its agent did. `around` is the key of that list where the first
    record is that object itself, with its list empty; it stays where it is.
    """

    format: str
    sources: Sequence[Source]
    records: list[msgspec.Raw]
    spans: Sequence[Span]
    opening: int | None = None
    paired: bool = False
    lines: bool = False
    damaged: Mapping[int, str] = field(default_factory=dict)
    closing: int | None = None
    missing: str = ""
    misplaced: Mapping[int, str] = field(default_factory=dict)
    holder: tuple[int, int] | None = None
    around: str = ""
    store: Store | None = None


class Files:
    """What was opened: a file, bytes from elsewhere, or a directory. Read once, whoever asks."""

    def __init__(
        self,
        name: str,
        path: Path | None = None,
        data: bytes | None = None,
        *,
        packed: str = "",
        inside: str = "",
        missing: str = "",
        members: Mapping[str, bytes] | None = None,
    ) -> None:
        """`packed`, `inside` and `missing`: how `data` was packed, as what, and what was lost behind it.

        `members` are the files of a directory that was packed as one recording, by their names in it.
        """
        self.name = name
        self.path = path
        self.inside = inside
        self.missing = missing
        self.members = members
        self._data = data
        self._packed = packed

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
            return Source(self.name, self.path, self._data or b"", self._packed)
        return read_source(self.path)

    @cached_property
    def packing(self) -> str:
        """How what was opened is packed: `gzip`, `zip`, `tar`; empty where it is not."""
        if self.directory is not None or self._packed:
            return ""
        data = self.source.data
        found = next((name for name, mark in PACKED.items() if data.startswith(mark)), "")
        return found or ("tar" if is_tar(data) else "")

    @cached_property
    def begin(self) -> int:
        """Where the text of the file begins. Raises `BadInput` for what is empty, binary or no UTF-8."""
        return text_start(self.source.data, self.source.name)

    @cached_property
    def start(self) -> int:
        """As `begin`, whatever stands behind it. Raises `BadInput` for what is empty or binary."""
        return text_begin(self.source.data, self.source.name)

    @cached_property
    def is_utf8(self) -> bool:
        """Whether all of it is UTF-8. What is not may be one damaged record."""
        return encoding_fault(self.source.data) is None

    @cached_property
    def first(self) -> bytes:
        """The first character of the text that is no white space. Raises as `start` does."""
        found = _TEXT.search(self.source.data, self.start)
        return found[0] if found else b""

    @cached_property
    def has_lines(self) -> bool:
        """Whether it is JSON Lines of several objects, of which some may be damaged. Raises as `start`."""
        if self.first != b"{":
            return False
        data = self.source.data
        end = data.find(b"\n", data.index(b"{", self.start))
        behind = _TEXT.search(data, end) if end >= 0 else None
        if behind is None:
            return False
        if data[self.start : end].rstrip().endswith(b"}"):
            return True
        # The first may be the damaged one. The second line of one object over several mostly is a key.
        return behind[0] == b"{" and _mostly_objects(data[self.start :].splitlines())


def _mostly_objects(lines: Sequence[bytes]) -> bool:
    texts = [line.strip() for line in lines if line.strip()]
    return 2 * sum(text[:1] == b"{" and text[-1:] == b"}" for text in texts) >= len(texts)


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
        data, status = read_with_status(path, recording_bytes() if largest is None else largest)
    except NotRegular as error:
        raise BadInput(f"{str(error)[:-1]}: give a pipe to `trajtui replay -`.") from None
    return Source(str(path), path, data, known=identity_of(status))


class FileRow(Struct, frozen=True):
    """One row of a file that holds many trajectories. `number` counts from 0, `line` from 1.

    `damage` says where it breaks, where it cannot be read; `failure` why it holds no trajectory, where its
    run failed. Both are empty where it can be opened.
    """

    number: int
    id: str
    begin: int
    end: int
    line: int = 0
    damage: str = ""
    failure: str = ""

    @property
    def fault(self) -> str:
        """Why it cannot be opened; empty where it can."""
        return f"damaged ({self.damage})" if self.damage else self.failure

    @property
    def named(self) -> str:
        """How it is called in messages: by number, id and line, as far as it has them."""
        line = f"line {self.line}" if self.line else ""
        return f"row {self.number} ({', '.join(filter(None, (_short(self.id), line)))})"


class RowNeeded(BadInput):
    """The file holds several trajectories, and none was picked."""

    def __init__(self, name: str, rows: Sequence[FileRow]) -> None:
        whole = [row for row in rows if not row.fault]
        ids = ", ".join(_reference(row, rows) for row in whole[:_NAMED]) + ", …" * (len(whole) > _NAMED)
        count = "1 trajectory" if len(whole) == 1 else f"{len(whole)} trajectories"
        super().__init__(f"{name} holds {count}: pick one with --row (0 to {len(rows) - 1}, "
                         f"or its id: {ids}).{faults_of(rows)}")  # fmt: skip
        self.rows = rows


def _reference(row: FileRow, rows: Sequence[FileRow]) -> str:
    """What names a row on the command line: its id, where that names no other."""
    if not row.id or sum(other.id == row.id for other in rows) > 1:
        return str(row.number)
    return f"{_ID}{row.id}" if _is_number(row.id) else _short(row.id)


def _short(id: str) -> str:
    return id if len(id) <= _LONGEST_ID else f"{id[:_LONGEST_ID]}…"


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER


class Sure(BadInput):
    """What is wrong with what is such a container beyond doubt: no other is asked."""


class OneOf(RowNeeded, Sure):
    """The directory holds several conversations, and none was picked."""


_NAMED: Final = 5
"""So many rows are named in a message."""


def faults_of(rows: Sequence[FileRow]) -> str:
    """The rows that cannot be opened, in words."""
    damaged = [f"line {row.line} ({row.damage})" for row in rows if row.damage]
    failed = [str(row.number) for row in rows if row.failure and not row.damage]
    return _listed(" Damaged: ", damaged) + _listed(" Failed, without a trajectory: ", failed)


def _listed(what: str, found: Sequence[str]) -> str:
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return f"{what}{', '.join(found[:_NAMED])}{more}." if found else ""


def picked(name: str, rows: Sequence[FileRow], row: str) -> FileRow:
    """The row that a user named: a number is always an index, `id:N` an id, and so is what is no number.

    Raises `BadInput` where there is none, where several have that id, and where it cannot be opened.
    """
    if _is_number(row):
        found = [one for one in rows if one.number == int(row)]
    else:
        found = [one for one in rows if one.id == row] or [
            one for one in rows if row.startswith(_ID) and one.id == row.removeprefix(_ID)
        ]
    if not found:
        known = f"rows are 0 to {len(rows) - 1}, or named by their id"
        by_id = f" (--row {_ID}{row} is the one with that id)" if any(one.id == row for one in rows) else ""
        raise BadInput(f"{name} has no row {row!r}: {known}{by_id}.")
    if len(found) > 1:
        raise BadInput(
            f"{name} has {len(found)} rows with the id {_short(found[0].id)!r}: pick one by its number"
            f"{_listed(': ', [str(one.number) for one in found])}"
        )
    if found[0].fault:
        raise BadInput(f"{name}: {found[0].named} is {found[0].fault}.")
    return found[0]


_ID: Final = "id:"
_LONGEST_ID: Final = 80
_LONGEST_NUMBER: Final = 18
"""Digits of the highest number of a row."""
