"""The moments of a run that it can be taken back to, and what each way back costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from trajcore.replay.run import StepResult
from trajcore.sandbox.base import Checkpoint

_WORTH: Final = 2.0
"""While a replay goes on, so many seconds of commands are worth a checkpoint, unless those are dear."""
_SHARE: Final = 12.0
"""A checkpoint may cost the twelfth part of what it saves."""


@dataclass(frozen=True)
class Mark:
    """A moment of a run: the recorded event that came next, how many entries it had, and the world then."""

    position: int
    entries: int
    by_hand: int
    """How many times the user had changed files by hand."""
    directory: str
    checkpoint: Checkpoint


@dataclass(frozen=True)
class Route:
    """One way back to `target`: from `mark` (None: a fresh sandbox) forward again.

    `steps` are executed again; `seconds` is an estimate of the whole. `lost` are processes that were
    alive and will not be.
    """

    target: int
    mark: Mark | None
    steps: int
    seconds: float
    lost: tuple[str, ...] = ()

    def describe(self, label: str) -> str:
        """The route in words; `label` names the event that comes next after the checkpoint."""
        start = "from a fresh sandbox" if self.mark is None else f"from the checkpoint before {label}"
        if self.mark is not None and self.mark.position == self.target:
            start = "straight from a checkpoint"
        again = f", {self.steps} step{'s' * (self.steps != 1)} executed again" if self.steps else ""
        lost = f", without {', '.join(self.lost)}" if self.lost else ""
        return f"{start}{again}{lost}"

    @property
    def price(self) -> str:
        """What it is expected to take, in words."""
        return f"about {_seconds(self.seconds)}"


class Marks:
    """The checkpoints of one run, the earliest first; never more than `most`, nor more bytes than `disk`."""

    def __init__(self, most: int, disk: int) -> None:
        self.most = most
        self._disk = disk
        self._marks: list[Mark] = []

    def __len__(self) -> int:
        return len(self._marks)

    @property
    def last(self) -> Mark | None:
        """The latest one."""
        return self._marks[-1] if self._marks else None

    def due(self, spent: float) -> bool:
        """Whether, with so many seconds of commands since the last one, another is worth its price."""
        last = self.last
        cost = last.checkpoint.seconds if last else 0.0
        return bool(self.most) and spent >= max(_WORTH, cost * _SHARE)

    def add(self, mark: Mark, results: Sequence[StepResult]) -> list[Mark]:
        """Keep one more; the answer is what has to go for it."""
        gone = [other for other in self._marks if other.position >= mark.position]
        self._marks = [other for other in self._marks if other.position < mark.position] + [mark]
        while len(self._marks) > 1 and (len(self._marks) > self.most or self._size > self._disk):
            gone.append(self._marks.pop(self._cheapest(results)))
        return gone

    def drop_behind(self, position: int) -> list[Mark]:
        """Forget those behind a position; the answer is what was forgotten."""
        gone = [mark for mark in self._marks if mark.position > position]
        self._marks = [mark for mark in self._marks if mark.position <= position]
        return gone

    def clear(self) -> None:
        """Forget all of them."""
        self._marks = []

    def renumber(self, position: Callable[[int], int]) -> None:
        """The recording was edited: each stays at its place in it."""
        self._marks = [replace(mark, position=position(mark.position)) for mark in self._marks]

    def routes(
        self,
        target: int,
        results: Sequence[StepResult],
        start_seconds: float,
        restore_seconds: float,
        unkept: tuple[str, ...] = (),
        by_hand: Sequence[str] = (),
    ) -> list[Route]:
        """Ways back to a position, the nearest checkpoint first; others only where they lose less.

        `unkept` is what no way back brings back; `by_hand` what the user did by hand before the target.
        """
        found: list[Route] = []
        for mark in reversed([None, *self._marks]):
            if mark is not None and mark.position > target:
                continue
            begin = mark.position if mark else 0
            again = [result for result in results if begin <= result.index < target and result.seconds]
            spent = sum(result.seconds for result in again)
            price = restore_seconds if mark else start_seconds
            processes = mark.checkpoint.processes if mark else ()
            lost = (*unkept, *processes, *by_hand[mark.by_hand if mark else 0 :])
            route = Route(target, mark, len(again), price + spent, lost)
            if not found or len(route.lost) < len(found[-1].lost):
                found.append(route)
        return found

    @property
    def _size(self) -> int:
        return sum(mark.checkpoint.size for mark in self._marks)

    def _cheapest(self, results: Sequence[StepResult]) -> int:
        """The one (never the latest) without which the longest way forward grows least."""
        positions = [0, *(mark.position for mark in self._marks)]
        gaps = [
            sum(result.seconds for result in results if before <= result.index < after)
            + (after - before) * 1e-3
            for before, after in zip(positions, positions[2:], strict=False)
        ]
        return gaps.index(min(gaps)) if gaps else 0


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value < 10 else f"{value:.0f} s"
