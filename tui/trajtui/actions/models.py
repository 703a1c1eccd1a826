"""The model of the session from the screen, and what it may come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trajcore.views.question import budget_spent
from trajtui.screens.dialogs import Choose

if TYPE_CHECKING:
    from trajtui.screens.debugger import DebuggerScreen


async def go_on(screen: DebuggerScreen) -> None:
    """Ask whether the model may go on where its budget is spent."""
    question = budget_spent(screen.session)
    if question is not None and await screen.ask(Choose.of(question)) == "yes":
        screen.session.go_on()
