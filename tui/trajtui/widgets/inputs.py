"""Textual's text boxes, for texts that are not the user's own: a file's name, what was pasted."""

from __future__ import annotations

from rich.segment import Segment
from textual.strip import Strip
from textual.widgets import Input

from trajcore.text import safe_line


class SafeInput(Input):
    """An input whose value, and what completes it, is drawn harmless; the value itself stays as it is."""

    def render_line(self, y: int) -> Strip:
        """One row, without anything that speaks to the terminal."""
        return safe_strip(super().render_line(y))


def safe_strip(strip: Strip) -> Strip:
    """A row with pictures in place of control characters, as wide as before."""
    if all(safe_line(segment.text) == segment.text for segment in strip):
        return strip
    safe = [Segment(safe_line(text), style) for text, style, control in strip if not control]
    return Strip(safe).adjust_cell_length(strip.cell_length)
