"""Positions between the events of a recording: where a replay stands, where steps and delegations end."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from trajcore.document.edits import Edit
from trajcore.events.kinds import DELEGATE, Treatment, action_kind
from trajcore.replay.breakpoints import Breakpoints
from trajcore.replay.policy import ends_a_step, treatment
from trajcore.replay.run import Run
from trajcore.trajectory import Trajectory


class Position:
    """A position between events: before the one at `index`, or at the end.

    An edit leaves it behind the last event before it that stayed. Where that event went, and comes back,
    the position is behind it again, unless it was put elsewhere meanwhile. An edit that is undone at once
    leaves it where it was.
    """

    def __init__(self, index: int = 0) -> None:
        self.index = index
        self._lost: list[int] = []
        """Events (their uids) that it was behind and that have left the recording, one after the other."""
        self._followed: list[tuple[Edit, int, int]] = []
        """The edits that it has followed, with where it was before each and behind."""

    def put(self, index: int) -> None:
        """Be before the event at another index."""
        self.index = index
        self._lost.clear()
        self._followed.clear()

    def follow(self, edit: Edit, index_of: Callable[[int], int | None], *, undone: bool = False) -> None:
        """Events came, went or moved. `index_of` tells where an event is now by its uid, None: nowhere."""
        before = self.index
        self._follow(edit, index_of, undone=undone)
        if not undone:
            self._followed.append((edit, before, self.index))
        elif self._followed:
            last, where, behind = self._followed.pop()
            if last is edit and before == behind:
                self.index = where
            else:
                self._followed.clear()

    def _follow(self, edit: Edit, index_of: Callable[[int], int | None], *, undone: bool) -> None:
        self.index, gone = edit.place(self.index, undone=undone)
        self._lost += [uid for uid in gone if index_of(uid) is None]
        for number, uid in enumerate(self._lost):
            index = index_of(uid)
            if index is not None:
                self.index = index + 1
                del self._lost[number:]
                return


# Backward


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


# Forward


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
