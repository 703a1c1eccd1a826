"""The tools a live model is offered: OpenHands' names and parameters, so that a saved run is theirs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

Parameters = dict[str, dict[str, Any]]


class BadToolCall(Exception):
    """A call that can't be made into an action; the message is for the model."""


def _tool(name: str, description: str, parameters: Parameters, required: list[str]) -> dict[str, Any]:
    schema = {"type": "object", "properties": parameters, "required": required, "additionalProperties": False}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": schema}}


_RISK: Final = {
    "type": "string",
    "enum": ["LOW", "MEDIUM", "HIGH"],
    "description": "How much harm this could do: LOW only looks or changes the project, MEDIUM changes what "
    "lies outside it, HIGH could destroy data or send it elsewhere.",
}

_BASH: Final = _tool(
    "execute_bash",
    "Run a command in a bash shell that keeps its directory, variables and background jobs between calls. "
    "One command at a time: join several with && or ;. A command that prints nothing for a while is reported "
    "with exit code -1 and goes on: send an empty command to see more of it, or C-c as input to stop it.",
    {
        "command": {
            "type": "string",
            "description": "The command; empty for more output, or the text or key (C-c, C-d, C-z) to type.",
        },
        "is_input": {
            "type": "string",
            "enum": ["true", "false"],
            "description": "Whether the command is typed into the program that is running. By default false.",
        },
        "timeout": {
            "type": "number",
            "description": "Seconds to wait for the command, however quiet it is.",
        },
        "security_risk": _RISK,
    },
    ["command"],
)

_EDITOR: Final = _tool(
    "str_replace_editor",
    "Look at files and change them. view shows a file with line numbers, or lists a directory. create writes "
    "a file that does not exist yet. str_replace puts new_str in place of old_str, which must occur exactly "
    "once, spaces and all. insert puts new_str after a line. undo_edit takes back the last change of a file.",
    {
        "command": {"type": "string", "enum": ["view", "create", "str_replace", "insert", "undo_edit"]},
        "path": {"type": "string", "description": "Absolute path, for example /workspace/main.py."},
        "file_text": {"type": "string", "description": "For create: the text of the file."},
        "old_str": {"type": "string", "description": "For str_replace: the text to replace."},
        "new_str": {"type": "string", "description": "For str_replace and insert: the new text."},
        "insert_line": {
            "type": "integer",
            "description": "For insert: the line to insert after, or 0.",
        },
        "view_range": {
            "type": "array",
            "items": {"type": "integer"},
            "description": "For view: first and last line, from 1; -1 as last is the end of the file.",
        },
        "security_risk": _RISK,
    },
    ["command", "path"],
)

_THINK: Final = _tool(
    "think",
    "Write down a line of thought, to plan or to weigh something difficult. It changes nothing.",
    {"thought": {"type": "string", "description": "The thought."}},
    ["thought"],
)

_FINISH: Final = _tool(
    "finish",
    "Say that the task is done, or that it can't be done, and end.",
    {"message": {"type": "string", "description": "What was done and what is left, for the user."}},
    ["message"],
)

TOOLS: Final[list[dict[str, Any]]] = [_BASH, _EDITOR, _THINK, _FINISH]
"""What a model is offered, as chat-completion tools."""

_PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    tool["function"]["name"]: tool["function"]["parameters"] for tool in TOOLS
}
_RISKS: Final = {"LOW": 0, "MEDIUM": 1, "HIGH": 2}


def to_action(name: str, arguments_json: str) -> dict[str, Any]:
    """The action that a tool call asks for: `action`, its complete `args`, and `timeout` where one was given.

    Raises `BadToolCall`, with what to do better.
    """
    if name not in _PARAMETERS:
        raise BadToolCall(f"There is no tool {name!r}. The tools are: {', '.join(_PARAMETERS)}.")
    arguments = _arguments(name, arguments_json)
    return _ACTION_OF[name](arguments)


