"""The selected event, readable: what it says, and for an action both observations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final

from rich.cells import cell_len
from rich.text import Text

from trajtui.widgets.lines import CONSOLE, LinePane

_WRAP_LIMIT: Final = 2_000_000


@dataclass(frozen=True)
class Block:
    """A stretch of an event's view: a heading, or a text drawn in one way.

    `draw` turns the text into coloured lines for a width in cells; None draws it plain.
    """

    text: str
    style: str = ""
    draw: Callable[[str, int], list[Text]] | None = None


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
        self._rows = []
        for block in self._blocks:
            if block.draw is not None:
                for line in block.draw(block.text, width):
                    self._rows.extend(_wrap_text(line, width))
            else:
                self._rows.extend((row, block.style) for row in wrapped(block.text, width))
        self.lines_changed()


def _wrap_text(line: Text, width: int) -> list[Text]:
    if line.cell_len <= width:
        return [line]
    return list(line.wrap(CONSOLE, width, tab_size=4, overflow="fold"))


def wrapped(text: str, width: int) -> list[str]:
    """The rows of a safe text, broken at spaces where there are any; each at most `width` cells wide."""
    rows: list[str] = []
    for line in text.expandtabs(4).split("\n"):
        if len(line) <= width and (line.isascii() or cell_len(line) <= width):
            rows.append(line)
        elif len(line) > _WRAP_LIMIT:
            rows.append(line[:width])
        else:
            rows.extend(_broken(line, width))
    return rows


def _broken(line: str, width: int) -> list[str]:
    rows = []
    while line:
        end = _fitting(line, width)
        if end < len(line):
            space = line.rfind(" ", 0, end + 1)
            if space > width // 3:
                rows.append(line[:space])
                line = line[space + 1 :]
                continue
        rows.append(line[:end])
        line = line[end:]
    return rows


def _fitting(line: str, width: int) -> int:
    """How many characters fit into `width` cells; at least one."""
    head = line[:width]
    if head.isascii():
        return len(head)
    used = 0
    for place, character in enumerate(head):
        used += cell_len(character)
        if used > width:
            return max(1, place)
    return len(head)
