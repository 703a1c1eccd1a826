"""Which commands are calls of SWE-agent's windowed viewer, and nothing but that."""

from __future__ import annotations

import re
import shlex
from typing import Final

_LINES_EDIT: Final = re.compile(
    r"\s*edit\s+(\d+):(\d+)[ \t]*\n(.*?)(?:^end_of_edit\s*)?\Z", re.DOTALL | re.MULTILINE
)
_OPERATORS: Final = re.compile(r"[;&|<>`$\n]")
_KNOWN: Final = {
    "open": range(1, 3), "goto": range(1, 2), "scroll_down": range(1), "scroll_up": range(1),
    "create": range(1, 2), "edit": range(2, 4), "insert": range(1, 3),
}  # fmt: skip
"""How many words each is given."""


class Call(tuple[str, ...]):
    """A call of one of these tools: its name and what it was given."""


def call_in(command: str) -> Call | None:
    """The call that a command is; None where it is none, or more than that."""
    lines = _LINES_EDIT.fullmatch(command)
    if lines is not None:
        return Call(("lines", lines[1], lines[2], lines[3]))
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    if not words or _KNOWN.get(words[0]) is None or len(words) - 1 not in _KNOWN[words[0]]:
        return None
    plain = words[0] in ("edit", "insert") or not _OPERATORS.search(command.strip())
    numbers = words[2:] if words[0] in ("open", "insert") else words[1:] if words[0] == "goto" else []
    return Call(words) if plain and all(one.lstrip("-").isdigit() for one in numbers) else None
