"""Characters that terminals give different widths, and what is drawn for them: no row is ever shifted."""

from __future__ import annotations

import unicodedata
from typing import Final

from rich.cells import cell_len, set_cell_size, split_graphemes
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_JOINING: Final = (
    range(0x180B, 0x1810),  # Mongolian variation selectors
    range(0x200D, 0x200E),  # zero width joiner
    range(0x20DD, 0x20E5),  # enclosing marks: keycaps
    range(0xFE00, 0xFE10),  # variation selectors
    range(0x1F3FB, 0x1F400),  # skin tones
    range(0xE0000, 0xE01F0),  # tags, more variation selectors
)
"""What makes one picture of several code points where a terminal knows how, and several where it does not."""
_WIDENED: Final = (
    range(0x2630, 0x2638),
    range(0x268A, 0x2690),
    range(0x302E, 0x3030),
    range(0x3164, 0x3165),
    range(0x3248, 0x3250),
    range(0xFFA0, 0xFFA1),
    range(0x16FF0, 0x16FF2),
    range(0x1D300, 0x1D377),
)
"""What is as wide as the terminal's edition of Unicode says."""
_FLAGS: Final = range(0x1F1E6, 0x1F200)
"""Regional indicators: two of them are a flag."""
_MISSING: Final = "□"


class _Doubtful(dict[str, bool]):
    """Whether terminals disagree on a character, found out when it is first asked for."""

    def __missing__(self, character: str) -> bool:
        code = ord(character)
        self[character] = code > 0xFF and (
            code in _FLAGS
            or any(code in codes for codes in (*_JOINING, *_WIDENED))
            or unicodedata.category(character) in ("Mc", "Cn")
        )
        return self[character]


_doubtful: Final = _Doubtful()


def steady(text: str) -> str:
    """A text as wide as before, in characters on whose width terminals agree.

    Of what some draw as one picture its first character is left, of a flag its letters, and a box stands for
    what is too new, or was given another width since.
    """
    if text.isascii() or not any(map(_doubtful.__getitem__, text)):
        return text
    spans, _ = split_graphemes(text)
    drawn = "".join(_drawn(text[start:end], width) for start, end, width in spans)
    return set_cell_size(drawn, cell_len(text))


def _drawn(grapheme: str, width: int) -> str:
    """One grapheme, in exactly `width` cells."""
    if not any(map(_doubtful.__getitem__, grapheme)):
        return grapheme
    first = grapheme[0]
    if ord(first) in _FLAGS:
        return set_cell_size(chr(ord(first) - _FLAGS.start + ord("A")), width)
    return set_cell_size(_MISSING if _doubtful[first] else first, width)


class SteadyCells(LineFilter):
    """Sees to it on each line of each widget, just before it is painted."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same line in steady characters."""
        if all(segment.text.isascii() for segment in segments):
            return segments
        return [
            segment if control else Segment(steady(text), style)
            for segment in segments
            for text, style, control in (segment,)
        ]
