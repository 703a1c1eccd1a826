"""Which played events are no longer what was played: the run happened under an older recording."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from itertools import accumulate

from trajcore.replay.run import GONE, Entry, Run
from trajcore.trajectory import Trajectory


def stale_events(
    trajectory: Trajectory, run: Run, suspects: Iterable[int], position: int, answered: set[int]
) -> frozenset[int]:
    """Of the edited events, those before `position` that the run played otherwise, or never played."""
    suspected = {index for index in suspects if index < min(position, len(trajectory))}
    if not suspected:
        return frozenset()
    entries = [entry for entry in run.entries if entry.origin is not None and entry.origin != GONE]
    played = {entry.origin: entry for entry in entries}
    displaced = _displaced([entry.origin or 0 for entry in entries])
    return frozenset(
        index
        for index in suspected
        if _is_stale(trajectory, played.get(index), index, answered=index in answered) or index in displaced
    )


def _is_stale(trajectory: Trajectory, entry: Entry | None, index: int, *, answered: bool) -> bool:
    if entry is None:
        return not answered
    return entry.recorded_head is not None and entry.raw != trajectory.raw(index)


def _displaced(origins: Sequence[int]) -> set[int]:
    """The events, in the order in which they were played, that have others on their other side now."""
    highest_before = accumulate(origins, max, initial=-1)
    lowest_behind = list(accumulate(reversed(origins), min, initial=sys.maxsize))[-2::-1]
    return {
        index
        for index, before, behind in zip(origins, highest_before, lowest_behind, strict=False)
        if before > index or behind < index
    }


def first_deletion(run: Run) -> int | None:
    """The place of the first event that was deleted after it was played; None where none was."""
    last = -1
    for entry in run.entries:
        if entry.origin == GONE:
            return last + 1
        if entry.origin is not None:
            last = entry.origin
    return None
