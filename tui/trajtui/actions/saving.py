"""Saving from the screen: what is asked before anything is overwritten, and what a save would change."""

from __future__ import annotations

import asyncio
from itertools import islice
from pathlib import Path
from typing import Final

from trajcore.difference import diff
from trajcore.errors import FileChanged
from trajcore.session import Session
from trajcore.trajectory import Trajectory
from trajtui.screens.dialogs import Ask, AskPath, Choose
from trajtui.screens.difference import DifferenceScreen

_LONGEST: Final = 50_000
"""So many lines of a diff are shown."""


async def save(session: Session, ask: Ask) -> str | None:
    """Save the recording and say where; None when the user would rather not. Raises `BadInput`."""
    if session.trajectory.path is None:
        return await save_as(session, ask)
    try:
        return f"saved {await session.editing.save()}"
    except FileChanged as error:
        return await _save_over(session, ask, str(error))


async def _save_over(session: Session, ask: Ask, why: str) -> str | None:
    """Ask what is to become of a file that somebody else has changed."""
    answers = {
        "no": "Do not save",
        "differences": "Show what would change in it",
        "as": "Save as another file",
        "yes": "Overwrite what is on disk",
    }
    while True:
        match await ask(Choose(why, answers)):
            case "yes":
                return f"saved {await session.editing.save(overwrite=True)}"
            case "as":
                return await save_as(session, ask)
            case "differences":
                await show_differences(session.trajectory, ask)
            case _:
                return None


async def save_as(session: Session, ask: Ask) -> str | None:
    """Save the recording as another file, which it is from then on. Raises `BadInput`."""
    own = session.trajectory.path
    path = await ask(AskPath("Save the recording as", session.settings.save_to or own or _NAME))
    if path is None:
        return None
    if own is not None and path.exists() and own.exists() and path.samefile(own):
        return await save(session, ask)
    return f"saved {await session.editing.save(path)}, which is the recording now"


_NAME: Final = Path("trajectory.json")


async def show_differences(trajectory: Trajectory, ask: Ask) -> str | None:
    """Show what a save would change; say so where that is nothing. Raises `BadInput`."""
    lines = diff(trajectory)
    shown = await asyncio.to_thread(lambda: list(islice(lines, _LONGEST + 1)))
    if not shown:
        return "a save would change nothing"
    if len(shown) > _LONGEST:
        shown[_LONGEST:] = [f"… and more: only the first {_LONGEST} lines are shown"]
    await ask(DifferenceScreen("What a save would change", shown))
    return None
