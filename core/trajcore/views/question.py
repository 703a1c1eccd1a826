"""What is asked of the user, as plain data: a front end shows it and hands the answer on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from trajcore.branches import Branch
from trajcore.replay.checkpoints import Route
from trajcore.replay.states import Mode
from trajcore.session import Delivery, Session
from trajcore.text import safe_line
from trajcore.trajectory import Trajectory

_LONG: Final = 3.0
"""A way back of so many seconds is asked for first."""


class Question(Struct, frozen=True):
    """A question, and its answers by the word that stands for each. The first is the harmless one."""

    text: str
    answers: Mapping[str, str]


def way_back(session: Session, routes: Sequence[Route]) -> Question | None:
    """What is asked before the way back is taken; None where it is short and nothing is lost or sent again.

    The answers are the places of the `routes`, and `no`.
    """
    first = routes[0]
    if not _is_asked(first):
        return None
    trajectory = session.trajectory
    place = f"event {trajectory.label(first.target)}" if first.target < len(trajectory) else "the end"
    text = f"Back to before {'what you did by hand' if first.before_hand else place}."
    return Question(text, _answers("Go back", trajectory, routes))


def way_to(branch: Branch, routes: Sequence[Route]) -> Question | None:
    """What is asked before another branch is gone to, as `way_back` does."""
    trajectory = branch.trajectory
    if trajectory is None or not (_is_asked(routes[0]) or routes[0].steps):
        return None
    return Question(f"Go to the branch {safe_line(branch.name)}.", _answers("Go there", trajectory, routes))


def budget_spent(session: Session) -> Question | None:
    """What is asked where the model was stopped by its budget: `yes` or `no`. None where it was not."""
    limit = session.spent
    if limit is None:
        return None
    more = session.settings.budget.words(limit)
    text = f"The model was stopped: {session.budget.words(limit)} spent. May it go on?"
    return Question(text, {"no": "Stay here", "yes": f"Go on, for {more} more"})


GO_LIVE: Final = "here"
PLAY_ON: Final = "behind"
GO_BACK: Final = "before"


def before_live(session: Session, delivery: Delivery = Delivery.LIVE) -> Question | None:
    """What is asked before a model takes over here; None where nothing needs to be, or none takes over.

    The answers are `GO_LIVE`, `no`, and where calls of one reply are cut apart `PLAY_ON` and `GO_BACK`: the
    model takes over behind the last of them, or before the first (`Handover.cut`).
    """
    replays = session.mode is Mode.REPLAY and not session.busy
    if not replays or not (session.at_end or delivery is Delivery.LIVE):
        return None
    known, label = session.handover, session.trajectory.label
    if not known.lines:
        return None
    answers = {"no": "Not yet"}
    if known.cut is not None:
        calls = (
            f"the {len(known.cut.left)} calls that are left"
            if known.cut.left[1:]
            else "the call that is left"
        )
        answers[PLAY_ON] = f"Play {calls} first, then hand over"
        answers[GO_BACK] = f"Go back to before event {label(known.cut.before)}, then hand over"
    answers[GO_LIVE] = "Hand over here, as it is"
    return Question("\n".join(known.lines), answers)


def _is_asked(route: Route) -> bool:
    return bool(route.lost or route.online or route.seconds >= _LONG)


def _answers(words: str, trajectory: Trajectory, routes: Sequence[Route]) -> dict[str, str]:
    answers = {"no": "Stay here"}
    return answers | {str(number): _in_words(words, trajectory, route) for number, route in enumerate(routes)}


def _in_words(words: str, trajectory: Trajectory, route: Route) -> str:
    label = trajectory.label(route.start) if route.start < len(trajectory) else "the end"
    return f"{words} {route.describe(f'event {label}')} ({route.price})"
