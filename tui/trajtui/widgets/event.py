"""The selected event, readable: what it says, and for an action both observations."""

from __future__ import annotations

import asyncio
from typing import ClassVar, Final

from rich.text import Text
from textual import work

from trajcore.views.blocks import LONG, Block, BlockKind
from trajtui.widgets.blocks import Rows, rows_of
from trajtui.widgets.lines import LinePane

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

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._blocks: tuple[Block, ...] = ()
        self._rows: Rows = []
        self._laid_out_for = 0

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

    def line_count(self) -> int:
        """The rows after wrapping."""
        return len(self._rows)

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
            self._rows = [("…", "event--aside")]
            self._lay_out_in_thread(self._blocks, width)
        else:
            self._rows = _laid_out(self._blocks, width)
        self.lines_changed()

    @work(exclusive=True, description="layout")
    async def _lay_out_in_thread(self, blocks: tuple[Block, ...], width: int) -> None:
        rows = await asyncio.to_thread(_laid_out, blocks, width)
        if blocks is self._blocks and width == self._laid_out_for:
            self._rows = rows
            self.lines_changed()


def _laid_out(blocks: tuple[Block, ...], width: int) -> Rows:
    return [row for block in blocks for row in rows_of(block, width, _STYLES.get(block.kind, ""))]
