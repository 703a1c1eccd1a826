"""What is asked of the user, as plain data: a front end shows it and hands the answer on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from trajcore.replay.checkpoints import Route
from trajcore.session import Session
from trajcore.trajectory import Trajectory

_LONG: Final = 3.0
"""A way back of so many seconds is asked for first."""


@dataclass(frozen=True)
class Question:
    """A question, and its answers by the word that stands for each. The first is the harmless one."""

    text: str
    answers: Mapping[str, str]


def way_back(session: Session, routes: Sequence[Route], *, unsaved: bool) -> Question | None:
    """What is asked before the way back is taken; None where it is short and nothing is lost or sent again.

    `unsaved` says that the run holds live steps that are not saved. The answers are the places of the
    `routes`, and `no`.
    """
    first = routes[0]
    if not (unsaved or first.lost or first.online or first.seconds >= _LONG):
        return None
    trajectory = session.trajectory
    place = f"event {trajectory.label(first.target)}" if first.target < len(trajectory) else "the end"
    text = f"Back to before {'what you did by hand' if first.before_hand else place}."
    if unsaved:
        text += " What the model did in this run is not saved, and leaves it."
    answers = {"no": "Stay here"}
    answers |= {str(number): _in_words(trajectory, route) for number, route in enumerate(routes)}
    return Question(text, answers)


def _in_words(trajectory: Trajectory, route: Route) -> str:
    label = trajectory.label(route.start) if route.start < len(trajectory) else "the end"
    return f"Go back {route.describe(f'event {label}')} ({route.price})"
