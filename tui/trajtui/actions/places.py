"""Where the run goes on: back at another place, or from here with a model, as the user agrees to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from trajcore.views.question import GO_BACK, GO_LIVE, PLAY_ON, before_live, way_back
from trajtui.screens.dialogs import Choose

if TYPE_CHECKING:
    from trajtui.screens.debugger import DebuggerScreen


async def go_back(screen: DebuggerScreen, routes: Sequence[Any]) -> None:
    """Take the way back that the user agrees to."""
    session = screen.session
    question = way_back(session, routes)
    if question is None:
        session.go_back(routes[0])
        return
    answer = await screen.ask(Choose.of(question))
    if answer is not None and answer.isdigit():
        session.go_back(routes[int(answer)])


async def hand_over(screen: DebuggerScreen, begin: Callable[[], None]) -> None:
    """Have a live session begun: here, or where the user wants it when there is something to know first."""
    session = screen.session
    question = before_live(session)
    answer = GO_LIVE if question is None else await screen.ask(Choose.of(question))
    cut = session.handover.cut if answer in (PLAY_ON, GO_BACK) else None
    if cut is not None:
        if answer == PLAY_ON:
            session.run_to(cut.behind)
        else:
            await go_back(screen, session.back_to(cut.before))
        await session.idle()
    if answer == GO_LIVE or (cut is not None and session.position in (cut.before, cut.behind)):
        begin()
