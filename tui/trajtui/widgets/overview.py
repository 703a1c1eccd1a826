"""The overview strip: all rows of the timeline in one line or two, below them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from rich.style import Style
from rich.text import Text
from textual import events
from textual.app import RenderResult
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from trajcore import Session
from trajcore.views import marks
from trajcore.views.overview import CURSOR, SHAPES, Cell, Level, Overview

_BARS: Final = " ▁▂▃▄▅▆▇█"
_STYLES: Final = {
    Level.PLAIN: "overview--bar",
    Level.LIVE: "overview--live",
    Level.BOOKMARK: "overview--place",
    Level.BREAKPOINT: "overview--bad",
    Level.EDITED: "overview--edited",
    Level.FAILED: "overview--bad",
    Level.DIVERGED: "overview--bad",
}


class OverviewStrip(Widget):
    """A cell for each stretch of rows: its worst mark above how long it took; a click goes there."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*_STYLES.values()}

    cursor: reactive[int] = reactive(0)
    """The row under the cursor, of all rows."""
    next_row: reactive[int | None] = reactive(None)
    """The row that comes next."""

    @dataclass
    class Picked(Message):
        """The mouse points at a row, by its number among all."""

        number: int

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.overview = Overview(session)

    def render(self) -> RenderResult:
        """Marks above times where there are two lines, else the mark or the time."""
        width = self.size.width
        cells = self.overview.cells(width)
        if not cells:
            return Text("")
        places = {self.overview.cell_of(self.cursor, width): CURSOR}
        if self.next_row is not None:
            places.setdefault(self.overview.cell_of(self.next_row, width), marks.NEXT)
        text = Text(no_wrap=True, end="")
        two = self.size.height > 1
        if two:
            for cell in cells:
                text.append(*self._mark(cell))
            text.append("\n")
        for at, cell in enumerate(cells):
            if at in places:
                text.append(places[at], self._style("overview--place"))
            elif not two and cell.begins and cell.level is not Level.PLAIN:
                text.append(*self._mark(cell))
            else:
                text.append(_BARS[round(cell.height * (len(_BARS) - 1))], self._style("overview--bar"))
        return text

    def _mark(self, cell: Cell) -> tuple[str, Style]:
        shape = SHAPES[cell.level] if cell.begins else " "
        return shape, self._style(_STYLES[cell.level])

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(name, partial=True)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Go there, and on while the button is held."""
        self.capture_mouse()
        self._pick(event.x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Follow the mouse."""
        if self.app.mouse_captured is self:
            self._pick(event.x)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Be left."""
        self.release_mouse()

    def _pick(self, x: int) -> None:
        if len(self.overview):
            self.post_message(self.Picked(self.overview.row_at(x, self.size.width)))
