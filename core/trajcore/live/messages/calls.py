"""The tool call that an action stands for: recorded, corrected where the action was edited, or made up."""

from __future__ import annotations

import json
from typing import Any

from trajcore.events.actions import (
    BrowseAction,
    BrowseInteractiveAction,
    EditAction,
    McpAction,
    ReadAction,
    RunAction,
    RunIpythonAction,
    TaskTrackingAction,
    ThinkAction,
    WriteAction,
)
from trajcore.events.base import Action
from trajcore.live.messages.replies import Call, call_id, json_object, recorded_reply

_EDITOR = "str_replace_editor"
_CHANGE = ("file_text", "old_str", "new_str", "insert_line")


def call_for(action: Action, position: int) -> Call | None:
    """The call of an agent's action, None for what was no tool call. `position` makes an id where none is."""
    reply = recorded_reply(action)
    recorded = reply.call(call_id(action)) if reply else None
    said = _said(action)
    if said is None or recorded is not None:
        return _corrected(recorded, *said) if recorded and said else recorded
    metadata = action.tool_call_metadata
    name = (metadata.function_name if metadata else "") or said[0]
    return Call(call_id(action) or f"call_{position}", name, json.dumps(said[1]))


def _corrected(recorded: Call, tool: str, said: dict[str, Any]) -> Call:
    """The recorded call, its text kept unless the action says something else."""
    arguments = recorded.parsed()
    if arguments is None:
        return recorded.with_arguments(said)
    # Under another tool's name the arguments are that tool's: only what both have can be compared.
    comparable = said if recorded.name == tool else {key: said[key] for key in said if key in arguments}
    changed = {key: value for key, value in comparable.items() if not _same(arguments.get(key), value)}
    kept = {key: value for key, value in arguments.items() if key in said or not _dropped(key, tool, said)}
    return recorded if not changed and kept == arguments else recorded.with_arguments({**kept, **changed})


def _dropped(key: str, tool: str, said: dict[str, Any]) -> bool:
    """Whether an argument that the action no longer has was taken away by an edit."""
    if tool == _EDITOR:
        return key in _CHANGE and said.get("command") != "view"
    return tool not in _OWN_TOOLS and key != "security_risk"


_OWN_TOOLS = ("execute_bash", "execute_ipython_cell", "edit_file", "browser", "think", "task_tracker")


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


def _said(action: Action) -> tuple[str, dict[str, Any]] | None:
    """The tool and the arguments that an action's own fields amount to."""
    match action:
        case RunAction():
            return "execute_bash", _run(action)
        case RunIpythonAction():
            return "execute_ipython_cell", {"code": action.args.code}
        case ReadAction():
            return _EDITOR, _read(action)
        case WriteAction():
            arguments = {"command": "create", "path": action.args.path, "file_text": action.args.content}
            return _EDITOR, arguments
        case EditAction():
            return _edit(action)
        case BrowseAction():
            return "browser", {"code": f"goto({action.args.url!r})"}
        case BrowseInteractiveAction():
            return "browser", {"code": action.args.browser_actions}
        case McpAction():
            return action.args.name, json_object(action.args.arguments) or {}
        case ThinkAction():
            return "think", {"thought": _own_thought(action)}
        case TaskTrackingAction():
            return "task_tracker", {"command": action.args.command, "task_list": action.args.task_list}
    return None


def _run(action: RunAction) -> dict[str, Any]:
    return {"command": action.args.command, "is_input": "true" if action.args.is_input else "false"}


def _read(action: ReadAction) -> dict[str, Any]:
    view: dict[str, Any] = {"command": "view", "path": action.args.path}
    if action.args.view_range:
        view["view_range"] = action.args.view_range
    elif action.args.impl_source == "default" and (action.args.start, action.args.end) != (0, -1):
        view["view_range"] = [action.args.start + 1, action.args.end]
    return view


def _edit(action: EditAction) -> tuple[str, dict[str, Any]]:
    args = action.args
    if not args.command:
        lines = {"start": args.start, "end": args.end}
        return "edit_file", {"path": args.path, "content": args.content, **lines}
    given = {key: value for key in _CHANGE if (value := getattr(args, key)) is not None}
    return _EDITOR, {"command": args.command, "path": args.path, **given}


def _own_thought(action: ThinkAction) -> str:
    """The thought without the text said beside the call, which OpenHands puts before it."""
    reply = recorded_reply(action)
    return (
        action.args.thought.removeprefix(f"{reply.text}\n") if reply and reply.text else action.args.thought
    )
