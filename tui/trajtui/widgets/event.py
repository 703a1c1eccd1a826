"""The selected event, readable: what it says, and for an action both observations."""

from __future__ import annotations

import asyncio
from typing import ClassVar, Final

from rich.style import Style
from rich.text import Text
from textual import work

from trajcore.views.blocks import LONG, Block, BlockKind
from trajtui.widgets.blocks import Rows, rows_of
from trajtui.widgets.lines import UNWRAPPED, LinePane, widest
from trajtui.widgets.sideways import LongLine

_STYLES: Final = {
    BlockKind.HEADING: "event--heading",
    BlockKind.NOTE: "event--aside",
    BlockKind.GOOD: "event--good",
    BlockKind.BAD: "event--bad",
    BlockKind.ADDED: "event--added",
    BlockKind.REMOVED: "event--removed",
}


class EventPane(LinePane):
    """Blocks below each other, wrapped to the pane."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "event--heading",
        "event--aside",
        "event--good",
        "event--bad",
        "event--added",
        "event--removed",
    }

    can_wrap = True

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._blocks: tuple[Block, ...] = ()
        self._rows: Rows = []
        self._laid_out_for = 0
        self._widest = 0

    def show(self, blocks: tuple[Block, ...]) -> None:
        """Show these blocks, from the top unless they are the ones already shown."""
        if blocks == self._blocks:
            return
        self._blocks = blocks
        self._lay_out()
        self.scroll_home(animate=False, immediate=True)

    def on_resize(self) -> None:
        """Wrap to the new width."""
        if self.scrollable_content_region.width != self._laid_out_for:
            self._lay_out()

    def watch_wraps(self) -> None:
        """Continue wide lines below, or have them scroll sideways."""
        if self.is_mounted:
            self._lay_out()

    def line_count(self) -> int:
        """The rows after wrapping."""
        return len(self._rows)

    def line_width(self) -> int:
        """The widest row, where one is wider than the pane."""
        room = self.scrollable_content_region.width
        return self._widest if self._widest > room else room

    def long_line(self, number: int) -> tuple[LongLine, Style] | None:
        """A row that is not wrapped."""
        row = self._rows[number]
        if isinstance(row, Text) or not isinstance(row[0], LongLine):
            return None
        return row[0], self.part_style(row[1]) if row[1] else Style()

    def line_text(self, number: int) -> Text:
        """One row."""
        row = self._rows[number]
        if isinstance(row, Text):
            return row.copy()
        text, style = row
        return Text(text, self.part_style(style) if style else "")

    def _lay_out(self) -> None:
        width = self._laid_out_for = max(1, self.scrollable_content_region.width)
        if sum(block.size for block in self._blocks) > LONG:
            self._set_rows([("…", "event--aside")], 1)
            self._lay_out_in_thread(self._blocks, width, self.wraps)
        else:
            self._set_rows(*_laid_out(self._blocks, width, self.wraps))

    def _set_rows(self, rows: Rows, widest: int) -> None:
        self._rows, self._widest = rows, widest
        self.lines_changed()

    @work(exclusive=True, description="layout")
    async def _lay_out_in_thread(self, blocks: tuple[Block, ...], width: int, wraps: bool) -> None:
        rows, most = await asyncio.to_thread(_laid_out, blocks, width, wraps)
        if blocks is self._blocks and width == self._laid_out_for and wraps == self.wraps:
            self._set_rows(rows, most)


def _laid_out(blocks: tuple[Block, ...], width: int, wraps: bool) -> tuple[Rows, int]:
    """The rows of all blocks, and how wide the widest is."""
    width = width if wraps else UNWRAPPED
    rows = [row for block in blocks for row in rows_of(block, width, _STYLES.get(block.kind, ""))]
    return rows, widest(row if isinstance(row, Text) else row[0] for row in rows)
