"""The themes: two of our own, and Textual's, each with text colours that can be read.

A theme has one accent. What the style sheets name is made here from a few colours: text and what it stands on
have `legible.ENOUGH` contrast wherever they meet, with 256 colours as well; with 16 there are only our own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Final

from rich.terminal_theme import TerminalTheme
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from trajtui.legible import Depth, contrast, readable, sent

DARK: Final = "trajtui-dark"
LIGHT: Final = "trajtui-light"

_OURS: Final = {
    DARK: Theme(
        DARK,
        primary="#5fafff",
        success="#5faf5f",
        warning="#d7af5f",
        error="#ff8787",
        foreground="#e4e4e4",
        background="#121212",
        surface="#1c1c1c",
        panel="#262626",
        variables={"text-muted": "#a8a8a8", "cursor-ground": "#303030", "picked-ground": "#262626"},
    ),
    LIGHT: Theme(
        LIGHT,
        dark=False,
        primary="#005faf",
        success="#005f00",
        warning="#5f5f00",
        error="#af0000",
        foreground="#1c1c1c",
        background="#ffffff",
        surface="#f0f0f0",
        panel="#e4e4e4",
        variables={"text-muted": "#5f5f5f", "cursor-ground": "#e0e0e0", "picked-ground": "#e8e8e8"},
    ),
}
"""Colours that are the same, or nearly so, where there are 256 of them."""

_OF_SIXTEEN: Final = {
    DARK: Theme(
        DARK,
        primary="#55ffff",
        success="#55ff55",
        warning="#ffff55",
        error="#ff5555",
        foreground="#ffffff",
        background="#000000",
        surface="#000000",
        panel="#000000",
        variables={"text-muted": "#555555", "line": "#555555"},
    ),
    LIGHT: Theme(
        LIGHT,
        dark=False,
        primary="#0000aa",
        success="#000000",
        warning="#aa00aa",
        error="#aa0000",
        foreground="#000000",
        background="#ffffff",
        surface="#ffffff",
        panel="#ffffff",
        variables={"text-muted": "#000000", "line": "#555555"},
    ),
}
"""The same two where there are sixteen colours; what they have the cursor on is reversed."""

_THEIRS: Final = tuple(sorted(name for name, theme in BUILTIN_THEMES.items() if not theme.ansi))
"""Those of Textual's that are not the terminal's own sixteen colours, of which nobody knows what they are."""

_ROLES: Final = ("primary", "secondary", "accent", "success", "warning", "error")


class Offered(Mapping[str, Theme]):
    """The themes that a terminal can have, by their names; each is made when it is first asked for."""

    def __init__(self, depth: Depth, *, no_color: bool) -> None:
        self._depth = depth
        self._no_color = no_color
        self._names = (DARK, LIGHT) if depth is Depth.SIXTEEN else (DARK, LIGHT, *_THEIRS)

    def __getitem__(self, name: str) -> Theme:
        if name not in self._names:
            raise KeyError(name)
        return _made(name, self._depth, self._no_color)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def offered(depth: Depth = Depth.FULL, *, no_color: bool = False) -> Offered:
    """The themes that can be chosen in a terminal of this depth, ours first."""
    return Offered(depth, no_color=no_color)


def default() -> str:
    """Our theme for what the terminal says of its background; dark where it says nothing."""
    background = os.environ.get("COLORFGBG", "").rpartition(";")[2]
    return LIGHT if background in ("7", "15") else DARK


@cache
def _made(name: str, depth: Depth, no_color: bool) -> Theme:
    ours = _OF_SIXTEEN if depth is Depth.SIXTEEN else _OURS
    theme = ours.get(name) or BUILTIN_THEMES[name]
    return replace(theme, variables=_variables(theme, depth, no_color))


def _variables(theme: Theme, depth: Depth, no_color: bool) -> dict[str, str]:
    """What the style sheets name, Textual's and ours, beside the colours of the theme itself."""
    own = theme.variables
    made = theme.to_color_system().generate()
    back, front, surface = (Color.parse(made[name]) for name in ("background", "foreground", "surface"))
    few = depth is Depth.SIXTEEN
    cursor = back if few else _named(own, "cursor-ground") or back.blend(front, 0.15)
    picked = back if few else _named(own, "picked-ground") or back.blend(front, 0.08)
    grounds = (back, surface, cursor, picked)
    text = readable(front, grounds, depth)
    muted = readable(_named(own, "text-muted") or text.blend(back, 0.3), grounds, depth)
    roles = {role: readable(_role(theme, role), grounds, depth) for role in _ROLES}
    # What diverged is told in this colour, and is never dimmer than what did not.
    roles["error"] = readable(roles["error"], (back,), depth, contrast(sent(muted, depth), sent(back, depth)))
    roles = dict.fromkeys(_ROLES, text) if no_color else roles
    line = _named(own, "line") or back.blend(front, 0.22)
    colours = {f"text-{role}": color for role, color in roles.items()} | {
        **dict.fromkeys(_TEXTS, text),
        **dict.fromkeys(_MUTED, muted),
        **dict.fromkeys(_LINES, line),
        **dict.fromkeys(_GROUNDS, back),
        **dict.fromkeys(_CURSORS, cursor),
        **dict.fromkeys(_PICKED, picked),
        **dict.fromkeys(_ACCENTS, roles["primary"]),
        "input-selection-background": text if few else cursor,
        "input-selection-foreground": back if few else text,
        "screen-selection-background": text if few else cursor,
        "screen-selection-foreground": back if few else text,
    }
    reverse = "reverse" if few else "none"
    styles = {
        "cursor-style": reverse,
        "picked-style": reverse,
        "block-cursor-text-style": "bold reverse" if few else "bold",
        "block-cursor-blurred-text-style": reverse,
        "input-cursor-text-style": "none",
        "link-style": "underline",
    }
    return own | {name: color.hex for name, color in colours.items()} | styles


