"""What most of a dialect comes to where records and events are many to many: slots, and places of fields."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from trajcore.dialects import canonical
from trajcore.dialects.base import (
    Around,
    Branch,
    Changes,
    Copied,
    Event,
    Fact,
    Links,
    ModelUse,
    Moved,
    Place,
    Played,
    RecordChange,
    Recording,
    Removed,
    Rewritten,
    Satisfied,
    Slot,
    Text,
    Unwrapped,
    ValuePath,
)  # fmt: skip
from trajcore.errors import BadInput
from trajcore.events.head import Head, head_of
from trajcore.formats.json.edit import json_text
from trajcore.formats.json.merge import GONE, differences
from trajcore.formats.json.reading import as_object
from trajcore.longtext import LongText
from trajcore.runtimes.habits import PERSISTENT, Habits

if TYPE_CHECKING:
    from trajcore.dialects.examined import Fault, Kept
    from trajcore.dialects.findings import Finding
    from trajcore.dialects.toolmap import ToolMap
    from trajcore.events.base import Action, Observation


class BaseDialect:
    """What a dialect of slots and places has by default. One that derives from it defines at least `name`,
    `claims`, `slots`, `event` and `places`.
    """

    name: ClassVar[str]
    runtime: ClassVar[str] = "openhands"
    formats: ClassVar[frozenset[str]] = frozenset()
    one_to_one: ClassVar[bool] = False
    habits: ClassVar[Habits] = PERSISTENT
    has_prelude: ClassVar[bool] = False
    beside: ClassVar[frozenset[str]] = frozenset()

    def event(self, texts: Sequence[Text], slot: Any) -> dict[str, Any]:
        """The event, a new object at each call."""
        raise NotImplementedError

    def places(self, recording: Recording, index: int, path: ValuePath) -> Sequence[Place]:
        """Where a field of an event stands: the first place is shown and compared, all are written.

        Raises `BadInput`, saying why, where it stands nowhere.
        """
        raise BadInput(f"{'.'.join(map(str, path))} of event {recording.label(index)} can't be changed.")

    # Reading

    def links(self, slots: Sequence[Slot]) -> Links:
        """By tool call: an observation answers the last action before it that has the same."""
        links, open_at = Links(), dict[str, int]()
        for index, slot in enumerate(slots):
            call = slot.tool_call_id
            if call and slot.action:
                open_at[call] = index
            elif call and call in open_at:
                links.answers[index] = open_at[call]
                links.answer_of.setdefault(open_at[call], index)
        return links

    def habits_of(self, records: Sequence[Text]) -> Habits:
        """As a rule."""
        return self.habits

    def branches(self, records: Sequence[Text]) -> Sequence[Branch]:
        """It is no tree."""
        return ()

    def group(self, texts: Sequence[Text], slot: Slot) -> Hashable | None:
        """All of one reply of a model."""
        return slot.response

    def head(self, texts: Sequence[Text], slot: Slot) -> Head:
        """What a timeline shows of the event."""
        return head_of(self.event(texts, slot))

    def skimmed(self, texts: Sequence[Text]) -> tuple[Sequence[Text], LongText | None]:
        """All is read."""
        return texts, None

    def text(self, texts: Sequence[Text], slot: Slot) -> bytes:
        """The event as JSON on one line."""
        return json_text(self.event(texts, slot), ascii_only=False).encode()

    def canonical(self, event: Event) -> dict[str, Any]:
        """A copy of the event."""
        return dict(event)

    def own_fields(self, event: Event) -> tuple[tuple[str, ...], Mapping[str, Any]]:
        """Where in an event the fields of its kind are, and what they hold."""
        return canonical.own_fields(event)

    def unwrap(self, observation: Observation) -> Unwrapped:
        """The content as it is, and the exit code that the event tells."""
        return Unwrapped(observation.content, canonical.told_exit_code(observation))

    def treatment(self, action: Action, recorded: Observation | None) -> Satisfied:
        """It is executed."""
        return Satisfied()

    def world(self, events: Iterable[tuple[str, Event]], around: Around) -> Sequence[Fact]:
        """Nothing is told."""
        return ()

    @property
    def tools(self) -> ToolMap:
        """Those of OpenHands, whose runtime is the one by default, too."""
        from trajcore.dialects.openhands_v0.tools import TOOL_MAP

        return TOOL_MAP

    def tools_in(self, records: Sequence[Text]) -> ToolMap:
        """All."""
        return self.tools

    def spent(self, recording: Recording, use: ModelUse) -> Changes:
        """Each event tells it."""
        return []

    def prompt(self, records: Sequence[Text]) -> list[dict[str, Any]] | None:
        """Made of events."""
        return None

    def check(self, texts: Sequence[Text]) -> list[Finding]:
        """Nothing is known to be wrong."""
        return []

    def examine(self, kept: Kept) -> Sequence[Fault] | None:
        """It is not known."""
        return None

    # Editing

    def changed(self, recording: Recording, index: int, path: ValuePath, value: Any) -> Changes:
        """The value is written in each of the field's places."""
        texts: dict[int, bytes] = {}
        for place in self.places(recording, index, path):
            text = texts.get(place.record) or bytes(recording.records[place.record])
            texts[place.record] = place.written(text, value, ascii_only=recording.ascii_in(text))
        return [Rewritten(record, text) for record, text in texts.items()]

    def unset(self, recording: Recording, index: int, path: ValuePath) -> Changes:
        """No field can be taken out: a record without it may be another event."""
        raise BadInput(
            f"{'.'.join(map(str, path))} can't be removed from event {recording.label(index)}: "
            f"{self.name} recordings always have it."
        )

    def replaced(self, recording: Recording, index: int, typed: str) -> Changes:
        """Each field that differs is written in its places."""
        return self._over(recording, index, as_object(typed.encode()))

    def _over(self, recording: Recording, index: int, event: Event, *, strict: bool = True) -> Changes:
        """What makes an event say what another one says; `strict`: all of it, or `BadInput`."""
        texts: dict[int, bytes] = {}
        waiting = list(differences(recording.data(index), dict(event)))
        while waiting:
            path, value = waiting.pop(0)
            now = _Written(recording, texts)
            try:
                changes = (
                    self.unset(now, index, path) if value is GONE else self.changed(now, index, path, value)
                )
            except BadInput:
                if isinstance(value, dict) and value:
                    waiting[:0] = [((*path, key), inner) for key, inner in value.items()]
                elif strict:
                    raise
                continue
            texts |= {change.record: change.text for change in changes if isinstance(change, Rewritten)}
        return [Rewritten(record, text) for record, text in texts.items()]

    def made(self, recording: Recording, at: int, events: Sequence[Event]) -> Changes:
        """Nothing can be put in unless the dialect says how."""
        raise BadInput(f"nothing can be inserted into a {self.name} recording.")

    def removed(self, recording: Recording, indices: Sequence[int]) -> Changes:
        """The events' own records go; such as hold others too stay what they are in `without`."""
        gone = frozenset(indices)
        owned = _records(recording, gone)
        shared = owned & _records(recording, frozenset(range(len(recording.slots))) - gone)
        changes: list[RecordChange] = [
            Rewritten(record, self.without(recording, record, gone)) for record in sorted(shared)
        ]
        left = tuple(sorted(owned - shared))
        return [*changes, Removed(left)] if left else changes

    def without(self, recording: Recording, record: int, gone: frozenset[int]) -> bytes:
        """The text of a record without some of its events. Raises `BadInput` where it has none such."""
        raise BadInput(f"event {recording.label(min(gone))} shares a record with others, which would go too.")

    def moved(self, recording: Recording, indices: Sequence[int], place: int) -> Changes:
        """The events' own records move."""
        chosen = frozenset(indices)
        others = frozenset(range(len(recording.slots))) - chosen
        owned = _records(recording, chosen)
        if owned & _records(recording, others):
            raise BadInput(f"event {recording.label(indices[0])} shares a record with others: it can't move.")
        stay = sorted(others)
        before = self.record_before(recording, stay[place]) if place < len(stay) else len(recording.records)
        return [Moved(tuple(sorted(owned)), before - sum(record < before for record in owned))]

    def copied(self, recording: Recording, indices: Sequence[int], at: int) -> Changes:
        """Copies of the events' own records, named anew."""
        records = tuple(sorted(_records(recording, frozenset(indices))))
        texts = self.renamed([bytes(recording.records[record]) for record in records])
        return [Copied(records, tuple(texts), self.record_before(recording, at))]

    def renamed(self, texts: Sequence[bytes]) -> Sequence[bytes]:
        """Copies of records with names and tool calls of their own. Raises `BadInput` for no such."""
        raise BadInput(f"events of a {self.name} recording can't be duplicated.")

    def record_before(self, recording: Recording, at: int) -> int:
        """The record before which new ones stand that come before the event at an index."""
        slots = recording.slots
        return min(slots[at].records) if at < len(slots) else len(recording.records)

    def switched(self, recording: Recording, branch: Branch) -> Changes:
        """There is but one."""
        raise BadInput(f"a {self.name} recording has no branches.")

    def follow(self, before: Sequence[Text], after: Sequence[Text]) -> Changes:
        """Records name each other by nothing that an edit changes."""
        return []

    def result(self, recording: Recording, index: int, event: Event) -> Changes:
        """What of it the file has a place for."""
        return self._over(recording, index, {**recording.data(index), **event}, strict=False)

    def ran(self, before: Sequence[Text], recording: Recording, home: str | None) -> Changes:
        """Records tell of nothing but their events."""
        return []

    def run(self, events: Iterable[Played]) -> Iterator[bytes] | None:
        """The recording's own file, with the results in place."""
        return None


class _Written:
    """A recording in which some records have other texts already."""

    def __init__(self, recording: Recording, texts: Mapping[int, bytes]) -> None:
        self._recording = recording
        self.records = [texts.get(at, text) for at, text in enumerate(recording.records)]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._recording, name)


def _records(recording: Recording, indices: frozenset[int]) -> frozenset[int]:
    """The records that are events' own."""
    return frozenset(record for index in indices for record in recording.slots[index].records)
