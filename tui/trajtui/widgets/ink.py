"""The few colours of code and Markdown: those of the theme, by the names that terminals have for them."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from rich import syntax
from rich.style import Style
from rich.syntax import ANSISyntaxTheme
from rich.theme import Theme

_ACCENT: Final = Style(color="blue")
_MUTED: Final = Style(color="bright_black")

PROSE: Final = Theme(
    {
        **dict.fromkeys(("markdown.h1", "markdown.h2"), Style(bold=True, underline=True)),
        **dict.fromkeys(("markdown.h3", "markdown.h4", "markdown.h5"), Style(bold=True)),
        **dict.fromkeys(("markdown.h6", "markdown.h7", "markdown.hr", "markdown.block_quote"), _MUTED),
        **dict.fromkeys(("markdown.code", "markdown.code_block", "markdown.kbd"), _ACCENT),
        **dict.fromkeys(("markdown.list", "markdown.item.bullet", "markdown.item.number"), _ACCENT),
        **dict.fromkeys(("markdown.link", "markdown.link_url"), Style(underline=True)),
        "markdown.table.border": _MUTED,
        "markdown.table.header": Style(bold=True),
    }
)
"""The styles of Markdown's parts, for the console that lays it out."""


@cache
def code() -> ANSISyntaxTheme:
    """The styles of the parts of code."""
    of: Any = syntax  # Pygments' kinds of tokens are known there
    return ANSISyntaxTheme(
        {
            of.Token: Style(),
            of.Comment: _MUTED + Style(italic=True),
            of.Keyword: _ACCENT + Style(bold=True),
            of.Name.Class: Style(bold=True),
            of.Name.Function: Style(bold=True),
            of.Name.Tag: _ACCENT,
            of.Name.Decorator: _ACCENT,
            of.Operator.Word: _ACCENT + Style(bold=True),
            of.String: Style(color="green"),
            of.Error: Style(color="red"),
            of.Generic.Deleted: Style(color="red"),
            of.Generic.Inserted: Style(color="green"),
            of.Generic.Heading: Style(bold=True),
            of.Generic.Subheading: Style(bold=True),
        }
    )
