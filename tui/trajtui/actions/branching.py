"""The branches from the screen: which there are, going to one, saving one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trajcore.views.question import way_to
from trajtui.actions.saving import free_name
from trajtui.screens.branches import BranchList
from trajtui.screens.dialogs import AskPath, Choose

if TYPE_CHECKING:
    from trajcore.views.branches import BranchLine
    from trajtui.screens.debugger import DebuggerScreen


async def branches(screen: DebuggerScreen) -> str | None:
    """List the branches, and do with one what the user picks."""
    await screen.session.branches.look()
    picked = await screen.ask(BranchList(screen.session))
    if picked is None:
        return None
    return await (_save if picked.what == "save" else _go_to)(screen, picked.line)


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
