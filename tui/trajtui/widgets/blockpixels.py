"""A picture as text: two pixels a cell, one above the other."""

from __future__ import annotations

from itertools import groupby
from typing import Final

from rich.color import Color
from rich.style import Style
from rich.text import Text

from trajcore import BadInput
from trajcore.views.blocks import Block
from trajcore.views.pixels import Pixels, pixels_of
from trajtui.widgets.blocks import Rows
from trajtui.widgets.wrapping import wrapped

_UPPER_HALF: Final = "▀"
_WIDEST: Final = 72
_HIGHEST: Final = 18
_KEYS: Final = "Enter shows it large · a click opens it"


async def drawn(block: Block, width: int, style: str) -> Rows:
    """The picture of a block as rows of text, or why it cannot be shown; an empty row ends them."""
    picture = block.picture
    assert picture is not None
    if not picture.true_type:
        return [("", "")]  # its name says why
    try:
        pixels = await pixels_of(picture, min(width, _WIDEST), 2 * _HIGHEST)
    except BadInput as error:
        return [*((row, style) for row in wrapped(f"not shown: {error}", width)), ("", "")]
    return [*rows_of_pixels(pixels), (_KEYS, style), ("", "")]


def rows_of_pixels(pixels: Pixels) -> list[Text]:
    """A row for two rows of pixels."""
    return [_row(pixels, y) for y in range(0, pixels.height, 2)]


def _row(pixels: Pixels, y: int) -> Text:
    row = Text(no_wrap=True)
    cells = [(pixels.at(x, y), pixels.at(x, y + 1)) for x in range(pixels.width)]
    for (upper, lower), same in groupby(cells):
        ground = Color.from_rgb(*lower) if y + 1 < pixels.height else None
        row.append(_UPPER_HALF * len(list(same)), Style(color=Color.from_rgb(*upper), bgcolor=ground))
    return row
