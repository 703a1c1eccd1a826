"""OpenHands V0 (up to 0.62): each record is an event, in the canonical shape or an older spelling of it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from trajcore.dialects import canonical
from trajcore.dialects.base import (
    Around,
    Changes,
    Copied,
    Event,
    Fact,
    Inserted,
    Link,
    Links,
    Moved,
    Played,
    RecordChange,
    Recording,
    Removed,
    Rewritten,
    Satisfied,
    Text,
    Unwrapped,
    ValuePath,
)
from trajcore.dialects.openhands_v0 import claim, stamps, toolcalls, world
from trajcore.dialects.openhands_v0.legacy import is_flattened, migrated
from trajcore.dialects.openhands_v0.links import links_of
from trajcore.dialects.openhands_v0.prompts import without_prompts
from trajcore.dialects.openhands_v0.refusals import BY_USER, refusal
from trajcore.dialects.openhands_v0.responses import response_of
from trajcore.dialects.openhands_v0.wire import Key, read_head, read_keys
from trajcore.dialects.slotted import BaseDialect
from trajcore.errors import BadInput
from trajcore.events.head import LONGEST, Head
from trajcore.events.kinds import CONDENSATION, RUN, Service
from trajcore.formats.json.edit import with_value, without_value
from trajcore.formats.json.reading import as_object
from trajcore.formats.json.rewrite import rewritten
from trajcore.longtext import LongText, cut

if TYPE_CHECKING:
    from trajcore.dialects.findings import Finding
    from trajcore.events.base import Action, Observation


_LONG: Final = 2_000_000
"""Of records of more bytes the content is not read before it is looked at."""
_SERVED: Final = "served from the recording"
_IN_BACKGROUND: Final = f"it ran in the background, as none does today: {_SERVED}"
_UNCONFIRMED: Final = "not executed: it waited for the user's confirmation, and comes again if confirmed"


class OpenHandsV0(BaseDialect):
    """OpenHands V0, the identity: one record is one event, and an edit of an event is one of its record."""

    name: ClassVar[str] = "openhands"
    formats: ClassVar[frozenset[str]] = frozenset({"list", "rows", "jsonl", "pages", "directory"})
    one_to_one: ClassVar[bool] = True
    has_prelude: ClassVar[bool] = True
    beside: ClassVar[frozenset[str]] = frozenset({world.METADATA})

    def claims(self, head: Sequence[bytes]) -> float:
        """Sure where a record has a kind that OpenHands has, its arguments or details in their place."""
        return claim.of_head(head)

    # Reading

    def slots(self, records: Sequence[Text]) -> list[Key]:
        """The links of each record."""
        return read_keys(records)

    def links(self, slots: Sequence[Link]) -> Links:
        """By cause, by tool call, by position."""
        return links_of(slots)

    def group(self, texts: Sequence[Text], slot: Link) -> Hashable | None:
        """The response of the model that the event's tool call is part of, as far as the event tells."""
        return response_of(texts[0]) if slot.tool_call_id else None

    def event(self, texts: Sequence[Text], slot: Any) -> dict[str, Any]:
        """The record as an object."""
        return as_object(texts[0])

    def head(self, texts: Sequence[Text], slot: Any) -> Head:
        """What a timeline shows, read from the text."""
        return read_head(texts[0])

    def skimmed(self, texts: Sequence[Text]) -> tuple[Sequence[Text], LongText | None]:
        """The content of an observation is cut, where it is long."""
        found = cut(texts[0], "content", LONGEST) if len(texts[0]) > _LONG else None
        return (texts, None) if found is None else ((found[0],), found[1])

    def text(self, texts: Sequence[Text], slot: Any) -> bytes:
        """The record as it is written."""
        return bytes(texts[0])

    def canonical(self, event: Event) -> dict[str, Any]:
        """Deprecated fields renamed, moved or dropped."""
        return migrated(dict(event))

    def own_fields(self, event: Event) -> tuple[tuple[str, ...], Mapping[str, Any]]:
        """Where the fields of its kind are; the resolver of 2024 has them beside the kind."""
        path, fields = canonical.own_fields(migrated(dict(event)))
        return ((), fields) if is_flattened(event) else (path, fields)

    def unwrap(self, observation: Observation) -> Unwrapped:
        """The content without prompts. Edits of early 2025 keep the answer beside a diff of the file."""
        if observation.observation == RUN:
            return without_prompts(observation.content, getattr(observation.extras, "metadata", None))
        answered = (observation.extras.model_extra or {}).get("formatted_output_and_error")
        output = answered if isinstance(answered, str) else observation.content
        return Unwrapped(output, canonical.exit_code(observation))

    def treatment(self, action: Action, recorded: Observation | None) -> Satisfied:
        """What was refused, or had yet to be confirmed, is not executed."""
        if getattr(action.args, "background", False) is True:
            return Satisfied(Service.RECORDED, _IN_BACKGROUND)
        state = getattr(action.args, "confirmation_state", "confirmed")
        refused = refusal(recorded)
        if state == "awaiting_confirmation" and (recorded is None or refused is BY_USER):
            return Satisfied(Service.SKIP, _UNCONFIRMED)
        if refused is None and state == "rejected":
            refused = BY_USER
        return Satisfied() if refused is None else Satisfied(Service.RECORDED, f"{refused.reason}: {_SERVED}")

    def world(self, events: Iterable[tuple[str, Event]], around: Around) -> Sequence[Fact]:
        """What the row, `metadata.json`, the first message, a `recall` and the first command's shell tell."""
        return tuple(world.facts(events, around))

    def check(self, texts: Sequence[Text]) -> list[Finding]:
        """What OpenHands' own reader, a replay or a provider would trip over."""
        from trajcore.dialects.openhands_v0.checks.all import check

        return check(texts)

    # Editing

    def changed(self, recording: Recording, index: int, path: ValuePath, value: Any) -> Changes:
        """The record, and each copy of the action's tool call."""
        raw = bytes(recording.records[index])
        after = with_value(raw, path, value, ascii_only=recording.ascii_in(raw))
        return _with_copies(recording, index, after)

    def unset(self, recording: Recording, index: int, path: ValuePath) -> Changes:
        """The record, and each copy of the action's tool call."""
        return _with_copies(recording, index, without_value(bytes(recording.records[index]), path))

    def replaced(self, recording: Recording, index: int, typed: str) -> Changes:
        """What means the same keeps its bytes; copies of the action's tool call follow."""
        raw = bytes(recording.records[index])
        return _with_copies(recording, index, rewritten(raw, typed, ascii_only=recording.ascii_in(b"")))

    def made(self, recording: Recording, at: int, events: Sequence[Event]) -> Changes:
        """Records in the style of those near them, with an id, a time and a source where these have them."""
        near = range(max(0, at - 2), min(len(recording.records), at + 2))
        numbered = any(key.id is not None for key in recording.slots)
        next_id = _next_id(recording) if numbered else None
        made = stamps.stamped(events, [recording.data(index) for index in near], next_id)
        style = recording.style(at - 1 if at else 0)
        try:
            texts = tuple(style.written(event) for event in made)
        except (TypeError, ValueError, RecursionError):
            raise BadInput("a new event holds what is no JSON.") from None
        return [Inserted(at, texts, tuple(_pairs(made)))]

    def removed(self, recording: Recording, indices: Sequence[int]) -> Changes:
        """The records go."""
        return [Removed(tuple(indices))]

    def result(self, recording: Recording, index: int, event: Event) -> Changes:
        """Another record in its place, whole."""
        return [Rewritten(index, recording.style(index).written(event))]

    def moved(self, recording: Recording, indices: Sequence[int], place: int) -> Changes:
        """The records move."""
        return [Moved(tuple(indices), place)]

    def copied(self, recording: Recording, indices: Sequence[int], at: int) -> Changes:
        """Copies with ids, tool calls and responses of their own."""
        raws = [bytes(recording.records[index]) for index in indices]
        return [Copied(tuple(indices), tuple(stamps.copied(raws, _next_id(recording))), at)]

    def run(self, events: Iterable[Played]) -> Iterator[bytes]:
        """A list as OpenHands 0.62 writes it, whose reader takes no other spelling."""
        from trajcore.dialects.openhands_v0.written import run_file

        return run_file(played.event for played in events)


