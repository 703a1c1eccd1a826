"""What takes more than one key: saving a run, and what is asked before work could be lost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from trajcore.replay.checkpoints import Route
from trajcore.session import Session
from trajcore.trajectory import Trajectory
from trajtui.screens.dialogs import Ask, AskPath, Choose

_LONG: Final = 3.0
"""A way back of so many seconds is asked for first."""


async def save_run(session: Session, ask: Ask) -> str | None:
    """Save the run under a name the user agrees to, and say where; None when not. Raises `BadInput`."""
    path = await ask(AskPath("Save this run as", session.settings.save_to or free_name(session)))
    return None if path is None else f"run saved: {await session.save_run(path)}"


async def may_restart(ask: Ask) -> bool:
    """Whether to restart although the run holds what is not saved."""
    question = "This run has messages or live steps that are not saved. Restart all the same?"
    return bool(await ask(Choose(question, {"no": "Keep the run", "yes": "Restart"})) == "yes")


async def way_back(session: Session, routes: Sequence[Route], unsaved: bool, ask: Ask) -> Route | None:
    """The way back that the user takes; asked for where it is long, or loses something."""
    first = routes[0]
    if not (unsaved or first.lost or first.seconds >= _LONG):
        return first
    trajectory = session.trajectory
    place = trajectory.label(first.target) if first.target < len(trajectory) else "the end"
    question = f"Back to before event {place}."
    if unsaved:
        question += " What the model did in this run is not saved, and leaves it."
    answers = {"no": "Stay here"}
    answers |= {str(number): _in_words(trajectory, route) for number, route in enumerate(routes)}
    answer = await ask(Choose(question, answers))
    return routes[int(answer)] if answer in answers and answer != "no" else None


def _in_words(trajectory: Trajectory, route: Route) -> str:
    label = trajectory.label(route.checkpoint.position) if route.checkpoint else ""
    return f"Go back {route.describe(f'event {label}')} ({route.price})"


async def may_quit(session: Session, unsaved: list[str], ask: Ask) -> bool:
    """Whether to quit although there is unsaved work, which is then given up."""
    question = f"Not saved: {' and '.join(unsaved)}. Quit all the same?"
    if await ask(Choose(question, {"no": "Stay", "yes": "Quit without saving"})) != "yes":
        return False
    session.discard()
    return True


async def may_run_on_host(ask: Ask) -> bool:
    """Whether recorded commands may run on this machine itself, which was asked for by `local`."""
    question = "`local` has no walls: the recorded commands run on this machine, as you, on your files."
    return bool(await ask(Choose(question, {"no": "Do not run them", "yes": "Run them here"})) == "yes")


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
