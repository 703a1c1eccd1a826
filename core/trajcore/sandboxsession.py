"""What a session does with its sandbox beside the run: the user's visit, a command tried, files taken out."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from trajcore import notices
from trajcore.errors import Refused, TrajError
from trajcore.livesession import LiveSession
from trajcore.replay import aside
from trajcore.replay.states import Command, Mode, State

if TYPE_CHECKING:
    from trajcore.replay.aside import Tried
    from trajcore.sandbox.base import Exported, Visitor


class SandboxSession(LiveSession):
    """The commands that need the sandbox and leave the run where it stands. See `Session`."""

    def visit(self, visitor: Visitor) -> None:
        """Let the user into the sandbox's shell until they leave. Raises `Refused`."""
        state, live = self.state, self.mode is Mode.LIVE
        self._start(Command.VISIT, partial(self._visit, visitor, state), live=live)

    async def idle(self) -> None:
        """Wait until no task of this session is under way; a fault of the program itself is raised here."""
        await self._activity.idle()

    async def try_out(self, command: str) -> Tried:
        """Run a command where the shell is, with its variables; the world is then as it was before it.

        It is no event of the run. It has as long as an action has at most. Raises `Refused`, and
        `SandboxUnavailable` where the world was lost.
        """
        found: list[Tried] = []
        live, failure = self.mode is Mode.LIVE, self.failure
        self._start(Command.VISIT, partial(self._try_out, command, self.state, found), live=live)
        await self.idle()
        if not found:
            raise self.failure or Refused("it was interrupted")
        self._activity.failure = failure  # the run stands as it stood
        return found[0]

    def check_export(self) -> None:
        """Raises `Refused` where nothing can be taken out of the sandbox now, and why."""
        self._activity.check(Command.EXPORT)
        self._replay.world.opened()

    async def export(self, path: str, target: Path, *, overwrite: bool = False) -> Exported:
        """Write a file of the sandbox here, or a directory of it, or all of it; see `Sandbox.export`.

        A `path` is taken from where the project is. The run goes on from where it stands; interrupted, it
        leaves nothing. Raises `Refused`, `BadInput`, and `SandboxUnavailable`.
        """
        place = str(PurePosixPath(self.workspace) / path)
        return await self._taken_out(
            lambda sandbox, tell: sandbox.export(place, target, tell, overwrite=overwrite)
        )

    async def export_image(self, name: str) -> Exported:
        """Keep the sandbox as a new image of the container engine. Raises `Refused`, `SandboxUnavailable`."""
        return await self._taken_out(lambda sandbox, tell: sandbox.export_image(name, tell))

    async def _taken_out(self, take: aside.Take) -> Exported:
        self.check_export()
        found: list[Exported | TrajError] = []
        live, failure = self.mode is Mode.LIVE, self.failure
        self._start(Command.EXPORT, partial(self._take_out, take, self.state, found), live=live)
        await self.idle()
        self._activity.failure = failure  # the run stands as it stood
        if not found:
            raise Refused("it was interrupted: nothing was saved")
        if isinstance(found[0], TrajError):
            raise found[0]
        return found[0]

    async def _visit(self, visitor: Visitor, state: State) -> None:
        try:
            files = await self._replay.visit(visitor)
        except Refused as refused:
            self._say(str(refused), "warning")
        else:
            count = 0 if files is None else files.count
            self._say(
                f"by hand: {count} file{'s' * (count != 1)} changed" if files else "back from the shell"
            )
            self._tell(notices.Visited(files))
        self._activity.become(state if state is not State.ERROR else State.PAUSED)
        if self.mode is Mode.REPLAY:
            self._replay.moments.take_when_idle()

    async def _try_out(self, command: str, state: State, found: list[Tried]) -> None:
        limit = self.settings.world.limits.hard
        tried = await aside.try_out(self._replay, command, limit, self._tell)
        found.append(tried)
        if not tried.taken_back:
            self._say("no copy could be made: what the command did stays in this world", "warning")
        self._activity.become(state if state is not State.ERROR else State.PAUSED)

    async def _take_out(self, take: aside.Take, state: State, found: list[Exported | TrajError]) -> None:
        try:
            found.append(await aside.take_out(self._replay, take, self._tell))
        except TrajError as error:
            found.append(error)
        except asyncio.CancelledError:
            pass  # the user's Esc: nothing is left of it, and the run is where it was
        self._activity.become(state)
        if self.mode is Mode.REPLAY:
            self._replay.moments.take_when_idle()
