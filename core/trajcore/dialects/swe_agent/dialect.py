"""SWE-agent: steps of a command and its output, beside a history of what its model was shown."""

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
    Links,
    Place,
    Recording,
    Satisfied,
    Shell,
    Text,
    Unwrapped,
    ValuePath,
)
from trajcore.dialects.slotted import BaseDialect
from trajcore.dialects.swe_agent import claim, fields, history, setup, world, written
from trajcore.dialects.swe_agent.events import TOOL, canonical_event
from trajcore.dialects.swe_agent.steps import Steps, SweSlot
from trajcore.events.base import Action, Observation
from trajcore.events.kinds import ERROR, Service
from trajcore.formats.json.merge import merged
from trajcore.formats.json.reading import as_object
from trajcore.runtimes.swe_agent import calls

if TYPE_CHECKING:
    from trajcore.dialects.toolmap import ToolMap

_SERVED: Final = "served from the recording"
_EXECUTED: Final = frozenset({"str_replace_editor"})
"""Its own tools that are carried out in any sandbox."""


class SweAgent(BaseDialect):
    """A record is a step: a command and what came of it. The history around them tells them once more."""

    name: ClassVar[str] = "swe_agent"
    runtime: ClassVar[str] = "swe_agent"
    formats: ClassVar[frozenset[str]] = frozenset({"object", "list", "jsonl", "rows"})
    habits: ClassVar[Habits] = Habits(Shell.PERSISTENT, timeout=setup.TIMEOUT)

    def claims(self, head: Sequence[bytes]) -> float:
        """Sure by its steps."""
        return claim.claim_of(head)

    # Reading

    def habits_of(self, records: Sequence[Text]) -> Habits:
        """What its configuration says, where that is recorded."""
        return setup.habits_of(records)

    def slots(self, records: Sequence[Text]) -> list[SweSlot]:
        """All events."""
        return Steps(records).found()

    def links(self, slots: Sequence[Any]) -> Links:
        """As the steps have them."""
        links = Links()
        places = {id(slot): index for index, slot in enumerate(slots)}
        for index, slot in enumerate(slots):
            if slot.of is not None:
                answered = places[id(slot.of)]
                links.answers[index] = answered
                links.answer_of.setdefault(answered, index)
        return links

    def group(self, texts: Sequence[Text], slot: Any) -> Hashable | None:
        """The events of one step."""
        response: Hashable | None = slot.response
        return response

    def event(self, texts: Sequence[Text], slot: Any) -> dict[str, Any]:
        """The step, or a side of it."""
        return canonical_event(texts[0], slot)

    def unwrap(self, observation: Observation) -> Unwrapped:
        """The output as every version has it; nowhere is an exit code told."""
        output = observation.content.replace("\r\n", "\n").removesuffix("\n")
        return Unwrapped(output, canonical.told_exit_code(observation))

    def treatment(self, action: Action, recorded: Observation | None) -> Satisfied:
        """What was refused is not executed, and what is a tool of the agent's own can't be everywhere."""
        if recorded is not None and recorded.observation == ERROR:
            return Satisfied(Service.RECORDED, f"not executed when it was recorded: {_SERVED}")
        tool = getattr(action.args, TOOL, "")
        if tool and tool not in _EXECUTED and calls.call_in(str(getattr(action.args, "command", ""))) is None:
            return Satisfied(Service.RECORDED, f"{tool} is a tool of SWE-agent's own: {_SERVED}")
        return Satisfied()

    def world(self, events: Iterable[tuple[str, Event]], around: Around) -> Sequence[Fact]:
        """What its configuration says of image, repository and commit."""
        return tuple(world.facts(events, around))

    @property
    def tools(self) -> ToolMap:
        """Its bash: the others are not in every sandbox."""
        from trajcore.dialects.swe_agent.prompt import TOOL_MAP

        return TOOL_MAP

    def tools_in(self, records: Sequence[Text]) -> ToolMap:
        """The same, which models are not told of that say their commands in texts."""
        from trajcore.dialects.swe_agent.prompt import tools_in

        return tools_in(records)

    def prompt(self, records: Sequence[Text]) -> list[dict[str, Any]] | None:
        """The history itself."""
        from trajcore.dialects.swe_agent.prompt import told

        return told(records)

    # Editing

    def places(self, recording: Recording, index: int, path: ValuePath) -> Sequence[Place]:
        """In the step first, then in the history, and in each copy of that."""
        return fields.places(recording, index, tuple(path))

    def changed(self, recording: Recording, index: int, path: ValuePath, value: Any) -> Changes:
        """The value is written in each of the field's places. Raises `BadInput` for what is no command."""
        fields.check(recording, index, tuple(path), value)
        return super().changed(recording, index, path, value)

    def made(self, recording: Recording, at: int, events: Sequence[Event]) -> Changes:
        """Steps, with entries in the history; in one that stands alone, those."""
        make = history.made if history.is_alone(recording) else written.made
        return make(recording, at, events)

    def removed(self, recording: Recording, indices: Sequence[int]) -> Changes:
        """Steps go with their entries in the history."""
        alone = history.is_alone(recording)
        return super().removed(recording, indices) if alone else written.removed(recording, indices)

    def moved(self, recording: Recording, indices: Sequence[int], place: int) -> Changes:
        """Steps move, and their entries do."""
        alone = history.is_alone(recording)
        return super().moved(recording, indices, place) if alone else written.moved(recording, indices, place)

    def copied(self, recording: Recording, indices: Sequence[int], at: int) -> Changes:
        """Copies whose calls have ids of their own."""
        alone = history.is_alone(recording)
        return super().copied(recording, indices, at) if alone else written.copied(recording, indices, at)

    def renamed(self, texts: Sequence[bytes]) -> Sequence[bytes]:
        """Copies of entries whose calls have ids of their own."""
        names: dict[str, str] = {}
        pairs = ((text, as_object(text)) for text in texts)
        return [merged(text, found, written.renamed(found, names)) for text, found in pairs]
