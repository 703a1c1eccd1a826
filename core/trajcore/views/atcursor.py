"""What the selected event is, as far as it matters to which keys are offered first."""

from __future__ import annotations

from trajcore.events.kinds import MESSAGE
from trajcore.replay.run import Status
from trajcore.session import Session
from trajcore.views.timeline import Row


def is_step(session: Session, row: Row | None) -> bool:
    """Whether it asks something of the world, so that it can be served or skipped."""
    index = None if row is None else row.index(session.trajectory)
    return index is not None and session.is_step(index)


def can_wait(session: Session, row: Row | None) -> bool:
    """Whether it is a message, after which the user may be waited for."""
    index = None if row is None else row.index(session.trajectory)
    return index is not None and session.trajectory.head(index).action == MESSAGE


def has_diverged(session: Session, row: Row | None) -> bool:
    """Whether it came out otherwise than recorded."""
    index = None if row is None else row.index(session.trajectory)
    result = None if index is None else session.result_of(index)
    return result is not None and result.status is Status.DIVERGED
