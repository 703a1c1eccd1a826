"""Steps that come, go and move, with their entries of the history and all copies of those."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from trajcore.dialects import canonical
from trajcore.dialects.base import (
    Changes,
    Copied,
    Event,
    Inserted,
    Moved,
    RecordChange,
    Recording,
    Removed,
    Rewritten,
)
from trajcore.dialects.shapes import object_in, objects_in
from trajcore.dialects.swe_agent.aligning import aligned
from trajcore.dialects.swe_agent.fields import SHOWN, Copies
from trajcore.dialects.swe_agent.setup import CALLS, Setup, setup_in
from trajcore.dialects.swe_agent.steps import SweSlot
from trajcore.dialects.swe_agent.wire import OURS, calls_of, read, state_of
from trajcore.errors import BadInput
from trajcore.events.kinds import ERROR, MESSAGE, RUN
from trajcore.formats.json.merge import merged

Step = dict[str, Any]
Entry = Mapping[str, Any]

BLOCKS: Final = {
    "thought_action": ("```\n", "\n```"),
    "xml_thought_action": ("<command>\n", "\n</command>"),
}
"""Parsers that find a command between two texts."""


class _Item:
    """A step in its new place. `record` is None where it is new; `upto` is what it was before."""

    def __init__(self, record: int | None, step: Step, upto: int = 0) -> None:
        self.record, self.before, self.step, self.upto = record, step, dict(step), upto


class Editing:
    """The steps and the history as they are to become."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        copies = Copies(recording)
        self._attempt = copies.attempt
        self.first = int(copies.has_around)
        self.around: dict[str, Any] = dict(copies.record(0)) if self.first else {}
        self.setup: Setup = setup_in(self.around)
        slots: dict[int, SweSlot] = {slot.records[0]: slot for slot in recording.slots}
        self.items = [
            _Item(record, copies.record(record), slots[record].upto if record in slots else 0)
            for record in range(self.first, len(recording.records))
        ]
        self._old = objects_in(self.around, "history")
        self.history: list[tuple[int | None, Entry]] = list(enumerate(self._old))
        """The entries, with where they were."""
        self.slots = slots

    def entries_of(self, record: int) -> list[int]:
        """The entries of a step."""
        slot = self.slots.get(record)
        return [at for at in (slot.entry, slot.answer) if at is not None] if slot is not None else []

    def without(self, entries: Iterable[int]) -> list[tuple[int | None, Entry]]:
        """Take entries out of the history."""
        gone = frozenset(entries)
        taken = [one for one in self.history if one[0] in gone]
        self.history = [one for one in self.history if one[0] not in gone]
        return taken

    def place_before(self, item: int) -> int:
        """Where in the history entries of a new step stand that comes before a step."""
        if item >= len(self.items):
            return len(self.history)
        upto, whole = self.items[item].upto, len(self.history)
        return next((at for at, (old, _) in enumerate(self.history) if (old or 0) >= upto), whole)

    def put(self, item: int, steps: Sequence[_Item], entries: Sequence[tuple[int | None, Entry]]) -> None:
        """Put steps and their entries before a step."""
        at = self.place_before(item)
        self.history[at:at] = entries
        self.items[item:item] = steps

    def rewritten(self) -> list[Rewritten]:
        """The records that say something else now; new steps are shown what there was before them."""
        history = [entry for _, entry in self.history]
        shown = next((key for item in self.items for key in SHOWN if key in item.before), "")
        records = [read(json.dumps(item.step).encode()) for item in self.items]
        for item, places in zip(self.items, aligned(history, records), strict=True):
            if item.record is None:
                if shown and self.first:
                    item.step[shown] = history[: places.upto]
            else:
                self._show(item, places.upto)
        changes = [
            Rewritten(item.record, merged(self._raw(item.record), item.before, item.step))
            for item in self.items
            if item.record is not None and item.step != item.before
        ]
        around = self._around(history)
        if self.first and around != self.around:
            changes.insert(0, Rewritten(0, merged(self._raw(0), self.around, around)))
        return changes

    def _raw(self, record: int) -> bytes:
        return bytes(self._recording.records[record])

    def _show(self, item: _Item, upto: int) -> None:
        """What a step's model was shown follows the history, as far as it stands there whole."""
        key = next((key for key in SHOWN if isinstance(item.step.get(key), list)), "")
        was = item.step.get(key, [])
        if not key or len(was) < item.upto or (item.upto and was[:1] == [{}]):
            return
        now = [
            was[old] if old is not None and old < item.upto else entry for old, entry in self.history[:upto]
        ]
        if [old for old, _ in self.history[:upto]] != list(range(item.upto)):
            item.step[key] = [*now, *was[item.upto :]]

    def _around(self, history: Sequence[Entry]) -> dict[str, Any]:
        around = dict(self.around)
        if [old for old, _ in self.history] != list(range(len(self._old))):
            around["history"] = list(history)
        steps = [item.step for item in self.items]
        if self._attempt is not None and (around != self.around or self._differs()):
            attempts = list(around["attempts"])
            mine = dict(attempts[self._attempt])
            attempts[self._attempt] = {**mine, "history": around["history"], "trajectory": steps}
            around["attempts"] = attempts
        return around

    def _differs(self) -> bool:
        records = [item.record for item in self.items]
        whole = list(range(self.first, len(self._recording.records)))
        return records != whole or any(item.step != item.before for item in self.items)


