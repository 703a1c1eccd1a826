"""Programs in the colours of one theme, out of those that can be read in the terminal they are shown in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from textual import constants
from textual.app import App
from textual.scrollbar import ScrollBar
from textual.theme import Theme

from trajtui import themes
from trajtui.legible import Depth
from trajtui.patient import PatientApp
from trajtui.widgets.scrollbars import ThinBar

Result = TypeVar("Result")

ScrollBar.renderer = ThinBar


class ThemedApp(PatientApp[Result]):
    """Begins in a theme, and offers those that this terminal can have."""

    COLOURS: ClassVar[str | None] = constants.COLOR_SYSTEM
    """How many colours there are, as Rich calls it; `auto`: as the terminal says."""

    def __init__(self, theme: str = "") -> None:
        """`theme` is the name of one; where it is not offered, it is ours for the terminal's background."""
        terminal: Any = {"color_system": self.COLOURS, "force_terminal": True}
        self.depth = Depth.of(Console(**terminal))
        self._terminals: dict[str, TerminalTheme] = {}
        """By the name of each theme; every line that is drawn asks for it."""
        self._offered = themes.offered(self.depth, no_color="NO_COLOR" in os.environ)
        # Before all else: the style sheets are read with the colours that they are shown in.
        self.set_reactive(App.theme, theme if theme in self._offered else themes.default())
        super().__init__()
        self._refresh_truecolor_filter(self.ansi_theme)

    @property
    def available_themes(self) -> Mapping[str, Theme]:  # type: ignore[override]
        """The themes that can be chosen here."""
        return self._offered

    @property
    def ansi_theme(self) -> TerminalTheme:
        """What the colours of programs and of code come to."""
        theme = self.current_theme
        if theme.name not in self._terminals:
            self._terminals[theme.name] = themes.terminal(theme, self.depth)
        return self._terminals[theme.name]
