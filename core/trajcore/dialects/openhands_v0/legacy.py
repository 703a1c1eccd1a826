"""Older spellings of OpenHands events, brought to today's names (as OpenHands 0.62 does on load).

Source: `openhands/events/serialization/action.py` and `observation.py`, `_deprecated` rules.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

_EDITOR_CALL = ("print(file_editor(**", "))")


def migrated(data: dict[str, Any]) -> dict[str, Any]:
    """A copy of `data` with deprecated fields renamed, moved or dropped; `data` itself is untouched."""
    event = _nested(data)
    if "action" in event:
        event["args"] = _action_args(event["action"], _object(event.get("args")))
    elif "observation" in event:
        event["extras"] = _observation_extras(event["observation"], _object(event.get("extras")))
        if event.get("content") is None:
            event["content"] = ""
    return event


_ENVELOPE = frozenset(
    {"id", "timestamp", "source", "message", "cause", "action", "observation", "args", "content", "extras"}
    | {"tool_call_metadata", "llm_metrics", "timeout", "success"}
)


def is_flattened(data: Mapping[str, Any]) -> bool:
    """Whether this is an event of the resolver of 2024, which has its arguments beside its kind."""
    if "action" in data:
        return "args" not in data and ("content" in data or not _ENVELOPE.issuperset(data))
    return "observation" in data and "extras" not in data and not _ENVELOPE.issuperset(data)


def _nested(data: dict[str, Any]) -> dict[str, Any]:
    """A copy of an event, its arguments or details nested as in all other dialects."""
    if not is_flattened(data):
        return dict(data)
    if "action" in data:
        args = {key: value for key, value in data.items() if key not in _ENVELOPE or key == "content"}
        args.pop("action_risk", None)
        event = {key: value for key, value in data.items() if key in _ENVELOPE and key != "content"}
        return {**event, "args": args}
    extras = {key: value for key, value in data.items() if key not in _ENVELOPE}
    return {**{key: value for key, value in data.items() if key in _ENVELOPE}, "extras": extras}


def editor_call(code: object) -> dict[str, Any] | None:
    """The arguments in `print(file_editor(**{...}))`, read as a literal and never executed, or None."""
    if not isinstance(code, str):
        return None
    opening, closing = _EDITOR_CALL
    code = code.strip()
    if not (code.startswith(opening) and code.endswith(closing)):
        return None
    try:
        call = ast.literal_eval(code[len(opening) : -len(closing)])
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return call if isinstance(call, dict) and all(isinstance(key, str) for key in call) else None


def _object(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}


def _action_args(kind: object, args: dict[str, Any]) -> dict[str, Any]:
    args.pop("timestamp", None)
    if kind in ("run", "run_ipython") and "is_confirmed" in args:
        args.setdefault("confirmation_state", args.pop("is_confirmed"))
    if kind == "run":
        args.pop("keep_prompt", None)
    if kind == "finish":
        args.pop("task_completed", None)
    if kind == "message" and "images_urls" in args:
        args.setdefault("image_urls", args.pop("images_urls"))
    if kind in ("read", "edit"):
        args = _editor_args(args)
    if kind == "edit" and "impl_source" not in args and not args.get("command") and args.get("content"):
        args["impl_source"] = "llm_based_edit"
    return args


def _editor_args(args: dict[str, Any]) -> dict[str, Any]:
    call = editor_call(args.pop("translated_ipython_code", None))
    if call is not None:
        args.update(call)
        if args.get("command") == "view":
            del args["command"]
    return args


def _observation_extras(kind: object, extras: dict[str, Any]) -> dict[str, Any]:
    if kind == "run":
        metadata = _object(extras.get("metadata"))
        if "exit_code" in extras:
            metadata["exit_code"] = extras.pop("exit_code")
        if "command_id" in extras:
            metadata["pid"] = extras.pop("command_id")
        extras.pop("interpreter_details", None)
        if metadata:
            extras["metadata"] = metadata
    return extras
