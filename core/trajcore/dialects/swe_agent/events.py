"""A step, or an entry of the history, as canonical events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from trajcore.dialects import canonical
from trajcore.dialects.replies import content_text
from trajcore.dialects.shapes import objects_in
from trajcore.dialects.swe_agent.steps import BASH, SweSlot
from trajcore.dialects.swe_agent.wire import Record, read, state_of, text
from trajcore.events.kinds import ERROR, FINISH, RUN, SYSTEM
from trajcore.formats.json.reading import as_object

TOOL: Final = "tool"
"""The argument that names the agent's own tool which a command calls."""
UNANSWERED: Final = "unanswered"
UNUSED: Final = "SWE-agent could not use this reply, and asked for another one."
REFUSED: Final = "SWE-agent refused this command, and asked for another one."
"""What is shown where nothing is recorded of it."""


def canonical_event(record: Any, slot: SweSlot) -> dict[str, Any]:
    """The event that a slot stands for."""
    found = read(record)
    if found.is_around:
        made = _entry(objects_in(as_object(record), "history")[slot.entry or 0], slot)
    elif found.is_entry:
        made = _entry({name: getattr(found, name) for name in ("content", "thought", "action")}, slot)
    else:
        made = _step(found, slot)
    if slot.spent is not None:
        made[canonical.METRICS] = slot.spent
    return made


def _call(slot: SweSlot) -> dict[str, Any] | None:
    if slot.tool_call_id is None:
        return None
    return {"function_name": slot.tool or BASH, canonical.CALL_ID: slot.tool_call_id}


def _entry(entry: Mapping[str, Any], slot: SweSlot) -> dict[str, Any]:
    said = content_text(entry.get("content"))
    if slot.action == RUN:
        return _run(text(entry.get("action")), text(entry.get("thought")), slot)
    if slot.observation is not None:
        return canonical.observation(RUN, "agent", said, _call(slot), command="", metadata={})
    if slot.action == SYSTEM:
        return canonical.action(SYSTEM, "agent", None, content=said)
    return _message(said, slot)


def _message(said: str, slot: SweSlot) -> dict[str, Any]:
    return canonical.action("message", str(slot.source), None, content=said, **{canonical.WAITS: False})


def _run(command: str, thought: str, slot: SweSlot) -> dict[str, Any]:
    fields: dict[str, Any] = {"command": command, "thought": thought}
    if slot.tool:
        fields[TOOL] = slot.tool
    return canonical.action(RUN, "agent", _call(slot), **fields)


def _step(step: Record, slot: SweSlot) -> dict[str, Any]:
    if slot.action == RUN:
        return _run(text(step.action), text(step.thought), slot)
    if slot.action == FINISH:
        fields = {"final_thought": text(step.thought), "outputs": {"submission": text(step.observation)}}
        return canonical.action(FINISH, "agent", _call(slot), **fields)
    if slot.action is not None:
        return _message(text(step.response), slot)
    said = text(step.observation)
    if slot.observation == ERROR:
        unsaid = REFUSED if slot.of is not None else UNUSED
        return canonical.observation(ERROR, str(slot.source), said or unsaid, _call(slot))
    state = state_of(step.state)
    details: dict[str, Any] = {"command": "", "metadata": {}}
    if isinstance(state.get("working_dir"), str):
        details["metadata"] = {"working_dir": state["working_dir"]}
    if isinstance(state.get("open_file"), str):
        details["open_file"] = state["open_file"]
    return canonical.observation(RUN, "agent", said, _call(slot), **details)