def removed(recording: Recording, indices: Sequence[int]) -> Changes:
    """Steps go, and the prompt's entries of the history."""
    edit = Editing(recording)
    slots: Sequence[SweSlot] = recording.slots
    gone = [slots[index] for index in indices]
    records = sorted({slot.records[0] for slot in gone if slot.records[0] >= edit.first})
    entries = [slot.entry for slot in gone if slot.records[0] < edit.first and slot.entry is not None]
    for record in records:
        entries += edit.entries_of(record)
    edit.without(entries)
    edit.items = [item for item in edit.items if item.record not in records]
    last: list[RecordChange] = [Removed(tuple(records))] if records else []
    return [*edit.rewritten(), *last]


def moved(recording: Recording, indices: Sequence[int], place: int) -> Changes:
    """Steps go before event number `place` of those that stay."""
    edit = Editing(recording)
    slots: Sequence[SweSlot] = recording.slots
    records = _steps_of(edit, slots, indices)
    stay = [slots[index] for index in range(len(slots)) if index not in frozenset(indices)]
    if place < sum(slot.records[0] < edit.first for slot in stay):
        raise BadInput("what the model was told comes first.")
    items = [item for item in edit.items if item.record in records]
    edit.items = [item for item in edit.items if item.record not in records]
    taken = edit.without(entry for record in records for entry in edit.entries_of(record))
    before = stay[place].records[0] if place < len(stay) else None
    at = next((n for n, item in enumerate(edit.items) if item.record == before), len(edit.items))
    edit.put(at, items, taken)
    return [*edit.rewritten(), Moved(tuple(records), at + edit.first)]


def copied(recording: Recording, indices: Sequence[int], at: int) -> Changes:
    """Copies of steps, whose calls have ids of their own."""
    edit = Editing(recording)
    slots: Sequence[SweSlot] = recording.slots
    records = _steps_of(edit, slots, indices)
    names: dict[str, str] = {}
    entries: list[tuple[int | None, Entry]] = []
    for record in records:
        for entry in edit.entries_of(record):
            entries.append((None, renamed(edit.history[entry][1], names)))
    items = [_Item(None, edit.items[record - edit.first].step) for record in records]
    before = slots[at].records[0] - edit.first if at < len(slots) else len(edit.items)
    edit.put(max(before, 0), items, entries)
    changes = edit.rewritten()
    texts = tuple(
        merged(bytes(recording.records[record]), item.before, item.step)
        for record, item in zip(records, items, strict=True)
    )
    return [*changes, Copied(tuple(records), texts, max(before, 0) + edit.first)]


