"""Where the run goes on: back at another place, or from here with a model, as the user agrees to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from trajcore.views.question import GO_BACK, GO_LIVE, PLAY_ON, before_live, way_back
from trajtui.screens.dialogs import Ask, Choose

if TYPE_CHECKING:
    from trajcore import Session


async def go_back(session: Session, ask: Ask, routes: Sequence[Any]) -> None:
    """Take the way back that the user agrees to."""
    question = way_back(session, routes)
    if question is None:
        session.go_back(routes[0])
        return
    answer = await ask(Choose.of(question))
    if answer is not None and answer.isdigit():
        session.go_back(routes[int(answer)])


async def hand_over(session: Session, ask: Ask, begin: Callable[[], None]) -> None:
    """Have a live session begun: here, or where the user wants it when there is something to know first."""
    question = before_live(session)
    answer = GO_LIVE if question is None else await ask(Choose.of(question))
    cut = session.handover.cut if answer in (PLAY_ON, GO_BACK) else None
    if cut is not None:
        if answer == PLAY_ON:
            session.run_to(cut.behind)
        else:
            await go_back(session, ask, session.back_to(cut.before))
        await session.idle()
    if answer == GO_LIVE or (cut is not None and session.position in (cut.before, cut.behind)):
        begin()
