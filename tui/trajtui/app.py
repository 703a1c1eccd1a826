"""The program on the screen."""

from __future__ import annotations

import asyncio
import signal
from typing import ClassVar

from textual.app import App
from textual.binding import BindingType

from trajcore.session import Session
from trajtui.screens.debugger import DebuggerScreen


class TrajApp(App[None]):
    """Opens the debugger on a session."""

    TITLE = "trajtui"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, session: Session, at: str | None = None, live: bool = False) -> None:
        super().__init__()
        self._debugger = DebuggerScreen(session, at, live)

    def on_mount(self) -> None:
        """Show the debugger."""
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self.exit)
        self.push_screen(self._debugger)


async def run(session: Session, at: str | None, live: bool) -> None:
    """Show a session until the user quits, and remove its sandbox."""
    try:
        await TrajApp(session, at, live).run_async()
    finally:
        await session.close()
