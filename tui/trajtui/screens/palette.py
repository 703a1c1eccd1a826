"""The command palette, which takes any key at any moment."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import ClassVar, Protocol, cast

from textual import events, work
from textual.binding import Binding, BindingType
from textual.command import CommandInput, CommandList, CommandPalette
from textual.css.query import NoMatches
from textual.theme import ThemeProvider

from trajtui.screens.dialog import Dialog


class Palette(CommandPalette, Dialog[None]):
    """Textual's, without its fault: a page in a list that has not been laid out yet ends the program."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pagedown", "page('page_down')", "a page down", show=False),
        Binding("pageup", "page('page_up')", "a page up", show=False),
    ]

    def on_mount(self, event: events.Mount) -> None:
        """Nothing moves unless the world moved."""
        if self not in self.app.screen_stack:
            event.prevent_default()  # it was left already, and Textual looks for the screen below it
            return
        self.query_one(CommandInput).cursor_blink = False

    def action_page(self, action: str) -> None:
        """Go a page on or back, once there are pages."""
        if self.query_one(CommandList).scrollable_content_region:
            self._action_command_list(action)

    @work(exclusive=True, group=CommandPalette._GATHER_COMMANDS_GROUP)
    async def _gather_commands(self, search_value: str) -> None:
        """Textual's, unless the palette is left meanwhile: it looks for its list, which is gone then."""
        try:
            await inspect.unwrap(CommandPalette._gather_commands)(self, search_value)
        except NoMatches:
            if self.query(CommandList):
                raise


class Chooses(Protocol):
    """A program whose theme can be chosen."""

    def choose_theme(self, name: str) -> None:
        """Take a theme, also for the next time."""


class Themes(ThemeProvider):
    """The themes by their names, ours first."""

    @property
    def commands(self) -> list[tuple[str, Callable[[], None]]]:
        """What each of them does."""
        choose = cast("Chooses", self.app).choose_theme
        return [(name, partial(choose, name)) for name in self.app.available_themes]
