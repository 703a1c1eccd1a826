"""Going back in time: what a sandbox is at one moment, kept and put back."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

from trajcore.errors import SandboxUnavailable
from trajcore.sandbox.base import Checkpoint, Report
from trajcore.sandbox.census import Seen, look, others
from trajcore.sandbox.files.editor import Editor
from trajcore.sandbox.files.files import Files
from trajcore.sandbox.machines.machine import Machine, Snapshot
from trajcore.sandbox.shell.commands import Commands
from trajcore.sandbox.shell.shell import Shell
from trajcore.sandbox.shell.state import ShellState, read_state, taking, telling

_WHERE: Final = "[[ -d /dev/shm && -w /dev/shm ]] && echo /dev/shm || echo /tmp"

T = TypeVar("T")


@dataclass(frozen=True)
class _Kept:
    """A checkpoint's token."""

    snapshot: Snapshot
    files: tuple[tuple[str, bytes], ...]
    """What the snapshot does not hold."""
    directory: str


class Checkpoints:
    """Takes and restores the checkpoints of one sandbox. One call at a time, and none beside a command."""

    def __init__(
        self, machine: Machine, shell: Shell, files: Files, commands: Commands, editor: Editor
    ) -> None:
        self._machine = machine
        self._shell = shell
        self._files = files
        self._commands = commands
        self._editor = editor
        self._where = ""

    async def take(self) -> Checkpoint | None:
        """See `Sandbox.checkpoint`."""
        began = time.monotonic()
        if self._shell.busy or not self._machine.keeps:
            return None
        try:
            told = await _to_the_end(self._told())
            if told is None:
                return None
            state, seen = told
            snapshot = await self._machine.snapshot()
        except SandboxUnavailable:
            return None
        if snapshot is None:
            return None
        return Checkpoint(
            token=_Kept(snapshot, seen.files, state.directory),
            shell=state.text,
            editor=self._editor.memory(),
            processes=others(seen, state.pid, state.parent),
            seconds=time.monotonic() - began,
            size=snapshot.size,
        )

    async def restore(self, checkpoint: Checkpoint, report: Report) -> None:
        """See `Sandbox.restore`. Raises `SandboxUnavailable`."""
        kept = checkpoint.token
        assert isinstance(kept, _Kept)
        self._shell.close()
        self._files.close()
        await self._machine.restore(kept.snapshot, report)
        report("restoring the shell")
        self._where = ""
        await self._shell.renew()
        await self._files.start()
        for path, content in kept.files:
            await self._put(path, content)
        await _to_the_end(self._give(checkpoint.shell))
        self._commands.move(kept.directory)
        self._editor.recall(checkpoint.editor)

    async def forget(self, checkpoint: Checkpoint) -> None:
        """See `Sandbox.forget`."""
        if isinstance(checkpoint.token, _Kept):
            await self._machine.forget(checkpoint.token.snapshot)

    async def _told(self) -> tuple[ShellState, Seen] | None:
        """What the shell says of itself, and what else there is."""
        path = await self._new_path()
        if not await self._shell.quietly(partial(telling, path)):
            return None
        seen = await look(self._files, self._machine.outside, path)
        state = None if seen is None else read_state(seen.told)
        if seen is None or state is None:
            return None
        self._shell.owe(state.notices)
        return state, seen

    async def _give(self, text: bytes) -> None:
        path = await self._new_path()
        try:
            await self._files.write(path, text)
        except OSError as error:
            raise SandboxUnavailable(f"The shell's state cannot be restored ({error.strerror}).") from error
        done = await self._shell.quietly(partial(taking, path))
        await self._files.output(f"rm -f {path}")
        if not done:
            raise SandboxUnavailable("The shell's state cannot be restored: it does not answer.")

    async def _put(self, path: str, content: bytes) -> None:
        try:
            if await self._files.read(path) != content:
                await self._files.write(path, content)
        except OSError:
            return  # it cannot be written, so it was not changed either

    async def _new_path(self) -> str:
        """A file for the shell's state where no snapshot sees it."""
        self._where = self._where or await self._files.output(_WHERE)
        return f"{self._where}/.trajtui-{secrets.token_hex(8)}"


async def _to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """The result of short `work`; a cancelled caller gets away only when it is done."""
    working = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait([working])
        if not working.cancelled():
            working.exception()
        raise
