"""Two texts as the lines in which they differ, each side's beside the other's: plain data, made quickly."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, overload

from trajcore.text import TAB, safe
from trajcore.views.matching import Alike, matches
from trajcore.views.words import Piece, Pieces, Tone, marked

CONTEXT: Final = 3
"""So many equal lines are shown before and behind what differs."""
_ALIGNED: Final = 900
"""Up to so many pairs of lines that were replaced by others are tried for those that resemble each other."""
_RESEMBLES: Final = 0.4
_WORDS: Final = re.compile(r"\w+|[^\w\s]+")
_TRIED: Final = 2_000
"""So many pairs of lines are looked at for what only differs in names."""
_LONG_LINE: Final = 2_000
"""Of a line with more characters, no more than what is around its differences is shown."""
_KEPT: Final = 200
"""So many characters of what is alike on each side of a difference."""


@dataclass(frozen=True)
class Lines:
    """One side's lines, safe to draw, and what is left of each once what varies is set aside."""

    shown: Sequence[str]
    keys: Sequence[str]

    @classmethod
    def of(cls, text: str, key: str | None = None) -> Lines:
        """The lines of a text, and of the same text without what varies."""
        shown = safe_lines(text)
        keys = shown if key is None or key == text else safe_lines(key) or [""]
        return cls(shown, keys if len(keys) == len(shown) else shown)


def safe_lines(text: str) -> list[str]:
    """The lines of a text, each safe to draw, tabs kept; none of an empty one."""
    if not text:
        return []
    return [line.replace("\n", " ") for line in map(safe, text.split("\n"))]


@dataclass(frozen=True)
class LinePair:
    """A line of each side, beside each other; None where a side has none."""

    left: str | None
    right: str | None
    number: int | None
    """Of the left line, from 1 on."""
    its_number: int | None
    tone: Tone
    left_key: str = ""
    right_key: str = ""
    related: bool = True
    """Whether the one became the other: otherwise they only stand beside each other."""

    @property
    def in_blanks_alone(self) -> bool:
        """Whether nothing but blanks differs, which are to be seen then."""
        if self.left is None or self.right is None or self.left == self.right:
            return False
        return "".join(self.left.split()) == "".join(self.right.split())

    @property
    def is_long(self) -> bool:
        """Whether a line of it has more characters than are shown."""
        return max(len(self.left or ""), len(self.right or "")) > _LONG_LINE

    def pieces(self) -> tuple[Pieces, Pieces]:
        """Both lines in parts, what differs marked, with visible blanks where only those do."""
        left, right = self.left or "", self.right or ""
        if self.left is None or self.right is None or not self.related:
            return _whole(left, self.tone), _whole(right, self.tone)
        if left == right:
            return _whole(left, Tone.SAME), _whole(right, Tone.SAME)
        if self.in_blanks_alone:
            left, right = _visible(left), _visible(right)
            return marked(left, right, left, right)
        one, other = marked(left, right, self.left_key, self.right_key)
        if self.tone is Tone.ASIDE:
            one, other = _aside(one), _aside(other)
        return _shortened(one), _shortened(other)


_NONE: Final = -1
_TONES: Final = tuple(Tone)


_Columns = tuple["array[int]", "array[int]", "array[int]", "array[int]", bytearray, bytearray]


