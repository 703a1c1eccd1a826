"""The branches from the screen: new ones, which there are, going to one, comparing two, saving one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trajcore import BadInput, Forked, Forking, Refused
from trajcore.views.again import place_of, proposal
from trajcore.views.forks import summary
from trajcore.views.ownbranches import own_branches as own
from trajcore.views.question import way_to
from trajtui.actions.replay import go_to
from trajtui.actions.saving import free_name
from trajtui.screens.again import AskAgain
from trajtui.screens.branches import BranchList
from trajtui.screens.compared import ComparedBranches
from trajtui.screens.dialogs import AskPath, Choose
from trajtui.screens.ownbranches import OwnBranchList

if TYPE_CHECKING:
    from trajcore.views.branches import BranchLine
    from trajtui.screens.debugger import DebuggerScreen

_LIVE_HINT = "Enter: the model goes on from here, in a new branch · Ctrl+J: new line · Esc leaves"


async def new_branch(screen: DebuggerScreen) -> None:
    """Go to before the selected event, and type the message with which a model goes on from there."""
    index = _selected(screen)
    screen.session.check_live()
    if await _is_at(screen, index):
        screen.session.expect_live()
        screen.conversation.box.open(_LIVE_HINT, live=True)


async def again(screen: DebuggerScreen) -> str | None:
    """Have models go on from before the selected event, each in a branch of its own."""
    session, index = screen.session, _selected(screen)
    typed = screen.conversation.box.typed
    wanted = await screen.ask(AskAgain(session, proposal(session, index, typed)))
    if wanted is None or not await _is_at(screen, index):
        return None
    fork = Forking(session, index)
    await fork.begin(copied=len(wanted.models) > 1)
    results: list[Forked] = [result async for result in fork.go_on(wanted.models, wanted.messages)]
    if len(results) > 1:
        return summary(results)
    if results[0].failure is not None:
        raise results[0].failure
    return None


def _selected(screen: DebuggerScreen) -> int:
    """The event before which to go on: the selected one; on the step just done, the one that comes next."""
    session, timeline = screen.session, screen.timeline
    if 0 < session.position < len(session.trajectory) and timeline.cursor == timeline.last_row:
        return place_of(session, session.position)
    index = timeline.selected_index
    if index is None:
        raise BadInput("select the event before which a model is to go on")
    return place_of(session, index)


async def _is_at(screen: DebuggerScreen, index: int) -> bool:
    """Go to before an event; whether the session is there then, which the user may not have wanted."""
    session = screen.session
    if session.busy:
        raise Refused("something is still under way: Esc stops it")
    if session.position != index:
        await go_to(index, screen)
        await session.idle()
    return session.position == index and session.failure is None


async def branches(screen: DebuggerScreen) -> str | None:
    """List the branches, and do with one what the user picks."""
    await screen.session.branches.look()
    picked = await screen.ask(BranchList(screen.session))
    while picked is not None and picked.what == "compare":
        await screen.ask(ComparedBranches(screen.session, picked.other, picked.line))
        picked = await screen.ask(BranchList(screen.session, picked.line))
    if picked is None:
        return None
    return await (_save if picked.what == "save" else _go_to)(screen, picked.line)


async def own_branches(screen: DebuggerScreen) -> str | None:
    """List the branches that the recording itself has, and go on with the one that the user picks."""
    trajectory = screen.session.trajectory
    found = own(trajectory)
    if not found:
        raise BadInput("this recording has one branch of its own")
    picked = await screen.ask(OwnBranchList(trajectory, found))
    if picked is None:
        return None
    if picked.active:
        return f"{picked.short} is the branch that is shown"
    # What it does not share is taken back first: its steps are to be taken in the world that they were.
    if screen.session.position > picked.shared and not await _is_at(screen, picked.shared):
        return None
    edit = screen.session.editing.switch(picked.name)
    screen.timeline.pick_none()
    return f"{edit.label} · u undoes"


async def _go_to(screen: DebuggerScreen, line: BranchLine) -> str | None:
    """Go to a branch by the way that the user agrees to; the sandbox follows."""
    session, branch = screen.session, line.branch
    if line.present:
        return f"{line.name} is the branch you are in"
    routes = await session.ways_to(branch)
    question = way_to(branch, routes)
    if question is None:
        session.switch(branch, routes[0])
        return None
    answer = await screen.ask(Choose.of(question))
    if answer is not None and answer.isdigit():
        session.switch(branch, routes[int(answer)])
    return None


async def _save(screen: DebuggerScreen, line: BranchLine) -> str | None:
    session = screen.session
    path = await screen.ask(AskPath(f"Save {line.name} as", free_name(session, f".{_as_name(line.name)}")))
    return None if path is None else f"saved {await session.branches.save(line.branch, path)}"


def _as_name(name: str) -> str:
    """What of a branch's name can be part of a file's."""
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in name)
