"""Which step mattered, from the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trajcore.views.timeline import Row
from trajtui.screens.bisect import Bisect

if TYPE_CHECKING:
    from trajtui.screens.debugger import DebuggerScreen


async def bisect(screen: DebuggerScreen) -> str | None:
    """Find the first step after which a command comes to something else, and go to it."""
    session = screen.session
    index = await screen.ask(Bisect(session))
    if index is None:
        return None
    screen.timeline.show_row(Row(session.trajectory.uid(index)))
    return f"event {session.trajectory.label(index)} made the difference"
