"""The moments of a run that it can be taken back to, and what each way back costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from trajcore.replay.positions import Position
from trajcore.replay.run import StepResult
from trajcore.sandbox.base import Checkpoint
from trajcore.text import safe_line

_WORTH: Final = 2.0
"""While a replay goes on, so many seconds of commands are worth a checkpoint, unless those are dear."""
_SHARE: Final = 12.0
"""A checkpoint may cost the twelfth part of what it saves."""


@dataclass(frozen=True)
class RunCheckpoint:
    """A moment of a run: where it stood, how many entries it had, and the world then."""

    at: Position
    entries: int
    by_hand: int
    """How many times the user had changed files by hand."""
    directory: str
    world: Checkpoint

    @property
    def position(self) -> int:
        """The index of the recorded event that came next."""
        return self.at.index


@dataclass(frozen=True)
class Route:
    """One way back to `target`: from `checkpoint` (None: a fresh sandbox) forward again.

    `steps` are executed again; `seconds` is an estimate of the whole. `lost` is what was
    there and will not be, such as processes.
    """

    target: int
    checkpoint: RunCheckpoint | None
    steps: int
    seconds: float
    lost: tuple[str, ...] = ()
    altered: tuple[str, ...] = ()
    """What will be not quite as it was, in words."""
    farther: str = ""
    """Why there is no checkpoint nearer to the target, where one could not be taken."""

    def describe(self, label: str) -> str:
        """The route in words, safe to draw; `label` names the event that comes next after the checkpoint."""
        start = "from a fresh sandbox" if self.checkpoint is None else f"from the checkpoint before {label}"
        if self.checkpoint is not None and self.checkpoint.position == self.target:
            start = "straight from a checkpoint"
        again = f", {self.steps} step{'s' * (self.steps != 1)} executed again" if self.steps else ""
        farther = f" ({safe_line(self.farther)})" if self.farther else ""
        lost = f", without {', '.join(map(safe_line, self.lost))}" if self.lost else ""
        altered = f", {', '.join(self.altered)}" if self.altered else ""
        return f"{start}{again}{farther}{altered}{lost}"

    @property
    def price(self) -> str:
        """What it is expected to take, in words."""
        return f"about {_seconds(self.seconds)}"


class RunCheckpoints:
    """The checkpoints of one run, the earliest first; never more than `most`, nor more bytes than `disk`."""

    def __init__(self, most: int, disk: int) -> None:
        self.most = most
        self._disk = disk
        self._checkpoints: list[RunCheckpoint] = []

    def __len__(self) -> int:
        return len(self._checkpoints)

    @property
    def positions(self) -> Sequence[Position]:
        """Where each stands."""
        return [checkpoint.at for checkpoint in self._checkpoints]

    @property
    def last(self) -> RunCheckpoint | None:
        """The latest one."""
        return self._checkpoints[-1] if self._checkpoints else None

    def due(self, spent: float) -> bool:
        """Whether, with so many seconds of commands since the last one, another is worth its price."""
        last = self.last
        cost = last.world.seconds if last else 0.0
        return bool(self.most) and spent >= max(_WORTH, cost * _SHARE)

    def add(self, checkpoint: RunCheckpoint, results: Mapping[int, StepResult]) -> list[RunCheckpoint]:
        """Keep one more; the answer is what has to go for it. `results` are by the index of their event."""
        gone = [other for other in self._checkpoints if other.position >= checkpoint.position]
        self._checkpoints = [other for other in self._checkpoints if other.position < checkpoint.position]
        self._checkpoints.append(checkpoint)
        while len(self._checkpoints) > 1 and (len(self._checkpoints) > self.most or self._size > self._disk):
            gone.append(self._checkpoints.pop(self._cheapest(results)))
        return gone

    def drop_behind(self, position: int) -> list[RunCheckpoint]:
        """Forget those behind a position; the answer is what was forgotten."""
        gone = [other for other in self._checkpoints if other.position > position]
        self._checkpoints = [other for other in self._checkpoints if other.position <= position]
        return gone

    def clear(self) -> None:
        """Forget all of them."""
        self._checkpoints = []

    def routes(
        self,
        target: int,
        results: Mapping[int, StepResult],
        start_seconds: float,
        restore_seconds: float,
        unkept: tuple[str, ...] = (),
        by_hand: Sequence[str] = (),
        missed: Sequence[tuple[int, str]] = (),
    ) -> list[Route]:
        """Ways back to a position, the nearest checkpoint first; others only where they lose less.

        `results` are by the index of their event; `unkept` is what no way back brings back; `by_hand` what
        the user did by hand before the target; `missed` where no checkpoint could be taken, and why.
        """
        found: list[Route] = []
        for checkpoint in reversed([None, *self._checkpoints]):
            if checkpoint is not None and checkpoint.position > target:
                continue
            begin = checkpoint.position if checkpoint else 0
            again = [
                result for index, result in results.items() if begin <= index < target and result.seconds
            ]
            spent = sum(result.seconds for result in again)
            price = restore_seconds if checkpoint else start_seconds
            gone = (*checkpoint.world.processes, *checkpoint.world.lost) if checkpoint else ()
            altered = checkpoint.world.altered if checkpoint else ()
            lost = (*unkept, *gone, *by_hand[checkpoint.by_hand if checkpoint else 0 :])
            farther = next((why for at, why in missed[::-1] if begin < at <= target), "")
            route = Route(target, checkpoint, len(again), price + spent, lost, altered, farther)
            if not found or len(route.lost) < len(found[-1].lost):
                found.append(route)
        return found

    @property
    def _size(self) -> int:
        return sum(checkpoint.world.size for checkpoint in self._checkpoints)

    def _cheapest(self, results: Mapping[int, StepResult]) -> int:
        """The one (never the latest) without which the longest way forward grows least."""
        positions = [0, *(checkpoint.position for checkpoint in self._checkpoints)]
        gaps = [
            sum(result.seconds for index, result in results.items() if before <= index < after)
            + (after - before) * 1e-3
            for before, after in zip(positions, positions[2:], strict=False)
        ]
        return gaps.index(min(gaps)) if gaps else 0


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value < 10 else f"{value:.0f} s"
