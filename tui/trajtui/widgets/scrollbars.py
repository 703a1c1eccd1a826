"""Scrollbars as thin as a terminal can draw them, in one tone."""

from __future__ import annotations

from typing import Final

from rich.color import Color
from rich.segment import Segment, Segments
from rich.style import Style
from textual.scrollbar import ScrollBarRender

_THUMB: Final = {True: "▐", False: "▂"}
"""What the part that can be grabbed is drawn with, in a vertical bar and in another."""
_GRABBED: Final = {"@mouse.down": "grab"}
_DEFAULT: Final = Color.default()


class ThinBar(ScrollBarRender):
    """Textual's, but for its shape."""

    @classmethod
    def render_bar(
        cls,
        size: int = 25,
        virtual_size: float = 50,
        window_size: float = 20,
        position: float = 0,
        thickness: int = 1,
        vertical: bool = True,
        back_color: Color = _DEFAULT,
        bar_color: Color = _DEFAULT,
    ) -> Segments:
        """The thumb at the edge of its cells, and nothing where it is not."""
        bar = super().render_bar(
            size, virtual_size, window_size, position, thickness, vertical, back_color, bar_color
        )
        glyphs = _THUMB[vertical] * (thickness if vertical else 1)
        return Segments(
            [
                Segment(glyphs, Style(color=bar_color, bgcolor=back_color, meta=_GRABBED))
                if segment.style and segment.style.meta == _GRABBED
                else segment
                for segment in bar.segments
            ],
            new_lines=bar.new_lines,
        )
