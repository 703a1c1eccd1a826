"""What a row says of a text: its first line that tells something, and how many follow."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_LONGEST: Final = 400
"""So many characters of a line are looked at: more than the widest terminal shows of one."""
_SEARCHED: Final = 20_000
"""So many characters of a text are searched for a line that tells something."""

_SAYS_NOTHING: Final = r"""(?x)\s* (
    | </?[A-Za-z][\w:.-]*(\s[^<>]*)?/?>    # a tag
    | (`{3,} | ~{3,}) .*                   # a fence
    | (?P<rule>[-=*_\#])(\s*(?P=rule))+                   # a rule, or what underlines a heading
    | \#!.*                                # who is to read a script
    | set\s+-[a-z]+(\s+pipefail)?
    )\s*"""
_PATH: Final = r"[/~]\S*"
"""A line that is a path alone: what a tag above it holds."""


class Summary(NamedTuple):
    """One line for a text. It has not been made safe for a terminal."""

    line: str
    more: int = 0
    """How many lines follow it."""


def summary_of(text: str) -> Summary:
    """The first line of a text that says something."""
    lines = text[:_SEARCHED].splitlines(keepends=True)
    at = _telling(lines)
    if at is None:
        return Summary("")
    start = sum(map(len, lines[:at]))
    return Summary(lines[at].strip()[:_LONGEST], text.rstrip().count("\n", start))


def _telling(lines: list[str]) -> int | None:
    """The place of the first line that tells something; of the first that is not blank where none does."""
    first, below_tag = None, False
    for at, line in enumerate(lines):
        silent = re.fullmatch(_SAYS_NOTHING, line) is not None
        if not silent and not (below_tag and re.fullmatch(_PATH, line.strip())):
            return at
        if first is None and line.strip():
            first = at
        below_tag = below_tag or line.lstrip().startswith("<")
    return first
