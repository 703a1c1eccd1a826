"""What is to be known before a model takes over: calls that are cut apart, and what was edited by hand."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from msgspec import Struct

from trajcore.dialects import canonical
from trajcore.dialects.replies import recorded_reply
from trajcore.replay.run import Status, StepResult
from trajcore.trajectory import Trajectory

_NAMED: Final = 8
"""So many events are named in a line."""


class CutGroup(Struct, frozen=True):
    """A reply whose calls were played in part. A model could take over before the first of them (`before`),
    or behind all (`behind`); here, it is told that those that are `left` were not executed. All are indices.
    """

    before: int
    behind: int
    left: tuple[int, ...]


class Handover(Struct, frozen=True):
    """What is to be said where a model would take over; `lines` is all of it, in words."""

    cut: CutGroup | None
    stale: tuple[int, ...]
    """Events that were changed after they were played, or put before this place: nobody has them so."""
    written: tuple[int, ...]
    """Results that the user wrote and no sandbox produced."""
    lines: tuple[str, ...]


def handover(
    trajectory: Trajectory, position: int, stale: Collection[int], results: Mapping[int, StepResult]
) -> Handover:
    """What is to be known before a model takes over before the event at `position`."""
    cut = _cut(trajectory, position)
    written = tuple(_written(trajectory, position, results))
    changed = tuple(sorted(stale))
    lines = []
    if cut is not None:
        places = " and ".join(f"{_place(trajectory, one)}" for one in (cut.before, cut.behind))
        lines.append(
            f"{_events(trajectory, cut.left)} came of the same reply as what was played last: the model is "
            f"told that {_it(cut.left)} not executed. The reply is in one piece {places}."
        )
    if changed:
        lines.append(
            f"{_events(trajectory, changed)} changed since this was played: the sandbox and the model have "
            "what was there then. Going back (S) or a restart (R) plays it as it is now."
        )
    if written:
        events = _events(trajectory, written)
        lines.append(f"The result in {events} is as you wrote it: no sandbox produced it.")
    return Handover(cut, changed, written, tuple(lines))


def differs_in_waiting_alone(played: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether all that was changed of an event is whether it waits, which neither world nor model is told."""
    return played != now and canonical.but_for_waiting(played) == canonical.but_for_waiting(now)


def _cut(trajectory: Trajectory, position: int) -> CutGroup | None:
    """The reply whose calls a place is between, if there is one."""
    if not 0 < position < len(trajectory):
        return None
    unit = trajectory.unit_of(position)
    replies = {index: _reply(trajectory, index) for index in unit}
    own = replies[position] or next(filter(None, replies.values()), "")
    calls = [index for index in unit if own and replies[index] == own]
    left = [index for index in calls if index >= position]
    if not left or left == calls:
        return None
    answers = trajectory.outline.answers
    behind = max((index for index in unit if answers.get(index, index) in left), default=left[-1])
    return CutGroup(calls[0], behind + 1, tuple(left))


def _reply(trajectory: Trajectory, index: int) -> str:
    """The reply that an action came of; empty where it came of none."""
    if not trajectory.head(index).is_action:
        return ""
    reply = recorded_reply(trajectory.parsed(index).event)
    return "" if reply is None else reply.id


def _written(trajectory: Trajectory, position: int, results: Mapping[int, StepResult]) -> list[int]:
    """Edited results of steps that were answered as recorded."""
    answers = trajectory.outline.answers
    served = {action for action, result in results.items() if result.status is Status.RECORDED}
    edited = (index for index in sorted(trajectory.edited) if index < position)
    return [index for index in edited if answers.get(index) in served and _says_else(trajectory, index)]


def _says_else(trajectory: Trajectory, index: int) -> bool:
    """Whether an event says something else than it did, apart from the call that it is copied in with."""
    before = trajectory.as_read(index)
    if before is None:
        return True
    now = trajectory.data(index)
    return any(now.get(name) != before.get(name) for name in {*now, *before} - {canonical.CALL})


def _events(trajectory: Trajectory, indices: Collection[int]) -> str:
    labels = [trajectory.label(index) for index in indices]
    more = f" and {len(labels) - _NAMED} more" if len(labels) > _NAMED else ""
    return f"event{'s' * (len(labels) != 1)} {', '.join(labels[:_NAMED])}{more}"


def _it(indices: Collection[int]) -> str:
    return "it was" if len(indices) == 1 else "they were"


def _place(trajectory: Trajectory, index: int) -> str:
    return f"before event {trajectory.label(index)}" if index < len(trajectory) else "at the end"
