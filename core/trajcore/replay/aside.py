"""What is done with a world beside its run: a command tried in it, and a copy put in its place."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from trajcore import notices
from trajcore.events.kinds import RUN
from trajcore.masking import MaskedOutput, known
from trajcore.sandbox.base import OnProgress, Outcome, Patience
from trajcore.sandbox.shell.quoting import quoted

if TYPE_CHECKING:
    from trajcore.replay.checkpoints import Route
    from trajcore.replay.loop import Replay
    from trajcore.sandbox.base import Exported, Sandbox
    from trajcore.trajectory import Trajectory

_INTERRUPTS: Final = 3
"""So often what holds the shell is interrupted before it is given up."""
_PATIENCE: Final = Patience(hard=5.0)
"""What it is given to end, each time."""
_KEPT: Final = 1 << 16
"""So many of the last bytes of what a command wrote are kept."""
_HELD: Final = "a command that does not end holds the shell"


class Tried(Struct, frozen=True):
    """What a command came to that is no event of the run."""

    exit_code: int | None
    """None where it did not end in time, or could not be run: `fault` says why."""
    output: str
    """The last of what it wrote, without secrets."""
    seconds: float
    fault: str = ""
    taken_back: bool = True
    """Whether the world is what it was before it."""


Take = Callable[["Sandbox", OnProgress], Awaitable["Exported"]]
"""Takes something out of a sandbox that was started."""


async def take_out(replay: Replay, take: Take, tell: notices.Listener) -> Exported:
    """Take something out of the world, which nothing else is done to meanwhile.

    Raises `Refused` where there is none, and what `take` raises.
    """
    await replay.moments.cancel()
    try:
        return await take(replay.world.opened(), lambda text: tell(notices.Progress(text)))
    finally:
        tell(notices.Progress(""))


async def try_out(replay: Replay, command: str, limit: float, tell: notices.Listener) -> Tried:
    """Run a command where the shell is, with its variables, and take the world back to before it.

    It has at most `limit` seconds. What still runs in the shell is interrupted first. Raises
    `SandboxUnavailable`.
    """
    moments, world = replay.moments, replay.world
    await moments.cancel()
    sandbox = await world.ready()
    if moments.most and not moments.is_kept:
        await moments.keep()
    last = moments.checkpoints.last if moments.is_kept else None
    before = last if last is not None and world.is_there(last.world) else None
    tell(notices.Executing(RUN, command, sandbox.directory, recorded=False, limit=limit))
    said, begun = _Said(tell), time.monotonic()
    try:
        outcome = await _outcome(sandbox, command, limit, said.hear)
    finally:
        said.end()
    seconds = time.monotonic() - begun
    code, fault = _verdict(outcome, limit)
    tell(notices.Executed(code, seconds, fault))
    if before is not None:
        await world.restore(before.world)
    return Tried(code, said.text, seconds, fault, before is not None)


async def renew(replay: Replay, trajectory: Trajectory) -> Route | None:
    """The way to the present moment in a copy of its world; None where nothing has happened in that yet.

    Nothing that runs in the world is in the copy. Raises `Refused`.
    """
    if not replay.world.started:
        return None
    parked = await replay.park(whole=True)
    replay.unpark(parked)
    return replay.routes_to(trajectory, parked, replay.position)[0]


async def _outcome(
    sandbox: Sandbox, command: str, limit: float, emit: Callable[[bytes], None]
) -> Outcome | None:
    """What a command comes to in a shell of its own that has what the other has; None: that is held."""
    if not await _free(sandbox, emit):
        return None
    typed = f"(eval {quoted(command).decode('ascii')})"
    return await sandbox.run(typed, Patience(hard=limit), emit)


async def _free(sandbox: Sandbox, emit: Callable[[bytes], None]) -> bool:
    """Whether the shell waits for a command, what ran in it being interrupted."""
    for _ in range(_INTERRUPTS):
        if not sandbox.busy:
            return True
        await sandbox.interrupt()
        await sandbox.follow(_PATIENCE, emit)
    return not sandbox.busy


def _verdict(outcome: Outcome | None, limit: float) -> tuple[int | None, str]:
    if outcome is None:
        return None, _HELD
    if outcome.still_running is not None:
        return None, f"did not end within {limit:g} s"
    return outcome.exit_code, "" if outcome.exit_code is not None else "its end was not seen"


class _Said:
    """Tells what a command writes, and keeps the last of it."""

    def __init__(self, tell: notices.Listener) -> None:
        self._tell = tell
        self._kept = bytearray()
        self._output = MaskedOutput(known(), self._pass_on)

    def hear(self, data: bytes) -> None:
        """More of it."""
        self._output.write(data)

    def end(self) -> None:
        """There is no more."""
        self._output.end()

    def _pass_on(self, data: bytes) -> None:
        self._kept += data
        del self._kept[:-_KEPT]
        self._tell(notices.Output(data))

    @property
    def text(self) -> str:
        return self._kept.decode("utf-8", "replace").replace("\r\n", "\n")
