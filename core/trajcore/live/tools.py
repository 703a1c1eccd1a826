"""The calls of a live model: their arguments checked, and the actions that they ask for.

Which tools it is offered, and what each asks for, is said by the dialect of the recording, so that a saved
run is in the agent's own terms.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from trajcore.events.kinds import Treatment, action_kind
from trajcore.live.prompted import unreadable
from trajcore.masking import MASK, holds_mask

if TYPE_CHECKING:
    from trajcore.dialects.toolmap import Schema, ToolMap


class BadToolCall(Exception):
    """A call that can't be made into an action; the message is for the model."""


def to_action(tools: ToolMap, name: str, arguments_json: str) -> dict[str, Any]:
    """The action that a tool call asks for: `action`, its complete `args`, and `timeout` where one was given.

    Raises `BadToolCall`, with what to do better.
    """
    functions = [schema["function"] for schema in tools.schemas()]
    parameters = {function["name"]: function["parameters"] for function in functions}
    if name not in parameters:
        what = f"The tool {name} is switched off." if name in tools.names else f"There is no tool {name!r}."
        raise BadToolCall(f"{what} The tools are: {', '.join(parameters)}.")
    arguments = _arguments(name, arguments_json, parameters[name])
    _refuse_missing(name, tools.missing(name, arguments))
    action = tools.action_of(name, arguments)
    if action_kind(action["action"]).treatment in (Treatment.EXECUTE, Treatment.SERVE):
        _refuse_masked(name, arguments)
    return action


def _refuse_missing(name: str, missing: list[str]) -> None:
    if missing:
        raise BadToolCall(f"{name} needs the argument {', '.join(missing)}.")


def _refuse_masked(name: str, arguments: dict[str, Any]) -> None:
    """What stands for a secret is not carried out in its place: it would be another command."""
    masked = [key for key, value in arguments.items() if holds_mask(value)]
    if masked:
        raise BadToolCall(
            f"{name} was not executed: {MASK} in its argument {', '.join(masked)} stands for a secret that "
            "is shown to nobody. Do without it, for example name the variable or the file that holds it."
        )


def _arguments(name: str, text: str, schema: Schema) -> dict[str, Any]:
    """The arguments, checked against the tool's schema."""
    try:
        given = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise BadToolCall(
            unreadable(name, text) or f"The arguments of {name} are not JSON: {error}."
        ) from None
    if not isinstance(given, dict):
        raise BadToolCall(f"The arguments of {name} must be a JSON object.")
    _refuse_missing(name, [key for key in schema["required"] if given.get(key) is None])
    return _properties(name, "", given, schema)


def _properties(tool: str, within: str, given: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """The properties of an object; null stands for one that is not there. `within` says where it is."""
    unknown = [key for key in given if key not in schema["properties"]]
    if unknown:
        known = ", ".join(schema["properties"])
        raise BadToolCall(
            f"{tool} has no argument {within}{', '.join(unknown)}. Its arguments are: {within}{known}."
        )
    return {
        key: _checked(tool, f"{within}{key}", value, schema["properties"][key])
        for key, value in given.items()
        if value is not None
    }


def _checked(tool: str, key: str, value: Any, schema: Schema) -> Any:
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
    if schema["type"] == "object":
        return _properties(tool, f"{key}.", fitted, schema)
    if schema["type"] == "array":
        return [_checked(tool, f"{key}[{at}]", item, schema["items"]) for at, item in enumerate(fitted)]
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


def _flag(value: Any) -> bool:
    written = value.lower() if isinstance(value, str) else value
    if written not in (True, False, "true", "false"):
        raise TypeError
    return written in (True, "true")


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError
    return value


_FIT: Final[dict[str, Callable[[Any], Any]]] = {
    "string": _text,
    "integer": _integer,
    "number": _number,
    "boolean": _flag,
    "array": _list,
    "object": _object,
}
