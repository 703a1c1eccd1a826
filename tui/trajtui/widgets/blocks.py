"""Blocks of a view as rows of a pane: wrapped, code in its colours, Markdown laid out and never active."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final

from rich.console import Console
from rich.style import Style
from rich.text import Text

from trajcore.text import TAB
from trajcore.views.blocks import LONG, Block, BlockKind
from trajcore.views.differing import Heads, HunksBlock
from trajcore.views.pieces import NotInPieces
from trajtui.widgets.colouredrows import ColouredRows
from trajtui.widgets.hunks import Drawable, HunkRows, heads
from trajtui.widgets.piecerows import PieceRows
from trajtui.widgets.textrows import TextRows
from trajtui.widgets.wrapping import UNWRAPPED, WRAPPED, widest, wrapped, wrapped_text

_HIGHLIGHTED: Final = 500_000
"""Code of more characters than this is shown without colours."""
RENDERED: Final = 8_000
"""Markdown of so many characters can be laid out while a user waits for a key; more is shown as it stands,
or laid out in a thread.
"""

_PLAIN: Final = frozenset({BlockKind.TEXT, BlockKind.OUTPUT, BlockKind.ADDED, BlockKind.REMOVED})
"""What has no colours within its lines."""

Row = tuple[str, str] | Text | Drawable
"""A text and the name of its style, a text in colours of its own, or lines of two sides."""
Rows = list[Row]
RowMaker = Callable[[Block, int, str], Sequence[Row]]
"""Makes the rows of a block, of some width and in some style."""


_AT_ONCE: Final = {BlockKind.PROSE: RENDERED, BlockKind.HUNKS: 8_000, BlockKind.CODE: 4_000}
"""So many characters of a kind can be laid out while a user waits for a key, where that is not `LONG`."""


def takes_long(block: Block) -> bool:
    """Whether the rows of a block are better made in a thread."""
    return block.size > _AT_ONCE.get(block.kind, LONG)


def rows_of(block: Block, width: int, style: str, rendered: int = RENDERED) -> Sequence[Row]:
    """The rows of a block, each at most `width` cells wide; `style` is for what has no colours of its own.

    Markdown of more than `rendered` characters is shown as it stands.
    """
    if isinstance(block, HunksBlock):
        return HunkRows(block.hunks, width)
    if isinstance(block, Heads):
        return heads(block, width)
    lines = _drawn(block, width, rendered)
    if lines is None:
        return [(row, style) for row in wrapped(block.text, width)]
    return ColouredRows(row for line in lines for row in wrapped_text(line, width))


def first_rows_of(block: Block, width: int, style: str) -> Rows:
    """The first rows of a block that takes long; none where it is no text, or will look otherwise."""
    will_change = block.kind is BlockKind.PROSE and block.size <= LONG
    shown = "" if will_change else block.beginning
    width = UNWRAPPED if block.size > WRAPPED else width
    return [(row, style) for row in wrapped(shown, width)] if shown else []


def long_rows_of(block: Block, width: int, style: str) -> Sequence[Row]:
    """The rows of a block that takes long; those of a text that is not wrapped are cut out when asked for."""
    if isinstance(block, HunksBlock | Heads):
        return all_rows_of(block, width, style)
    if block.size > WRAPPED and (pieces := block.pieces()) is not None:
        with suppress(NotInPieces):
            return PieceRows(pieces, style)
    if block.size > WRAPPED or (width >= UNWRAPPED and block.kind in _PLAIN):
        return TextRows(block.text, style)
    return all_rows_of(block, width, style)


def all_rows_of(block: Block, width: int, style: str) -> Sequence[Row]:
    """The rows of a block, Markdown laid out however long that takes."""
    return rows_of(block, width, style, LONG)


def _drawn(block: Block, width: int, rendered: int) -> Iterable[Text] | None:
    """The block's text in colours of its own; None where it is drawn in one style."""
    if block.kind is BlockKind.CODE and block.size <= _HIGHLIGHTED:
        return _highlighted(block.text, block.language)
    if block.kind is BlockKind.PROSE and block.size <= rendered:
        return _markdown(block.text, width)
    return None


# What colours code and lays out Markdown is loaded with the first text that needs it: no first frame does.


def _highlighted(text: str, language: str) -> Iterator[Text]:
    """The lines of code, each as soon as it is known."""
    from rich.syntax import Syntax

    from trajtui.widgets import ink

    if language.startswith("/"):  # a file's name
        language = Syntax.guess_lexer(language[1:])
    syntax = Syntax(text, language, theme=ink.code(), background_color="default")
    line, lexer = syntax.highlight("").blank_copy(), syntax.lexer
    line.no_wrap = None  # it is broken as any other: what does not fit would be cut off
    code = text.expandtabs(TAB)
    if lexer is None:
        yield from (line.blank_copy(one) for one in code.split("\n"))
        return
    left = text.count("\n") + 1
    for kind, part in lexer.get_tokens(code):
        for number, one in enumerate(part.split("\n")):
            if number:
                yield line
                line, left = line.blank_copy(), left - 1
                if not left:
                    return
            if one:
                line.append(one, ink.code().get_style_for_token(kind))
    yield line


def _markdown(text: str, width: int) -> Iterator[Text]:
    """Markdown as lines of text, links shown as their words and never active."""
    from trajtui.widgets import ink
    from trajtui.widgets.prose import Prose, end_of

    console = Console(
        width=min(width, 100),
        color_system="truecolor",
        force_terminal=True,
        legacy_windows=False,
        theme=ink.PROSE,
    )
    code: Any = ink.code()  # what a name would be looked up to
    lines = console.render_lines(Prose(text, hyperlinks=False, code_theme=code), pad=False)
    return (
        Text.assemble(
            *((part.text, _without_link(part.style)) for part in line if not part.control), end=end_of(line)
        )
        for line in lines
    )


def _without_link(style: Style | None) -> Style:
    return Style(
        bold=style.bold, italic=style.italic, dim=style.dim, underline=style.underline, strike=style.strike,
        color=style.color,
    ) if style else Style()  # fmt: skip


def widest_of(rows: Sequence[Row]) -> int:
    """How many cells the widest row takes."""
    if isinstance(rows, TextRows | PieceRows | HunkRows | ColouredRows):
        return rows.widest
    texts = (row for row in rows if not isinstance(row, Drawable))
    return widest(row if isinstance(row, Text) else row[0] for row in texts)
