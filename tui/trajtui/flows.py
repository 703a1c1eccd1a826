"""What takes more than one key: saving, and what is asked before work could be lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from trajcore.errors import FileChanged
from trajcore.session import Session
from trajtui.screens.dialogs import AskPath, Choose

Ask = Callable[[Any], Awaitable[Any]]
"""Shows a dialog and waits for its answer."""


async def save(session: Session, ask: Ask) -> str | None:
    """Save the recording and say where; None when the user would rather not. Raises `BadInput`."""
    path = session.trajectory.path or await ask(AskPath("Save the recording as", Path("trajectory.json")))
    if path is None:
        return None
    try:
        return f"saved {session.editing.save(path)}"
    except FileChanged as error:
        answers = {"no": "Do not save", "yes": "Overwrite what is on disk"}
        if await ask(Choose(str(error), answers)) != "yes":
            return None
        return f"saved {session.editing.save(overwrite=True)}"


async def save_run(session: Session, ask: Ask) -> str | None:
    """Save the run under a name the user agrees to, and say where; None when not. Raises `BadInput`."""
    path = await ask(AskPath("Save this run as", free_name(session)))
    return None if path is None else f"run saved: {session.save_run(path)}"


async def may_restart(ask: Ask) -> bool:
    """Whether to restart although the run holds what is not saved."""
    question = "This run has messages or live steps that are not saved. Restart all the same?"
    return bool(await ask(Choose(question, {"no": "Keep the run", "yes": "Restart"})) == "yes")


async def may_quit(unsaved: list[str], ask: Ask) -> bool:
    """Whether to quit although there is unsaved work."""
    question = f"Not saved: {' and '.join(unsaved)}. Quit all the same?"
    return bool(await ask(Choose(question, {"no": "Stay", "yes": "Quit without saving"})) == "yes")


def free_name(session: Session) -> Path:
    """A name for a saved run that is not taken yet: `demo.run.json`, `demo.run2.json`, …"""
    source = session.trajectory.path or Path("trajectory.json")
    base = source.absolute().parent / source.name.removesuffix(".json")
    number = 1
    while True:
        path = base.with_name(f"{base.name}.run{number if number > 1 else ''}.json")
        if not path.exists():
            return path
        number += 1
