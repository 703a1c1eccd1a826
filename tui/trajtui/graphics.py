"""Pictures in a terminal: which way this one shows them, and the library that does, which never asks it."""

from __future__ import annotations

import fcntl
import importlib
import io
import os
import struct
import sys
import termios
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from typing import Any, Final


class Graphics(Enum):
    """A way to show pictures; the value is what textual-image calls its widget."""

    KITTY = "TGPImage"
    SIXEL = "SixelImage"
    BLOCKS = ""
    """Two coloured pixels a cell, which is text, and no widget of its."""


_TERMINALS: Final = (
    ("TERM", "xterm-kitty", Graphics.KITTY),
    ("TERM", "xterm-ghostty", Graphics.KITTY),
    ("TERM_PROGRAM", "ghostty", Graphics.KITTY),
    ("TERM_PROGRAM", "iTerm.app", Graphics.SIXEL),
    ("TERM_PROGRAM", "WezTerm", Graphics.SIXEL),
    ("TERM_PROGRAM", "contour", Graphics.SIXEL),
    ("TERM", "foot", Graphics.SIXEL),
    ("TERM", "foot-extra", Graphics.SIXEL),
    ("TERM", "mlterm", Graphics.SIXEL),
)
"""What terminals that can say of themselves."""
_BETWEEN: Final = ("TMUX", "STY", "ZELLIJ")
"""Of programs between this one and a terminal, which pass on what they know, and no pictures."""
_CELL: Final = (10, 20)
"""Pixels of a cell, where the terminal does not say."""


def graphics(said: Mapping[str, str]) -> Graphics:
    """How pictures are shown in a terminal that says this of itself in the environment."""
    if any(said.get(name) for name in _BETWEEN) or said.get("TERM", "").startswith(("tmux", "screen")):
        return Graphics.BLOCKS
    return next((way for name, value, way in _TERMINALS if said.get(name) == value), Graphics.BLOCKS)


def cell_size() -> tuple[int, int]:
    """Pixels of a cell. The kernel is asked; the terminal's own answer would be taken for keys."""
    try:
        told = fcntl.ioctl(sys.__stderr__ or 2, termios.TIOCGWINSZ, b"\0" * 8)
    except (OSError, ValueError):
        return _CELL
    rows, columns, width, height = struct.unpack("HHHH", told)
    return (width // columns, height // rows) if columns and rows and width and height else _CELL


def widget_class(way: Graphics) -> Any:
    """textual-image's widget that shows a picture in this way; made of an image of Pillow's."""
    with _no_terminal():
        library = importlib.import_module("textual_image.widget")
    return getattr(library, way.value)


@contextmanager
def _no_terminal() -> Iterator[None]:
    """While the library is loaded it sees no terminal: it would ask, and take keys for the answer."""
    terminal, sys.__stdout__ = sys.__stdout__, io.StringIO()  # type: ignore[misc, assignment]
    names = "TEXTUAL_CELL_WIDTH", "TEXTUAL_CELL_HEIGHT"
    given = {name: os.environ.get(name) for name in names}
    os.environ.update(zip(names, map(str, cell_size()), strict=True))
    try:
        yield
    finally:
        sys.__stdout__ = terminal  # type: ignore[misc]
        for name, value in given.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