class Pairs(Sequence[LinePair]):
    """Lines of two texts beside each other, or a stretch of them; each pair is made when it is asked for.

    What is kept is numbers: hundreds of thousands of objects would be walked through by whoever looks for
    garbage, and no key is answered meanwhile.
    """

    def __init__(self, left: Lines, right: Lines, stretch_of: Pairs | None = None) -> None:
        self._sides = left, right
        self._columns: _Columns = (
            (array("q"), array("q"), array("q"), array("q"), bytearray(), bytearray())
            if stretch_of is None
            else stretch_of._columns
        )
        """The left and the right line, their numbers, the tone, and whether the one became the other."""
        self._range = range(0)

    def add(
        self,
        places: tuple[int | None, int | None],
        numbers: tuple[int | None, int | None],
        tone: Tone,
        related: bool,
    ) -> None:
        """Add a line of each side, or of one, by its place and its number."""
        tones, marks = self._columns[4:]
        for column, value in zip(self._columns[:4], (*places, *numbers), strict=True):
            column.append(_NONE if value is None else value)
        tones.append(_TONES.index(tone))
        marks.append(related)
        self._range = range(len(tones))

    def __len__(self) -> int:
        return len(self._range)

    @overload
    def __getitem__(self, number: int) -> LinePair: ...

    @overload
    def __getitem__(self, number: slice) -> Pairs: ...

    def __getitem__(self, number: int | slice) -> LinePair | Pairs:
        if isinstance(number, slice):
            part = Pairs(*self._sides, self)
            part._range = self._range[number]
            return part
        at = self._range[number]
        columns, marks = self._columns[:4], self._columns[5]
        left, right, its, other = (None if column[at] == _NONE else column[at] for column in columns)
        return LinePair(
            None if left is None else self._sides[0].shown[left],
            None if right is None else self._sides[1].shown[right],
            its,
            other,
            self.tone(number),
            "" if left is None else self._sides[0].keys[left],
            "" if right is None else self._sides[1].keys[right],
            bool(marks[at]),
        )

    def tone(self, number: int) -> Tone:
        """How the lines of a pair stand to each other."""
        return _TONES[self._columns[4][self._range[number]]]

    def sides(self, number: int) -> tuple[bool, bool]:
        """Whether a pair has a line on the left, and on the right."""
        at = self._range[number]
        return self._columns[0][at] != _NONE, self._columns[1][at] != _NONE

    def of_tone(self, tone: Tone) -> list[int]:
        """The numbers of the pairs of a tone."""
        code, tones = _TONES.index(tone), self._columns[4]
        return [number for number, at in enumerate(self._range) if tones[at] == code]

    def counted(self, tone: Tone) -> int:
        """How many pairs are of a tone."""
        return self._columns[4].count(_TONES.index(tone), self._range.start, self._range.stop)


NO_PAIRS: Final = Pairs(Lines((), ()), Lines((), ()))


@dataclass(frozen=True)
class Gap:
    """Equal lines that are left out; `aside` of them once what varies is set aside."""

    lines: int = 0
    aside: int = 0

    @property
    def words(self) -> str:
        """What is said in place of them."""
        counted = f"⋯ {self.lines:,} equal line{'s' * (self.lines != 1)}"
        return counted + (f" ({self.aside:,} ≈)" if self.aside else "")


@dataclass(frozen=True)
class Hunk:
    """Lines that differ, and a few equal ones around them."""

    gap: Gap
    """What is left out before it."""
    pairs: Pairs
    title: str = ""
    """What is to be said above it, safe to draw."""

    @property
    def differs(self) -> bool:
        """Whether something in it differs, and not only in what was set aside."""
        return self.pairs.counted(Tone.CHANGED) > 0


@dataclass(frozen=True)
class Hunks:
    """All hunks of two texts, and what is left out behind them."""

    hunks: tuple[Hunk, ...]
    behind: Gap = Gap()
    unread: str = ""
    """What is to be said of the rest, where that was not compared."""

    @property
    def count(self) -> int:
        """In how many places the texts differ."""
        return sum(hunk.differs for hunk in self.hunks)


Same = Callable[[str, str], bool]
"""Whether two lines are the same, but for what each side calls by a name of its own."""


def hunks(
    left: Lines,
    right: Lines,
    same: Same | None = None,
    *,
    all_aside: bool = False,
    first: tuple[int | None, int | None] = (1, 1),
) -> Hunks:
    """Where two texts differ. What was set aside is shown by itself only where nothing else differs.

    `all_aside`: the texts were found to be the same, whatever the lines look like. `first`: the numbers of
    the first lines, where they are known.
    """
    pairs = Pairs(left, right)
    for i, j, tone, related in _rows(left, right, same):
        numbers = number(first[0], i), number(first[1], j)
        pairs.add((i, j), numbers, Tone.ASIDE if all_aside and tone is Tone.CHANGED else tone, related)
    sought = Tone.CHANGED if pairs.counted(Tone.CHANGED) else Tone.ASIDE
    found: list[Hunk] = []
    end = 0
    for begin, until in _stretches(pairs.of_tone(sought), len(pairs)):
        found.append(Hunk(_gap(pairs[end:begin]), pairs[begin:until]))
        end = until
    return Hunks(tuple(found), _gap(pairs[end:]))


def number(first: int | None, at: int | None) -> int | None:
    """What stands so many behind the first one, where both are known."""
    return None if first is None or at is None else first + at


_Row = tuple[int | None, int | None, Tone, bool]


