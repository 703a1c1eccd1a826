"""How a recording ends, once everything in it has been played."""

from __future__ import annotations

from enum import Enum
from typing import Final

from trajcore.replay.policy import Treatment, treatment
from trajcore.trajectory import Trajectory

_ENDINGS: Final = frozenset({"finish", "reject"})


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
        if head.kind in _ENDINGS:
            return Ending.FINISHED
        return Ending.WAITS if head.wait_for_response and head.source != "user" else Ending.OPEN
    return Ending.OPEN
