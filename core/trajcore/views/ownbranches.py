"""The branches that a recording itself has: each in a line, and two of them beside each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from trajcore.replay.policy import steps_of
from trajcore.text import safe_line
from trajcore.trajectory import Trajectory
from trajcore.views.exports.listing import event_line

_SHORT: Final = 8
"""So much of the id of its last event is what a branch is called in a list, as far as that tells it."""


@dataclass(frozen=True)
class OwnBranch:
    """A branch, with what a list shows of it. Its texts are safe to draw."""

    name: str
    """The id of its last event."""
    short: str
    active: bool
    steps: int
    """Actions that ask something of the world."""
    shared: int
    """So many events it begins with as the active one does."""
    leaves: str
    """The event behind which it goes another way than the active one; empty: there is none."""
    last: str
    """What its last event says."""


def own_branches(trajectory: Trajectory) -> list[OwnBranch]:
    """Those of a recording, in the order in which they end; none where it has one alone.

    Raises `BadInput` where the recording cannot go on with another one.
    """
    branches = trajectory.own_branches
    if len(branches) < 2:
        return []
    length = next(
        size for size in range(_SHORT, max(len(one.name) for one in branches) + _SHORT)
        if len({one.name[:size] for one in branches}) == len({one.name for one in branches})
    )  # fmt: skip
    found = []
    for branch in branches:
        other = trajectory if branch.active else trajectory.on_branch(branch.name)
        shared = _shared(trajectory, other)
        last = len(other) - 1
        leaves = trajectory.label(shared - 1) if shared else "the beginning"
        said = f"{other.head(last).kind} {other.head(last).summary()}" if last >= 0 else ""
        short, steps = safe_line(branch.name[:length]), len(steps_of(other.outline))
        leaves = "" if branch.active else leaves
        found.append(OwnBranch(branch.name, short, branch.active, steps, shared, leaves, safe_line(said)))
    return found


def own_objects(trajectory: Trajectory) -> Iterator[dict[str, Any]]:
    """A JSON object a branch, as of those that models went on with."""
    for one in own_branches(trajectory):
        yield {
            "name": one.name, "model": None, "steps": one.steps, "state": "active" if one.active else "own",
            "origin": None, "cut": one.leaves or None, "last": one.last,
        }  # fmt: skip


def own_rows(branches: Sequence[OwnBranch]) -> list[tuple[str, ...]]:
    """The cells of a list of them."""
    return [
        (
            "▶" if one.active else " ",
            one.short,
            f"{one.steps} step{'s' * (one.steps != 1)}",
            f"from {one.leaves}" if one.leaves else "",
            one.last,
        )
        for one in branches
    ]


def compared(trajectory: Trajectory, one: str, other: str) -> Iterator[str]:
    """Two branches by their names: what they share in a line, then what each has alone, as in a patch.

    Raises `BadInput`.
    """
    first, second = trajectory.on_branch(one), trajectory.on_branch(other)
    shared = _shared(first, second)
    yield f"--- {safe_line(first.own_name)}"
    yield f"+++ {safe_line(second.own_name)}"
    yield f"@@ {shared} event{'s' * (shared != 1)} in both @@"
    if shared:
        yield f" {event_line(first, shared - 1)}"
    for sign, branch in (("-", first), ("+", second)):
        for index in range(shared, len(branch)):
            yield f"{sign}{event_line(branch, index)}"


def _shared(one: Trajectory, other: Trajectory) -> int:
    """How many events two branches of a recording begin with alike."""
    pairs = zip(range(len(one)), range(len(other)), strict=False)
    parted = (at for at, same in pairs if one.uid(at) != other.uid(same))
    return next(parted, min(len(one), len(other)))