def _rows(left: Lines, right: Lines, same: Same | None) -> Iterator[_Row]:
    """All lines of both, beside each other."""
    i = j = 0
    tried = _TRIED
    for alike in (*matches(left.keys, right.keys), Alike(len(left.keys), len(right.keys), 0)):
        block = list(beside(left.keys[i : alike.left], right.keys[j : alike.right]))
        for mine, its, related in block:
            one, other = None if mine is None else i + mine, None if its is None else j + its
            tone = Tone.CHANGED
            if related and same is not None and one is not None and other is not None and tried > 0:
                tried -= 1
                tone = Tone.ASIDE if same(left.keys[one], right.keys[other]) else tone
            yield one, other, tone, related
        i, j = alike.left, alike.right
        for _ in range(alike.length):
            yield i, j, Tone.SAME if left.shown[i] == right.shown[j] else Tone.ASIDE, True
            i, j = i + 1, j + 1


def beside(left: Sequence[str], right: Sequence[str]) -> Iterator[tuple[int | None, int | None, bool]]:
    """Lines that others have taken the place of: which stand beside which, and whether those resemble."""
    i = j = 0
    pairs = _resembling(left, right)
    for one, other in (*pairs, (len(left), len(right))):
        for at in range(max(one - i, other - j)):
            yield (i + at if i + at < one else None), (j + at if j + at < other else None), False
        if one < len(left):
            yield one, other, True
        i, j = one + 1, other + 1


def _resembling(left: Sequence[str], right: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of lines in order that have most in common; where there are many, those at the same places."""
    if len(left) == len(right) == 1:
        return [(0, 0)]
    if len(left) * len(right) > _ALIGNED:
        alike = zip(left, right, strict=True) if len(left) == len(right) else ()
        return [(at, at) for at, pair in enumerate(alike) if _resemblance(*map(_words, pair)) >= _RESEMBLES]
    words = list(map(_words, left)), list(map(_words, right))
    scores = [[_resemblance(mine, its) for its in words[1]] for mine in words[0]]
    best = [[0.0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i in range(len(left) - 1, -1, -1):
        for j in range(len(right) - 1, -1, -1):
            taken = scores[i][j] + best[i + 1][j + 1] if scores[i][j] >= _RESEMBLES else 0.0
            best[i][j] = max(taken, best[i + 1][j], best[i][j + 1])
    return list(_walked(scores, best))


def _walked(scores: Sequence[Sequence[float]], best: Sequence[Sequence[float]]) -> Iterator[tuple[int, int]]:
    i = j = 0
    while i < len(scores) and j < len(scores[i]):
        if best[i][j] == best[i + 1][j]:
            i += 1
        elif best[i][j] == best[i][j + 1]:
            j += 1
        else:
            yield i, j
            i, j = i + 1, j + 1


def _words(line: str) -> Counter[str]:
    return Counter(_WORDS.findall(line[:_LONG_LINE]))


def _resemblance(one: Counter[str], other: Counter[str]) -> float:
    whole = max(one.total(), other.total())
    return (one & other).total() / whole if whole else 1.0


def _stretches(places: Sequence[int], size: int) -> Iterator[tuple[int, int]]:
    """Each group of places with the lines around it; what lies between two groups is worth leaving out."""
    if not places:
        return
    begin = places[0]
    for one, other in pairwise((*places, size + 3 * CONTEXT)):
        if other - one > 2 * CONTEXT + 1:
            yield max(0, begin - CONTEXT), min(size, one + CONTEXT + 1)
            begin = other


def _gap(left_out: Pairs) -> Gap:
    return Gap(len(left_out), left_out.counted(Tone.ASIDE))


# Parts of lines


def _whole(text: str, tone: Tone) -> Pieces:
    return _shortened((Piece(text, tone),)) if text else ()


def _aside(pieces: Pieces) -> Pieces:
    return tuple(Piece(p.text, Tone.ASIDE if p.tone is Tone.CHANGED else p.tone) for p in pieces)


def _visible(line: str) -> str:
    """A line whose blanks can be seen, as wide as it is."""
    shown = ""
    for character in line:
        if character == "\t":
            shown += "→".ljust(TAB - len(shown) % TAB)
        else:
            shown += "·" if character == " " else character
    return shown


def _shortened(pieces: Pieces) -> Pieces:
    """Parts of a line; of a very long one, what is around the differences."""
    if sum(len(piece.text) for piece in pieces) <= _LONG_LINE:
        return pieces
    return tuple(_cut(piece) for piece in pieces)


def _cut(piece: Piece) -> Piece:
    text, kept = piece.text, _KEPT if piece.tone is Tone.SAME else _LONG_LINE // 2
    left_out = len(text) - 2 * kept
    if left_out <= kept:
        return piece
    return Piece(f"{text[:kept]} ⋯ {left_out:,} characters ⋯ {text[-kept:]}", piece.tone)
