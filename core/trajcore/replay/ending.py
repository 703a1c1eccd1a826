"""How a recording ends, and how a delegation in it does."""

from __future__ import annotations

from enum import Enum

from trajcore.events.kinds import DELEGATE, Treatment, action_kind
from trajcore.replay.policy import ends_a_step, treatment
from trajcore.trajectory import Trajectory


class Ending(Enum):
    """What the last event says that is more than bookkeeping."""

    FINISHED = "finished"
    WAITS = "waits"
    """The agent asks the user: the one `wait_for_response` that a replay honours."""
    OPEN = "open"
    """The recording just ends."""


def ending_of(trajectory: Trajectory) -> Ending:
    """How a recording ends; a `finish` or a question in the middle is no end."""
    for index in range(len(trajectory) - 1, -1, -1):
        head = trajectory.head(index)
        if treatment(head) is Treatment.PASS:
            continue
        if action_kind(head.kind).ends_run:
            return Ending.FINISHED
        return Ending.WAITS if head.wait_for_response and head.source != "user" else Ending.OPEN
    return Ending.OPEN


def behind_delegation(trajectory: Trajectory, position: int) -> int | None:
    """The index behind the delegation that the next step from `position` would enter, if it would."""
    outline = trajectory.outline
    for index in range(position, len(trajectory)):
        if outline.kinds[index] == DELEGATE and outline.is_action[index]:
            closing = outline.answer_of.get(index)
            return None if closing is None else closing + 1
        if ends_a_step(trajectory.head(index)):
            return None
    return None
