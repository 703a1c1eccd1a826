"""The tool call that an action stands for: recorded, corrected where the action was edited, or made up."""

from __future__ import annotations

import json

from trajcore.dialects.replies import Call, call_id, json_object, recorded_reply
from trajcore.dialects.toolmap import ImpliedCall, Tool, ToolMap
from trajcore.events.actions import UnknownAction
from trajcore.events.base import Action


def call_for(action: Action, position: int, tools: ToolMap) -> Call | None:
    """The call of an agent's action, None for what was no tool call. `position` makes an id where none is."""
    reply = recorded_reply(action)
    recorded = reply.call(call_id(action)) if reply else None
    said = None if isinstance(action, UnknownAction) else tools.call_of(action, reply.text if reply else "")
    if said is None or recorded is not None:
        return _corrected(recorded, said) if recorded and said else recorded
    metadata = action.tool_call_metadata
    name = (metadata.function_name if metadata else "") or said.name
    return Call(call_id(action) or f"call_{position}", name, json.dumps(said.arguments))


def _corrected(recorded: Call, call: ImpliedCall) -> Call:
    """The recorded call, its text kept unless the action says something else."""
    arguments, said = recorded.parsed(), call.compared
    if arguments is None:
        return recorded.with_arguments(said)
    # Under another tool's name the arguments are that tool's: only what both have can be compared.
    comparable = said if recorded.name == call.name else {key: said[key] for key in said if key in arguments}
    changed = {key: value for key, value in comparable.items() if not _same(arguments.get(key), value)}
    kept = {key: value for key, value in arguments.items() if key in said or not _dropped(key, call.tool)}
    return recorded if not changed and kept == arguments else recorded.with_arguments({**kept, **changed})


def _dropped(key: str, tool: Tool) -> bool:
    """Whether an argument that the action no longer has was taken away by an edit."""
    return key in tool.droppable or (bool(tool.whole) and key != "security_risk")


def _same(recorded: object, said: object) -> bool:
    """Whether two values mean the same: absent is false or empty, numbers may be written as text."""
    if recorded is None:
        return said in (None, "", "false", False) or said == [] or said == {}
    if recorded == said:
        return True
    if isinstance(recorded, bool) or isinstance(said, bool):
        return str(recorded).lower() == str(said).lower()
    if isinstance(recorded, str) and isinstance(said, (dict, list)):
        return json_object(recorded) == said
    return isinstance(recorded, str | int | float) and str(recorded) == str(said)
