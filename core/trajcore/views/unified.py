"""A unified diff, read as hunks: what another part of the engine found, shown as all differences are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from trajcore.views.hunks import NO_PAIRS, Gap, Hunk, Hunks, Lines, Pairs, beside, number, safe_lines
from trajcore.views.words import Tone

_PLACE: Final = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_NO_END: Final = "\\"


def from_unified(lines: Sequence[str], *, named: bool = True) -> Hunks:
    """The hunks of a diff. Where a heading says in words what its lines are, these stand above them.

    Without `named` the names of the files are left out: they are said elsewhere.
    """
    return Hunks(tuple(_hunks(lines, named)))


@dataclass
class _Open:
    """A hunk whose lines are being read."""

    title: str
    old: int | None = None
    new: int | None = None
    lines: list[str] = field(default_factory=list)


class _Read:
    """All lines of a diff that were read so far, as pairs of which the hunks are stretches."""

    def __init__(self) -> None:
        self._left: list[str] = []
        self._right: list[str] = []
        self._pairs = Pairs(Lines(self._left, self._left), Lines(self._right, self._right))

    def of(self, opened: _Open) -> Pairs:
        """Those of one hunk."""
        begin = len(self._pairs)
        old, new = opened.old, opened.new
        gone: list[str] = []
        come: list[str] = []
        for line in (*opened.lines, None):
            if line is not None and line.startswith(_NO_END):
                continue
            if line is not None and line.startswith(("-", "+")):
                (gone if line[0] == "-" else come).append(_one_line(line[1:]))
                continue
            if gone or come:
                self._add(gone, come, old, new)
                old, new = number(old, len(gone)), number(new, len(come))
                gone, come = [], []
            if line is not None:
                both = [_one_line(line[1:])]
                self._add(both, both, old, new, Tone.SAME)
                old, new = number(old, 1), number(new, 1)
        return self._pairs[begin:]

    def _add(
        self, gone: list[str], come: list[str], old: int | None, new: int | None, tone: Tone = Tone.CHANGED
    ) -> None:
        left, right = len(self._left), len(self._right)
        self._left += gone
        self._right += come
        for one, other, related in beside(gone, come):
            places = number(left, one), number(right, other)
            self._pairs.add(places, (number(old, one), number(new, other)), tone, related)


def _hunks(lines: Sequence[str], named: bool) -> Iterator[Hunk]:
    read = _Read()
    end = 0
    opened = _Open("")
    at = 0
    while at < len(lines):
        line = lines[at]
        is_file = line.startswith("--- ") and lines[at + 1 : at + 2] and lines[at + 1].startswith("+++ ")
        if not is_file and not line.startswith(("@@", "…")):
            opened.lines.append(line)
            at += 1
            continue
        hunk, end = _closed(read, opened, end)
        yield from hunk
        if is_file:
            end, opened = 0, _Open("")
            if named:
                yield Hunk(Gap(), NO_PAIRS, _names(line[4:], lines[at + 1][4:]))
            at += 2
            continue
        opened = _opened(line)
        at += 1
    yield from _closed(read, opened, end)[0]


def _names(old: str, new: str) -> str:
    return _one_line(old if old == new else f"{old} → {new}")


def _opened(line: str) -> _Open:
    place = _PLACE.match(line)
    if place is None:
        return _Open(_one_line(line.strip("@ ") if line.startswith("@@") else line))
    # A side without lines is said to be at the line before.
    return _Open("", int(place[1]) + (place[2] == "0"), int(place[3]) + (place[4] == "0"))


def _one_line(text: str) -> str:
    return " ".join(safe_lines(text))


def _closed(read: _Read, opened: _Open, end: int) -> tuple[list[Hunk], int]:
    """The hunk, unless nothing is in it, and the line of the old text behind it."""
    pairs = read.of(opened)
    if not pairs and not opened.title:
        return [], end
    gap = Gap(max(0, opened.old - 1 - end) if opened.old is not None else 0)
    length = sum(line[:1] not in ("+", _NO_END) for line in opened.lines)
    unended = [line for line in opened.lines if line.startswith(_NO_END)]
    found = [Hunk(gap, pairs, opened.title)]
    found += [Hunk(Gap(), NO_PAIRS, _one_line(unended[0]))] if unended else []
    return found, end if opened.old is None else opened.old - 1 + length
