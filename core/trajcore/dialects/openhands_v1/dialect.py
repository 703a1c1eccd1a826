"""OpenHands V1 (1.0 to 1.58): conversations of the SDK, of which one branch is shown, edited and played."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from trajcore.dialects import canonical
from trajcore.dialects.base import (
    CERTAIN,
    Around,
    Branch,
    Changes,
    Event,
    Fact,
    Inserted,
    Links,
    ModelUse,
    Place,
    Recording,
    Rewritten,
    Satisfied,
    Slot,
    Text,
    Unwrapped,
    ValuePath,
)
from trajcore.dialects.openhands_v1 import fields, usage, world
from trajcore.dialects.openhands_v1.events import NUDGE, OURS, UNANSWERED, canonical_event, kind_of
from trajcore.dialects.openhands_v1.heads import quick_head
from trajcore.dialects.openhands_v1.helpers import Helpers
from trajcore.dialects.openhands_v1.said import FINISHED
from trajcore.dialects.openhands_v1.tree import Tree
from trajcore.dialects.openhands_v1.wire import Key, Log, logs, read_key, texts_of
from trajcore.dialects.slotted import BaseDialect
from trajcore.errors import BadInput
from trajcore.events.head import Head
from trajcore.events.kinds import DELEGATE, ERROR, FINISH, MESSAGE, USER_REJECTED, Service
from trajcore.formats.json.edit import with_value
from trajcore.formats.json.merge import merged
from trajcore.formats.json.reading import as_object

if TYPE_CHECKING:
    from trajcore.dialects.examined import Fault, Kept
    from trajcore.dialects.toolmap import ToolMap
    from trajcore.events.base import Action, Observation

_SERVED: Final = "served from the recording"
_PENDING: Final = (
    "not executed: nothing says what came of it when it was recorded (it waited to be confirmed, "
    "stood behind the end of its turn, or its program was ended)"
)
_NEVER_RAN: Final = "not carried out when it was recorded"


class V1Slot(Slot, gc=False):
    """An event of V1: what its model had come to by then, whether the user was waited for behind it."""

    spent: dict[str, Any] | None = None
    waits: bool = False
    log: int = 0
    """The first record of its conversation: that of the agent itself, or of a helper."""
    unanswered: bool = False
    """It was called, and nothing says what came of it; what is put in by us is no such call."""
    action_id: str | None = None


class OpenHandsV1(BaseDialect):
    """A record is an event, but for the state, and for the answer to `finish`, which is a part of that."""

    name: ClassVar[str] = "openhands_v1"
    runtime: ClassVar[str] = "openhands_v1"
    has_prelude: ClassVar[bool] = True
    beside: ClassVar[frozenset[str]] = frozenset({world.STATE})
    formats: ClassVar[frozenset[str]] = frozenset({"list", "rows", "jsonl", "pages", "conversation"})

    def claims(self, head: Sequence[bytes]) -> float:
        """Sure where a record has a kind of V1 and a source that V1 knows; the state alone is none."""
        keys = map(read_key, head)
        return CERTAIN if any(key.is_event for key in keys) else 0.0

    # Reading

    def slots(self, records: Sequence[Text]) -> list[V1Slot]:
        """The events of the active branch, with what hangs beside it, and damaged ones."""
        log, *others = logs(records)
        helpers = Helpers(others, records)
        found: list[V1Slot] = []
        own = _slots(log, Tree(log).shown, records)
        for at, slot in enumerate(own):
            found.append(slot)
            answer = own[at + 1] if at + 1 < len(own) else None
            # Beside other calls of its reply nothing tells where what a helper did belongs.
            if helpers and slot.action == DELEGATE and answer is not None and answer.action_id == slot.name:
                asked = helpers.asked(records[slot.records[0]])
                if asked is not None:
                    found += _slots(*asked, records)
        return found

    def links(self, slots: Sequence[Any]) -> Links:
        """By the action that an answer names; an error names its call alone."""
        links, actions, calls = Links(), dict[str, int](), dict[str, int]()
        for index, slot in enumerate(slots):
            if slot.action is not None:
                if slot.name:
                    actions.setdefault(slot.name, index)
                if slot.tool_call_id:
                    calls[slot.tool_call_id] = index
                continue
            named = actions.get(slot.action_id or "")
            answered = calls.get(slot.tool_call_id or "") if named is None else named
            if answered is not None:
                links.answers[index] = answered
                links.answer_of.setdefault(answered, index)
                if slots[answered].action == DELEGATE and slots[index - 1].log != slots[index].log:
                    links.delegations[answered] = index
        return links

    def branches(self, records: Sequence[Text]) -> Sequence[Branch]:
        """Each event that no other goes on from, and the one at which the conversation does."""
        return Tree(logs(records)[0]).branches

    def group(self, texts: Sequence[Text], slot: Any) -> Hashable | None:
        """The reply of the model."""
        response: Hashable | None = slot.response
        return response

    def event(self, texts: Sequence[Text], slot: Any) -> dict[str, Any]:
        """The event, with what its model had come to by then."""
        made = canonical_event(as_object(texts[0]), waits=slot.waits)
        if slot.unanswered:
            made[canonical.ARGUMENTS][UNANSWERED] = True
        return {**made, canonical.METRICS: slot.spent} if slot.spent else made

    def head(self, texts: Sequence[Text], slot: Any) -> Head:
        """What a timeline shows; of the commonest events, out of the record itself."""
        quick = None if slot.unanswered or len(texts) > 1 else quick_head(texts[0])
        return super().head(texts, slot) if quick is None else quick

    def unwrap(self, observation: Observation) -> Unwrapped:
        """The content: what is put around it for a model stands in fields of its own."""
        metadata = getattr(observation.extras, "metadata", None)
        return Unwrapped(
            observation.content,
            canonical.told_exit_code(observation),
            getattr(metadata, "username", None),
            getattr(metadata, "hostname", None),
            getattr(metadata, "working_dir", None),
        )

    def treatment(self, action: Action, recorded: Observation | None) -> Satisfied:
        """What was refused, interrupted, never parsed or never answered is not executed."""
        answer = recorded.observation if recorded is not None else None
        if recorded is None and getattr(action.args, UNANSWERED, False) is True:
            return Satisfied(Service.SKIP, _PENDING)
        if answer == USER_REJECTED:
            return Satisfied(Service.RECORDED, f"{_NEVER_RAN} (it was refused): {_SERVED}")
        if answer == ERROR:
            return Satisfied(Service.RECORDED, f"{_NEVER_RAN}, or not to its end: {_SERVED}")
        return Satisfied()

    def world(self, events: Iterable[tuple[str, Event]], around: Around) -> Sequence[Fact]:
        """What the row, the state and the first command's shell tell."""
        return tuple(world.facts(events, around))

    @property
    def tools(self) -> ToolMap:
        """V1's own."""
        from trajcore.dialects.openhands_v1.tools import TOOL_MAP

        return TOOL_MAP

    def tools_in(self, records: Sequence[Text]) -> ToolMap:
        """Those that its prompt or its state name."""
        from trajcore.dialects.openhands_v1.tools import tools_in

        return tools_in(records)

    def spent(self, recording: Recording, use: ModelUse) -> Changes:
        """The state counts it."""
        state = logs(recording.records)[0].state
        text = b"" if state is None else bytes(recording.records[state])
        return [] if state is None else [Rewritten(state, usage.counted(text, use))]

    def prompt(self, records: Sequence[Text]) -> list[dict[str, Any]] | None:
        """What the conversation's own program would send when it loads these records."""
        from trajcore.dialects.openhands_v1.messages import told

        return told(records) if records else []

    def examine(self, kept: Kept) -> Sequence[Fault]:
        """What its own program refuses, or would do harm with."""
        from trajcore.dialects.openhands_v1.checks.all import examine

        return examine(kept)

    # Editing

    def changed(self, recording: Recording, index: int, path: ValuePath, value: Any) -> Changes:
        """The value is written in each of the field's places; what V1 makes of it follows."""
        made = super().changed(recording, index, path, value)
        if tuple(path[:2]) == (canonical.ARGUMENTS, "summary"):
            return made
        return [
            Rewritten(change.record, fields.followed(bytes(recording.records[change.record]), change.text))
            if isinstance(change, Rewritten)
            else change
            for change in made
        ]

    def made(self, recording: Recording, at: int, events: Sequence[Event]) -> Changes:
        """Records in the spelling of the log, with ids of their own; what they hang on follows."""
        from trajcore.dialects.openhands_v1.written import Writer

        records = tuple(Writer(recording).records(at, events))
        return [Inserted(self.record_before(recording, at), records)]

    def moved(self, recording: Recording, indices: Sequence[int], place: int) -> Changes:
        """Records move within their own conversation."""
        _refuse_helpers(recording, indices)
        return super().moved(recording, indices, place)

    def copied(self, recording: Recording, indices: Sequence[int], at: int) -> Changes:
        """Records are copied within their own conversation."""
        _refuse_helpers(recording, indices)
        return super().copied(recording, indices, at)

    def record_before(self, recording: Recording, at: int) -> int:
        """The record before which new ones stand; at the end, behind the last of the agent's own."""
        slots = recording.slots
        return super().record_before(recording, at) if at < len(slots) else logs(recording.records)[0].end

    def renamed(self, texts: Sequence[bytes]) -> Sequence[bytes]:
        """Copies with ids, calls and replies of their own."""
        from trajcore.dialects.openhands_v1.written import renamed

        pairs = zip(texts, renamed(texts), strict=True)
        return [merged(text, as_object(text), record) for text, record in pairs]

    def switched(self, recording: Recording, branch: Branch) -> Changes:
        """The state names its last event; a log without a state always goes on from its own last one."""
        log = logs(recording.records)[0]
        if log.state is None:
            raise BadInput(
                "nothing tells on which branch this conversation goes on: it has no base_state.json, "
                "and is on that of its last event."
            )
        text = with_value(bytes(recording.records[log.state]), ("leaf_event_id",), branch.name)
        if log.keys[log.state].head_is_empty:
            text = with_value(text, ("head_is_empty",), False)
        return [Rewritten(log.state, text)]

    def follow(self, before: Sequence[Text], after: Sequence[Text]) -> Changes:
        """What events hang on, the leaf, and what condensations name."""
        from trajcore.dialects.openhands_v1.linking import relinked

        return relinked(before, after)

    def ran(self, before: Sequence[Text], recording: Recording, home: str | None) -> Changes:
        """A conversation of its own, of one branch, whose state says what was run."""
        from trajcore.dialects.openhands_v1.ran import ran

        return ran(before, recording, home)

    def places(self, recording: Recording, index: int, path: ValuePath) -> Sequence[Place]:
        """Each copy of a field: what was executed, what the model said, what its answer repeats."""
        return fields.places(recording, index, tuple(path))


