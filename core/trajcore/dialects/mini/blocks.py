"""The fenced blocks in which text models of mini-swe-agent say their command, and the texts beside them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from trajcore.dialects.codecs import CODECS, Codec
from trajcore.errors import BadInput
from trajcore.patterns import Expression

V2: Final = r"```mswea_bash_command\s*\n(.*?)\n```"
V1: Final = r"```bash\s*\n(.*?)\n```"
TAGGED: Final = r"<mswea_bash_command>(.*?)</mswea_bash_command>"
KNOWN: Final = (V2, V1, TAGGED)
"""The expressions of its own configurations, by which blocks are found where none is recorded."""

COMMAND: Final = "mini.command"
THOUGHT: Final = "mini.thought"
"""Codecs of the command in a text, and of what stands before it; both are told the expression."""


@lru_cache(maxsize=64)
def _expression(source: str) -> Expression | None:
    try:
        return Expression(f"(?s){source}")
    except BadInput:
        return None


def blocks(source: str, text: str) -> list[tuple[int, int, int]]:
    """Where the commands of a text begin and end, and where the block begins around each.

    An expression that takes too long, or has no group, finds none.
    """
    found = _expression(source)
    if found is None:
        return []
    try:
        return [(*_span(match), match.start()) for match in found.matches(text)]
    except (BadInput, IndexError):
        return []


def _span(match: Any) -> tuple[int, int]:
    """Where the command is, without the blanks around it: they are no part of it.

    Where the group took no part, it is an empty one, as for mini-swe-agent.
    """
    begin, end = match.span(1) if match[1] is not None else (match.start(), match.start())
    inside = match[1] or ""
    return begin + len(inside) - len(inside.lstrip()), max(begin, end - (len(inside) - len(inside.rstrip())))


def pattern_of(text: str, recorded: str) -> str:
    """The expression by which a text has exactly one command; an empty one where there is none such.

    `recorded` is the one that was in force, where that is known.
    """
    for source in (recorded,) if recorded else KNOWN:
        found = blocks(source, text)
        if found:
            return source if len(found) == 1 else ""
    return ""


def _only(text: Any, source: str) -> tuple[int, int, int]:
    found = blocks(source, text) if isinstance(text, str) else []
    if len(found) != 1:
        raise LookupError("there is no such block")
    return found[0]


def command_in(text: str, source: str) -> str:
    """The command of a text. Raises LookupError."""
    begin, end, _ = _only(text, source)
    return text[begin:end]


def thought_in(text: str, source: str) -> str:
    """What stands before its command, without the blank lines between; and what stands behind it."""
    return text[: _only(text, source)[2]].rstrip("\n")


def _get_command(outer: Any, inside: Sequence[str | int]) -> Any:
    return command_in(outer, str(inside[0]))


def _put_command(outer: Any, inside: Sequence[str | int], value: Any) -> Any:
    source = str(inside[0])
    begin, end, _ = _only(outer, source)
    if not isinstance(value, str):
        raise TypeError("a command is a text")
    if not value.strip() or value != value.strip():
        raise ValueError("blanks at the ends of a command are no part of it, and it can't be empty")
    made = f"{outer[:begin]}{value}{outer[end:]}"
    _check(made, source, value, thought_in(outer, source))
    return made


def _get_thought(outer: Any, inside: Sequence[str | int]) -> Any:
    return thought_in(outer, str(inside[0]))


def _put_thought(outer: Any, inside: Sequence[str | int], value: Any) -> Any:
    source = str(inside[0])
    start = _only(outer, source)[2]
    if not isinstance(value, str) or value.endswith("\n"):
        raise ValueError("a thought before a block doesn't end in a line break")
    between = outer[len(outer[:start].rstrip("\n")) : start] or ("\n\n" if value else "")
    made = f"{value}{between}{outer[start:]}"
    _check(made, source, command_in(outer, source), value)
    return made


def _check(made: str, source: str, command: str, thought: str) -> None:
    """Raise ValueError where a text would be read otherwise than it is meant."""
    try:
        right = command_in(made, source) == command and thought_in(made, source) == thought
    except LookupError:
        right = False
    if not right:
        raise ValueError("with it the text would hold another block, or none")


CODECS[COMMAND] = Codec(_get_command, _put_command)
CODECS[THOUGHT] = Codec(_get_thought, _put_thought)
