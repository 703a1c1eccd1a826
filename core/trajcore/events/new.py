"""New events of any kind, in the shape that OpenHands 0.62 writes, with its defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from trajcore.errors import BadInput
from trajcore.events.actions import ACTIONS

KINDS: Final = tuple(str(cls.model_fields["action"].default) for cls in ACTIONS)
"""The kinds of actions that can be made."""

_EMPTY: Final[Mapping[type, Any]] = {str: "", int: 0, dict: {}, list: []}


def new_action(kind: str, **args: Any) -> dict[str, Any]:
    """An action without id and timestamp; arguments that are not given have their defaults.

    Raises `BadInput` for a kind that is none.
    """
    cls = next((cls for cls in ACTIONS if cls.model_fields["action"].default == kind), None)
    if cls is None:
        raise BadInput(f"there is no kind of action {kind!r}: the kinds are {', '.join(KINDS)}.")
    model: Any = cls.model_fields["args"].annotation
    missing = {
        name: _EMPTY.get(info.annotation, "")
        for name, info in model.model_fields.items()
        if info.is_required() and name not in args
    }
    written = model(**missing, **args).model_dump()
    source = "user" if kind == "message" else "agent"
    return retold({"source": source, "message": "", "action": kind, "args": written})


def retold(event: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of an action with the `message` that OpenHands derives from its arguments."""
    args = event.get("args")
    text = _message(str(event.get("action")), args) if isinstance(args, dict) else None
    return dict(event) if text is None else {**event, "message": text}


def _message(kind: str, args: Mapping[str, Any]) -> str | None:
    match kind:
        case "message" | "system":
            return str(args.get("content", ""))
        case "run":
            return f"Running command: {args.get('command', '')}"
        case "run_ipython":
            return f"Running Python code interactively: {args.get('code', '')}"
        case "read":
            return f"Reading file: {args.get('path', '')}"
        case "write":
            return f"Writing file: {args.get('path', '')}"
        case "browse":
            return f"I am browsing the URL: {args.get('url', '')}"
        case "think":
            return f"I am thinking...: {args.get('thought', '')}"
        case "finish":
            return str(args.get("thought") or "All done! What's next on the agenda?")
    return None
