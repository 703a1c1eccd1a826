"""The model of the session from the screen, and what it may come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trajcore import Refused
from trajcore.views.question import budget_spent
from trajtui.screens.dialogs import Choose
from trajtui.screens.model import ModelDialog

if TYPE_CHECKING:
    from trajtui.screens.debugger import DebuggerScreen


async def model(screen: DebuggerScreen) -> None:
    """Change the model, its key, its address or its effort, for the next call."""
    picked = await screen.ask(ModelDialog(screen.session))
    if picked is not None:
        screen.session.change_model(picked.model)
        for line in picked.left_out:
            screen.session.say(line)


async def go_on(screen: DebuggerScreen) -> None:
    """Ask whether the model may go on where its budget is spent, for as much again."""
    question = budget_spent(screen.session)
    if question is None:
        raise Refused("nothing of the model's budget is spent")
    if await screen.ask(Choose.of(question)) == "yes":
        screen.session.go_on()
