"""The events of a document: its records themselves, or what a dialect sees in them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from copy import copy
from itertools import count
from typing import Any, Final, Protocol

from msgspec import Struct

from trajcore.dialects.base import Dialect, Text
from trajcore.document.body import Body
from trajcore.document.edits import Change, Rewrite, Seen, Splice
from trajcore.document.outline import Outline
from trajcore.events.head import Head

_BEGINNING: Final = 1000
"""So many events are read at first: more than a screen shows, and few beside a hundred thousand."""


class Snapshot(Struct, frozen=True):
    """The records of a document at some time, and the events in them."""

    records: Sequence[Text]
    record_uids: Sequence[int]
    slots: Sequence[Any]
    uids: tuple[int, ...]


class Events(Protocol):
    """The events of a document, by index."""

    @property
    def outline(self) -> Outline:
        """Ids, kinds and pairs, as they are now."""
        ...

    @property
    def all_read(self) -> bool:
        """Whether all events have been read, so that the outline costs nothing."""
        ...

    @property
    def beginning(self) -> Outline:
        """Those of some of the first events alone, where no more has been read yet; else of all.

        What it says of an event is final, but for what comes behind the last of them: which observation
        answers an action, and where a delegation ends.
        """
        ...

    @property
    def has_events(self) -> bool:
        """Whether any of them has a kind."""
        ...

    @property
    def edited(self) -> frozenset[int]:
        """Those that differ from the file as it was read: rewritten or new ones."""
        ...

    def __len__(self) -> int: ...

    def texts(self, index: int) -> Sequence[Text]:
        """The texts of the records that are an event's own."""
        ...

    def first_record(self, index: int) -> int:
        """The record that an event is found in."""
        ...

    def head(self, index: int) -> Head:
        """What a timeline shows of an event."""
        ...

    def group(self, index: int) -> Hashable | None:
        """The reply of a model that an event belongs to."""
        ...

    def members(self) -> Iterable[tuple[int, int]]:
        """Which neighbours the records tie together, as (first, behind the last)."""
        ...

    @property
    def uids(self) -> Sequence[int]:
        """The numbers of all events, in their present order."""
        ...

    def uid(self, index: int) -> int:
        """The number that an event keeps for its life."""
        ...

    def index_of(self, uid: int) -> int | None:
        """Where an event is; None while it is out of the document."""
        ...

    def was_read(self, index: int) -> bool:
        """Whether an event was in the file as it was read."""
        ...

    def changed(self, change: Change, *, undone: bool) -> int | None:
        """Records were changed: the event that alone was rewritten by it, None where there may be more."""
        ...

    def copied(self, body: Body) -> Events:
        """The same events, by the same uids, over a copy of their records."""
        ...

    def settle(self) -> None:
        """The events count as unedited from now on, as they are; so do their records, which see to it."""
        ...

    def snapshot(self) -> Snapshot | None:
        """What is there now, where an edit's changes do not tell what it does to events."""
        ...

    def seen_since(self, before: Snapshot | None, changes: Sequence[Change]) -> Seen | None:
        """What changes have done to the events since a snapshot."""
        ...


def events_of(body: Body, dialect: Dialect) -> Events:
    """The events of a document as a dialect sees them."""
    return Same(body, dialect) if dialect.one_to_one else Slotted(body, dialect)