def _arguments(name: str, text: str) -> dict[str, Any]:
    """The arguments, checked against the tool's schema."""
    try:
        given = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise BadToolCall(f"The arguments of {name} are not JSON: {error}.") from None
    if not isinstance(given, dict):
        raise BadToolCall(f"The arguments of {name} must be a JSON object.")
    schema = _PARAMETERS[name]
    missing = [key for key in schema["required"] if given.get(key) is None]
    if missing:
        raise BadToolCall(f"{name} needs the argument {', '.join(missing)}.")
    unknown = [key for key in given if key not in schema["properties"]]
    if unknown:
        known = ", ".join(schema["properties"])
        raise BadToolCall(f"{name} has no argument {', '.join(unknown)}. Its arguments are: {known}.")
    return {
        key: _checked(name, key, value, schema["properties"][key])
        for key, value in given.items()
        if value is not None
    }


def _checked(tool: str, key: str, value: Any, schema: dict[str, Any]) -> Any:
    """The value in the schema's type. Numbers written as text will do, and flags written as booleans."""
    if schema.get("enum") == ["true", "false"] and isinstance(value, bool):
        value = str(value).lower()
    try:
        fitted = _FIT[schema["type"]](value)
    except (TypeError, ValueError, OverflowError):
        article = "an" if schema["type"][0] in "aeiou" else "a"
        raise BadToolCall(f"The argument {key} of {tool} must be {article} {schema['type']}.") from None
    if "enum" in schema and fitted not in schema["enum"]:
        raise BadToolCall(f"The argument {key} of {tool} must be one of {', '.join(schema['enum'])}.")
    return fitted


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _integer(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise TypeError
    return int(value)


def _number(value: Any) -> float:
    number = float(value)
    if isinstance(value, bool) or not 0 < number < float("inf"):
        raise ValueError
    return number


def _integers(value: Any) -> list[int]:
    if not isinstance(value, list):
        raise TypeError
    return [_integer(item) for item in value]


_FIT: Final[dict[str, Callable[[Any], Any]]] = {
    "string": _text,
    "integer": _integer,
    "number": _number,
    "array": _integers,
}


def _risk(given: dict[str, Any]) -> int:
    return _RISKS.get(given.get("security_risk", ""), -1)


def _run(given: dict[str, Any]) -> dict[str, Any]:
    args = {
        "command": given["command"],
        "is_input": given.get("is_input") == "true",
        "thought": "",
        "blocking": "timeout" in given,
        "is_static": False,
        "cwd": None,
        "hidden": False,
        "confirmation_state": "confirmed",
        "security_risk": _risk(given),
    }
    timeout = {"timeout": given["timeout"]} if "timeout" in given else {}
    return {"action": "run", "args": args, **timeout}


def _edit(given: dict[str, Any]) -> dict[str, Any]:
    if given["command"] == "view":
        return {"action": "read", "args": _view_args(given)}
    args = {
        "path": given["path"],
        "command": given["command"],
        "file_text": given.get("file_text"),
        "old_str": given.get("old_str"),
        "new_str": given.get("new_str"),
        "insert_line": given.get("insert_line"),
        "content": "",
        "start": 1,
        "end": -1,
        "thought": "",
        "security_risk": _risk(given),
        "impl_source": "oh_aci",
    }
    return {"action": "edit", "args": args}


def _view_args(given: dict[str, Any]) -> dict[str, Any]:
    return {
        "path": given["path"],
        "start": 0,
        "end": -1,
        "thought": "",
        "security_risk": _risk(given),
        "impl_source": "oh_aci",
        "view_range": given.get("view_range"),
    }


def _finish(given: dict[str, Any]) -> dict[str, Any]:
    return {"action": "finish", "args": {"final_thought": given["message"], "outputs": {}, "thought": ""}}


def _think(given: dict[str, Any]) -> dict[str, Any]:
    return {"action": "think", "args": {"thought": given["thought"]}}


_ACTION_OF: Final[dict[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "execute_bash": _run,
    "str_replace_editor": _edit,
    "think": _think,
    "finish": _finish,
}
