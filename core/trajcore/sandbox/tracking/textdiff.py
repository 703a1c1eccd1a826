"""Unified diffs of two texts, in time that is bounded whatever the texts are."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from io import StringIO
from typing import Final

_CONTEXT: Final = 3
_NO_NEWLINE: Final = "\\ No newline at end of file\n"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\\\"]")


class Differ:
    """Makes diffs as long as there is effort left; one part is then shown as replaced by the other.

    `effort` is counted in pairs of lines that are compared: over all diffs, and `at_once` for one of them.
    """

    def __init__(self, effort: int = 40_000_000, at_once: int = 4_000_000) -> None:
        self._effort = effort
        self._at_once = at_once

    def unified(self, path: str, before: str | None, after: str | None) -> str:
        """The diff from `before` to `after` with three lines of context; None is a file that is not there.

        Empty when the texts are equal.
        """
        old, new = _lines(before or ""), _lines(after or "")
        hunks = self._hunks(old, new)
        if not hunks:
            return ""
        name = _quoted(path)
        first = "/dev/null" if before is None else f"a{name}"
        second = "/dev/null" if after is None else f"b{name}"
        return f"--- {first}\n+++ {second}\n{hunks}"

    def _hunks(self, old: list[str], new: list[str]) -> str:
        start = _common(old, new)
        end = _common(old[start:][::-1], new[start:][::-1])
        lead, tail = min(start, _CONTEXT), min(end, _CONTEXT)
        skipped = start - lead
        old, new = old[skipped : len(old) - end + tail], new[skipped : len(new) - end + tail]
        if len(old) == len(new) == lead + tail:
            return ""
        parts: list[str] = []
        for group in self._groups(old, new, lead, tail):
            (_, i1, _, j1, _), (_, _, i2, _, j2) = group[0], group[-1]
            parts.append(f"@@ -{_range(i1, i2, skipped)} +{_range(j1, j2, skipped)} @@\n")
            for tag, a, b, c, d in group:
                if tag == "equal":
                    parts += [_shown(" ", line) for line in old[a:b]]
                else:
                    parts += [_shown("-", line) for line in old[a:b]]
                    parts += [_shown("+", line) for line in new[c:d]]
        return "".join(parts)

    def _groups(
        self, old: list[str], new: list[str], lead: int, tail: int
    ) -> list[list[tuple[str, int, int, int, int]]]:
        work = len(old) * len(new)
        if work <= min(self._at_once, self._effort):
            self._effort -= work
            matcher = SequenceMatcher(None, old, new)
            return [list(group) for group in matcher.get_grouped_opcodes(_CONTEXT)]
        a, b = len(old) - tail, len(new) - tail
        whole = [
            ("equal", 0, lead, 0, lead),
            ("replace", lead, a, lead, b),
            ("equal", a, len(old), b, len(new)),
        ]
        return [whole]


def _lines(text: str) -> list[str]:
    return StringIO(text, newline="\n").readlines()


def _common(one: list[str], other: list[str]) -> int:
    """How many lines are equal from the start."""
    length = 0
    for first, second in zip(one, other, strict=False):
        if first != second:
            break
        length += 1
    return length


def _range(start: int, end: int, offset: int) -> str:
    length = end - start
    first = start + offset + (1 if length else 0)
    return str(first) if length == 1 else f"{first},{length}"


def _shown(mark: str, line: str) -> str:
    return f"{mark}{line}" if line.endswith("\n") else f"{mark}{line}\n{_NO_NEWLINE}"


def _quoted(path: str) -> str:
    return _CONTROL.sub(lambda found: f"\\{ord(found[0]):03o}", path)
