"""Applying a unified diff, as strictly as can be."""

from __future__ import annotations

import re
from io import StringIO

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@\n")
_NO_NEWLINE = "\\ No newline at end of file\n"


def patched(before: str, diff: str) -> str:
    """What the diff makes of a text. Raises `AssertionError` where it does not fit."""
    if not diff:
        return before
    old, lines = _lines(before), _lines(diff)
    assert lines[0].startswith("--- ")
    assert lines[1].startswith("+++ ")
    new: list[str] = []
    at, place = 0, 2
    while place < len(lines):
        found = _HUNK.fullmatch(lines[place])
        assert found, lines[place]
        start, removed, target, added = (1 if number is None else int(number) for number in found.groups())
        start -= removed > 0
        new += old[at:start]
        at = start
        assert len(new) == target - (added > 0)
        place += 1
        while removed or added:
            mark, line = lines[place][0], lines[place][1:]
            place += 1
            if place < len(lines) and lines[place] == _NO_NEWLINE:
                line = line.removesuffix("\n")
                place += 1
            if mark in " -":
                assert old[at] == line
                at, removed = at + 1, removed - 1
            if mark in " +":
                new.append(line)
                added -= 1
    return "".join(new + old[at:])


def _lines(text: str) -> list[str]:
    return StringIO(text, newline="\n").readlines()
