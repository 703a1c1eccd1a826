"""Which rows of a timeline are exported: named by the user, as `3,5-8`."""

from __future__ import annotations

from collections.abc import Iterator

from trajcore.errors import BadInput
from trajcore.session import Session
from trajcore.trajectory import Trajectory
from trajcore.views.timeline import Row, Timeline


def rows_named(session: Session, only: str | None) -> list[Row]:
    """The rows that `only` names, in the order of the timeline; all of them where it is None.

    `only` is ids, or `#index`, and ranges of them, with commas between; what came back for an action names
    the row of that. Raises `BadInput` where an event is not there.
    """
    timeline = Timeline(session.trajectory, session.run)
    rows = [timeline[at] for at in range(len(timeline))]
    if only is None:
        return rows
    wanted = sorted({at for part in _parts(only) for at in _range(session.trajectory, timeline, part)})
    if not wanted:
        raise BadInput("--only names no event: give ids, as in 3,5-8.")
    return [rows[at] for at in wanted]


def _parts(only: str) -> Iterator[str]:
    return (part for text in only.split(",") if (part := text.strip()))


def _range(trajectory: Trajectory, timeline: Timeline, part: str) -> range:
    first, last = _ends(trajectory, part)
    if first > last:
        raise BadInput(f"{part} ends before it begins.")
    return range(_row(trajectory, timeline, first), _row(trajectory, timeline, last) + 1)


def _ends(trajectory: Trajectory, part: str) -> tuple[int, int]:
    """The first and the last event of a part. A name may have the sign in it that stands between two."""
    whole = _resolved(trajectory, part)
    if whole is not None:
        return whole, whole
    for at, sign in enumerate(part):
        if sign == "-":
            ends = (_resolved(trajectory, part[:at]), _resolved(trajectory, part[at + 1 :]))
            if ends[0] is not None and ends[1] is not None:
                return ends[0], ends[1]
    ends_of = part.split("-") if part.count("-") == 1 else [part]
    missing = next((name for name in ends_of if _resolved(trajectory, name) is None), part)
    raise BadInput(f"{trajectory.name} has no event {missing}.")


def _resolved(trajectory: Trajectory, name: str) -> int | None:
    try:
        return trajectory.resolve(name)
    except BadInput:
        return None


def _row(trajectory: Trajectory, timeline: Timeline, index: int) -> int:
    """The row of an event; of an answer, that of its action."""
    outline = trajectory.outline
    if index in outline.answers:
        index = next((action for action, answer in outline.answer_of.items() if answer == index), index)
    return timeline.at_or_after(index)
