"""The moments of a run that it can be taken back to, and what each way back costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from trajcore.sandbox.base import Checkpoint
from trajcore.text import safe_line

if TYPE_CHECKING:
    from trajcore.replay.course import Course

_WORTH: Final = 2.0
"""While a replay goes on, so many seconds of commands are worth a checkpoint, unless those are dear."""
_LET_GO: Final = "those nearer took more room than there is"
_SHARE: Final = 12.0
"""A checkpoint may cost the twelfth part of what it saves."""


@dataclass(frozen=True)
class RunCheckpoint:
    """A moment of a run: how many entries it had, and the world then."""

    entries: int
    by_hand: int
    """How many times the user had changed files by hand."""
    world: Checkpoint
    quick: bool = False
    """Whether it is one of those that cost next to nothing: what those may take, the sandbox sees to."""

    @property
    def moment(self) -> Moment:
        """When it was, in the order of the run."""
        return self.entries, self.by_hand


Moment = tuple[int, int]
"""How many entries the run had, and how many times the user had changed files by hand."""


@dataclass(frozen=True)
class Route:
    """One way back to before the event at `target`: from `checkpoint` (None: a fresh sandbox) forward again.

    `steps` are executed again; `seconds` is an estimate of the whole. `lost` is what was
    there and will not be, such as processes.
    """

    target: int
    checkpoint: RunCheckpoint | None
    steps: int
    seconds: float
    start: int = 0
    """The event that comes next where it begins."""
    entries: int = 0
    """How many entries the run has where it begins."""
    by_hand: int = 0
    """How many times the user had changed files by hand there."""
    before_hand: bool = False
    """It takes back what the user did by hand there."""
    stays: bool = False
    """The world as it stands is the one there: nothing was carried out since."""
    lost: tuple[str, ...] = ()
    altered: tuple[str, ...] = ()
    """What will be not quite as it was, in words."""
    online: bool = False
    """Steps are executed again that can reach the network."""
    farther: str = ""
    """Why there is no checkpoint nearer to the target, where one could not be taken."""

    def describe(self, label: str) -> str:
        """The route in words, safe to draw; `label` names the event that comes next after the checkpoint."""
        if self.stays:
            return "in the same world: nothing was executed since"
        start = "from a fresh sandbox" if self.checkpoint is None else f"from the checkpoint before {label}"
        if self.checkpoint is not None and not self.steps:
            start = "straight from a checkpoint"
        again = f", {self.steps} step{'s' * (self.steps != 1)} executed again" if self.steps else ""
        again += " with the network open" if self.online else ""
        farther = f" ({safe_line(self.farther)})" if self.farther else ""
        lost = f", without {', '.join(map(safe_line, self.lost))}" if self.lost else ""
        altered = f", {', '.join(self.altered)}" if self.altered else ""
        return f"{start}{again}{farther}{altered}{lost}"

    @property
    def price(self) -> str:
        """What it is expected to take, in words."""
        return f"about {_seconds(self.seconds)}"


class Restoring(Protocol):
    """The world that checkpoints are restored in."""

    def is_there(self, checkpoint: Checkpoint) -> bool:
        """Whether it can still be restored."""

    def price_of(self, checkpoint: Checkpoint) -> float:
        """Seconds that this is expected to take."""


class RunCheckpoints:
    """The checkpoints of one run, the earliest first.

    Of those that are not `quick` there are never more than `most`, nor more bytes of them than `disk`.
    """

    def __init__(self, most: int, disk: int) -> None:
        self.most = most
        self._disk = disk
        self._checkpoints: list[RunCheckpoint] = []
        self._let_go = 0
        """How many entries the run had at the latest moment that was given up for later ones."""

    def __len__(self) -> int:
        return len(self._checkpoints)

    def __contains__(self, world: object) -> bool:
        return any(other.world is world for other in self._checkpoints)

    def copied(self) -> RunCheckpoints:
        """The same ones, of a run that goes on apart from this one."""
        other = copy(self)
        other._checkpoints = self._checkpoints[:]
        return other

    @property
    def last(self) -> RunCheckpoint | None:
        """The latest one."""
        return self._checkpoints[-1] if self._checkpoints else None

    def due(self, spent: float) -> bool:
        """Whether, with so many seconds of commands since the last one, another is worth its price."""
        last = self.last
        cost = last.world.seconds if last else 0.0
        return bool(self.most) and spent >= max(_WORTH, cost * _SHARE)

    def add(self, checkpoint: RunCheckpoint, course: Course) -> list[RunCheckpoint]:
        """Keep one more, the latest; the answer is what has to go for it."""
        gone = self._put(checkpoint)
        full = [other for other in self._checkpoints if not other.quick]
        while len(full) > 1 and (len(full) > self.most or self._size(full) > self._disk):
            dearest = full.pop(self._cheapest(full, course))
            self._checkpoints.remove(dearest)
            gone.append(dearest)
        return gone

    def add_quick(self, checkpoint: RunCheckpoint) -> None:
        """Keep one more, the latest, of those that cost next to nothing."""
        while self._checkpoints and self._checkpoints[-1].moment >= checkpoint.moment:
            self._checkpoints.pop()
        self._checkpoints.append(checkpoint)

    def let_go(self, is_there: Callable[[Checkpoint], bool]) -> None:
        """Forget the earliest, as far as they are not there any more."""
        gone = 0
        while gone < len(self._checkpoints) and not is_there(self._checkpoints[gone].world):
            gone += 1
        if gone:
            self._let_go = self._checkpoints[gone - 1].entries
            del self._checkpoints[:gone]

    def drop_behind(self, moment: Moment) -> list[RunCheckpoint]:
        """Forget those of a later moment; the answer is what was forgotten."""
        gone = [other for other in self._checkpoints if other.moment > moment]
        self._checkpoints = [other for other in self._checkpoints if other.moment <= moment]
        return gone

    def settle(self, moment: Moment) -> list[RunCheckpoint]:
        """The run goes back to a moment since which nothing was carried out.

        What was taken since is of that world too: the latest stands for that moment from now on.
        """
        since = self.drop_behind(moment)
        if not since:
            return []
        *gone, last = since
        return gone + self._put(replace(last, entries=moment[0], by_hand=moment[1]))

    def _put(self, checkpoint: RunCheckpoint) -> list[RunCheckpoint]:
        """It is the last from now on; the answer is what was not before it."""
        gone = [other for other in self._checkpoints if other.moment >= checkpoint.moment]
        self._checkpoints = [other for other in self._checkpoints if other.moment < checkpoint.moment]
        self._checkpoints.append(checkpoint)
        return gone

    def clear(self) -> None:
        """Forget all of them."""
        self._checkpoints = []
        self._let_go = 0

    def routes(
        self,
        target: int,
        course: Course,
        start_seconds: float,
        world: Restoring,
        unkept: tuple[str, ...] = (),
        by_hand: Sequence[str] = (),
        missed: Sequence[tuple[int, str]] = (),
        *,
        before_hand: bool = False,
        network: bool = False,
    ) -> list[Route]:
        """Ways back to before an event, the nearest checkpoint first; others only where they lose less.

        Only what was made of what the recording says now is offered. `unkept` is what no way back brings
        back; `by_hand` what the user did by hand before the target, of which `before_hand` takes the last
        back; `missed` where no checkpoint could be taken, and why; `network` whether what is executed can
        reach one.
        """
        place = course.place(target)
        by_hand = by_hand[: len(by_hand) - before_hand]
        found: list[Route] = []
        gone_too = self._let_go
        for checkpoint in reversed([None, *self._checkpoints]):
            entries, hands = checkpoint.moment if checkpoint else (0, 0)
            if entries > course.standing or hands > len(by_hand):
                continue
            start = course.position(entries)
            if start > target:
                continue
            if checkpoint and not world.is_there(checkpoint.world):
                gone_too = max(gone_too, entries)
                continue
            steps = course.carried_out(entries, place)
            price = world.price_of(checkpoint.world) if checkpoint else start_seconds
            gone = (*checkpoint.world.processes, *checkpoint.world.lost) if checkpoint else ()
            altered = checkpoint.world.altered if checkpoint else ()
            lost = (*unkept, *gone, *by_hand[hands:])
            farther = next((why for at, why in missed[::-1] if start < at <= target), "")
            if not farther and steps and entries < gone_too:
                farther = _LET_GO
            seconds = price + course.seconds(entries, place)
            route = Route(
                target, checkpoint, steps, seconds, start, entries, hands, before_hand,
                lost=lost, altered=altered, online=network and steps > 0, farther=farther,
            )  # fmt: skip
            if not found or len(route.lost) < len(found[-1].lost):
                found.append(route)
            if checkpoint and not gone:
                break  # none before it loses less
        return found

    def _size(self, checkpoints: Sequence[RunCheckpoint]) -> int:
        return sum(checkpoint.world.size for checkpoint in checkpoints)

    def _cheapest(self, checkpoints: Sequence[RunCheckpoint], course: Course) -> int:
        """The one (never the latest) without which the longest way forward grows least."""
        places = [0, *(checkpoint.entries for checkpoint in checkpoints)]
        gaps = [
            course.seconds(before, behind) + (behind - before) * 1e-3
            for before, behind in zip(places, places[2:], strict=False)
        ]
        return gaps.index(min(gaps)) if gaps else 0


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value < 10 else f"{value:.0f} s"
