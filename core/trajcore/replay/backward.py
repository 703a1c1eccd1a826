"""Where going back leads: the places before earlier steps and breakpoints."""

from __future__ import annotations

from trajcore.events.kinds import Treatment
from trajcore.replay.breakpoints import Breakpoints
from trajcore.replay.policy import ends_a_step, treatment
from trajcore.replay.run import Run
from trajcore.trajectory import Trajectory


def before_last_step(trajectory: Trajectory, position: int) -> int:
    """The position from which the step that led to `position` was taken; 0 when it was the first."""
    last = _last_end_of_a_step(trajectory, position)
    return 0 if last is None else _behind_step(trajectory, _last_end_of_a_step(trajectory, last))


def before_last_breakpoint(
    trajectory: Trajectory, breakpoints: Breakpoints, run: Run, position: int
) -> int | None:
    """The nearest earlier position at which a breakpoint would have stopped the replay."""
    for index in range(position - 1, -1, -1):
        result = run.results.get(trajectory.uid(index))
        behind = _behind_step(trajectory, index)
        if result is not None and behind < position and breakpoints.holds(index, result):
            return behind
        if breakpoints.holds(index, None):
            return index
    return None


def _last_end_of_a_step(trajectory: Trajectory, before: int) -> int | None:
    for index in range(before - 1, -1, -1):
        if ends_a_step(trajectory.head(index)):
            return index
    return None


def _behind_step(trajectory: Trajectory, end: int | None) -> int:
    """The position behind a step that ends with the event at `end`, and the bookkeeping that follows it."""
    at = 0 if end is None else end + 1
    if end is None:
        return 0
    while at < len(trajectory) and treatment(trajectory.head(at)) is Treatment.PASS:
        at += 1
    return at