class Same:
    """Each record is an event: nothing is kept of it but its slot, and that is read when it is asked for."""

    def __init__(self, body: Body, dialect: Dialect) -> None:
        self._body = body
        self._dialect = dialect
        self._whole: Outline | None = None
        self._first: Outline | None = None
        # Each step of a replay asks for these many times: there is no call between.
        self.uid = body.uid
        self.index_of = body.index_of

    @property
    def outline(self) -> Outline:
        """Ids, kinds and pairs, as they are now."""
        return self._read.fresh()

    @property
    def _read(self) -> Outline:
        if self._whole is None:
            self._whole = Outline(self._dialect.slots(self._body.records), self._dialect)
            self._first = None
        return self._whole

    @property
    def all_read(self) -> bool:
        """Whether the slots of all records have been read; of a few they always are."""
        return self._whole is not None or len(self._body) <= _BEGINNING

    @property
    def beginning(self) -> Outline:
        """Those of the first events alone, where the others have not been read yet."""
        if self.all_read:
            return self.outline
        if self._first is None:
            self._first = Outline(self._dialect.slots(self._body.records[:_BEGINNING]), self._dialect)
        return self._first

    @property
    def has_events(self) -> bool:
        """Whether any of them has a kind."""
        return self.beginning.has_events or self._read.has_events

    @property
    def edited(self) -> frozenset[int]:
        """The records that differ."""
        return self._body.edited

    def __len__(self) -> int:
        return len(self._body)

    def texts(self, index: int) -> Sequence[Text]:
        """The text of the record."""
        return (self._body.records[index],)

    def first_record(self, index: int) -> int:
        """The record itself."""
        return index

    def head(self, index: int) -> Head:
        """As the dialect reads it."""
        return self._dialect.head((self._body.records[index],), self._slot(index))

    def _slot(self, index: int) -> Any:
        first = self._first
        return first.slots[index] if first is not None and index < _BEGINNING else self._read.slots[index]

    def group(self, index: int) -> Hashable | None:
        """As the dialect reads it."""
        return self._dialect.group(self.texts(index), self._read.slots[index])

    def members(self) -> Iterable[tuple[int, int]]:
        """The pairs of a list of pairs."""
        return () if self._body.is_store else self._body.gaps.members()

    @property
    def uids(self) -> Sequence[int]:
        """Those of the records."""
        return self._body.uids

    def was_read(self, index: int) -> bool:
        """Whether the record was read."""
        return self._body.was_read(index)

    def changed(self, change: Change, *, undone: bool) -> int | None:
        """The outline follows the records."""
        if isinstance(change, Rewrite):
            slot = self._dialect.slots([self._body.records[change.index]])[0]
            self._read.update(change.index, slot, self.group)
            return change.index
        removed, came = len(change.removed), len(change.inserted)
        if undone:
            removed, came = came, removed
        slots = self._dialect.slots(self._body.records[change.at : change.at + came])
        self._read.splice(change.at, removed, slots)
        return None

    def copied(self, body: Body) -> Events:
        """As records are: read once more."""
        return Same(body, self._dialect)

    def settle(self) -> None:
        """Nothing: the records tell all."""

    def snapshot(self) -> Snapshot | None:
        """Nothing: the changes tell all."""
        return None

    def seen_since(self, before: Snapshot | None, changes: Sequence[Change]) -> Seen | None:
        """Nothing: the changes tell all."""
        return None


