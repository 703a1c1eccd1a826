"""Which items of two sequences are the same, in order: found in bounded time, whatever the sequences are."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from typing import Final, NamedTuple

_EXACT: Final = 40_000
"""Stretches of at most so many pairs of items are matched as well as can be."""
_EFFORT: Final = 2_000_000
"""So many pairs and items are looked at before the rest is taken to differ."""
_WIDTHS: Final = (1, 4, 16)
"""So many items in a row hold the rest in place, where they stand once on each side."""


class Alike(NamedTuple):
    """So many items from `left` in the one on, which are those from `right` in the other on."""

    left: int
    right: int
    length: int


class _Stretch(NamedTuple):
    """What is yet to be matched: a part of each."""

    a: int
    b: int
    c: int
    d: int

    @property
    def pairs(self) -> int:
        return (self.b - self.a) * (self.d - self.c)


def matches(one: Sequence[Hashable], other: Sequence[Hashable], effort: int = _EFFORT) -> list[Alike]:
    """The stretches that are alike, in order, none touching the next on both sides.

    Their ends go first; then what stands once on each side holds the rest in place, and what is little is
    matched exactly.
    """
    found: list[Alike] = []
    waiting = [_Stretch(0, len(one), 0, len(other))]
    while waiting:
        left = _without_ends(one, other, waiting.pop(), found)
        if not left.pairs:
            continue
        if left.pairs <= _EXACT and left.pairs <= effort:
            effort -= left.pairs
            found += _exact(one, other, left)
            continue
        effort -= left.b - left.a + left.d - left.c
        if effort > 0:
            anchors = list(_anchors(one, other, left))
            found += (Alike(i, j, 1) for i, j in anchors)
            waiting += _between(left, anchors) if anchors else ()
    return list(_joined(sorted(found)))


def _without_ends(
    one: Sequence[Hashable], other: Sequence[Hashable], part: _Stretch, found: list[Alike]
) -> _Stretch:
    """What is left of a part without what both begin and end with."""
    a, b, c, d = part.a, part.b, part.c, part.d
    while a < b and c < d and one[a] == other[c]:
        a, c = a + 1, c + 1
    while a < b and c < d and one[b - 1] == other[d - 1]:
        b, d = b - 1, d - 1
    if a > part.a:
        found.append(Alike(part.a, part.c, a - part.a))
    if b < part.b:
        found.append(Alike(b, d, part.b - b))
    return _Stretch(a, b, c, d)


def _between(part: _Stretch, anchors: Sequence[tuple[int, int]]) -> Iterator[_Stretch]:
    a, c = part.a, part.c
    for i, j in (*anchors, (part.b, part.d)):
        yield _Stretch(a, i, c, j)
        a, c = i + 1, j + 1


def _anchors(one: Sequence[Hashable], other: Sequence[Hashable], part: _Stretch) -> Iterator[tuple[int, int]]:
    """Pairs in order: of what stands once on each side, by itself or with what follows it; else in turn."""
    mine, theirs = one[part.a : part.b], other[part.c : part.d]
    pairs = next(filter(None, (_standing_once(mine, theirs, width) for width in _WIDTHS)), None)
    if pairs is None:
        numbered = {item: at for at, item in enumerate(_numbered(theirs))}
        pairs = [(at, numbered[item]) for at, item in enumerate(_numbered(mine)) if item in numbered]
    return ((part.a + i, part.c + j) for i, j in _rising(pairs))


def _standing_once(mine: Sequence[Hashable], theirs: Sequence[Hashable], width: int) -> list[tuple[int, int]]:
    """Where so many items in a row stand that are there once on each side."""
    rows, its_rows = (list(zip(*(side[at:] for at in range(width)), strict=False)) for side in (mine, theirs))
    once, its_once = (
        {row for row, times in Counter(side).items() if times == 1} for side in (rows, its_rows)
    )
    both = once & its_once
    places = {row: at for at, row in enumerate(its_rows) if row in both}
    return [(at, places[row]) for at, row in enumerate(rows) if row in both]


def _numbered(items: Sequence[Hashable]) -> Iterator[tuple[Hashable, int]]:
    """Each item with how often it has been there before."""
    seen: Counter[Hashable] = Counter()
    for item in items:
        yield item, seen[item]
        seen[item] += 1


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """As many pairs as there can be whose second places rise as their first ones do."""
    ends: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for number, (_, place) in enumerate(pairs):
        at = bisect_left(ends, place)
        ends[at : at + 1], last[at : at + 1] = [place], [number]
        before.append(last[at - 1] if at else -1)
    chain, number = [], last[-1] if last else -1
    while number >= 0:
        chain.append(pairs[number])
        number = before[number]
    return chain[::-1]


def _exact(one: Sequence[Hashable], other: Sequence[Hashable], part: _Stretch) -> Iterator[Alike]:
    """As many items as can be matched, by how many can be from each pair of places on."""
    mine, theirs = one[part.a : part.b], other[part.c : part.d]
    longest = [[0] * (len(theirs) + 1)]
    for item in reversed(mine):
        below, row = longest[-1], [0]
        for at in range(len(theirs) - 1, -1, -1):
            more = below[at + 1] + 1 if theirs[at] == item else max(below[at], row[-1])
            row.append(more)
        longest.append(row[::-1])
    longest.reverse()
    i = j = 0
    while i < len(mine) and j < len(theirs):
        if mine[i] == theirs[j]:
            yield Alike(part.a + i, part.c + j, 1)
            i, j = i + 1, j + 1
        elif longest[i + 1][j] >= longest[i][j + 1]:
            i += 1
        else:
            j += 1


def _joined(found: Sequence[Alike]) -> Iterator[Alike]:
    """The stretches, those that touch as one."""
    last: Alike | None = None
    for alike in found:
        if last and (last.left + last.length, last.right + last.length) == (alike.left, alike.right):
            last = Alike(last.left, last.right, last.length + alike.length)
            continue
        if last:
            yield last
        last = alike
    if last:
        yield last
