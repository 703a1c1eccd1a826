"""Where two versions of a file differ, between the events that both have."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple


class Text:
    """A file and where its events are. What cannot be read as events is a file without any."""

    def __init__(self, data: bytes, spans: Sequence[tuple[int, int]]) -> None:
        self.data = data
        self.spans = spans

    def event(self, index: int) -> bytes:
        """The JSON text of an event."""
        begin, end = self.spans[index]
        return self.data[begin:end]

    def begin(self, index: int) -> int:
        """Where an event begins; behind the last one, where the file ends."""
        return self.spans[index][0] if index < len(self.spans) else len(self.data)

    def end(self, index: int) -> int:
        """Where an event ends; before the first one, where the file begins."""
        return self.spans[index][1] if index >= 0 else 0

    def line_begin(self, at: int) -> int:
        """Where the line of a byte begins."""
        return self.data.rfind(b"\n", 0, at) + 1

    def line_end(self, at: int) -> int:
        """Behind the newline of the line of a byte."""
        found = self.data.find(b"\n", at)
        return len(self.data) if found < 0 else found + 1


class Region(NamedTuple):
    """Events and bytes that differ: those of the old text from `a` to `b`, of the new one from `c` to `d`."""

    old_events: range
    new_events: range
    a: int
    b: int
    c: int
    d: int


def regions(old: Text, new: Text) -> Iterator[Region]:
    """Where the texts differ, between events that are the same in both."""
    same = [(-1, -1), *_same_events(old, new), (len(old.spans), len(new.spans))]
    for (before, also), (behind, likewise) in pairwise(same):
        a, b = old.end(before), old.begin(behind)
        c, d = new.end(also), new.begin(likewise)
        if old.data[a:b] != new.data[c:d]:
            yield Region(range(before + 1, behind), range(also + 1, likewise), a, b, c, d)


def _same_events(old: Text, new: Text) -> list[tuple[int, int]]:
    """Events with the same bytes in both, in an order that both have."""
    ours = [new.event(index) for index in range(len(new.spans))]
    theirs = [old.event(index) for index in range(len(old.spans))]
    least = min(len(ours), len(theirs))
    first = next((at for at in range(least) if ours[at] != theirs[at]), least)
    last = next((at for at in range(least - first) if ours[-1 - at] != theirs[-1 - at]), least - first)
    places: dict[bytes, list[int]] = {}
    for index in range(first, len(theirs) - last):
        places.setdefault(theirs[index], []).append(index)
    pairs = []
    for index in range(first, len(ours) - last):
        found = places.get(ours[index])
        if found:
            pairs.append((found.pop(0), index))
    return [
        *((at, at) for at in range(first)),
        *_longest_in_order(pairs),
        *((len(theirs) - last + at, len(ours) - last + at) for at in range(last)),
    ]


def _longest_in_order(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest part of pairs, in order of the second, in which the first go up too."""
    ends: list[int] = []
    ends_at: list[int] = []
    before: list[int] = []
    for number, (place, _) in enumerate(pairs):
        at = bisect_left(ends, place)
        before.append(ends_at[at - 1] if at else -1)
        ends[at : at + 1] = [place]
        ends_at[at : at + 1] = [number]
    found = []
    number = ends_at[-1] if ends_at else -1
    while number >= 0:
        found.append(pairs[number])
        number = before[number]
    return found[::-1]
