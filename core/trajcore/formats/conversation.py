"""A conversation in files: a state, and a file for each event, whose name says which it is, and its place.

It may lie in a directory or in an archive (`Files.members`). What is a file of an event is said by the form
of its name, what a record by its text; nothing is left out because a neighbour of it is missing or torn.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from trajcore.errors import BadInput
from trajcore.formats.base import (
    DAMAGED,
    FileRow,
    Files,
    Layout,
    OneOf,
    Source,
    Span,
    Sure,
    picked,
    read_source,
)  # fmt: skip
from trajcore.formats.directory import record_span
from trajcore.formats.eventnames import CHILDREN, EVENTS, STATE, STYLES, Named, Style, text_in
from trajcore.formats.lists import Lists
from trajcore.reading import recording_bytes


class _Named(msgspec.Struct, gc=False):
    """What is read of each record: its id."""

    id: Any = None


_decoder: Final = msgspec.json.Decoder(_Named)


class _Tree(Protocol):
    """Where the files are."""

    def files(self, prefix: str) -> Sequence[str]:
        """The names of the files right below a directory, without it."""
        ...

    def directories(self, prefix: str) -> Sequence[str]:
        """The names of the directories right below one, `/` behind each."""
        ...

    def source(self, name: str, left: int) -> Source:
        """What is in a file, of at most so many bytes. Raises `BadInput`."""
        ...


class Conversation:
    """`base_state.json` and `events/event-00000-ID.json`, …; also without a state, or an export of it."""

    name: Final = "conversation"

    def records(self, files: Files, row: str | None) -> Iterator[Layout]:
        """The records of a conversation, damaged files among them; `row` picks one of several directories.

        The state comes first, where there is one; behind the events those of each sub-agent, with its state.
        Raises `BadInput` where no file is whole, `RowNeeded`.
        """
        tree: _Tree
        if files.members is not None:
            tree = _Archive(files)
        elif files.directory is not None:
            tree = _Directory(files.directory)
        else:
            return
        prefix = _prefix(tree, files.name, row)
        if prefix is None:
            return
        found = _Reader(tree, prefix)
        if not any(record is not DAMAGED for record in found.records):
            raise BadInput(f"{next(iter(found.damaged.values()))}.")
        yield Layout(
            self.name, found.sources, found.records, found.spans,
            damaged=found.damaged, misplaced=found.misplaced, store=Named(found.names, files.name),
        )  # fmt: skip

    def write(self, records: Iterable[bytes | memoryview]) -> Iterator[bytes | memoryview]:
        """In one file its records are a list."""
        return Lists().write(records)


def _prefix(tree: _Tree, name: str, row: str | None) -> str | None:
    """Where the conversation is: there, or in a directory below; None where there is none."""
    if _event_files(tree, ""):
        if row not in (None, "0"):
            raise Sure(f"{name} holds one conversation, which is row 0.")
        return ""
    below = [prefix for prefix in tree.directories("") if _event_files(tree, prefix)]
    rows = [FileRow(number, prefix[:-1], 0, 0) for number, prefix in enumerate(below)]
    if row is None and len(rows) > 1:
        raise OneOf(name, rows)
    return below[picked(name, rows, row or "0").number] if below else None


class _File(NamedTuple):
    """The file of an event, by what its name says; in the order of their numbers."""

    number: int
    name: str
    id: str
    style: Style


def _event_files(tree: _Tree, prefix: str) -> list[_File]:
    """The files of the events of a conversation, which are all called alike."""
    for place in (prefix + EVENTS, prefix):
        names = tree.files(place)
        for style in STYLES:
            matches = filter(None, map(style.name.fullmatch, names))
            found = [
                _File(int(match["index"]) if style.made else 0, place + match[0], match["id"], style)
                for match in matches
            ]
            if found:
                return sorted(found, key=lambda file: file[:2])
    return []


class _Reader:
    """Reads the files of a conversation, and of those of its sub-agents, into records."""

    def __init__(self, tree: _Tree, prefix: str) -> None:
        self._tree = tree
        self._left = recording_bytes()
        self.names: list[str] = []
        self.sources: list[Source] = []
        self.records: list[msgspec.Raw] = []
        self.spans: list[Span] = []
        self.damaged: dict[int, str] = {}
        self.misplaced: dict[int, str] = {}
        self._conversation(prefix)
        for child in tree.directories(prefix + CHILDREN):
            # Without a state nothing tells where the events of one end and those of the next begin.
            if STATE in tree.files(prefix + CHILDREN + child):
                self._conversation(prefix + CHILDREN + child)

    def _conversation(self, prefix: str) -> None:
        if STATE in self._tree.files(prefix):
            self._file(prefix + STATE)
        events = _event_files(self._tree, prefix)
        if events and not events[0].style.made:
            for file in sorted(events, key=self._time):
                self._file(file.name)
            return
        last = -1
        for file in events:
            self._file(file.name, file.id, self._fault(file, last))
            last = file.number

    def _fault(self, file: _File, last: int) -> str:
        """What is wrong with where an event stands behind the one with an index."""
        index, name, _, style = file
        if not style.strict.fullmatch(name[name.rfind("/") + 1 :]):
            return f"{name}: its name is none of the form {style.made.format(index, 'ID')}"
        if index == last:
            return f"{name}: a second file with the index {index}"
        if index == last + 2:
            return f"{name}: there is no file with the index {last + 1} before it"
        if index > last + 1:
            return f"{name}: there are no files with the indices {last + 1} to {index - 1} before it"
        return ""

    def _time(self, file: _File) -> tuple[str, str]:
        return text_in(self._tree.source(file.name, self._left).data, "timestamp"), file.name

    def _file(self, name: str, id: str = "", fault: str = "") -> None:
        number = len(self.records)
        source = self._tree.source(name, self._left)
        data = source.data
        self._left -= len(data)
        record, span = msgspec.Raw(data), (0, len(data))
        try:
            own = _decoder.decode(data).id
            if data[:1] != b"{" or data[-1:] != b"}" or not _is_utf8(data):
                raise ValueError
        except (ValueError, RecursionError):
            own = None
            try:
                span = record_span(source)
                record = msgspec.Raw(data[slice(*span)])
            except BadInput as error:
                self.damaged[number] = str(error).removesuffix(".")
                record = DAMAGED
        if id and not fault and record is not DAMAGED:
            own = text_in(bytes(record), "id") if own is None else own
            if own != id:
                fault = f"{name}: the event in it has another id, {str(own)[:60]!r}"
        if fault:
            self.misplaced[number] = fault
        self.names.append(name)
        self.sources.append(source)
        self.records.append(record)
        self.spans.append(Span(number, *span))


def _is_utf8(data: bytes) -> bool:
    try:
        return data.isascii() or bool(data.decode())
    except UnicodeDecodeError:
        return False


class _Directory:
    """Files on disk."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._listed: dict[str, list[tuple[str, bool]]] = {}

    def files(self, prefix: str) -> Sequence[str]:
        return [name for name, is_directory in self._entries(prefix) if not is_directory]

    def directories(self, prefix: str) -> Sequence[str]:
        return sorted(f"{name}/" for name, is_directory in self._entries(prefix) if is_directory)

    def source(self, name: str, left: int) -> Source:
        return read_source(self._directory / name, left)

    def _entries(self, prefix: str) -> list[tuple[str, bool]]:
        if prefix not in self._listed:
            try:
                with os.scandir(self._directory / prefix) as found:
                    self._listed[prefix] = [(entry.name, entry.is_dir()) for entry in found]
            except OSError:
                self._listed[prefix] = []
        return self._listed[prefix]


class _Archive:
    """Files out of an archive."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._members: Mapping[str, bytes] = files.members or {}

    def files(self, prefix: str) -> Sequence[str]:
        inside = (name.removeprefix(prefix) for name in self._members if name.startswith(prefix))
        return [name for name in inside if "/" not in name]

    def directories(self, prefix: str) -> Sequence[str]:
        inside = (name.removeprefix(prefix) for name in self._members if name.startswith(prefix))
        return sorted({name[: name.index("/") + 1] for name in inside if "/" in name})

    def source(self, name: str, left: int) -> Source:
        files = self._files
        return Source(f"{files.name}: {name}", files.path, self._members[name], files.source.packed)
