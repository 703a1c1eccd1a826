"""Edits: what each changes in the bytes of a document, where events go by it, and its plain data."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import msgspec


class Piece(NamedTuple):
    """A record's JSON text, and the number that it has for its life (`Body.uid`)."""

    raw: msgspec.Raw | bytes
    uid: int


@dataclass(frozen=True)
class Rewrite:
    """Bytes inside one record: `removed`, which begin at byte `at` of it, give way to `inserted`."""

    index: int
    at: int
    removed: bytes
    inserted: bytes


@dataclass(frozen=True)
class Splice:
    """Records that go and come at one place, and the text between records that goes and comes with them.

    `moved` says that the inserted records are some of those which the splices before it in the same edit
    took out, from that number on; None: they are new.
    """

    at: int
    removed: tuple[Piece, ...] = ()
    inserted: tuple[Piece, ...] = ()
    gap: int = 0
    gaps_removed: tuple[bytes, ...] = ()
    gaps_inserted: tuple[bytes, ...] = ()
    moved: int | None = None


Change = Rewrite | Splice


@dataclass(frozen=True)
class Seen:
    """What an edit did to the events of a document in which they are other than its records.

    `before` and `after` are the uids of all events, in order; `written` are those that say something else.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]
    written: frozenset[int]
    moved: frozenset[int] = frozenset()

    @cached_property
    def touched(self) -> tuple[int, ...]:
        """The events that were written, inserted or moved, by their indices afterwards."""
        known, named = frozenset(self.before), self.written | self.moved
        return tuple(at for at, uid in enumerate(self.after) if uid in named or uid not in known)

    @cached_property
    def touched_before(self) -> tuple[int, ...]:
        """The events that were written, deleted or moved, by their indices before."""
        known, named = frozenset(self.after), self.written | self.moved
        return tuple(at for at, uid in enumerate(self.before) if uid in named or uid not in known)

    @cached_property
    def now(self) -> dict[int, int]:
        """Where each event is afterwards, by uid."""
        return {uid: at for at, uid in enumerate(self.after)}

    @cached_property
    def then(self) -> dict[int, int]:
        """Where each event was before, by uid."""
        return {uid: at for at, uid in enumerate(self.before)}


@dataclass(frozen=True)
class Edit:
    """One step of the history. `label` says in words what it did, `note` what else there is to know.

    `changes` are those of the records. Where records are events they tell all; else `seen` does.
    """

    label: str
    changes: tuple[Change, ...]
    note: str = ""
    seen: Seen | None = None

    @property
    def index(self) -> int | None:
        """The first event concerned after the edit, if there is one."""
        return self.touched[0] if self.touched else None

    @cached_property
    def structural(self) -> bool:
        """Whether events came, went or moved."""
        if self.seen is not None:
            return self.seen.before != self.seen.after
        return any(isinstance(change, Splice) for change in self.changes)

    @cached_property
    def touched(self) -> tuple[int, ...]:
        """The events that were written, inserted or moved, by their indices after the edit."""
        if self.seen is not None:
            return self.seen.touched
        found: set[int] = set()
        for change in self.changes:
            if isinstance(change, Rewrite):
                found.add(change.index)
            else:
                found = _shifted(found, change.at, len(change.removed), len(change.inserted))
                found.update(range(change.at, change.at + len(change.inserted)))
        return tuple(sorted(found))

    @cached_property
    def touched_before(self) -> tuple[int, ...]:
        """The events that were written, deleted or moved, by their indices before the edit."""
        if self.seen is not None:
            return self.seen.touched_before
        found: set[int] = set()
        for change in reversed(self.changes):
            if isinstance(change, Rewrite):
                found.add(change.index)
            else:
                found = _shifted(found, change.at, len(change.inserted), len(change.removed))
                found.update(range(change.at, change.at + len(change.removed)))
        return tuple(sorted(found))

    def remap(self, index: int) -> int | None:
        """Where the event is after the edit that had this index before it; None: it was deleted."""
        if self.seen is not None:
            return self.seen.now.get(self.seen.before[index])
        held, taken = None, 0
        for splice in self._splices:
            out, came = len(splice.removed), len(splice.inserted)
            if held is not None:
                first = splice.moved
                if first is not None and first <= held < first + came:
                    index, held = splice.at + held - first, None
            elif splice.at <= index < splice.at + out:
                held = taken + index - splice.at
            elif index >= splice.at + out:
                index += came - out
            taken += out
        return index if held is None else None

    def unmap(self, index: int) -> int | None:
        """Where the event was before the edit that has this index after it; None: it was inserted."""
        if self.seen is not None:
            return self.seen.then.get(self.seen.after[index])
        held, taken = None, sum(len(splice.removed) for splice in self._splices)
        for splice in reversed(self._splices):
            out, came = len(splice.removed), len(splice.inserted)
            taken -= out
            if held is not None:
                if taken <= held < taken + out:
                    index, held = splice.at + held - taken, None
            elif splice.at <= index < splice.at + came:
                if splice.moved is None:
                    return None
                held = splice.moved + index - splice.at
            elif index >= splice.at + came:
                index += out - came
        return index

    @cached_property
    def _splices(self) -> tuple[Splice, ...]:
        return tuple(change for change in self.changes if isinstance(change, Splice))

    def to_data(self) -> dict[str, Any]:
        """The edit as JSON values, from which it can be made again on the same document."""
        changes = [
            _rewrite_data(change) if isinstance(change, Rewrite) else _splice_data(change)
            for change in self.changes
        ]
        return {"label": self.label, "note": self.note, "changes": changes}


def inverse(edit: Edit) -> Edit:
    """The edit that takes another one back, as an edit of its own."""
    held, taken = [], 0
    for change in edit.changes:
        held.append(taken)
        taken += len(change.removed) if isinstance(change, Splice) else 0
    moves = any(isinstance(change, Splice) and change.moved is not None for change in edit.changes)
    changes = [
        _inverse_splice(change, first if moves else None)
        if isinstance(change, Splice)
        else Rewrite(change.index, change.at, change.inserted, change.removed)
        for change, first in zip(edit.changes, held, strict=True)
    ]
    return Edit(f"undo: {edit.label}", tuple(reversed(changes)))


def _inverse_splice(change: Splice, held: int | None) -> Splice:
    moved = held if change.removed else None
    gaps = change.gaps_inserted, change.gaps_removed
    return Splice(change.at, change.inserted, change.removed, change.gap, *gaps, moved)


def _shifted(indices: Iterable[int], at: int, out: int, came: int) -> set[int]:
    kept = (index for index in indices if not at <= index < at + out)
    return {index if index < at else index + came - out for index in kept}


def seal(texts: Iterable[msgspec.Raw | bytes]) -> int:
    """A checksum of texts."""
    seal = 0
    for text in texts:
        seal = zlib.crc32(text, seal)
    return seal


def _rewrite_data(change: Rewrite) -> dict[str, Any]:
    return {
        "event": change.index,
        "at": change.at,
        "removed": [len(change.removed), seal((change.removed,))],
        "inserted": change.inserted.decode(),
    }


def _splice_data(change: Splice) -> dict[str, Any]:
    texts = [bytes(piece.raw).decode() for piece in change.inserted] if change.moved is None else []
    return {
        "place": change.at,
        "removed": [len(change.removed), seal(piece.raw for piece in change.removed)],
        "inserted": texts,
        "moved": None if change.moved is None else [change.moved, len(change.inserted)],
        "gap": change.gap,
        "gaps_removed": [len(change.gaps_removed), seal(change.gaps_removed)],
        "gaps_inserted": [text.decode() for text in change.gaps_inserted],
    }
