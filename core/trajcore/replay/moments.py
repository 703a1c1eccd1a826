"""The moments of a run that are kept while it goes on: when, in which way, and for whom."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING, Final, Protocol

from msgspec import Struct

from trajcore.errors import Refused
from trajcore.replay.checkpoints import Moment, RunCheckpoint, RunCheckpoints
from trajcore.replay.positions import Position

if TYPE_CHECKING:
    from trajcore.replay.course import Course
    from trajcore.replay.executor import Executor
    from trajcore.sandbox.base import Checkpoint

_IDLE: Final = 3.0
"""A paused run is checkpointed when it has been left alone for so many times what a checkpoint takes."""
_SHORTEST_IDLE: Final = 0.1


class Here(Protocol):
    """The run whose moments are kept, as it is now."""

    world: Executor

    @property
    def moment(self) -> Moment:
        """How far it is."""
        ...

    @property
    def position(self) -> int:
        """The event that comes next."""
        ...

    @property
    def course(self) -> Course:
        """What it has come to so far."""
        ...


class ParkedMoments(Struct, frozen=True):
    """Those of a run that was left for another one in the same world."""

    checkpoints: RunCheckpoints
    missed: tuple[tuple[Position, str], ...]


class Moments:
    """Keeps the moments of the present run, and those of runs that were left, while their world is there."""

    def __init__(self, here: Here, most: int) -> None:
        """`most`: so many whole snapshots are kept of a run; 0: nothing is kept at all."""
        self._here = here
        self.most = most
        self._pending: asyncio.Task[None] | None = None
        self._parked: list[RunCheckpoints] = []
        self.begin(0)

    def begin(self, room: int) -> None:
        """A new run in a new world, whose snapshots may take so many bytes."""
        self._room = room
        self.spent = 0.0
        """Seconds of commands since the last one."""
        self.checkpoints = RunCheckpoints(self.most, room)
        self.missed: list[tuple[Position, str]] = []
        """Where none could be kept, and why."""
        self._parked.clear()

    @property
    def due(self) -> bool:
        """Whether a snapshot is worth its price by now."""
        return self.checkpoints.due(self.spent)

    @property
    def is_kept(self) -> bool:
        """Whether the present moment is."""
        last = self.checkpoints.last
        return last is not None and last.moment == self._here.moment

    # Once it is paused

    def take_when_idle(self) -> None:
        """The run is paused: take a snapshot of it if it is left alone for a while."""
        if self.most and self.spent and self._pending is None:
            self._pending = asyncio.create_task(self._take_once_idle())

    async def taken(self) -> None:
        """Wait for the snapshot of a run that is left alone."""
        if self._pending is not None:
            await asyncio.wait({self._pending})

    async def cancel(self) -> None:
        """Give up a snapshot that is not done."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.cancel()
            await asyncio.wait({pending})

    async def _take_once_idle(self) -> None:
        last = self.checkpoints.last
        await asyncio.sleep(max(_SHORTEST_IDLE, last.world.seconds * _IDLE if last else 0.0))
        await self.take()

    # While it goes on

    async def quick_world(self) -> Checkpoint | None:
        """The world as it is, where it costs next to nothing to keep it."""
        return await self._here.world.quick_checkpoint() if self.most else None

    def add_quick(self, world: Checkpoint) -> None:
        """The run is where the world was this."""
        beginning = self._here.world.beginning
        if beginning is not None and not len(self.checkpoints):
            self.checkpoints.add_quick(RunCheckpoint(0, 0, beginning, quick=True))
        self.spent = 0.0
        self.checkpoints.add_quick(RunCheckpoint(*self._here.moment, world, quick=True))
        self.checkpoints.let_go(self._here.world.is_there)

    async def keep(self) -> None:
        """Keep the present moment, if it must be by a snapshot."""
        world = await self.quick_world()
        if world is None:
            await self.take()
        else:
            self.add_quick(world)

    async def keep_behind(self, seconds: float) -> None:
        """Keep the moment behind a step that took so long, by a snapshot if that is worth its price."""
        world = await self.quick_world()
        if world is not None:
            self.add_quick(world)
            return
        self.spent += seconds
        if self.due:
            await self.take()

    async def take(self) -> None:
        """Take a snapshot, or note why there is none."""
        self.spent = 0.0
        at = Position(self._here.position)
        try:
            world = await self._here.world.checkpoint()
        except Refused as refusal:
            self.missed.append((at, str(refusal)))
            return
        if world is not None:
            kept = RunCheckpoint(*self._here.moment, world)
            await self.forget(self.checkpoints.add(kept, self._here.course))

    async def forget(self, gone: Sequence[RunCheckpoint]) -> None:
        """Free what checkpoints take that no other run can be taken back to."""
        for checkpoint in reversed(gone):
            if not any(checkpoint.world in parked for parked in self._parked):
                await self._here.world.forget(checkpoint.world)

    # Runs that are left for others

    async def park(self, *, whole: bool) -> ParkedMoments:
        """Keep the present moment, and those before it, for when the run is gone back to.

        `whole`: by a snapshot, as the moments that cost next to nothing do not outlive a way back to before
        them, which the run that follows may take.
        """
        await self.cancel()
        last = self.checkpoints.last
        kept = self.is_kept and not (whole and last is not None and last.quick)
        if self.most and self._here.world.started and not kept:
            await (self.take() if whole else self.keep())
        missed = tuple((copy(at), why) for at, why in self.missed)
        parked = ParkedMoments(self.checkpoints.copied(), missed)
        self._parked.append(parked.checkpoints)
        return parked

    def unpark(self, parked: ParkedMoments) -> None:
        """The run that these are of is the present one."""
        self._parked = [other for other in self._parked if other is not parked.checkpoints]
        self.checkpoints, self.missed, self.spent = parked.checkpoints, list(parked.missed), 0.0

    def none(self) -> ParkedMoments:
        """Those of a run that has not begun: how the world was when it was made, where that is kept."""
        checkpoints = RunCheckpoints(self.most, self._room)
        if self._here.world.beginning is not None:
            checkpoints.add_quick(RunCheckpoint(0, 0, self._here.world.beginning, quick=True))
        return ParkedMoments(checkpoints, ())
