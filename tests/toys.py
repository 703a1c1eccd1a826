"""An agent that does not exist, and its dialect: nothing in it is as OpenHands has it.

Its sessions are JSON Lines. A line has a uuid and names the line before it. A `turn` holds what the agent
said and its calls, each of which is an event of its own; a call also stands in a `log` line, and its command
in the turn is JSON inside of a string. A `mark` is no event and stays where it is.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from trajcore.dialects import canonical
from trajcore.dialects.base import (
    Changes,
    Event,
    Inserted,
    Place,
    RecordChange,
    Recording,
    Rewritten,
    Satisfied,
    Slot,
    Text,
    Unwrapped,
    ValuePath,
)
from trajcore.dialects.findings import Finding
from trajcore.dialects.slotted import BaseDialect
from trajcore.dialects.toolmap import Parameter, Tool, ToolMap
from trajcore.errors import BadInput
from trajcore.events.base import Action, Observation
from trajcore.events.kinds import FINISH, MESSAGE, RUN, Service
from trajcore.formats.json.edit import with_value
from trajcore.formats.json.reading import as_object
from trajcore.runtimes.habits import Habits, Shell

TYPES = {"say", "turn", "log", "result", "mark", "end"}


WORDED = re.compile(r"<exit>(-?\d+)</exit>\n<output>\n(.*)</output>", re.DOTALL)
"""The words that newer versions of the agent put around an output."""

TOOLS = ToolMap(
    Tool(
        "sh",
        RUN,
        (Parameter("line", "command", {"type": "string"}),),
        makes={"command": ""},
        description="Run a line.",
        required=("line",),
    )
)


class ToySlot(Slot, gc=False):
    """Where in its turn a call stands."""

    at: int = 0


class Toy(BaseDialect):
    """Two events in one record, one event in two records, a field in two places."""

    name: ClassVar[str] = "toy"
    formats: ClassVar[frozenset[str]] = frozenset({"jsonl"})
    runtime: ClassVar[str] = "plain"
    habits: ClassVar[Habits] = Habits(Shell.FRESH)
    tools: ClassVar[ToolMap] = TOOLS

    def claims(self, head: Sequence[bytes]) -> float:
        records = [as_object(raw) for raw in head]
        own = sum("uuid" in record and record.get("type") in TYPES for record in records)
        return 0.9 * own / len(records)

    # Reading

    def slots(self, records: Sequence[Text]) -> list[ToySlot]:
        found: list[ToySlot] = []
        calls: dict[str, ToySlot] = {}
        for at, raw in enumerate(records):
            record = as_object(raw)
            kind, uuid = record.get("type"), record.get("uuid")
            if kind == "say":
                found.append(ToySlot("", (at,), MESSAGE, source=record.get("who"), name=uuid))
            elif kind == "end":
                found.append(ToySlot("", (at,), FINISH, source="agent", name=uuid))
            elif kind == "turn":
                reply = record.get("reply")
                if record.get("said"):
                    said = ToySlot("said", (at,), MESSAGE, source="agent", name=uuid, response=reply)
                    found.append(said)
                for number, call in enumerate(record.get("calls", ())):
                    slot = ToySlot(
                        call["call"], (at,), RUN, source="agent", tool_call_id=call["call"], response=reply,
                        name=call["call"], at=number,
                    )  # fmt: skip
                    calls[call["call"]] = slot
                    found.append(slot)
            elif kind == "log" and record.get("call") in calls:
                calls[record["call"]].records += (at,)
            elif kind == "result":
                call = record.get("call")
                found.append(
                    ToySlot("", (at,), observation=RUN, source="agent", tool_call_id=call, name=uuid)
                )
        return found

    def event(self, texts: Sequence[Text], slot: ToySlot) -> dict[str, Any]:
        record = as_object(texts[0])
        call = slot.tool_call_id and {"function_name": "sh", canonical.CALL_ID: slot.tool_call_id}
        if slot.observation:
            details: dict[str, Any] = {"command": ""}
            if "exit" in record:
                details["metadata"] = {"exit_code": record["exit"]}
            return canonical.observation(RUN, "agent", record["output"], call or None, **details)
        if slot.action == RUN:
            command = json.loads(record["calls"][slot.at]["input"])["command"]
            kept = {"kept_back": True} if record["calls"][slot.at].get("kept_back") else {}
            return canonical.action(RUN, "agent", call or None, command=command, **kept)
        if slot.action == FINISH:
            return canonical.action(FINISH, "agent", final_thought=record["text"])
        content, waits = record.get("said" if slot.key else "text"), bool(record.get("waits"))
        fields = {"content": content} if slot.key else {"content": content, "wait_for_response": waits}
        return canonical.action(MESSAGE, slot.source or "user", **fields)

    def places(self, recording: Recording, index: int, path: ValuePath) -> Sequence[Place]:
        slot, field = recording.slots[index], ".".join(map(str, path))
        first = slot.records[0]
        if slot.action == RUN and field == "args.command":
            logs = [Place(record, ("line",)) for record in slot.records[1:]]
            return [Place(first, ("calls", slot.at, "input"), "json", ("command",)), *logs]
        known = {
            (MESSAGE, "args.content"): "said" if slot.key else "text",
            (MESSAGE, "args.wait_for_response"): "" if slot.key else "waits",
            (FINISH, "args.final_thought"): "text",
            (None, "content"): "output",
            (None, "extras.metadata.exit_code"): "exit",
        }.get((slot.action, field))
        if not known:
            raise BadInput(
                f"event {recording.label(index)} has no place for {field}: toy sessions don't keep it."
            )
        return [Place(first, (known,))]

    def unwrap(self, observation: Observation) -> Unwrapped:
        worded = WORDED.fullmatch(observation.content)
        return Unwrapped(worded[2], int(worded[1])) if worded else super().unwrap(observation)

    def treatment(self, action: Action, recorded: Observation | None) -> Satisfied:
        if not getattr(action.args, "kept_back", False):
            return Satisfied()
        if recorded is None:
            return Satisfied(Service.SKIP, "its guard kept it back")
        return Satisfied(Service.RECORDED, "its guard kept it back: served from the recording")

    def result(self, recording: Recording, index: int, event: Event) -> Changes:
        if WORDED.fullmatch(recording.data(index)["content"]):
            code = canonical.details(event)["metadata"]["exit_code"]
            event = {"content": worded(event["content"], code)}
        return super().result(recording, index, event)

    def check(self, texts: Sequence[Text]) -> list[Finding]:
        answered = {canonical.call_id(event) for event in map(as_object, texts) if "observation" in event}
        return [
            Finding(index, f"#{index}", "no-result", "no result: nothing answers this run")
            for index, event in enumerate(map(as_object, texts))
            if event.get("action") == RUN and canonical.call_id(event) not in answered
        ]

    # Editing

    def made(self, recording: Recording, at: int, events: Sequence[Event]) -> Changes:
        calls = [slot.tool_call_id for slot in recording.slots[:at] if slot.action == RUN]
        lines = [line for event in events for line in self._lines(calls, event)]
        texts = tuple(json.dumps(line).encode() for line in lines)
        return [Inserted(self.record_before(recording, at), texts)]

    def _lines(self, calls: list[Any], event: Event) -> list[dict[str, Any]]:
        """The lines of a new event; `calls` are those before it."""
        kind, fields = event.get("action"), canonical.arguments(event)
        new = {"uuid": _fresh("u"), "parent": None}
        if kind == MESSAGE and event.get("source", "user") == "user":
            waits = {"waits": True} if fields.get("wait_for_response") else {}
            return [{**new, "type": "say", "who": "user", "text": fields.get("content", ""), **waits}]
        if kind == MESSAGE:
            return [{**new, "type": "turn", "reply": new["uuid"], "said": fields.get("content"), "calls": []}]
        if kind == FINISH:
            return [{**new, "type": "end", "text": fields.get("final_thought") or ""}]
        if kind == RUN:
            call = canonical.call_id(event) or _fresh("c")
            calls.append(call)
            given = json.dumps({"command": fields.get("command", "")})
            turn = {"reply": new["uuid"], "said": "", "calls": [{"call": call, "input": given}]}
            log = {"uuid": _fresh("l"), "parent": None, "type": "log", "call": call}
            return [{**new, "type": "turn", **turn}, {**log, "line": fields.get("command", "")}]
        if event.get("observation") == RUN:
            exit = canonical.details(event).get("metadata", {}).get("exit_code")
            result = {"call": canonical.call_id(event) or calls[-1], "output": event.get("content", "")}
            return [{**new, "type": "result", **result, **({} if exit is None else {"exit": exit})}]
        raise BadInput(f"toy sessions have no {kind or event.get('observation')} events.")

    def without(self, recording: Recording, record: int, gone: frozenset[int]) -> bytes:
        text = bytes(recording.records[record])
        turn = as_object(text)
        slots = [recording.slots[index] for index in gone if record in recording.slots[index].records]
        lost = {slot.key for slot in slots}
        if "said" in lost:
            text = with_value(text, ("said",), "")
        return with_value(text, ("calls",), [call for call in turn["calls"] if call["call"] not in lost])

    def renamed(self, texts: Sequence[bytes]) -> Sequence[bytes]:
        names: dict[str, str] = {}
        copies = []
        for text in texts:
            record = as_object(text)
            for path, name in _names(record):
                text = with_value(text, path, names.setdefault(name, f"{name}-again"))
            copies.append(text)
        return copies

    def follow(self, before: Sequence[Text], after: Sequence[Text]) -> Changes:
        linked = {uuid for last, (uuid, parent) in _chain(before) if last == parent}
        known = {uuid for _, (uuid, _) in _chain(before)}
        changes: list[RecordChange] = []
        for at, (last, (uuid, parent)) in enumerate(_chain(after)):
            if parent != last and (uuid in linked or uuid not in known):
                changes.append(Rewritten(at, with_value(bytes(after[at]), ("parent",), last)))
        return changes


def _chain(records: Sequence[Text]) -> list[tuple[str | None, tuple[str | None, str | None]]]:
    """The uuid and the parent of each line, and the uuid of the line before it."""
    own = [(record.get("uuid"), record.get("parent")) for record in map(as_object, records)]
    return list(zip([None, *(uuid for uuid, _ in own)], own, strict=False))


def _names(record: Mapping[str, Any]) -> list[tuple[tuple[str | int, ...], str]]:
    found: list[tuple[tuple[str | int, ...], Any]] = [((key,), record.get(key)) for key in ("uuid", "reply")]
    found.append((("call",), record.get("call")))
    found += [(("calls", at, "call"), call["call"]) for at, call in enumerate(record.get("calls", ()))]
    return [(path, name) for path, name in found if name]


def _fresh(letter: str) -> str:
    return f"{letter}-{secrets.token_hex(4)}"


def session(*records: Mapping[str, Any], end: str = "\n") -> bytes:
    """A session of these lines, each linked to the one before it."""
    lines, last = [], None
    for number, record in enumerate(records):
        uuid = record.get("uuid", f"id{number}")
        lines.append(json.dumps({"uuid": uuid, "parent": last, **record}, ensure_ascii=False))
        last = uuid
    return ("\n".join(lines) + end).encode()


def turn(reply: str, said: str, **calls: str) -> list[dict[str, Any]]:
    """What the agent said and called, with the log of each call."""
    made = [{"call": call, "input": json.dumps({"command": command})} for call, command in calls.items()]
    logs = [{"type": "log", "call": call, "line": command} for call, command in calls.items()]
    return [{"type": "turn", "reply": reply, "said": said, "calls": made, "extra": {"ä": 1}}, *logs]


def worded(output: str, exit: int) -> str:
    """An output in the agent's words."""
    return f"<exit>{exit}</exit>\n<output>\n{output}</output>"


def result(call: str, output: str, exit: int | None = 0) -> dict[str, Any]:
    """What came back for a call."""
    return {"type": "result", "call": call, "output": output, **({} if exit is None else {"exit": exit})}


SAMPLE = session(
    {"type": "say", "who": "user", "text": "make a file"},
    {"type": "mark", "tokens": 5},
    *turn("r1", "I look first.", a="echo one", b="echo zwei > f; cat f"),
    result("a", "one\n"),
    result("b", "zwei\n"),
    {"type": "say", "who": "user", "text": "and then?", "waits": True},
    *turn("r2", "", c="cat f; exit 3"),
    {"type": "mark", "tokens": 7.50},
    result("c", "zwei\n", 3),
    {"type": "end", "text": "done"},
)
"""A session: 9 events in 12 records."""