def _steps_of(edit: Editing, slots: Sequence[SweSlot], indices: Sequence[int]) -> list[int]:
    records = sorted({slots[index].records[0] for index in indices})
    if records[0] < edit.first:
        raise BadInput("what the model was told comes first, and once.")
    return records


def renamed(entry: Entry, names: dict[str, str]) -> Entry:
    """A copy of an entry whose calls have ids of their own; `names` knows them by those they had."""
    made = json.loads(json.dumps(entry))
    for call in calls_of(made):
        if isinstance(call.get("id"), str):
            made_id = names.setdefault(call["id"], f"call_{secrets.token_hex(12)}")
            call["id"] = made_id  # type: ignore[index]
    if isinstance(made.get("tool_call_ids"), list):
        made["tool_call_ids"] = [names.get(one, one) for one in made["tool_call_ids"]]
    found: Entry = made
    return found


def made(recording: Recording, at: int, events: Sequence[Event]) -> Changes:
    """New events come before the one at an index; the result of a step that has none goes into that."""
    edit = Editing(recording)
    slots: Sequence[SweSlot] = recording.slots
    if "observation" in events[0]:
        if len(events) == 1 and _answer(edit, slots[:at], events[0]):
            return edit.rewritten()
        if events[0].get("observation") != ERROR:
            raise BadInput("there is no command before it that this could be the result of.")
    place = slots[at].records[0] - edit.first if at < len(slots) else len(edit.items)
    place = max(place, 0)
    writer = _Writer(edit, place)
    writer.write(events)
    edit.put(place, writer.items, writer.entries)
    changes = edit.rewritten()
    near = min(max(place + edit.first - 1, 0), len(recording.records) - 1)
    style = recording.style(near)
    texts = tuple(style.written(item.step) for item in writer.items)
    return [*changes, Inserted(place + edit.first, texts)]


def _answer(edit: Editing, before: Sequence[SweSlot], event: Event) -> bool:
    """Whether an observation is the result of a step that waits for one, which then has it."""
    call = canonical.call_id(event)
    waiting = [
        slot for slot in before
        if slot.action == RUN and not any(other.of is slot for other in before)
    ]  # fmt: skip
    named = [slot for slot in waiting if call and slot.tool_call_id == call]
    if not waiting:
        return False
    slot = (named or waiting)[-1]
    item = edit.items[slot.records[0] - edit.first]
    item.step |= result_of(event, item.step)
    if slot.entry is not None:
        entry = edit.history[slot.entry][1]
        edit.history.insert(slot.entry + 1, (None, answered(edit.setup, entry, item.step)))
    return True


def result_of(event: Event, step: Step) -> Step:
    """What a step has of its result."""
    metadata = object_in(canonical.details(event), "metadata")
    state: dict[str, Any] = dict(state_of(step.get("state")))
    if isinstance(metadata.get("working_dir"), str) and metadata["working_dir"]:
        state["working_dir"] = metadata["working_dir"]
    as_text = isinstance(step.get("state"), str)
    extra = {**object_in(step, "extra_info"), OURS: {}}
    return {
        "observation": str(event.get("content") or ""),
        "state": f"{json.dumps(state)}\n" if as_text else state,
        "extra_info": extra,
    }


def answered(setup: Setup, entry: Entry, step: Step) -> Entry:
    """The entry that shows a model what came of a command."""
    output = str(step["observation"])
    before, behind = setup.worded(output, state_of(step.get("state")))
    calls = calls_of(entry)
    made: dict[str, Any] = {"role": "tool" if calls else "user", "content": f"{before}{output}{behind}"}
    made |= {key: entry[key] for key in ("agent",) if key in entry}
    if "message_type" in entry:
        made["message_type"] = "observation"
    return {**made, "tool_call_ids": [calls[0].get("id")]} if calls else made


