"""Edits: what each changes in the bytes of a document, where events go by it, and its plain data."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from functools import cached_property
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct


class Piece(NamedTuple):
    """A record's JSON text, and the number that it has for its life (`Body.uid`)."""

    raw: msgspec.Raw | bytes
    uid: int


class Rewrite(Struct, frozen=True):
    """Bytes inside one record: `removed`, which begin at byte `at` of it, give way to `inserted`."""

    index: int
    at: int
    removed: bytes
    inserted: bytes


class Splice(Struct, frozen=True):
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


class Seen(Struct, frozen=True, dict=True):
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

    def place(self, at: int, *, undone: bool = False) -> tuple[int, tuple[int, ...]]:
        """See `Edit.place`."""
        before, after = (self.after, self.before) if undone else (self.before, self.after)
        places = {uid: index for index, uid in enumerate(after) if uid not in self.moved}
        behind = before[:at]
        while behind and behind[-1] not in places:
            behind = behind[:-1]
        gone = before[at - 1 : at] if len(behind) < at else ()
        return (places[behind[-1]] + 1 if behind else 0), gone


class Edit(Struct, frozen=True, dict=True):
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

    def place(self, at: int, *, undone: bool = False) -> tuple[int, tuple[int, ...]]:
        """Where the place before the event at `at` is afterwards: behind the last before it that stayed.

        With it the uids of the events that the place was right behind and that went, or moved. `undone`:
        as taking the edit back does it.
        """
        if self.seen is not None:
            return self.seen.place(at, undone=undone)
        gone = []
        for change in reversed(self.changes) if undone else self.changes:
            if isinstance(change, Splice) and change.at < at:
                went, came = change.removed, change.inserted
                if undone:
                    went, came = came, went
                if at - change.at <= len(went):
                    gone.append(went[at - change.at - 1].uid)
                    at = change.at
                else:
                    at += len(came) - len(went)
        return at, tuple(gone)

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
