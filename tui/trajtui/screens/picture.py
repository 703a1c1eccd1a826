"""A picture over the whole screen, in its own pixels where the terminal can."""

from __future__ import annotations

import os
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from trajcore import BadInput
from trajcore.views.blocks import Block
from trajcore.views.pixels import pixels_of
from trajtui.graphics import Graphics, cell_size, graphics, widget_class
from trajtui.screens.dialog import Dialog
from trajtui.widgets.blockpixels import rows_of_pixels

_AROUND = 4, 6
"""Columns and rows of the screen that are not the picture's."""


class PictureScreen(Dialog[bool]):
    """One picture; the answer is whether a program of this machine is to open it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "leave", "close"),
        Binding("o", "open", "open picture"),
    ]

    def __init__(self, block: Block) -> None:
        super().__init__()
        self._block = block

    def compose(self) -> ComposeResult:
        """Its name, the picture, and what the keys do."""
        with Vertical(classes="picture"):
            yield Static(self._block.text, markup=False, classes="question")
            yield Static("…", markup=False, id="picture-place")
            yield Static("o opens it outside · Esc closes", markup=False, classes="note")

    def on_mount(self) -> None:
        """Have it decoded."""
        self._show()

    @work(exit_on_error=False)
    async def _show(self) -> None:
        place = self.query_one("#picture-place", Static)
        assert self._block.picture is not None
        way = graphics(os.environ)
        cell = (1, 2) if way is Graphics.BLOCKS else cell_size()
        try:
            pixels = await pixels_of(self._block.picture, *self._room(cell))
        except BadInput as error:
            place.update(str(error))
            return
        if way is Graphics.BLOCKS:
            place.update(Text("\n").join(rows_of_pixels(pixels)))
            return
        widget = widget_class(way)
        from PIL import Image  # it is there with the library, and decodes nothing here

        picture = widget(Image.frombytes("RGB", (pixels.width, pixels.height), pixels.rgb))
        picture.styles.width = picture.styles.height = "auto"
        await self.query_one(".picture").mount(picture, after=place)
        await place.remove()

    def _room(self, cell: tuple[int, int]) -> tuple[int, int]:
        """The pixels that there is room for, where a cell has so many."""
        width, height = (max(1, size - around) for size, around in zip(self.app.size, _AROUND, strict=True))
        return width * cell[0], height * cell[1]

    def action_leave(self) -> None:
        """Back to the event."""
        self.dismiss(False)

    def action_open(self) -> None:
        """Have it opened outside."""
        self.dismiss(True)
