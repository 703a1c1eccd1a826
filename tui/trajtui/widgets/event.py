"""The selected event, readable: what it says, and for an action both observations."""

from __future__ import annotations

import asyncio
from typing import ClassVar, Final

from rich.console import Console
from rich.style import Style
from rich.text import Text
from textual import work

from trajcore.views.event import LONG, Block, BlockKind
from trajtui.widgets.lines import LinePane, wrapped, wrapped_text

_HIGHLIGHTED: Final = 20_000
"""Code of more characters than this is shown without colours."""
_RENDERED: Final = 8_000
"""Markdown of more characters than this is shown as it stands."""

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
        self._rows: list[tuple[str, str] | Text] = []
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
            self._rows = _rows(self._blocks, width)
        self.lines_changed()

    @work(exclusive=True, description="layout")
    async def _lay_out_in_thread(self, blocks: tuple[Block, ...], width: int) -> None:
        rows = await asyncio.to_thread(_rows, blocks, width)
        if blocks is self._blocks and width == self._laid_out_for:
            self._rows = rows
            self.lines_changed()


_Rows = list[tuple[str, str] | Text]


def _rows(blocks: tuple[Block, ...], width: int) -> _Rows:
    rows: _Rows = []
    for block in blocks:
        lines = _drawn(block, width)
        if lines is None:
            style = _STYLES.get(block.kind, "")
            rows.extend((row, style) for row in wrapped(block.text, width))
        else:
            for line in lines:
                rows.extend(wrapped_text(line, width))
    return rows


def _drawn(block: Block, width: int) -> list[Text] | None:
    """The block's text in colours of its own; None where it is drawn in one style."""
    if block.kind is BlockKind.CODE and len(block.text) <= _HIGHLIGHTED:
        return _highlighted(block.text, block.language)
    if block.kind is BlockKind.PROSE and len(block.text) <= _RENDERED:
        return _markdown(block.text, width)
    return None


# What colours code and lays out Markdown is loaded with the first text that needs it: no first frame does.


def _highlighted(text: str, language: str) -> list[Text]:
    from rich.syntax import Syntax

    syntax = Syntax(text, language, theme="ansi_dark", background_color="default")
    return list(syntax.highlight(text).split("\n", allow_blank=True))[: text.count("\n") + 1]


def _markdown(text: str, width: int) -> list[Text]:
    """Markdown as lines of text, links shown as their words and never active."""
    from rich.markdown import Markdown

    console = Console(
        width=min(width, 100), color_system="truecolor", force_terminal=True, legacy_windows=False
    )
    lines = console.render_lines(Markdown(text, hyperlinks=False, code_theme="ansi_dark"), pad=False)
    return [
        Text.assemble(*((part.text, _without_link(part.style)) for part in line if not part.control))
        for line in lines
    ]


def _without_link(style: Style | None) -> Style:
    return Style(
        bold=style.bold, italic=style.italic, dim=style.dim, underline=style.underline, strike=style.strike,
        color=style.color,
    ) if style else Style()  # fmt: skip