def _slots(log: Log, shown: Sequence[int], records: Sequence[Text]) -> list[V1Slot]:
    """Some events of a conversation; the answer to `finish` is a part of that."""
    spent = {} if log.state is None else usage.by_response(records[log.state])
    found: list[V1Slot] = []
    finished: dict[str | None, V1Slot] = {}
    for at in shown:
        key = log.keys[at]
        if key.inner[0] == FINISHED and key.action_id in finished:
            finished.pop(key.action_id).records += (at,)
            continue
        slot = _slot(at, key, spent)
        slot.log = log.records[0]
        if slot.action == FINISH:
            finished[key.id] = slot
        found.append(slot)
    _see_who_waits(found, records)
    _see_what_is_unanswered(found)
    return found


def _slot(at: int, key: Key, spent: Mapping[str, dict[str, Any]]) -> V1Slot:
    action, observation = kind_of(key)
    source = "environment" if key.source == "hook" else key.source
    is_call = action is not None and key.kind == "ActionEvent"
    return V1Slot(
        "", (at,), action, observation,
        source="agent" if observation and key.kind == "ObservationEvent" else source,
        tool_call_id=key.tool_call_id,
        response=key.llm_response_id if is_call else None,
        name=key.id,
        spent=spent.get(key.llm_response_id or "") if key.source == "agent" else None,
        action_id=key.action_id,
    )  # fmt: skip


