"""Which played events are no longer what was played: the run happened under an older recording."""

from __future__ import annotations

from collections.abc import Iterable

from trajcore.replay.run import GONE, Entry, Run
from trajcore.trajectory import Trajectory


def stale_events(
    trajectory: Trajectory, run: Run, suspects: Iterable[int], position: int, answered: set[int]
) -> frozenset[int]:
    """Of the edited events, those before `position` that the run played otherwise, or never played."""
    suspected = {index for index in suspects if index < min(position, len(trajectory))}
    if not suspected:
        return frozenset()
    place = {entry.origin: number for number, entry in enumerate(run.entries) if entry.origin is not None}
    return frozenset(
        index
        for index in suspected
        if _is_stale(trajectory, run.entries, place, index, answered=index in answered)
    )


def _is_stale(
    trajectory: Trajectory, entries: list[Entry], place: dict[int, int], index: int, *, answered: bool
) -> bool:
    if index not in place:
        return not answered
    entry = entries[place[index]]
    played_as_written = entry.recorded_head is None or entry.raw == trajectory.raw(index)
    return not played_as_written or _out_of_order(entries, place[index], index)


def _out_of_order(entries: list[Entry], at: int, index: int) -> bool:
    """Whether something stands on the other side of an event now than when it was played."""
    before = (entry.origin for entry in entries[:at])
    after = (entry.origin for entry in entries[at + 1 :])
    return any(origin is not None and origin > index for origin in before) or any(
        origin is not None and GONE < origin < index for origin in after
    )


def first_deletion(run: Run) -> int | None:
    """The place of the first event that was deleted after it was played; None where none was."""
    last = -1
    for entry in run.entries:
        if entry.origin == GONE:
            return last + 1
        if entry.origin is not None:
            last = entry.origin
    return None
