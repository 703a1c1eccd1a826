"""Saving from the screen: what is asked before something is lost, and what a save would change."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from trajcore import BadInput, FileChanged, Session, Trajectory
from trajcore.views.edits import difference
from trajtui.screens.dialogs import Ask, AskPath, Choose
from trajtui.screens.difference import DifferenceScreen

if TYPE_CHECKING:
    from trajtui.app import TrajApp
    from trajtui.screens.debugger import DebuggerScreen

_LONGEST: Final = 50_000
"""So many lines of a diff are shown."""

_NAME: Final = Path("trajectory.json")


async def save(screen: DebuggerScreen) -> str | None:
    """Save the recording and say where; None when the user would rather not."""
    session = screen.session
    if session.trajectory.needs_name:
        return await save_as(screen)
    try:
        return f"saved {await session.editing.save()}"
    except FileChanged as error:
        return await _save_over(screen, str(error))


async def _save_over(screen: DebuggerScreen, why: str) -> str | None:
    """Ask what is to become of a file that somebody else has changed."""
    answers = {
        "no": "Do not save",
        "differences": "Show what would change in it",
        "as": "Save as another file",
        "yes": "Overwrite what is on disk",
    }
    while True:
        match await screen.ask(Choose(why, answers)):
            case "yes":
                return f"saved {await screen.session.editing.save(overwrite=True)}"
            case "as":
                return await save_as(screen)
            case "differences":
                await differences(screen)
            case _:
                return None


async def save_as(screen: DebuggerScreen) -> str | None:
    """Save the recording as another file, which it is from then on."""
    session = screen.session
    own = session.trajectory.path
    proposed = own.with_suffix("") if own is not None and session.trajectory.needs_name else own
    path = await screen.ask(AskPath("Save the recording as", session.settings.save_to or proposed or _NAME))
    if path is None:
        return None
    if own is not None and _are_same(path, own) and not session.trajectory.needs_name:
        return await save(screen)
    return f"saved {await session.editing.save(path)}, which is the recording now"


async def differences(screen: DebuggerScreen) -> str | None:
    """Show what a save would change; say so where that is nothing."""
    return await show_differences(screen.session.trajectory, screen.ask)


async def show_differences(trajectory: Trajectory, ask: Ask) -> str | None:
    """Show how a recording differs from its file; say so where it does not. Raises `BadInput`."""
    lines = difference(trajectory)
    shown = await asyncio.to_thread(lambda: list(islice(lines, _LONGEST + 1)))
    if not shown:
        return "a save would change nothing"
    if len(shown) > _LONGEST:
        shown[_LONGEST:] = [f"… and more: only the first {_LONGEST} lines are shown"]
    await ask(DifferenceScreen("What a save would change", shown))
    return None


async def save_run(screen: DebuggerScreen) -> str | None:
    """Save the run under a name the user agrees to, and say where; None when not."""
    session = screen.session
    if not len(session.run):
        raise BadInput("nothing has happened in this run yet")
    path = await screen.ask(AskPath("Save this run as", session.settings.save_to or free_name(session)))
    if path is None:
        return None
    saved = await session.save_run(path)
    screen.unsaved_run = False
    return f"run saved: {saved}"


async def quit(screen: DebuggerScreen) -> None:
    """Quit; unsaved work is asked for first, and then saved or given up."""
    if await _may_leave(screen, "quit"):
        screen.app.exit()


async def open_another(screen: DebuggerScreen) -> None:
    """Go to the start screen; unsaved work is asked for first, and the sandbox is removed."""
    if await _may_leave(screen, "open another"):
        cast("TrajApp", screen.app).open_another()


async def _may_leave(screen: DebuggerScreen, leave: str) -> bool:
    """Whether the session can end: nothing is unsaved, or the user has saved it or given it up.

    `leave` is what the user is about to do.
    """
    session, leaves = screen.session, leave.capitalize()
    while unsaved := session.unkept(run_saved=not screen.unsaved_run):
        savable = _has_edits(session) or screen.unsaved_run
        answers = {
            "no": "Stay",
            **({"save": f"Save and {leave}"} if savable else {}),
            "yes": f"{leaves} without saving",
        }
        match await screen.ask(
            Choose(f"Not saved: {' and '.join(unsaved)}. {leaves} all the same?", answers)
        ):
            case "save":
                if not await _save_all(screen):
                    return False
            case "yes":
                session.discard()
                break
            case _:
                return False
    return True


async def _save_all(screen: DebuggerScreen) -> bool:
    """Save the edits, and the messages of the run, each as its own key does; whether all of it was."""
    if _has_edits(screen.session) and not await _said(screen, save(screen)):
        return False
    return not screen.unsaved_run or await _said(screen, save_run(screen))


def _has_edits(session: Session) -> bool:
    """Whether what is saved by its key, the branch that the session is in, is an edited recording."""
    return session.trajectory is session.recording and session.recording.modified


async def _said(screen: DebuggerScreen, saving: Coroutine[Any, Any, str | None]) -> bool:
    said = await saving
    if said is not None:
        screen.say(said)
    return said is not None


def free_name(session: Session, kind: str = ".run") -> Path:
    """A name beside the recording that is not taken yet: `demo.run.json`, `demo.run2.json`, …

    `demo-run`, where it is to be a directory.
    """
    source = session.trajectory.path or _NAME
    base = source.absolute().parent / source.name.removesuffix(".json")
    ending = ".json"
    if session.trajectory.keeps_run_at(base.with_suffix("")):
        kind, ending = kind.replace(".", "-"), ""  # what is behind a dot asks for a file
    number = 1
    while True:
        path = base.with_name(f"{base.name}{kind}{number if number > 1 else ''}{ending}")
        if not os.path.lexists(path):
            return path
        number += 1


def _are_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # one of them is not there
        return False