class _Writer:
    """Makes steps of events, as the others of a trajectory are."""

    def __init__(self, edit: Editing, place: int) -> None:
        self._edit = edit
        self._model = edit.items[min(max(place - 1, 0), len(edit.items) - 1)].step if edit.items else {}
        said = (entry for _, entry in edit.history if entry.get("role") == "assistant")
        own = [entry for entry in said if OURS not in entry and not entry.get("is_demo")]
        self._is_call = bool(calls_of(own[0])) if own else edit.setup.parser in ("", CALLS)
        self._typed = any("message_type" in entry for _, entry in edit.history)
        agents = [entry.get("agent") for _, entry in edit.history]
        self._agent = next((one for one in agents if isinstance(one, str)), "main")
        self.items: list[_Item] = []
        self.entries: list[tuple[int | None, Entry]] = []

    def write(self, events: Sequence[Event]) -> None:
        """Add the steps of events. Raises `BadInput`."""
        for event in events:
            if event.get("action") == RUN:
                self._command(event)
            elif event.get("action") == MESSAGE:
                self._message(str(event.get("source")), str(canonical.arguments(event).get("content") or ""))
            elif "observation" in event:
                self._result(event)
            else:
                raise BadInput(f"SWE-agent's steps are commands: {event.get('action')} could not be one.")

    def _entry(self, role: str, content: str, kind: str, **more: Any) -> None:
        made: dict[str, Any] = {"role": role, "content": content, "agent": self._agent}
        if self._typed:
            made["message_type"] = kind
        self.entries.append((None, {**made, **more, OURS: True}))

    def _step(self, action: str, response: str, thought: str, observation: str, **ours: Any) -> None:
        state: Any = self._model.get("state", {})
        made: Step = {"action": action, "observation": observation, "response": response}
        made |= {"thought": thought, "execution_time": 0.0, "state": state, "extra_info": {OURS: ours}}
        if "execution_time" not in self._model:
            del made["execution_time"]
        self.items.append(_Item(None, made))

    def _message(self, source: str, said: str) -> None:
        role = "assistant" if source == "agent" else "user"
        self._step("", said, said, "", message=source if source == "agent" else "user")
        self._entry(role, said, "thought" if source == "agent" else "observation")

    def _command(self, event: Event) -> None:
        given = canonical.arguments(event)
        command, thought = str(given.get("command") or ""), str(given.get("thought") or "")
        if not command.strip():
            raise BadInput("a step without a command is a reply that could not be used: give a command.")
        more: dict[str, Any] = {"thought": thought, "action": command}
        response = thought
        if self._is_call:
            function = {"function": {"arguments": json.dumps({"command": command}), "name": "bash"}}
            call = canonical.call_id(event) or f"call_{secrets.token_hex(12)}"
            more["tool_calls"] = [{**function, "id": call, "type": "function"}]
        else:
            response = self._in_block(command, thought)
        self._step(command, response, thought, "", unanswered=True)
        self._entry("assistant", response, "action", **more)

    def _in_block(self, command: str, thought: str) -> str:
        parser = self._edit.setup.parser or "thought_action"
        if parser not in BLOCKS:
            raise BadInput(f"how a model says commands for its parser {parser} is not known.")
        opening, closing = BLOCKS[parser]
        if closing.strip() in command:
            raise BadInput("this command can't be said in a block: it holds the end of one.")
        before = thought if not thought or thought.endswith("\n") else f"{thought}\n"
        return f"{before}{opening}{command.rstrip(chr(10))}{closing}"

    def _result(self, event: Event) -> None:
        waiting = self.items and self.items[-1].step["extra_info"][OURS].get("unanswered")
        if not waiting:
            if event.get("observation") != ERROR:
                raise BadInput("there is no command before it that this could be the result of.")
            self._step("", "", "", str(event.get("content") or ""), message="error")
            return
        step = self.items[-1].step
        step |= result_of(event, step)
        self.entries.append((None, {**answered(self._edit.setup, self.entries[-1][1], step)}))
