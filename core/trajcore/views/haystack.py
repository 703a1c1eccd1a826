"""The JSON texts of a recording's events, looked through many at once before any of them is read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from trajcore.trajectory import Trajectory
from trajcore.views.query import Query

_LOT: Final = 1 << 18
"""So many bytes are looked through at once."""

_ESCAPED: Final = re.compile(rb"\\u00[2-7]|\\/")
"""How a file may write a character that need not be escaped."""
_LONGEST_ESCAPE: Final = len(rb"\u0020")


class Haystack:
    """The events of a recording as they are now: an edit asks for another one."""

    def __init__(self, trajectory: Trajectory) -> None:
        self._texts = trajectory.texts() if trajectory.dialect.one_to_one else None
        self._damaged = trajectory.damaged
        self._count = len(trajectory)
        self._lots: list[range] = []
        self._doubtful: dict[int, frozenset[int]] = {}
        """Of the lots that were looked through: events of which no text can be ruled out."""
        self._last: tuple[Query, dict[int, list[int]]] | None = None
        """What all of it was looked through for last, and what that left of each lot."""

    def lots(self, query: Query, start: int = 0) -> Iterator[list[int]]:
        """The events that may say what is searched for, from one of them on and round, a lot at a time.

        No other does. Each lot takes a moment: of a long text there are empty ones meanwhile. What can only
        be where the text before it was, as a letter is typed, is looked for there alone.
        """
        if self._texts is None or not query.needle:
            yield from ([index] for index in (*range(start, self._count), *range(start)))
            return
        order = self._still_possible(query)
        first = next((at for at, (_, lot) in enumerate(order) if start <= lot[-1]), 0)
        left: dict[int, list[int]] = {}
        for number, lot in order[first:] + order[:first]:
            if sum(len(self._texts[index]) for index in lot) <= 2 * _LOT:
                left[number] = self._look_through(number, lot, query)
                yield left[number]
                continue
            for found in self._look_through_pieces(number, lot, query):
                left[number] = found
                yield found
        self._last = query, left

    def _still_possible(self, query: Query) -> list[tuple[int, Sequence[int]]]:
        """What has to be looked through, with the number of the lot that it is of."""
        if self._last is None or not query.narrows(self._last[0]):
            return list(enumerate(self._in_lots()))
        return [(number, lot) for number, lot in sorted(self._last[1].items()) if lot]

    def _in_lots(self) -> list[range]:
        begin = size = 0
        for index, text in enumerate(self._texts or () if not self._lots else ()):
            size += len(text)
            if size >= _LOT:
                self._lots.append(range(begin, index + 1))
                begin, size = index + 1, 0
        if begin < self._count and (not self._lots or self._lots[-1].stop < self._count):
            self._lots.append(range(begin, self._count))
        return self._lots

    def _look_through(self, number: int, lot: Sequence[int], query: Query) -> list[int]:
        texts = self._texts or ()
        doubtful = self._doubtful.get(number)
        whole = b"\n".join(
            texts[lot.start : lot.stop] if isinstance(lot, range) else map(texts.__getitem__, lot)
        )
        if doubtful is None:
            doubtful = self._doubtful[number] = self._doubts(lot, whole)
        if query.needle not in (whole if query.case else whole.lower()):
            return sorted(doubtful)
        return [index for index in lot if index in doubtful or query.may_be_in(bytes(texts[index]))]

    def _look_through_pieces(self, number: int, lot: Sequence[int], query: Query) -> Iterator[list[int]]:
        """As `_look_through`, each event by itself, and a long one a piece after the other."""
        texts = self._texts or ()
        doubtful, known = self._doubtful.get(number, frozenset[int]()), number in self._doubtful
        doubts, found = {index for index in self._damaged if index in lot}, []
        for index in lot:
            may = False
            for piece in _pieces(texts[index], max(len(query.needle), _LONGEST_ESCAPE)):
                may = may or query.may_be_in(piece)
                if not known and index not in doubts and _ESCAPED.search(piece):
                    doubts.add(index)
                yield []
                if may and (known or index in doubts):
                    break
            if may or index in (doubtful if known else doubts):
                found.append(index)
        if not known:
            self._doubtful[number] = frozenset(doubts)
        yield found

    def _doubts(self, lot: Sequence[int], whole: bytes) -> frozenset[int]:
        texts = self._texts or ()
        found = {index for index in self._damaged if index in lot}
        if _ESCAPED.search(whole):
            found.update(index for index in lot if _ESCAPED.search(texts[index]))
        return frozenset(found)


def _pieces(text: msgspec.Raw | bytes, longest: int) -> Iterator[bytes]:
    """All of a text, in pieces that overlap so far that what has `longest` bytes is in one of them."""
    view = memoryview(text)
    for begin in range(0, max(1, len(view)), _LOT):
        yield bytes(view[begin : begin + _LOT + longest - 1])
