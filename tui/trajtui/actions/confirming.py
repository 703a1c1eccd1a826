"""What becomes of the user's word on an action of the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trajcore import BadInput, Refused, Verdict
from trajtui.screens.insert import AskText
from trajtui.widgets.inputs import can_be_edited

if TYPE_CHECKING:
    from trajcore import Session, notices
    from trajtui.screens.dialogs import Ask


async def answer(session: Session, ask: Ask, asked: notices.Asked, verdict: Verdict) -> None:
    """Give the user's word on an action of the model, with the text that it needs."""
    text: str | None = ""
    if verdict is Verdict.EDIT:
        if not can_be_edited(asked.editable):
            raise BadInput("this is too long to be edited here: refuse it, and say what to do instead")
        text = await ask(AskText("Run this instead:", asked.editable, enter="runs it"))
    elif verdict is Verdict.REFUSE:
        question = "Why? The model reads it and goes on. Without a reason it waits for your next message."
        text = await ask(AskText(question, enter="refuses", empty=True))
    if text is None:
        return
    if session.asked is not asked:
        raise Refused("this action waits no longer")
    session.answer(verdict, text)