class Slotted:
    """Events in records as a dialect sees them, read anew after each change."""

    def __init__(self, body: Body, dialect: Dialect) -> None:
        self._body = body
        self._dialect = dialect
        self._uids: dict[tuple[int, str], int] = {}
        """By the uid of the first record and the key of the slot."""
        self._counter = count()
        """Numbers new ones; copies share it, so that a uid means one event in all of them."""
        self._version = 0
        self._outline: Outline | None = None
        self._numbers: tuple[int, ...] = ()
        self._places: dict[int, int] = {}
        self._edited: frozenset[int] | None = None
        self._originals: dict[tuple[int, str], tuple[Any, tuple[Text, ...]]] = {}
        """What counts as unedited of each event: its slot, and the texts of its records."""
        self.settle()
        self._read = len(self._uids)

    @property
    def outline(self) -> Outline:
        """Ids, kinds and pairs, as they are now."""
        if self._outline is None:
            self._version += 1
            self._outline = Outline(self._dialect.slots(self._body.records), self._dialect, self._version)
            self._numbers = tuple(self._number(slot) for slot in self._outline.slots)
            self._places = {uid: at for at, uid in enumerate(self._numbers)}
        return self._outline

    @property
    def all_read(self) -> bool:
        """Always: which events there are takes all records."""
        return True

    @property
    def beginning(self) -> Outline:
        """All: the slots of a record may depend on any other."""
        return self.outline

    def _key(self, record: int, key: str) -> tuple[int, str]:
        return self._body.uid(record), key

    def _number(self, slot: Any) -> int:
        key = self._key(slot.records[0], slot.key)
        number = self._uids.get(key)
        if number is None:
            number = self._uids[key] = next(self._counter)
        return number

    @property
    def has_events(self) -> bool:
        """Whether any of them has a kind."""
        return self.outline.has_events

    @property
    def edited(self) -> frozenset[int]:
        """Those that say something else than they did, and new ones."""
        if self._edited is None:
            changed, slots = self._body.edited, self.outline.slots
            self._edited = frozenset(
                at
                for at, slot in enumerate(slots)
                if not changed.isdisjoint(slot.records) and self._differs(at)
            )
        return self._edited

    def _differs(self, index: int) -> bool:
        slot: Any = self.outline.slots[index]
        original = self._originals.get(self._key(slot.records[0], slot.key))
        if original is None:
            return True
        return self._dialect.text(original[1], original[0]) != self._dialect.text(self.texts(index), slot)

    def __len__(self) -> int:
        return len(self.outline.slots)

    def texts(self, index: int) -> Sequence[Text]:
        """The texts of the slot's records."""
        slot: Any = self.outline.slots[index]
        records = slot.records
        if len(records) == 1:
            return (self._body.records[records[0]],)
        return tuple(self._body.records[record] for record in records)

    def first_record(self, index: int) -> int:
        """The first of the slot's."""
        slot: Any = self.outline.slots[index]
        first: int = slot.records[0]
        return first

    def head(self, index: int) -> Head:
        """As the dialect reads it."""
        return self._dialect.head(self.texts(index), self.outline.slots[index])

    def group(self, index: int) -> Hashable | None:
        """As the dialect reads it."""
        return self._dialect.group(self.texts(index), self.outline.slots[index])

    def members(self) -> Iterable[tuple[int, int]]:
        """Events that share a record, with all between them."""
        last: dict[int, int] = {}
        slots: Sequence[Any] = self.outline.slots
        found = []
        for index, slot in enumerate(slots):
            for record in slot.records:
                first = last.setdefault(record, index)
                if first != index:
                    found.append((first, index + 1))
        return found

    @property
    def uids(self) -> Sequence[int]:
        """Those of the slots in their first records."""
        _ = self.outline
        return self._numbers

    def uid(self, index: int) -> int:
        """That of the slot in its first record."""
        _ = self.outline
        return self._numbers[index]

    def index_of(self, uid: int) -> int | None:
        """Where it is."""
        _ = self.outline
        return self._places.get(uid)

    def was_read(self, index: int) -> bool:
        """Whether there was such a slot at first."""
        return self.uid(index) < self._read

    def changed(self, change: Change, *, undone: bool) -> int | None:
        """All is read anew when it is next asked for."""
        self._outline = None
        self._edited = None
        return None

    def copied(self, body: Body) -> Events:
        """The same slots, numbered on from here."""
        _ = self.outline
        other = copy(self)
        other._body = body
        other._uids = dict(self._uids)
        return other

    def settle(self) -> None:
        """Take down what there is of each event."""
        texts = self._body.records[:]
        slots: Sequence[Any] = self.outline.slots
        self._originals = {
            self._key(slot.records[0], slot.key): (slot, tuple(texts[record] for record in slot.records))
            for slot in slots
        }
        self._edited = None

    def snapshot(self) -> Snapshot | None:
        """All that is there."""
        slots = self.outline.slots
        records = self._body.records
        return Snapshot(records[:], [self._body.uid(at) for at in range(len(records))], slots, self._numbers)

    def seen_since(self, before: Snapshot | None, changes: Sequence[Change]) -> Seen | None:
        """What became of the events whose records were changed."""
        assert before is not None
        slots: Sequence[Any] = self.outline.slots
        texts = {
            uid: (tuple(before.records[record] for record in slot.records), slot)
            for uid, slot in zip(before.uids, before.slots, strict=True)
        }
        written = frozenset(
            uid
            for at, (uid, slot) in enumerate(zip(self._numbers, slots, strict=True))
            if uid in texts and texts[uid][0] != self.texts(at) and self._says_other(texts[uid], at, slot)
        )
        moved = self._moved(changes, slots)
        return Seen(before.uids, self._numbers, written, moved)

    def _says_other(self, before: tuple[Sequence[Text], Any], at: int, slot: Any) -> bool:
        return self._dialect.text(*before) != self._dialect.text(self.texts(at), slot)

    def _moved(self, changes: Sequence[Change], slots: Sequence[Any]) -> frozenset[int]:
        """The events whose first record was taken out and put in again."""
        records = {
            piece.uid
            for change in changes
            if isinstance(change, Splice) and change.moved is not None
            for piece in change.inserted
        }
        owners = zip(self._numbers, slots, strict=True)
        return frozenset(uid for uid, slot in owners if self._body.uid(slot.records[0]) in records)
