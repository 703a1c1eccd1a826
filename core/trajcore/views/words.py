"""Which words of two lines differ, and which differ in what was set aside alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import groupby
from typing import Final

from trajcore.text import common_length
from trajcore.views.matching import Alike, matches

_WORD: Final = re.compile(r"\w+|\s+|[^\w\s]")
_EFFORT: Final = 200_000
LONGEST: Final = 4_000
"""Lines of more characters are looked at word by word only between the ends that both have."""
_LEAST_ALIKE: Final = 0.25
"""Lines that have less than this in common differ as a whole."""
_ISLAND: Final = 2
"""Punctuation of so few characters between two differing words differs with them."""


class Tone(Enum):
    """How a part of a line, or a line, stands to the other side."""

    SAME = "same"
    CHANGED = "changed"
    ASIDE = "set aside"
    """It differs in what is known to vary alone, which is no difference."""


@dataclass(frozen=True)
class Piece:
    """A part of a line."""

    text: str
    tone: Tone


Pieces = tuple[Piece, ...]


def marked(left: str, right: str, left_key: str, right_key: str) -> tuple[Pieces, Pieces]:
    """Two lines with what differs in them; the keys are what is left of each once what varies is set aside.

    What is the same of both is the same text. Of very long lines the words are looked at only between the
    ends that both have.
    """
    if max(len(left), len(right)) > LONGEST:
        return _by_ends(left, right)
    one, other = _units(left, left_key), _units(right, right_key)
    mine, theirs = _tokens(left_key), _tokens(right_key)
    partners = _partners(mine, theirs)
    back = {its: ours for ours, its in partners.items()}
    tones = [_tone(unit, partners, other) for unit in one], [_tone(unit, back, one) for unit in other]
    return _joined(one, tones[0]), _joined(other, tones[1])


def _by_ends(left: str, right: str) -> tuple[Pieces, Pieces]:
    """Two long lines: what they begin and end with, and what differs between."""
    begin = common_length(left, right)
    end = common_length(left[begin:][::-1], right[begin:][::-1])
    middle, its_middle = left[begin : len(left) - end], right[begin : len(right) - end]
    if max(len(middle), len(its_middle)) <= LONGEST:
        inner = marked(middle, its_middle, middle, its_middle)
    else:
        inner = _one(middle, Tone.CHANGED), _one(its_middle, Tone.CHANGED)
    head, tail = _one(left[:begin], Tone.SAME), _one(left[len(left) - end :], Tone.SAME)
    return (*head, *inner[0], *tail), (*head, *inner[1], *tail)


def _one(text: str, tone: Tone) -> Pieces:
    return (Piece(text, tone),) if text else ()


@dataclass(frozen=True)
class _Unit:
    """A stretch of a line, and the tokens of its key, from `first` to before `end`, that stand for it."""

    text: str
    first: int
    end: int
    literal: bool
    """Whether it stands in the key as it is."""


def _tokens(line: str) -> list[str]:
    return _WORD.findall(line)


def _units(line: str, key: str) -> list[_Unit]:
    """A line as what its key has of it, and what was replaced there."""
    words, kept = _tokens(line), _tokens(key)
    if line == key:
        return [_Unit(word, at, at + 1, True) for at, word in enumerate(words)]
    units: list[_Unit] = []
    at = place = 0
    for alike in (*matches(kept, words, _EFFORT), Alike(len(kept), len(words), 0)):
        if alike.left > at or alike.right > place:
            units.append(_Unit("".join(words[place : alike.right]), at, alike.left, False))
        units += (
            _Unit(words[alike.right + n], alike.left + n, alike.left + n + 1, True)
            for n in range(alike.length)
        )
        at, place = alike.left + alike.length, alike.right + alike.length
    return units


def _partners(one: Sequence[str], other: Sequence[str]) -> dict[int, int]:
    """Which word of the one stands for which of the other."""
    found = _without_islands(one, other, matches(one, other, _EFFORT))
    alike = sum(
        len(word) for each in found for word in one[each.left : each.left + each.length] if word.strip()
    )
    whole = max(sum(len(word) for word in side if word.strip()) for side in (one, other))
    if alike < whole * _LEAST_ALIKE:
        return {}
    return {each.left + n: each.right + n for each in found for n in range(each.length)}


def _without_islands(one: Sequence[str], other: Sequence[str], found: Sequence[Alike]) -> Sequence[Alike]:
    """The stretches without those that only tear apart what differs around them."""
    return [each for each in found if not _is_island(one, other, each)]


def _is_island(one: Sequence[str], other: Sequence[str], alike: Alike) -> bool:
    text = "".join(one[alike.left : alike.left + alike.length])
    if len(text) > _ISLAND or any(map(str.isalnum, text)):
        return False
    inside = alike.left and alike.right
    return bool(inside) and alike.left + alike.length < len(one) and alike.right + alike.length < len(other)


def _tone(unit: _Unit, partners: dict[int, int], other: Sequence[_Unit]) -> Tone:
    places = range(unit.first, unit.end)
    if not all(at in partners for at in places):
        return Tone.CHANGED
    if not places:
        return Tone.ASIDE
    its = _unit_at(other, partners[unit.first])
    stands_for_it = (its.first, its.end - 1) == (partners[unit.first], partners[unit.end - 1])
    return Tone.SAME if stands_for_it and its.text == unit.text else Tone.ASIDE


def _unit_at(units: Sequence[_Unit], token: int) -> _Unit:
    """The unit that a token of the key stands for. There is one for each."""
    low, high = 0, len(units)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if units[middle].first <= token else (low, middle)
    return units[low]


def _joined(units: Sequence[_Unit], tones: Sequence[Tone]) -> Pieces:
    def pieces() -> Iterator[Piece]:
        for tone, group in groupby(zip(tones, units, strict=True), key=lambda pair: pair[0]):
            text = "".join(unit.text for _, unit in group)
            if text:
                yield Piece(text, tone)

    return tuple(pieces())
