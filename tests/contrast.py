"""The contrast of all text on the screen, computed from the cells that a terminal of each kind is sent."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from rich._palettes import EIGHT_BIT_PALETTE
from rich.color import Color, ColorSystem
from rich.segment import Segment
from rich.style import Style

from screens import Shown

ENOUGH: Final = 4.5
"""WCAG 2.1, 1.4.3."""

Rgb = tuple[int, int, int]

XTERM: Final[tuple[Rgb, ...]] = (
    *((0, 0, 0), (0xCD, 0, 0), (0, 0xCD, 0), (0xCD, 0xCD, 0), (0, 0, 0xEE), (0xCD, 0, 0xCD), (0, 0xCD, 0xCD)),
    *(
        (0xE5, 0xE5, 0xE5),
        (0x7F, 0x7F, 0x7F),
        (0xFF, 0, 0),
        (0, 0xFF, 0),
        (0xFF, 0xFF, 0),
        (0x5C, 0x5C, 0xFF),
    ),
    *((0xFF, 0, 0xFF), (0, 0xFF, 0xFF), (0xFF, 0xFF, 0xFF)),
)
"""The sixteen colours of xterm (XTerm-col.ad)."""

_LINES: Final = range(0x2500, 0x25A0)
"""Lines between things and parts of cells: no text."""


def ratio(one: Rgb, other: Rgb) -> float:
    """WCAG's contrast ratio."""
    darker, lighter = sorted(map(_luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Rgb) -> float:
    parts = [part / 255 for part in colour]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def received(colour: Color, system: ColorSystem) -> Rgb:
    """What a terminal of that kind shows for a colour: as Textual sends it, from xterm's palette."""
    sent = colour.downgrade(system)
    if sent.triplet is not None:
        return sent.triplet.red, sent.triplet.green, sent.triplet.blue
    number = sent.number
    assert number is not None, f"the terminal's own {colour}"
    if number < len(XTERM):
        return XTERM[number]
    red, green, blue = EIGHT_BIT_PALETTE[number]
    return red, green, blue


@dataclass(frozen=True)
class Faint:
    """A text that cannot be read."""

    text: str
    style: str
    ratio: float


def contrast(style: Style, system: ColorSystem) -> float:
    """The contrast of a text in a style, which is a colour on a colour."""
    assert style.color is not None
    assert style.bgcolor is not None
    assert not style.dim, f"the terminal dims {style}"
    return ratio(received(style.color, system), received(style.bgcolor, system))


def is_text(text: str) -> bool:
    """Whether there is more in it than blanks and lines."""
    return any(
        ord(one) not in _LINES and not one.isspace() and unicodedata.category(one) != "Mn" for one in text
    )


def segments(shown: Shown) -> Iterator[Segment]:
    """All cells of the screen, in runs of equal style."""
    for strip in shown.app.screen._compositor.render_strips():
        yield from strip


def faint(found: Iterable[Segment], system: ColorSystem) -> set[Faint]:
    """The texts that cannot be read in a terminal of that kind."""
    styles: dict[Style, str] = {}
    for text, style, _ in found:
        if style is not None and is_text(text):
            styles.setdefault(style, text.strip())
    measured = ((text[:60], style, contrast(style, system)) for style, text in styles.items())
    return {Faint(text, str(style), round(by, 2)) for text, style, by in measured if by < ENOUGH}


def component_classes() -> dict[str, set[type[Any]]]:
    """The component classes of our own widgets, and which have them."""
    from textual.widget import Widget

    found: dict[str, set[type[Any]]] = {}
    waiting: list[type[Any]] = [Widget]
    while waiting:
        below = waiting.pop().__subclasses__()
        waiting += below
        for one in below:
            if one.__module__.startswith("trajtui."):
                for name in one.__dict__.get("COMPONENT_CLASSES", ()):
                    found.setdefault(name, set()).add(one)
    return found
