"""What a row says of a text: its first line that tells something, told apart from what others say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from itertools import zip_longest
from typing import Final, NamedTuple

_LONGEST: Final = 400
"""So many characters of a line are looked at: more than the widest terminal shows of one."""
_SEARCHED: Final = 20_000
"""So many characters of a text are searched for a line that tells something."""

_NEARLY_ALL: Final = 0.9
"""The share of the paths that lie in the directory which is folded away."""

_SAYS_NOTHING: Final = r"""(?x)\s* (
    | </?[A-Za-z][\w:.-]*(\s[^<>]*)?/?>    # a tag
    | (`{3,} | ~{3,}) .*                   # a fence
    | (?P<rule>[-=*_\#])(\s*(?P=rule))+                   # a rule, or what underlines a heading
    | \#!.*                                # who is to read a script
    | ERROR:                               # what it is stands below it
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


# What many rows share


def shared_directory(paths: Iterable[str]) -> str:
    """The deepest directory that holds nearly all of some absolute paths, with its last slash; mostly theirs.

    Empty where there is none but the root.
    """
    counted: Counter[str] = Counter()
    total = 0
    for path in paths:
        if path.startswith("/"):
            total += 1
            parts = path.split("/")[1:-1]
            counted.update("/" + "/".join(parts[:depth]) + "/" for depth in range(1, len(parts) + 1))
    shared = (directory for directory, count in counted.items() if count >= total * _NEARLY_ALL)
    return max(shared, key=len, default="")


def folded(text: str, directory: str) -> str:
    """A text in which a directory that it names is folded away."""
    if not directory or directory not in text:
        return text
    return re.sub(rf"(?<![\w./~-]){re.escape(directory)}(?=[\w.])", "…/", text)


def directory_entered(command: str) -> tuple[str, str] | None:
    """The directory that a command goes to first, and the rest of it; None where it goes nowhere."""
    found = re.match(r"""\s*cd\s+([^\s;&|'"$`\\]+)\s*(?:&&|;)\s*(?=\S)""", command)
    return None if found is None else (found[1].rstrip("/") or "/", command[found.end() :])


def told_apart(summary: Summary, text: str, others: Iterable[str]) -> Summary:
    """The summary of a text that says where it differs from others which begin with the same line."""
    same = [other for other in others if other != text and summary_of(other).line == summary.line]
    if not same or not summary.more:
        return summary
    for line, *beside in zip_longest(*(_lines(one) for one in (text, *same)), fillvalue=""):
        if line and any(line != other for other in beside):
            return Summary(f"{summary.line} … {line}", summary.more)
    return summary


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text[:_SEARCHED].splitlines()]


def window(text: str, others: Iterable[str], room: int) -> str | None:
    """The beginning of a text of more than `room` characters, and the place where it differs from others.

    None where its first `room` characters are not the same as theirs: then those will do.
    """
    at = max((_same(text, other) for other in others if other != text), default=0)
    head = room // 3
    if at < room - 1 or head < 2:
        return None
    start = max(head, min(at - 3, len(text) - (room - head - 1)))
    return f"{text[:head]}…{text[start:]}"


def _same(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    alike = (at for at, (here, there) in enumerate(zip(one, other, strict=False)) if here != there)
    return next(alike, min(len(one), len(other)))