def _refuse_helpers(recording: Recording, indices: Sequence[int]) -> None:
    """Raise `BadInput` for events of several conversations, or of a helper's."""
    own = recording.slots[0].log
    if any(recording.slots[index].log != own for index in indices):
        raise BadInput(
            "what a helper did is a conversation of its own, in files of its own: "
            "it can't be moved or copied."
        )


def _see_who_waits(slots: Sequence[V1Slot], records: Sequence[Text]) -> None:
    """The agent's messages end a turn, but an empty one behind which the program tells it to go on."""
    before: V1Slot | None = None
    for slot in (*slots, None):
        if slot is not None and slot.action != MESSAGE:
            if slot.source == "agent":
                before = None
            continue
        if before is not None:
            said = "" if slot is None else _said(records[slot.records[0]])
            before.waits = slot is None or said != NUDGE
        before = slot if slot is not None and slot.source == "agent" else None


def _see_what_is_unanswered(slots: Sequence[V1Slot]) -> None:
    """Calls whose result is nowhere; `finish` has its own in itself."""
    answered = {slot.action_id for slot in slots if slot.observation}
    calls = {slot.tool_call_id for slot in slots if slot.observation}
    for slot in slots:
        if slot.response is not None and slot.action not in (None, FINISH):
            is_ours = slot.response.startswith(OURS)
            slot.unanswered = not is_ours and slot.name not in answered and slot.tool_call_id not in calls


def _said(record: Text) -> str:
    message = as_object(record).get("llm_message")
    return texts_of(message.get("content")) if isinstance(message, dict) else ""