_TEXTS: Final = (
    *("text", "foreground", "link-color", "link-color-hover", "button-foreground", "input-cursor-background"),
    *("block-cursor-foreground", "block-cursor-blurred-foreground"),
)
_MUTED: Final = ("text-muted", "text-disabled", "foreground-muted", "foreground-disabled", "scrollbar-hover")
_LINES: Final = ("line", "border-blurred", "scrollbar")
_GROUNDS: Final = (
    *("scrollbar-background", "scrollbar-background-hover", "scrollbar-background-active"),
    *("scrollbar-corner-color", "input-cursor-foreground", "button-color-foreground"),
)
_CURSORS: Final = (
    *("cursor-ground", "block-cursor-background", "block-cursor-blurred-background"),
    "link-background-hover",
)
_PICKED: Final = ("picked-ground", "block-hover-background")
_ACCENTS: Final = ("border", "scrollbar-active")


def _named(variables: Mapping[str, str], name: str) -> Color | None:
    return Color.parse(variables[name]) if name in variables else None


def _role(theme: Theme, role: str) -> Color:
    """The colour of a role; there is one accent, whatever a theme has beside it."""
    given = {"success": theme.success, "warning": theme.warning, "error": theme.error}.get(role)
    return Color.parse(given or theme.primary)


_HUES: Final = {"magenta": ("#af87d7", "#87008f"), "cyan": ("#5fafaf", "#005f5f")}
"""What no role of a theme has the hue of, where it is dark and where it is light."""


def terminal(theme: Theme, depth: Depth) -> TerminalTheme:
    """What the colours that a program writes with, and those of code, come to in a theme."""
    named = theme.variables
    back = Color.parse(theme.to_color_system().generate()["background"])
    red, green, yellow, blue, muted, text = (
        Color.parse(named[f"text{role}"])
        for role in ("-error", "-success", "-warning", "-primary", "-muted", "")
    )
    magenta, cyan = (readable(Color.parse(hues[not theme.dark]), (back,), depth) for hues in _HUES.values())
    hues = [color.rgb for color in (red, green, yellow, blue, magenta, cyan)]
    return TerminalTheme(back.rgb, text.rgb, [(0, 0, 0), *hues, muted.rgb], [muted.rgb, *hues, text.rgb])
