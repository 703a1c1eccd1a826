"""A text with the terminal's colours as stretches of one look each, named by classes of a style sheet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from trajcore.text import only_colours

_COLOUR: Final = re.compile(r"\x1b\[([0-9;:]*)m")
_CUBE: Final = (0, 95, 135, 175, 215, 255)
_SIXTEEN: Final = (
    *((0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205)),
    *((229, 229, 229), (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255)),
    *((255, 0, 255), (0, 255, 255), (255, 255, 255)),
)
"""What terminals show for the sixteen, about: the nearest of them stands for every other colour."""
_STYLES: Final = {1: "bold", 2: "faint", 3: "italic", 4: "underline", 7: "reverse", 9: "strike"}
_ENDS: Final = {22: ("bold", "faint"), 23: ("italic",), 24: ("underline",), 27: ("reverse",), 29: ("strike",)}


@dataclass(frozen=True)
class Span:
    """A stretch of one look."""

    text: str
    classes: str = ""


@dataclass(frozen=True)
class _Look:
    styles: frozenset[str] = frozenset()
    ink: int | None = None
    ground: int | None = None

    @property
    def classes(self) -> str:
        ink = [] if self.ink is None else [f"ink-{self.ink}"]
        ground = [] if self.ground is None else [f"ground-{self.ground}"]
        return " ".join([*sorted(self.styles), *ink, *ground])


def spans(text: str) -> Iterator[Span]:
    """The stretches of a text, in order, none of them empty."""
    text = only_colours(text)  # what was cut may break off in one
    look, at = _Look(), 0
    for found in _COLOUR.finditer(text):
        if found.start() > at:
            yield Span(text[at : found.start()], look.classes)
        look, at = _after(look, found[1]), found.end()
    if at < len(text):
        yield Span(text[at:], look.classes)


def _after(look: _Look, codes: str) -> _Look:
    numbers = [int(code) if code.isdigit() and len(code) < 4 else 0 for code in re.split("[;:]", codes)]
    while numbers:
        code = numbers.pop(0)
        if code in (38, 48):
            colour = _extended(numbers)
            look = replace(look, ink=colour) if code == 38 else replace(look, ground=colour)
        else:
            look = _simple(look, code)
    return look


def _simple(look: _Look, code: int) -> _Look:
    if code == 0:
        return _Look()
    if code in _STYLES:
        return replace(look, styles=look.styles | {_STYLES[code]})
    if code in _ENDS:
        return replace(look, styles=look.styles - {*_ENDS[code]})
    for begin, first in ((30, 0), (90, 8)):
        if begin <= code < begin + 8:
            return replace(look, ink=code - begin + first)
        if begin + 10 <= code < begin + 18:
            return replace(look, ground=code - begin - 10 + first)
    if code in (39, 49):
        return replace(look, ink=None) if code == 39 else replace(look, ground=None)
    return look


def _extended(numbers: list[int]) -> int | None:
    """A colour of 256, or of three numbers; what it takes of the numbers is gone from them."""
    how = numbers.pop(0) if numbers else 0
    if how == 5 and numbers:
        return _of_256(numbers.pop(0))
    if how == 2 and len(numbers) >= 3:
        red, green, blue = numbers[:3]
        del numbers[:3]
        return _nearest(red, green, blue)
    return None


def _of_256(number: int) -> int:
    if number < 16:
        return number
    if number < 232:
        number -= 16
        return _nearest(_CUBE[number // 36 % 6], _CUBE[number // 6 % 6], _CUBE[number % 6])
    grey = 8 + 10 * (number - 232)
    return _nearest(grey, grey, grey)


def _nearest(red: int, green: int, blue: int) -> int:
    def far(colour: int) -> int:
        return sum(
            (one - other) ** 2 for one, other in zip(_SIXTEEN[colour], (red, green, blue), strict=True)
        )

    return min(range(16), key=far)
