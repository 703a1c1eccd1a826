"""The document: the events of a file over its original bytes, edits, undo."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from trajcore.errors import BadInput, FileChanged
from trajcore.events.head import Head, read_head
from trajcore.events.legacy import is_flattened, migrated
from trajcore.formats import read_bytes, read_path
from trajcore.formats.base import Layout
from trajcore.formats.json_edit import with_value
from trajcore.outline import Outline, outline
from trajcore.storage import identity, write_atomically

if TYPE_CHECKING:
    from trajcore.events.parse import Parsed

_CACHED: Final = 4096
_LONGEST_NUMBER: Final = 20
"""Digits of the longest id that can be named."""


@dataclass(frozen=True)
class Edit:
    """One change of one event, which can be taken back. `label` says in words what it did."""

    index: int
    before: bytes
    after: bytes
    label: str


class Trajectory:
    """An ordered sequence of events. Bytes that no edit touched are written as they were read."""

    def __init__(self, layout: Layout, name: str, path: Path | None = None) -> None:
        """A trajectory over what a format found. Raises `BadInput` when none of it is an event."""
        self.name = name
        self.path = path
        self._sources = layout.sources
        self._spans = layout.spans
        self._events: list[msgspec.Raw | bytes] = list(layout.events)
        self._original: dict[int, msgspec.Raw | bytes] = {}
        self.outline: Outline = outline(self._events)
        if not self.outline.has_events:
            raise BadInput(f"{name} is not a trajectory: no object in it has an 'action' or 'observation'.")
        self._undone: list[Edit] = []
        self._done: list[Edit] = []
        self._saved_at = 0
        self._on_disk = {source.path: identity(source.path) for source in self._sources if source.path}
        self._head = lru_cache(_CACHED)(self._read_head)
        self._parsed = lru_cache(_CACHED)(self._parse)

    @classmethod
    def open(cls, path: Path, row: str | None = None) -> Trajectory:
        """Read a file or an event store; `row` picks one of several by number or id.

        Raises `BadInput`, naming the file, when it cannot be read or is no trajectory, and `RowNeeded`.
        """
        return cls(read_path(path, row), str(path), path)

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "trajectory", row: str | None = None) -> Trajectory:
        """Read a whole file that is in memory. Raises as `open` does."""
        return cls(read_bytes(data, name, row), name)

    def __len__(self) -> int:
        return len(self._events)

    def head(self, index: int) -> Head:
        """What a timeline shows of an event."""
        return self._head(index)

    def raw(self, index: int) -> bytes:
        """The JSON text of an event."""
        return bytes(self._events[index])

    def data(self, index: int) -> dict[str, Any]:
        """An event as a Python object, a new one at each call."""
        raw = self.raw(index)
        try:
            value: dict[str, Any] = json.loads(raw)
        except ValueError:
            # An integer of more digits than Python converts; nothing else can be wrong with it by now.
            value = json.loads(raw, parse_int=float)
        return value

    def modern(self, index: int) -> dict[str, Any]:
        """As `data`, older spellings brought up to date: arguments are in `args`, details in `extras`."""
        return migrated(self.data(index))

    def parsed(self, index: int) -> Parsed:
        """An event as a typed model, and what is wrong with it."""
        return self._parsed(index)

    def label(self, index: int) -> str:
        """How an event is called in messages: its id, or `#index` where it has none of its own."""
        number = self.outline.ids[index]
        return str(number) if number is not None and self.index_of(number) == index else f"#{index}"

    def index_of(self, id: int) -> int | None:
        """The index of the first event with this id."""
        return self.outline.by_id.get(id)

    def resolve(self, reference: str) -> int:
        """The index of the event that a user named: an id, or `#index`. Raises `BadInput`."""
        number = reference.strip().removeprefix("#")
        if number.isascii() and number.isdigit() and len(number) <= _LONGEST_NUMBER:
            index = int(number) if reference.strip().startswith("#") else self.index_of(int(number))
            if index is not None and index < len(self):
                return index
        raise BadInput(f"{self.name} has no event {reference}.")

    def _read_head(self, index: int) -> Head:
        return read_head(self._events[index])

    def _parse(self, index: int) -> Parsed:
        from trajcore.events.parse import parse

        return parse(self.data(index))

    # Editing

    @property
    def modified(self) -> bool:
        """Whether there are edits that the file does not have."""
        return len(self._done) != self._saved_at

    @property
    def edited(self) -> frozenset[int]:
        """The events that differ from the file as it was read."""
        return frozenset(self._original)

    def set_value(self, index: int, path: Sequence[str | int], value: Any) -> Edit:
        """Set one field of an event. Raises `BadInput` when the path leads nowhere."""
        before = self.raw(index)
        try:
            after = with_value(before, path, value)
        except KeyError:
            raise BadInput(f"event {self.label(index)} has no {'.'.join(map(str, path))}.") from None
        written = json.dumps(value, ensure_ascii=False)
        edit = Edit(index, before, after, f"{path[-1]} = {written} in event {self.label(index)}")
        self._put(index, after)
        if self._saved_at > len(self._done):
            self._saved_at = -1
        self._done.append(edit)
        self._undone.clear()
        return edit

    def flip(self, index: int, flag: str) -> Edit:
        """Turn a flag of an action's arguments over. Raises `BadInput` where the event has no such flag."""
        head = self.head(index)
        if flag == "wait_for_response" and head.action != "message":
            raise BadInput(f"only messages have {flag}, and event {self.label(index)} is a {head.kind}")
        data = self.data(index)
        flat = is_flattened(data)
        args = data if flat else data.get("args")
        value = args.get(flag, False) if isinstance(args, dict) else False
        return self.set_value(index, (flag,) if flat else ("args", flag), not value)

    def undo(self) -> Edit | None:
        """Take the last edit back; None when there is none."""
        if not self._done:
            return None
        edit = self._done.pop()
        self._put(edit.index, edit.before)
        self._undone.append(edit)
        return edit

    def redo(self) -> Edit | None:
        """Make the last undone edit again; None when there is none."""
        if not self._undone:
            return None
        edit = self._undone.pop()
        self._put(edit.index, edit.after)
        self._done.append(edit)
        return edit

    def _put(self, index: int, raw: bytes) -> None:
        original = self._original.setdefault(index, self._events[index])
        if raw == bytes(original):
            self._events[index] = self._original.pop(index)
        else:
            self._events[index] = raw
        self._head.cache_clear()
        self._parsed.cache_clear()
        self.outline.update(index, self._events[index])

    # Saving

    def pieces(self, source: int = 0) -> Iterator[bytes | memoryview]:
        """The bytes of one of its files as it would be saved now."""
        whole = memoryview(self._sources[source].data)
        at = 0
        for index in sorted(self._original):
            span = self._spans[index]
            if span.source == source:
                yield whole[at : span.begin]
                yield self.raw(index)
                at = span.end
        yield whole[at:]

    def to_bytes(self, source: int = 0) -> bytes:
        """One of its files as it would be saved now; most trajectories have but one."""
        return b"".join(self.pieces(source))

    def save(self, path: Path | None = None, *, overwrite: bool = False) -> Path:
        """Write what was edited, each file whole or not at all, and return where.

        Raises `FileChanged` when an opened file is no longer the one that was read, unless
        `overwrite` is given, and `BadInput` where it cannot be written.
        """
        target = path or self.path
        if target is None:
            raise BadInput("this trajectory came from standard input: name a file to save it to.")
        if target == self.path:
            self._save_in_place(overwrite=overwrite)
        elif len(self._sources) > 1:
            raise BadInput(f"{self.name} is a directory of events: it is saved in place, or as a run.")
        else:
            write_atomically(target, self.pieces())
        self._saved_at = len(self._done)
        return target

    def _save_in_place(self, *, overwrite: bool) -> None:
        touched = {self._spans[edit.index].source for edit in (*self._done, *self._undone)}
        if len(self._sources) == 1:
            touched = {0}
        changed = [
            path
            for number in sorted(touched)
            if (path := self._sources[number].path) and identity(path) != self._on_disk[path]
        ]
        if changed and not overwrite:
            raise FileChanged(f"{changed[0]} has changed on disk since it was opened.")
        for number in sorted(touched):
            path = self._sources[number].path
            if path is not None:
                write_atomically(path, self.pieces(number))
                self._on_disk[path] = identity(path)
