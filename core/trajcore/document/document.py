"""The state of a document: its bytes, the events that a dialect sees in them, the history of edits."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from trajcore.dialects.base import CERTAIN, Changes, Dialect, Links, ModelUse, Text, claim_of
from trajcore.document.body import Body
from trajcore.document.composing import Composer, composing
from trajcore.document.editdata import Reader
from trajcore.document.edits import Change, Edit
from trajcore.document.history import History
from trajcore.document.outline import Outline
from trajcore.document.seen import Events, events_of
from trajcore.document.units import Units
from trajcore.errors import BadInput
from trajcore.events.head import LONGEST, Head, LongHead
from trajcore.formats.base import Layout
from trajcore.formats.json.reading import as_object
from trajcore.formats.json.style import Style
from trajcore.longtext import LongText

if TYPE_CHECKING:
    import msgspec

    from trajcore.dialects.examined import Kept
    from trajcore.events.parse import Parsed

_T = TypeVar("_T")
_CACHED: Final = 4096


class Document:
    """Records that edits change, and the events in them, named by their indices.

    What is derived of the records follows each change, of an edit or of its undoing. A dialect sees the
    document as `trajcore.dialects.base.Recording`.
    """

    def __init__(self, layout: Layout, name: str, dialect: Dialect) -> None:
        """A document over what a format found. Raises `BadInput` when none of it is an event."""
        self.name = name
        self.dialect = dialect
        self.body = Body(layout)
        self.events: Events = events_of(self.body, dialect)
        self.history = History()
        if not self.events.has_events:
            raise BadInput(f"{name} is not a trajectory: no object in it has an 'action' or 'observation'.")
        self._units: tuple[int, Units] | None = None
        self._heads: dict[int, Head] = {}
        self._parses: dict[int, Parsed] = {}

    def __len__(self) -> int:
        return len(self.events)

    def copied(self) -> Document:
        """The document as it is now, without a history, which changes apart from this one."""
        other = copy(self)
        other.body = self.body.copied()
        other.events = self.events.copied(other.body)
        other.history = History()
        other._units, other._heads, other._parses = None, {}, {}
        return other

    @cached_property
    def last_number(self) -> int:
        """The highest number that named an event, or its file, as the document was read; or -1."""
        return max(self.outline.last_id, self.body.last_name)

    @property
    def records(self) -> Sequence[Text]:
        """The texts of all records."""
        return self.body.records

    @property
    def slots(self) -> Sequence[Any]:
        """What the dialect has read of each event."""
        return self.outline.slots

    @property
    def links(self) -> Links:
        """Which events answer which."""
        return self.outline.links

    @property
    def outline(self) -> Outline:
        """Ids, kinds and pairs of the events, by index."""
        return self.events.outline

    @property
    def beginning(self) -> Outline:
        """The outline of the first events alone, where no more has been read yet; else of all."""
        return self.events.beginning

    @property
    def groups(self) -> Sequence[Hashable | None]:
        """The reply of a model that each event belongs to."""
        return self.outline.groups(self.events.group)

    @property
    def units(self) -> Units:
        """Which events belong together."""
        current = self.outline
        if self._units is None or self._units[0] != current.version:
            self._units = current.version, Units(current, self.groups, self.events.members())
        return self._units[1]

    def unit_of(self, index: int) -> tuple[int, ...]:
        """The events that belong together with one."""
        return self.units.unit_of(index)

    def damage(self, index: int) -> str | None:
        """Where an event breaks that cannot be read; None where it can be."""
        return self.body.damage(self.events.first_record(index))

    def written(self, index: int) -> msgspec.Raw | bytes | memoryview:
        """What stands in the file where an event is that cannot be read."""
        return self.body.written(self.events.first_record(index))

    @property
    def damaged(self) -> dict[int, str]:
        """Where each event breaks that cannot be read, by index."""
        return self._of_events(self.body.damaged)

    @property
    def misplaced(self) -> dict[int, str]:
        """What is wrong with where each event stands, by index."""
        return self._of_events(self.body.misplaced)

    def kept(self, directory: str) -> Kept:
        """The records as a save would write them now, with the names of their files in a directory."""
        from trajcore.dialects.examined import Kept

        files: Sequence[str] = ()
        if (store := self.body.store) is not None:
            numbers = self.outline.ids if self.dialect.one_to_one else [None] * len(self.body)
            members = [self.body.member(at, numbers[at]) for at in range(len(self.body))]
            try:
                files = store.named(members)
            except BadInput:
                files = ()  # no file could be named so
        return Kept(tuple(self.records), files, self.body.damaged, directory)

    @property
    def shown(self) -> dict[int, int]:
        """The event that is found in each record, where one is."""
        if self.dialect.one_to_one:
            return {record: record for record in range(len(self.records))}
        return {record: at for at, slot in enumerate(self.outline.slots) for record in slot.records}

    def mended(self, label: str, changes: Changes, *, follow: bool) -> Edit:
        """An edit of records. Raises `BadInput`."""
        with self.composing(follow=follow) as composer:
            self.carry_out(composer, changes)
        return self.made(label, composer)

    def _of_events(self, found: dict[int, str]) -> dict[int, str]:
        """What is known of records, by the events that are found in them."""
        if self.dialect.one_to_one or not found:
            return found
        firsts = {self.events.first_record(index): index for index in range(len(self))}
        return {firsts[record]: fault for record, fault in found.items() if record in firsts}

    def refuse_damaged(self, index: int) -> None:
        """Raise `BadInput` where an event cannot be read."""
        damage = self.damage(index)
        if damage is not None:
            label = self.label(index)
            raise BadInput(
                f"event {label} is damaged ({damage}): give it a new text as a whole, or delete it."
            )

    def head(self, index: int) -> Head:
        """What a timeline shows of an event."""
        found = self._heads.get(index)
        return _kept(self._heads, index, self._read_head(index)) if found is None else found

    def _read_head(self, index: int) -> Head:
        damage = self.damage(index)
        if damage is not None:
            return Head(problem=f"damaged ({damage})")
        texts = self.events.texts(index)
        if sum(map(len, texts)) <= LONGEST:
            return self.events.head(index)
        first = self.beginning.slots
        slot = (first if index < len(first) else self.outline.slots)[index]
        skimmed, content = self.dialect.skimmed(texts)
        head = self.dialect.head(skimmed, slot)
        if content is None and len(head.told or "") <= LONGEST:
            return head
        return LongHead.of(head, partial(self.dialect.head, texts, slot))

    def data(self, index: int) -> dict[str, Any]:
        """An event as a Python object, a new one at each call; an empty one, where it is damaged."""
        return self.dialect.event(self.events.texts(index), self.outline.slots[index])

    def skimmed(self, index: int) -> tuple[dict[str, Any], LongText | None]:
        """As `data`; of a content that is many megabytes long the beginning, and that content."""
        texts, content = self.dialect.skimmed(self.events.texts(index))
        return self.dialect.event(texts, self.outline.slots[index]), content

    def as_read(self, index: int) -> dict[str, Any] | None:
        """An event as it was read; None where it is new, or stands in no record of its own."""
        read = self.body.as_read(index) if self.dialect.one_to_one else None
        return None if read is None else as_object(read)

    def text(self, index: int) -> bytes:
        """The JSON text of an event: that of an empty object, where it is damaged."""
        return self.dialect.text(self.events.texts(index), self.outline.slots[index])

    def parsed(self, index: int) -> Parsed:
        """An event as a typed model, and what is wrong with it."""
        found = self._parses.get(index)
        if found is not None:
            return found
        parsed = self._parse(index, self.data(index))
        is_long = sum(map(len, self.events.texts(index))) > LONGEST
        return parsed if is_long else _kept(self._parses, index, parsed)

    def problems(self, index: int) -> tuple[str, ...]:
        """What is wrong with an event."""
        data, content = self.skimmed(index)
        return self.parsed(index).problems if content is None else self._parse(index, data).problems

    def _parse(self, index: int, data: dict[str, Any]) -> Parsed:
        from trajcore.events.parse import parse

        found, damage = parse(self.dialect.canonical(data)), self.damage(index)
        return found if damage is None else replace(found, problems=(f"damaged ({damage})",))

    def label(self, index: int) -> str:
        """How an event is called in messages: its id, or `#index` where it has none of its own."""
        first = self.beginning  # ids that come later change nothing
        return (first if index < len(first.ids) else self.outline).label(index)

    def known(self, index: int) -> int:
        """An index, of an event that is there. Raises `BadInput` for others."""
        if not 0 <= index < len(self):
            raise BadInput(f"{self.name} has no event #{index}.")
        return index

    def ascii_in(self, text: bytes) -> bool:
        """Whether text inside a record is to be escaped: as the record does it, or else its file."""
        return self.body.ascii_in(text)

    def style(self, record: int) -> Style:
        """How a record is written."""
        return self.body.style(record)

    # Edits

    @contextmanager
    def composing(self, *, follow: bool = True) -> Iterator[Composer]:
        """Changes that `made` is to make an edit of; all are taken back where anything is raised.

        `follow`: what the dialect has to link or number anew is done behind them. Raises `BadInput` where
        they would leave nothing that is a trajectory.
        """
        before = self.events.snapshot()
        claimed = self._is_claimed()
        with composing(self.body, self._apply, self._revert) as composer:
            yield composer
            if follow and before is not None:
                self.carry_out(composer, self.dialect.follow(before.records, self.body.records))
            if not self.events.has_events:
                raise BadInput("this would leave no event with an 'action' or an 'observation'.")
            if claimed and not self._is_claimed():
                raise BadInput("this would leave no event by which the recording is told from others.")
        composer.seen = self.events.seen_since(before, composer.changes)

    def _is_claimed(self) -> bool:
        """Whether the dialect would take the records for its own if they were read now."""
        records = self.body.records
        # Mostly the first record is enough, and others may be long.
        certain = bool(records) and self.dialect.claims([bytes(records[0])]) >= CERTAIN
        return certain or claim_of(self.dialect, records) > 0

    @staticmethod
    def carry_out(composer: Composer, changes: Changes) -> None:
        """Make the changes that a dialect asks for."""
        for change in changes:
            composer.carry_out(change)

    def made(self, label: str, composer: Composer, note: str = "") -> Edit:
        """The edit of the changes that were composed, from now on the last of the history."""
        edit = Edit(label, tuple(composer.changes), note, composer.seen)
        self.history.add(edit)
        return edit

    def grow(self, event: Mapping[str, Any]) -> Sequence[int]:
        """Put an event in at the end, which is no edit; the answer are the uids of what it became there.

        The last is its own. Raises `BadInput`.
        """
        end, records = len(self), len(self.body)
        known = None if self.dialect.one_to_one else set(self.events.uids)
        with self.composing() as composer:
            self.carry_out(composer, self.dialect.made(self, end, [event]))
        self.settle(records if known is None else 0)
        uids = self.events.uids
        return [uids[-1]] if known is None else [uid for uid in uids if uid not in known] or [uids[-1]]

    def spent(self, use: ModelUse) -> None:
        """Take down what a reply of a live model came to, which is no edit."""
        changes = self.dialect.spent(self, use)
        if changes:
            with self.composing() as composer:
                self.carry_out(composer, changes)
            self.settle()

    def shrink(self, last: Sequence[int]) -> None:
        """Take the last events out again, which is no edit."""
        with self.composing() as composer:
            self.carry_out(composer, self.dialect.removed(self, last))
        self.settle()

    def say_anew(self, index: int, event: Mapping[str, Any]) -> None:
        """Have an event that has just come say something else, which is no edit. Raises `BadInput`."""
        with self.composing() as composer:
            self.carry_out(composer, self.dialect.result(self, index, event))
        self.settle()

    def settle(self, since: int = 0) -> None:
        """The records from an index on, and the events in them, count as unedited from now on."""
        self.body.settle(since)
        self.events.settle()

    def made_again(self, data: Mapping[str, Any]) -> Edit:
        """Make an edit from its plain data. Raises `BadInput` where it was made on something else."""
        listed, label, note = data.get("changes"), data.get("label"), data.get("note")
        if not isinstance(listed, list) or not isinstance(label, str) or not isinstance(note, str):
            raise BadInput("this is no edit of a trajectory.")
        reader = Reader(self.body)
        with self.composing(follow=False) as composer:
            for change in listed:
                composer.make(reader.change(change))
        return self.made(label, composer, note)

    def undo(self) -> Edit | None:
        """Take the last edit back; None when there is none."""
        if not self.history.done:
            return None
        edit = self.history.done.pop()
        for change in reversed(edit.changes):
            self._revert(change)
        self.history.undone.append(edit)
        return edit

    def redo(self) -> Edit | None:
        """Make the last undone edit again; None when there is none."""
        if not self.history.undone:
            return None
        edit = self.history.undone.pop()
        for change in edit.changes:
            self._apply(change)
        self.history.done.append(edit)
        return edit

    def _apply(self, change: Change) -> None:
        # What is read when it is asked for is read before the first change.
        _ = self.outline, self.last_number
        self.body.apply(change)
        self._changed(change, undone=False)

    def _revert(self, change: Change) -> None:
        self.body.revert(change)
        self._changed(change, undone=True)

    def _changed(self, change: Change, *, undone: bool) -> None:
        written = self.events.changed(change, undone=undone)
        if written is None:
            self._heads.clear()
            self._parses.clear()
        else:
            self._heads.pop(written, None)
            self._parses.pop(written, None)


def _kept(cache: dict[int, _T], index: int, value: _T) -> _T:
    if len(cache) >= _CACHED:
        cache.clear()
    cache[index] = value
    return value
