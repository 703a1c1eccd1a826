"""The screen as text with its styles, in a form that can be read and compared line by line.

A row stands behind a bar. Where it has other styles than text on the background, a line below it says which,
from left to right, each with the number of its cells. Colours have the names that the theme gives them, and
`other` where it gives none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any, Final

from rich.cells import cell_len
from rich.color import Color
from rich.segment import Segment
from textual.app import App

_NAMES: Final = {
    "text": "text", "text-muted": "muted", "text-primary": "accent", "text-success": "success",
    "text-warning": "warning", "text-error": "error", "background": "background", "surface": "surface",
    "cursor-ground": "cursor", "picked-ground": "picked", "line": "line",
}  # fmt: skip
"""What is written for a variable of a theme."""
_SEEN_ON_BLANKS: Final = ("underline", "strike", "reverse")
_PLAIN: Final = ""


def styled(app: App[Any]) -> str:
    """The whole screen."""
    names = _named(app.theme_variables)
    strips = app.screen._compositor.render_strips()
    return "\n".join(line for strip in strips for line in _lines(strip, names)) + "\n"


def _named(variables: Mapping[str, str]) -> dict[Color, str]:
    return {Color.parse(variables[name].lower()[:7]): shown for name, shown in reversed(_NAMES.items())}


def _lines(row: Iterable[Segment], names: Mapping[Color, str]) -> list[str]:
    drawn = [(segment.text, _style(segment, names)) for segment in row if segment.text]
    text = "|" + "".join(text for text, _ in drawn).rstrip()
    runs = [
        (sum(cell_len(text) for text, _ in run), style)
        for style, run in groupby(_without_gaps(drawn), key=lambda one: one[1])
    ]
    if all(style == _PLAIN for _, style in runs):
        return [text]
    return [text, "    " + ", ".join(f"{cells} {style}".rstrip() for cells, style in runs)]


def _without_gaps(drawn: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Blanks are part of what is before them, if they stand on the same."""
    found: list[tuple[str, str]] = []
    for text, style in drawn:
        before = found[-1][1] if found else ""
        same = not text.strip() and style == before.partition(" on ")[1].strip() + before.partition(" on ")[2]
        found.append((text, before if found and same else style))
    return found


def _style(segment: Segment, names: Mapping[Color, str]) -> str:
    style = segment.style
    if style is None:
        return _PLAIN
    marks = ("bold", "italic", "underline", "strike", "reverse", "dim")
    blank = not segment.text.strip()
    words = [] if blank else [_name(style.color, names)]
    words += [
        mark for mark in marks if getattr(style, mark) and not (blank and mark in ("bold", "italic", "dim"))
    ]
    ground = _name(style.bgcolor, names)
    words = [] if words == ["text"] else words
    return " ".join([*words, *(["on", ground] if ground != "background" else [])])


def _name(color: Color | None, names: Mapping[Color, str]) -> str:
    if color is None:
        return "default"
    plain = Color.parse(color.triplet.hex) if color.triplet else color
    return names.get(plain, "other")
