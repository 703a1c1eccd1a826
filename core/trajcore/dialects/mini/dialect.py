"""mini-swe-agent: a list of chat messages, alone or in an object that says how the agent was set up."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from trajcore.dialects import canonical
from trajcore.dialects.base import (
    Around,
    Changes,
    Event,
    Fact,
    Habits,
    Inserted,
    Links,
    Place,
    Recording,
    Rewritten,
    Satisfied,
    Shell,
    Text,
    Unwrapped,
    ValuePath,
)
from trajcore.dialects.mini import claim, fields, setup, world
from trajcore.dialects.mini.events import UNANSWERED, canonical_event
from trajcore.dialects.mini.turns import MiniSlot, Turns
from trajcore.dialects.slotted import BaseDialect
from trajcore.events.kinds import ERROR, RUN, USER_REJECTED, Service
from trajcore.formats.json.merge import merged
from trajcore.formats.json.reading import as_object

if TYPE_CHECKING:
    from trajcore.dialects.toolmap import ToolMap
    from trajcore.events.base import Action, Observation

_SERVED: Final = "served from the recording"
_PENDING: Final = (
    "not executed: nothing says that it was when it was recorded "
    "(its program was ended, or it stood behind the submission)"
)
_NEVER_RAN: Final = "not executed when it was recorded"


class MiniSweAgent(BaseDialect):
    """A message of the model's holds several commands; what stands around the messages is no event."""

    name: ClassVar[str] = "mini"
    runtime: ClassVar[str] = "mini"
    formats: ClassVar[frozenset[str]] = frozenset({"object", "list", "jsonl"})
    habits: ClassVar[Habits] = Habits(Shell.FRESH, argv=("sh", "-c"), timeout=setup.TIMEOUT)

    def claims(self, head: Sequence[bytes]) -> float:
        """Sure by the object around the messages, nearly so by their texts."""
        return claim.claim_of(head)

    # Reading

    def habits_of(self, records: Sequence[Text]) -> Habits:
        """What its configuration says, where that is recorded."""
        return setup.habits_of(records)

    def slots(self, records: Sequence[Text]) -> list[MiniSlot]:
        """All events."""
        return Turns(records).found()

    def links(self, slots: Sequence[Any]) -> Links:
        """As the messages stand: by call, else the next result."""
        links = Links()
        places = {id(slot): index for index, slot in enumerate(slots)}
        for index, slot in enumerate(slots):
            if slot.of is not None:
                answered = places[id(slot.of)]
                links.answers[index] = answered
                links.answer_of.setdefault(answered, index)
        return links

    def group(self, texts: Sequence[Text], slot: Any) -> Hashable | None:
        """The commands of one message."""
        response: Hashable | None = slot.response
        return response

    def event(self, texts: Sequence[Text], slot: Any) -> dict[str, Any]:
        """The message, or the command in it."""
        return canonical_event(as_object(texts[0]), slot)

    def unwrap(self, observation: Observation) -> Unwrapped:
        """The output alone, and the exit code where it is told."""
        return Unwrapped(observation.content, canonical.told_exit_code(observation))

    def treatment(self, action: Action, recorded: Observation | None) -> Satisfied:
        """What was refused, interrupted, or stood behind the submission is not executed."""
        answer = recorded.observation if recorded is not None else None
        if recorded is None and getattr(action.args, UNANSWERED, False) is True:
            return Satisfied(Service.SKIP, _PENDING)
        if answer == USER_REJECTED:
            return Satisfied(Service.RECORDED, f"{_NEVER_RAN} (it was refused): {_SERVED}")
        if answer == ERROR:
            return Satisfied(Service.RECORDED, f"{_NEVER_RAN}, or not to its end: {_SERVED}")
        return Satisfied()

    def world(self, events: Iterable[tuple[str, Event]], around: Around) -> Sequence[Fact]:
        """What its configuration says of its environment."""
        return tuple(world.facts(around))

    @property
    def tools(self) -> ToolMap:
        """The one that it has."""
        from trajcore.dialects.mini.prompt import TOOL_MAP

        return TOOL_MAP

    def tools_in(self, records: Sequence[Text]) -> ToolMap:
        """The one, which text models are not told of."""
        from trajcore.dialects.mini.prompt import tools_in

        return tools_in(records)

    def prompt(self, records: Sequence[Text]) -> list[dict[str, Any]] | None:
        """The messages themselves."""
        from trajcore.dialects.mini.prompt import told

        return told(records)

    # Editing

    def places(self, recording: Recording, index: int, path: ValuePath) -> Sequence[Place]:
        """What was executed first, then what was said, and the provider's copy of that."""
        return fields.places(recording, index, tuple(path))

    def changed(self, recording: Recording, index: int, path: ValuePath, value: Any) -> Changes:
        """The value is written in each of the field's places; the words around a result follow it."""
        made = super().changed(recording, index, path, value)
        slot = recording.slots[index]
        if slot.observation != RUN:
            return made
        return [
            Rewritten(change.record, fields.followed(bytes(recording.records[change.record]), change.text))
            if isinstance(change, Rewritten)
            else change
            for change in made
        ]

    def made(self, recording: Recording, at: int, events: Sequence[Event]) -> Changes:
        """Messages in the protocol of the trajectory."""
        from trajcore.dialects.mini.written import Writer, place_of_result

        records = tuple(Writer(recording).records(at, events))
        place = place_of_result(recording, at, events)
        return [Inserted(self.record_before(recording, at) if place is None else place, records)]

    def renamed(self, texts: Sequence[bytes]) -> Sequence[bytes]:
        """Copies whose calls have ids of their own."""
        from trajcore.dialects.mini.written import renamed

        pairs = zip(texts, renamed(texts), strict=True)
        return [merged(text, as_object(text), record) for text, record in pairs]