def _with_copies(recording: Recording, index: int, after: bytes) -> Changes:
    """An event has another text, and every copy of its tool call what follows from that."""
    changes: list[RecordChange]
    if recording.slots[index].action is None:
        changes = [Rewritten(index, after)]
        return changes
    old, new = recording.data(index), as_object(after)
    change = toolcalls.change_of(old, new)
    text = toolcalls.translated(after, old, new)
    changes = [Rewritten(index, text)]
    if change is not None:
        for copy in sorted({index, *_copies(recording, index, change.call_id)}):
            raw = text if copy == index else bytes(recording.records[copy])
            changes.append(Rewritten(copy, change.applied(raw, as_object(raw))))
    return changes


def _copies(recording: Recording, index: int, call_id: str) -> list[int]:
    """The events that hold a copy of the response with an event's tool call."""
    groups = recording.groups
    own = groups[index]
    same = [] if own is None else [at for at, found in enumerate(groups) if found == own]
    unit = recording.unit_of(index)
    return [*same, *(at for at in unit if recording.slots[at].tool_call_id == call_id)]


def _next_id(recording: Recording) -> int:
    """An id above all that are there, were there, or are spoken of: it can't be taken for another."""
    highest = recording.last_number
    for index, key in enumerate(recording.slots):
        highest = max(highest, -1 if key.id is None else key.id, -1 if key.cause is None else key.cause)
        if key.action == CONDENSATION:
            highest = max(highest, stamps.named_by_condensation(recording.data(index)))
    return highest + 1


def _pairs(events: Sequence[Mapping[str, Any]]) -> list[tuple[int, bool]]:
    """How events go in pairs: how many are in each, and whether the first is an action."""
    found: list[tuple[int, bool]] = []
    for event in events:
        acts = bool(event.get("action"))
        if not acts and found and found[-1] == (1, True):
            found[-1] = (2, True)
        else:
            found.append((1, acts))
    return found
