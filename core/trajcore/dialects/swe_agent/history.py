"""Edits of a history that stands alone: each entry is a record, and events are entries."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from typing import Any

from trajcore.dialects import canonical
from trajcore.dialects.base import Changes, Event, Inserted, Recording
from trajcore.dialects.swe_agent.steps import SweSlot
from trajcore.dialects.swe_agent.wire import OURS, calls_of, read
from trajcore.errors import BadInput
from trajcore.events.kinds import MESSAGE, RUN, SYSTEM
from trajcore.formats.json.reading import as_object


def is_alone(recording: Recording) -> bool:
    """Whether there is nothing but a history."""
    first = read(recording.records[0])
    return first.is_entry and not first.is_around


def made(recording: Recording, at: int, events: Sequence[Event]) -> Changes:
    """Entries for new events. Raises `BadInput`."""
    slots: Sequence[SweSlot] = recording.slots
    place = slots[at].records[0] if at < len(slots) else len(recording.records)
    style = recording.style(max(place - 1, 0))
    found = [as_object(record) for record in recording.records]
    last: Any = next((one for one in reversed(found[:place]) if one.get("role") == "assistant"), {})
    is_call = any(calls_of(one) for one in found if isinstance(one, dict))
    agent = next((one["agent"] for one in found if isinstance(one.get("agent"), str)), "main")
    texts: list[bytes] = []
    for event in events:
        entry = {**_entry(event, last, is_call=is_call), "agent": agent}
        last = entry if entry["role"] == "assistant" else last
        texts.append(style.written(entry))
    return [Inserted(place, tuple(texts))]


def _entry(event: Event, last: Any, *, is_call: bool) -> dict[str, Any]:
    given, kind = canonical.arguments(event), event.get("action")
    said = str(given.get("content") or "")
    if kind in (MESSAGE, SYSTEM):
        role = "system" if kind == SYSTEM else "assistant" if event.get("source") == "agent" else "user"
        message_type = "system_prompt" if kind == SYSTEM else "observation"
        return {"role": role, "content": said, "message_type": message_type, OURS: True}
    if kind == RUN:
        command, thought = str(given.get("command") or ""), str(given.get("thought") or "")
        entry: dict[str, Any] = {"role": "assistant", "content": thought, "message_type": "action"}
        entry |= {"thought": thought, "action": command, OURS: True}
        if not is_call:
            return {**entry, "content": f"{thought}\n```\n{command}\n```"}
        call = canonical.call_id(event) or f"call_{secrets.token_hex(12)}"
        function = {"name": "bash", "arguments": json.dumps({"command": command})}
        return {**entry, "tool_calls": [{"function": function, "id": call, "type": "function"}]}
    if "observation" not in event or not last:
        raise BadInput(f"SWE-agent's history has no place for {kind or event.get('observation')} here.")
    calls = calls_of(last)
    role = "tool" if calls else "user"
    answer = {"role": role, "content": str(event.get("content") or ""), "message_type": "observation"}
    return {**answer, "tool_call_ids": [calls[0].get("id")]} if calls else answer
