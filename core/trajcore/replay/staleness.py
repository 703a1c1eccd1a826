"""Which played events are no longer what was played: the run happened under an older recording."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Sequence
from itertools import accumulate

from trajcore.replay.run import Entry, Run
from trajcore.trajectory import Trajectory


def stale_events(
    trajectory: Trajectory, run: Run, suspects: Iterable[int], position: int, answered: Collection[int]
) -> frozenset[int]:
    """Of the edited events, those before `position` that the run played otherwise, or never played.

    `suspects` and `answered` are uids; the answer are indices, of the recording as it is now.
    """
    here = trajectory.index_of_uid
    suspected = {uid: index for uid in suspects if (index := here(uid)) is not None and index < position}
    if not suspected:
        return frozenset()
    played = {
        index: entry
        for entry in run.entries
        if entry.origin is not None and (index := here(entry.origin)) is not None
        if not run.is_superseded(entry)
    }
    displaced = _displaced(list(played))
    return frozenset(
        index
        for uid, index in suspected.items()
        if _is_stale(trajectory, played.get(index), index, answered=uid in answered) or index in displaced
    )


def _is_stale(trajectory: Trajectory, entry: Entry | None, index: int, *, answered: bool) -> bool:
    if entry is None:
        return not answered
    return entry.recorded_head is not None and entry.raw != trajectory.raw(index)


def _displaced(indices: Sequence[int]) -> set[int]:
    """The events, in the order in which they were played, that have others on their other side now."""
    highest_before = accumulate(indices, max, initial=-1)
    lowest_behind = list(accumulate(reversed(indices), min, initial=sys.maxsize))[-2::-1]
    return {
        index
        for index, before, behind in zip(indices, highest_before, lowest_behind, strict=False)
        if before > index or behind < index
    }


def first_departure(trajectory: Trajectory, run: Run) -> int | None:
    """The place of the first event that left it after it was played there; None where none did.

    It was deleted, or moved behind the position and played a second time.
    """
    here = trajectory.index_of_uid
    last = -1
    for entry in run.entries:
        if entry.origin is None:
            continue
        index = here(entry.origin)
        if index is None or run.is_superseded(entry):
            return last + 1
        last = index
    return None
