"""What can be read: contrast as the terminal is sent it, and colours moved until there is enough of it."""

from __future__ import annotations

from enum import Enum
from functools import cache, lru_cache
from typing import Final

from rich.color import Color as RichColor
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.color import BLACK, WHITE, Color
from textual.filter import LineFilter

ENOUGH: Final = 4.5
"""The least contrast of a text with what it stands on (WCAG 2, level AA)."""

_STEPS: Final = 40

_XTERM: Final = (
    *((0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205)),
    *((229, 229, 229), (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255)),
    *((255, 0, 255), (0, 255, 255), (255, 255, 255)),
)
"""The sixteen colours as xterm has them; a terminal's own may be others."""


class Depth(Enum):
    """How many colours a terminal has."""

    FULL = "all"
    EIGHT_BIT = "256"
    SIXTEEN = "16"

    @classmethod
    def of(cls, console: Console) -> Depth:
        """That of the terminal a console writes to."""
        return {"standard": cls.SIXTEEN, "256": cls.EIGHT_BIT}.get(console.color_system or "", cls.FULL)


def contrast(one: Color, other: Color) -> float:
    """The ratio of two colours' luminances: from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@cache
def _luminance(color: Color) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@cache
def sent(color: Color, depth: Depth) -> Color:
    """What becomes of a colour in a terminal of that depth."""
    if depth is Depth.SIXTEEN:
        return Color(*_XTERM[color.rich_color.downgrade(ColorSystem.STANDARD).number or 0])
    if depth is Depth.EIGHT_BIT:
        return Color(*color.rich_color.downgrade(ColorSystem.EIGHT_BIT).get_truecolor())
    return color


def readable(color: Color, grounds: tuple[Color, ...], depth: Depth, enough: float = ENOUGH) -> Color:
    """The colour, made lighter or darker by as little as lets it be read on each of the grounds."""
    shown = [sent(ground, depth) for ground in grounds]

    def least(one: Color) -> float:
        return min(contrast(sent(one, depth), ground) for ground in shown)

    away = max((WHITE, BLACK), key=least)
    moved = (color.blend(away, step / _STEPS, 1.0) for step in range(_STEPS))
    return next((one for one in moved if least(one) >= enough), away)


class Readable(LineFilter):
    """Draws what a program wrote in colours that cannot be read on each other in such as can."""

    def __init__(self, depth: Depth) -> None:
        super().__init__()
        self._depth = depth

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments of a row, whose colours are those of a terminal no longer."""
        return [
            Segment(text, _readable_style(style, background, self._depth), control) if style else segment
            for segment in segments
            for text, style, control in (segment,)
        ]


@lru_cache(4096)
def _readable_style(style: Style, background: Color, depth: Depth) -> Style:
    if style.color is None or style.color.is_default:
        return style
    ground = background if style.bgcolor is None or style.bgcolor.is_default else _of(style.bgcolor)
    color = _of(style.color)
    moved = readable(color, (ground,), depth)
    return style if moved == color else style + Style(color=moved.rich_color)


def _of(color: RichColor) -> Color:
    return Color.from_rich_color(color)
