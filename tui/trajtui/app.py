"""The program on the screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Final

from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from trajcore import Session
from trajcore.views.layout import Layout, keep_theme
from trajtui.actions.table import ACTIONS, BY_NAME, UserAction
from trajtui.screens.debugger import DebuggerScreen
from trajtui.signals import as_before, end_on_signals
from trajtui.styles import DEBUGGER
from trajtui.themed import ThemedApp

_AS_IT_COMES: Final = Layout()
_PALETTE: Final = BY_NAME["command_palette"]
"""Its key works in text boxes and in front of dialogs as well."""
_NEVER: Final = "no_key"
"""A key that no keyboard has: that of an action that the user wants to have none."""


class TrajApp(ThemedApp[None], inherit_bindings=False):
    """Opens the debugger on a session. Textual's own Ctrl+Q would come first, and quit without asking."""

    TITLE = "trajtui"
    CSS_PATH = DEBUGGER
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(",".join(_PALETTE.keys), "command_palette", show=False, priority=True, id=_PALETTE.name)
    ]

    def __init__(
        self,
        session: Session,
        at: str | None = None,
        live: bool = False,
        shown: Callable[[], None] = lambda: None,
        theme: str = "",
        theme_of: str = "",
        actions: Sequence[UserAction] = ACTIONS,
        layout: Layout = _AS_IT_COMES,
        hints: Sequence[str] = (),
    ) -> None:
        """`shown` is called once, when the first frame is on the screen; `actions` have the user's keys,
        `hints` are the names of those that the user has not had.

        `theme_of` is the config.toml that names the theme, if one does.
        """
        super().__init__(theme)
        self.session = session
        self.wants_another = False
        """Whether the user has left this recording for another one."""
        self._theme_of = theme_of
        self._debugger = DebuggerScreen(session, at, live, shown, actions, layout, hints)

    @property
    def new_layout(self) -> Layout | None:
        """How the user has laid the screen out; None where it is as it was at first."""
        return self._debugger.new_layout

    def get_default_screen(self) -> Screen[Any]:
        """The debugger, below which there is no other screen to style, lay out and paint."""
        return self._debugger

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Of Textual's own commands those that the table of actions lacks; its quit would not ask."""
        return (command for command in super().get_system_commands(screen) if command.title == "Theme")

    def action_command_palette(self) -> None:
        """Show every action by what it does."""
        from trajtui.screens.palette import Palette

        if not any(isinstance(screen, Palette) for screen in self.screen_stack):
            self.push_screen(Palette(id="--command-palette"))

    def search_themes(self) -> None:
        """Show the themes by name; which one comes back the next time, where a config.toml says that."""
        from trajtui.screens.palette import Palette, Themes

        note = f" (the next time: as {self._theme_of} says)" if self._theme_of else ""
        self.push_screen(Palette(providers=[Themes], placeholder=f"Search for themes…{note}"))

    def choose_theme(self, name: str) -> None:
        """Take a theme, also for the next time, unless a config.toml has the word then."""
        self.theme = name
        self._debugger.flows.begin(self._kept_theme(name))

    async def _kept_theme(self, name: str) -> str:
        if self._theme_of:
            return f"{name}, for now: {self._theme_of} says [trajtui] theme"
        await asyncio.to_thread(keep_theme, name)
        return f"{name}, also the next time"

    def open_another(self) -> None:
        """End this session; whoever runs this then asks for the next recording."""
        self.wants_another = True
        self.exit()

    @property
    def fault(self) -> Exception | None:
        """The fault of the program itself that ended it, if one did."""
        return self._exception

    def _fatal_error(self) -> None:
        """End at once. Textual would print every local variable, untrusted texts and settings among them."""
        self._close_messages_no_wait()

    def on_mount(self) -> None:
        """End as the debugger's own key does, however the end comes; have the user's own keys."""
        keymap = {
            action.name: ",".join(action.keys) or _NEVER
            for action in self._debugger.actions
            if action.keys != BY_NAME[action.name].keys
        }
        if keymap:
            self.set_keymap(keymap)
        end_on_signals(self, self.session)


async def run(app: TrajApp) -> int:
    """Show a session until the user quits, and remove its sandbox; answers the program's exit code.

    Raises the fault that ended it.
    """
    with as_before():
        try:
            await app.run_async()
        finally:
            await app.session.close()
    if app.fault is not None:
        raise app.fault
    return app.return_code or 0
