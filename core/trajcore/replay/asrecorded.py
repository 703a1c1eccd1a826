"""Recorded events that enter a run as they are: one that a replay keeps, or all up to a place."""

from __future__ import annotations

from trajcore.events.satisfied import Kept
from trajcore.replay.run import History, Run
from trajcore.trajectory import Trajectory


def keep_as_is(
    run: Run, trajectory: Trajectory, index: int, *, skipped: bool = False, kept: Kept | None = None
) -> None:
    """Have a run keep the event at an index; `skipped` and `kept` are as in `Run.keep`."""
    action = trajectory.outline.answers.get(index)
    answers = None if action is None else trajectory.uid(action)
    raw, head, uid = trajectory.raw(index), trajectory.head(index), trajectory.uid(index)
    run.keep(raw, head, uid, answers, skipped=skipped, kept=kept)


def recorded_history(trajectory: Trajectory, end: int) -> History:
    """The events before index `end` as a run has them that came out as recorded."""
    return recorded_run(trajectory, end).history()


def recorded_run(trajectory: Trajectory, end: int) -> Run:
    """A run of the events before index `end` that came out as recorded."""
    run = Run(lambda: trajectory.outline.last_id, trajectory, trajectory.dialect.canonical)
    for index in range(end):
        keep_as_is(run, trajectory, index)
    return run
