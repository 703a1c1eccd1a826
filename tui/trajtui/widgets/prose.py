"""Markdown whose rows know how their paragraph goes on: what is copied of it is the paragraph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import Markdown, MarkdownElement, Paragraph
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from trajtui.widgets.wrapping import end_rows

_END: Final = "end"


class _Paragraph(Paragraph):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self.text.justify = self.justify
        rows = list(self.text.wrap(console, options.max_width, justify=self.justify))
        end_rows(rows, self.text.plain)
        for row in rows:
            if row.end != "\n":
                row.stylize(Style(meta={_END: row.end}))
        yield from Text("\n").join(rows).render(console, end="\n")


class Prose(Markdown):
    """Markdown of which `end_of` is known."""

    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "paragraph_open": _Paragraph,
    }


def end_of(row: Sequence[Segment]) -> str:
    """What stands between a row and the next one in the text itself."""
    for segment in row:
        if segment.style is not None and _END in segment.style.meta:
            return str(segment.style.meta[_END])
    return "\n"
