"""What is asked at the start when a program that ended too early has left unsaved work behind."""

from __future__ import annotations

import asyncio

from trajcore.errors import BadInput
from trajcore.journal.recovery import Orphan, orphans
from trajcore.session import Session
from trajcore.trajectory import Trajectory
from trajtui.actions.flows import free_name
from trajtui.actions.saving import show_differences
from trajtui.screens.dialogs import Ask, AskPath, Choose

_LATER = "Decide later: it stays where it is"


async def offer(session: Session, ask: Ask) -> str | None:
    """Offer what was left of this recording, and say what came of it, or what else is to be known."""
    if session.keeping is None:
        return None
    said = [session.keeping.fault] if session.keeping.fault else []
    if session.keeping.others:
        names = ", ".join(f"pid {process}" for process in session.keeping.others)
        said.append(f"trajtui ({names}) has this recording open too: whoever saves last is asked")
    for orphan in await asyncio.to_thread(orphans, session.trajectory):
        try:
            if orphan.edits:
                said.append(await _offer_edits(session, orphan, ask))
            if orphan.has_run:
                said.append(await _offer_run(session, orphan, ask))
        finally:
            await asyncio.to_thread(orphan.release)
    return " · ".join(filter(None, said)) or None


async def _offer_edits(session: Session, orphan: Orphan, ask: Ask) -> str:
    try:
        restored = await asyncio.to_thread(orphan.restored, session.trajectory)
    except BadInput:
        return await _say_unusable(orphan, ask)
    answers = {
        "later": _LATER,
        "restore": "Restore them (u takes them back, Ctrl+S saves them)",
        "differences": "Show what they change",
        "discard": "Throw them away",
    }
    while True:
        match await ask(Choose(_question(orphan, session.trajectory), answers)):
            case "restore":
                count = len(orphan.edits)
                for edit in orphan.edits:
                    session.editing.made_again(edit)
                await asyncio.to_thread(orphan.remove_edits)
                return f"restored {_count(count, 'edit')}: not saved yet"
            case "discard":
                await asyncio.to_thread(orphan.remove_edits)
                return "the unsaved edits were thrown away"
            case "differences":
                await show_differences(restored, ask)
            case _:
                return f"the unsaved edits are kept in {orphan.edits_path}"


def _question(orphan: Orphan, trajectory: Trajectory) -> str:
    when = f"{orphan.written:%d %B %H:%M}"
    edits = orphan.edits
    last = str(edits[-1].get("label", ""))[:60]
    changed = (
        f" {trajectory.name} has changed on disk since, and they can be made on it as it is now."
        if orphan.file_changed
        else ""
    )
    return (
        f"trajtui ended with {_count(len(edits), 'edit')} of this recording unsaved ({when}; "
        f"the last: {last}).{changed}"
    )


async def _say_unusable(orphan: Orphan, ask: Ask) -> str:
    count = _count(len(orphan.edits), "unsaved edit")
    question = (
        f"trajtui ended with {count} of this recording, which has changed on disk since: they cannot be "
        f"made on it as it is now. They are kept in {orphan.edits_path}"
    )
    answers = {"later": "Keep them there", "discard": "Throw them away"}
    if await ask(Choose(question, answers)) == "discard":
        await asyncio.to_thread(orphan.remove_edits)
        return "the unsaved edits were thrown away"
    return f"unsaved edits are kept in {orphan.edits_path}"


async def _offer_run(session: Session, orphan: Orphan, ask: Ask) -> str:
    question = (
        f"trajtui ended with a run of this recording unsaved ({orphan.written:%d %B %H:%M}), which holds "
        "messages or live steps."
    )
    answers = {"later": _LATER, "save": "Save it as a run", "discard": "Throw it away"}
    match await ask(Choose(question, answers)):
        case "save":
            path = await ask(AskPath("Save the run as", free_name(session)))
            if path is not None:
                await asyncio.to_thread(orphan.save_run, path)
                return f"run saved: {path}"
        case "discard":
            await asyncio.to_thread(orphan.remove_run)
            return "the unsaved run was thrown away"
    return f"the unsaved run is kept in {orphan.run_path}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
