"""The files that a recording began with, made of what the recording tells of them, for a run's world."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, cast

from trajcore.events.kinds import EXECUTED

if TYPE_CHECKING:
    from trajcore.events.base import Action, Observation
    from trajcore.sandbox.base import Sandbox
    from trajcore.trajectory import Trajectory
    from trajcore.worlds.evidence.building import Built
    from trajcore.worlds.evidence.madeup import MadeUp
    from trajcore.worlds.evidence.model import Evidence, Step

_BREATH: Final = 200
"""After so many steps that were read, others have a turn."""


class Reconstruction:
    """What is known of the beginning of one recording, and what was made of it in the world of this run."""

    def __init__(self, trajectory: Trajectory) -> None:
        self._trajectory = trajectory
        self._evidence: Evidence | None = None
        self.built: Built | None = None
        """What was made, once it was."""
        self._made_up: MadeUp | None = None

    async def evidence(self) -> Evidence:
        """What the recording tells of its files; looked for once, as it was then."""
        if self._evidence is None:
            from trajcore.worlds.evidence.gathering import gather

            steps = []
            for step in _steps(self._trajectory):
                steps.append(step)
                if not len(steps) % _BREATH:
                    await asyncio.sleep(0)
            self._evidence = await asyncio.to_thread(gather, steps)
        return self._evidence

    async def make(self, sandbox: Sandbox) -> Built:
        """Put the files into a world that was just started. Raises `SandboxUnavailable`."""
        from trajcore.worlds.evidence.building import build
        from trajcore.worlds.evidence.madeup import MadeUp

        self.built = await build(await self.evidence(), sandbox)
        self._made_up = MadeUp(self.built)
        return self.built

    async def arm(self, sandbox: Sandbox) -> None:
        """A step is about to begin. Raises `SandboxUnavailable`."""
        if self._made_up:
            await self._made_up.arm(sandbox)

    async def looked_at(
        self, sandbox: Sandbox, action: Action, observation: Observation | None, directory: str
    ) -> tuple[str, ...]:
        """What the step that has ended read that is made up. Raises `SandboxUnavailable`."""
        if not self._made_up:
            return ()
        return await self._made_up.looked_at(sandbox, action, observation, directory)

    def memory(self) -> object:
        """What is made up now, for a checkpoint."""
        return None if self._made_up is None else self._made_up.memory()

    def recall(self, memory: object) -> None:
        """The world is that of a checkpoint again."""
        if self._made_up is not None and memory is not None:
            self._made_up.recall(memory)


def _steps(trajectory: Trajectory) -> Iterator[Step]:
    """What was carried out when it was recorded, with what came of it."""
    from trajcore.events.base import Observation
    from trajcore.replay.compare import told_side
    from trajcore.worlds.evidence.model import Step

    outline, dialect = trajectory.outline, trajectory.dialect
    for index, answer in sorted(outline.answer_of.items()):
        if outline.kinds[index] not in EXECUTED or not outline.is_action[index]:
            continue
        action, observation = trajectory.parsed(index), trajectory.parsed(answer)
        if action.problems or not isinstance(observation.event, Observation):
            continue
        told, side = dialect.unwrap(observation.event), told_side(observation.event)
        yield Step(
            trajectory.label(answer),
            cast("Action", action.event),
            observation.event,
            told.output,
            told.exit_code,
            told.directory or side.directory,
            observation.event.timestamp,
        )
