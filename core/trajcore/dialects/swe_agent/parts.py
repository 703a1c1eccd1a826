"""What a field is in a text around it, or in the arguments of a call: how it is written there."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from typing import Any, Final

from trajcore.dialects.codecs import CODECS, Codec
from trajcore.formats.json.edit import with_value

PART: Final = "swe.part"
"""The codec of a text between two others: `inside` has what stands before and behind it, and what stands
there instead of both where it is empty."""
ARGUMENTS: Final = "swe.arguments"
"""The codec of a command in a call's arguments: `inside` has the tool's name, and the command."""


def around(outer: str, part: str) -> tuple[str, str] | None:
    """What stands before and behind the last place where a text holds another one."""
    at = outer.rfind(part) if part else -1
    return None if at < 0 else (outer[:at], outer[at + len(part) :])


def _get_part(outer: Any, inside: Sequence[str | int]) -> Any:
    before, behind, *instead = map(str, inside)
    if instead and outer == instead[0]:
        return ""
    if not isinstance(outer, str) or not (outer.startswith(before) and outer.endswith(behind)):
        raise LookupError("other text stands around it")
    return outer[len(before) : len(outer) - len(behind)]


def _put_part(outer: Any, inside: Sequence[str | int], value: Any) -> Any:
    before, behind, *instead = map(str, inside)
    if not isinstance(value, str):
        raise TypeError("it is a text")
    return instead[0] if instead and not value else f"{before}{value}{behind}"


def _given(outer: Any) -> dict[str, Any]:
    found = json.loads(outer) if isinstance(outer, str) else outer
    if not isinstance(found, dict):
        raise TypeError("the arguments are no object")
    return found


def _words(command: str) -> list[str]:
    """The words of a call of a tool. Raises ValueError where quotes are open."""
    return shlex.split(command)


def _as_word(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _places(given: dict[str, Any], words: Sequence[str], tool: str) -> dict[str, int]:
    """Which word each argument is. Raises LookupError where that can't be told."""
    if not words or words[0] != tool:
        raise LookupError("the command doesn't begin with the tool")
    free, places = list(range(1, len(words))), dict[str, int]()
    for name, value in given.items():
        found = [at for at in free if words[at] == _as_word(value)]
        flagged = [at for at in found if words[at - 1] == f"--{name}"]
        if not found:
            raise LookupError(f"the command doesn't have {name} as one word")
        places[name] = (flagged or found)[0]
        free.remove(places[name])
    return places


def _get_command(outer: Any, inside: Sequence[str | int]) -> Any:
    tool, command = map(str, inside)
    given = _given(outer)
    if tool == "bash":
        return given["command"]
    _places(given, _words(command), tool)
    return command


def _put_command(outer: Any, inside: Sequence[str | int], value: Any) -> Any:
    tool, command = map(str, inside)
    given = _given(outer)
    if not isinstance(value, str):
        raise TypeError("a command is a text")
    if tool == "bash":
        changed: dict[str, Any] = {"command": value}
    else:
        changed = _followed(given, command, value, tool)
    if not isinstance(outer, str):
        return {**given, **changed}
    raw = outer.encode()
    for name, one in changed.items():
        raw = with_value(raw, (name,), one)
    return raw.decode()


def _followed(given: dict[str, Any], command: str, value: str, tool: str) -> dict[str, Any]:
    """The arguments that are other ones in another command. Raises where that can't be told of them all."""
    before, after = _words(command), _words(value)
    places = _places(given, before, tool)
    if len(after) != len(before):
        raise ValueError(f"{tool} is called with {len(before) - 1} words, and its call has as many")
    changed = {at for at, word in enumerate(before) if after[at] != word}
    if not changed <= set(places.values()):
        raise ValueError("a word was changed that is none of the call's arguments")
    return {name: _typed(given[name], after[at]) for name, at in places.items() if at in changed}


def _typed(before: Any, word: str) -> Any:
    if isinstance(before, bool):
        return {"True": True, "False": False}[word]
    if isinstance(before, list):
        return [int(part) for part in word.split()]
    return type(before)(word) if isinstance(before, int | float) else word


CODECS[PART] = Codec(_get_part, _put_part)
CODECS[ARGUMENTS] = Codec(_get_command, _put_command)
