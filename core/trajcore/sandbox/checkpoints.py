"""Going back in time: what a sandbox is at one moment, kept and put back.

There are two ways. A moment of the versions holds what changed since the one before it: it costs next to
nothing, and going back to it is exact. A snapshot of the machine holds all that was ever written: it is for
what the versions have no room for.
"""

from __future__ import annotations

import errno
import os
import secrets
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from trajcore.errors import SandboxUnavailable
from trajcore.sandbox.base import Checkpoint, OnProgress
from trajcore.sandbox.census import (
    Census,
    KeptFile,
    contents,
    end_others,
    look,
    others,
    taken,
)
from trajcore.sandbox.files import BashFiles
from trajcore.sandbox.machines.machine import Machine, Reopened, Rewritable, Snapshot, Unpacking
from trajcore.sandbox.shell.quoting import quoted
from trajcore.sandbox.shell.shell import Shell
from trajcore.sandbox.shell.state import (
    ShellState,
    Surroundings,
    lasting,
    read_state,
    surroundings,
    taking,
    telling,
)
from trajcore.sandbox.told import ToldFile
from trajcore.sandbox.tracking.findtracker import FindTracker
from trajcore.sandbox.tracking.layertracker import LayerTracker
from trajcore.sandbox.trees.io import copy_content
from trajcore.sandbox.versions.inside import clear, packed, put_in_place
from trajcore.sandbox.versions.store import Revision, Versions
from trajcore.sandbox.versions.version import BELOW, State, Unknown, Version
from trajcore.sandbox.versions.writing import TreeWriter
from trajcore.tasks import finished, finished_in_thread, together

# Measured on two processors: a restore that changes little, one of 10,000 files, one of 500 MB.
_REOPENING: Final = 0.15
_PER_FILE: Final = 600e-6
"""Seconds that it takes to write a file back."""
_PER_SECOND: Final = 400e6
"""Bytes that are written back in a second."""

Watch = Callable[[], Awaitable[None]]

_UNSEEN: Final = ("extended attributes of files aside",)
"""What the files' own world does not tell of them."""
_NOT_KEPT: Final = "what {} held was not kept: it was too large"


@dataclass(frozen=True)
class _Kept:
    """The token of a checkpoint that is a snapshot."""

    snapshot: Snapshot
    files: tuple[KeptFile, ...]
    """What the snapshot does not hold."""
    directory: str


@dataclass(frozen=True)
class _AtRevision:
    """The token of one that is a moment of the versions."""

    revision: Revision
    directory: str


@dataclass
class _Around:
    """What there was beside files and shell when that was last looked for; `shown` is how it is told."""

    shown: tuple[Surroundings, bytes] | None = None
    processes: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


@dataclass
class Checkpointer:
    """Takes and restores the checkpoints of one sandbox. One call at a time, and none beside a command."""

    machine: Machine
    shell: Shell
    files: BashFiles
    versions: Versions | None = None
    tracker: LayerTracker | FindTracker | None = None
    """Tells the versions of what changed; as long as they are kept."""
    told: ToldFile = field(init=False)
    _root: Path | None = None
    """The world's root as this host sees it, as long as it is that."""
    _where: str = ""
    _around: _Around = field(default_factory=_Around)
    _state: tuple[bytes, ShellState] | None = None
    """What the shell told last (`lasting`), and what that says; mostly it tells the same again."""

    def __post_init__(self) -> None:
        self.told = ToldFile(self.files)

    async def begin_telling(self) -> None:
        """From now on the shell tells of itself behind each command. Raises `SandboxUnavailable`."""
        self.told.leave()
        await self.told.place()
        self._root = self.machine.root if isinstance(self.machine, Rewritable) else None
        self.shell.tells = self.told.path

    async def take(self) -> Checkpoint | None:
        """See `Sandbox.checkpoint`. Raises `Refused`."""
        began = time.monotonic()
        if self.shell.busy or not self.machine.keeps:
            return None
        try:
            told = await finished(self._told())
            if told is None:
                return None
            state, seen = told
            snapshot = await self.machine.snapshot()
        except SandboxUnavailable:
            return None
        if snapshot is None:
            return None
        return Checkpoint(
            token=_Kept(snapshot, seen.files, self._directory_of(state)),
            shell=state.text,
            processes=others(seen, state.pid, state.parent),
            seconds=time.monotonic() - began,
            size=snapshot.size,
            lost=(*_lost(seen, state), *snapshot.lost),
            altered=snapshot.altered,
        )

    async def quick_checkpoint(self) -> Checkpoint | None:
        """See `Sandbox.quick_checkpoint`."""
        revision = None if self.shell.busy or self.tracker is None else self.tracker.revision()
        if revision is None:
            return None
        try:
            state = await self._told_behind()
        except SandboxUnavailable:
            return None
        if state is None:
            return None
        around = self._around
        return Checkpoint(
            token=_AtRevision(revision, self._directory_of(state)),
            shell=state.text,
            processes=around.processes,
            seconds=0.0,
            size=0,
            lost=around.lost,
            altered=_UNSEEN if isinstance(self.tracker, FindTracker) else (),
        )

    async def restore(self, checkpoint: Checkpoint, progress: OnProgress, watch: Watch) -> str:
        """See `Sandbox.restore`; returns where the shell is then. Raises `SandboxUnavailable`.

        `watch` begins to tell anew what changes in the world, and is called where it is another one.
        """
        kept = checkpoint.token
        if isinstance(kept, _AtRevision):
            await self._return_to(kept.revision, progress, watch)
        else:
            assert isinstance(kept, _Kept)
            self.shell.close()
            self.files.close()
            await self.machine.restore(kept.snapshot, progress)
            progress("restoring the shell")
            self._where = ""
            await together(self.shell.renew(), self._renew_files(kept.files))
            if self.versions is not None:
                self.versions.clear()
            await watch()
        await finished(self._give(checkpoint.shell))
        return kept.directory

    async def forget(self, checkpoint: Checkpoint) -> None:
        """See `Sandbox.forget`."""
        token = checkpoint.token
        if isinstance(token, _Kept):
            await self.machine.forget(token.snapshot)
        elif isinstance(token, _AtRevision) and self.versions is not None:
            self.versions.drop(token.revision)

    def price_of(self, checkpoint: Checkpoint) -> float:
        """See `Sandbox.price_of`."""
        token = checkpoint.token
        if not isinstance(token, _AtRevision) or self.versions is None or not token.revision.is_there:
            return 0.0
        wanted = [
            state for state in self.versions.way_to(token.revision).values() if isinstance(state, Version)
        ]
        size = sum(version.size for version in wanted)
        return _REOPENING + len(wanted) * _PER_FILE + size / _PER_SECOND

    def is_there(self, checkpoint: Checkpoint) -> bool:
        """See `Sandbox.is_there`."""
        token = checkpoint.token
        return not isinstance(token, _AtRevision) or token.revision.is_there

    # Moments of the versions

    async def _return_to(self, revision: Revision, progress: OnProgress, watch: Watch) -> None:
        assert isinstance(self.machine, Rewritable)
        progress("restoring the files")
        how = await self.machine.reopen(progress)
        if how is Reopened.AS_IT_STANDS and not await self._ended():
            how = await self.machine.reopen(progress, anew=True)
        if how is not Reopened.AS_IT_STANDS:
            self.shell.close()
            self.files.close()
            self._where = ""
            await self.files.start()
        everything = None
        if how is Reopened.FROM_THE_BEGINNING:
            assert self.versions is not None
            everything = self.versions.everything_at(revision)
            await watch()
        try:
            await self._write_back(self.machine, revision, everything)
        except OSError as error:
            raise SandboxUnavailable(f"The sandbox's files cannot be restored ({error}).") from error
        if how is not Reopened.AS_IT_STANDS:
            await self.shell.renew()
            await self.begin_telling()

    async def _ended(self) -> bool:
        """End what runs in the world, from inside; whether that is done and there is a new shell."""
        try:
            await end_others(self.files)
            await self.shell.revive()
        except SandboxUnavailable:
            return False
        return True

    async def _write_back(
        self, machine: Rewritable, revision: Revision, everything: Mapping[str, State] | None
    ) -> None:
        """Make the files what they were; `everything` is all that is to be written where that is known."""
        tracker, versions = self.tracker, self.versions
        assert tracker is not None
        assert versions is not None
        await tracker.catch_up()
        wanted = _known(versions.way_to(revision) if everything is None else everything)
        if isinstance(tracker, LayerTracker):
            if machine.root is None:
                raise SandboxUnavailable("The sandbox was lost: it ended while it was taken back.")
            writer = TreeWriter(machine.root, partial(_fill, versions, tracker), tracker.mounted)
            await finished_in_thread(partial(writer.write, wanted))
        else:
            await self._unpack(versions, tracker, wanted)
        versions.arrive(revision)
        await tracker.settle(wanted)

    async def _unpack(
        self, versions: Versions, tracker: FindTracker, wanted: Mapping[str, Version | None]
    ) -> None:
        machine, outside = self.machine, self.machine.outside
        assert isinstance(machine, Unpacking)
        below = [
            path
            for path, version in wanted.items()
            if version is not None and (version.content == BELOW or version.is_directory)
        ]
        needed = any(version is not None and version.content == BELOW for version in wanted.values())
        originals = await machine.originals(below) if needed else {}
        read = partial(_read, versions, originals)
        await clear(self.files, wanted)
        archive = await finished_in_thread(partial(packed, wanted, outside, tracker.known, read))
        with archive:
            await machine.put(archive)
        await put_in_place(self.files, outside, wanted, read)

    # The shell

    async def _told_behind(self) -> ShellState | None:
        """How the shell is, from what it told behind the last command where that is whole.

        What else there is besides is looked for where something of it shows to have changed.
        """
        key = self.shell.told
        told = await self.told.read(self._root, key) if key else None
        around = None if told is None else surroundings(told)
        limits = None if around is None else await self.told.limits(self._root, around.pid)
        shown = None if around is None or limits is None else (around, limits)
        if shown is None or shown != self._around.shown:
            asked = await finished(self._told())
            if asked is None:
                return None
            state, seen = asked
            processes = others(seen, state.pid, state.parent)
            self._around = _Around(shown, processes, tuple(_lost(seen, state)))
            return state
        assert told is not None
        known = lasting(told)
        if self._state is None or self._state[0] != known:
            read = read_state(told)
            self._state = None if read is None else (known, read)
        if self._state is None:
            return await finished(self._asked())
        self.shell.owe(self._state[1].notices)
        return self._state[1]

    async def _asked(self) -> ShellState | None:
        """What the shell says of itself in a file."""
        path = await self._new_path()
        if not await self.shell.quietly(partial(telling, path)):
            return None
        told = await taken(self.files, path)
        state = None if told is None else read_state(told)
        if state is not None:
            self.shell.owe(state.notices)
        return state

    async def _told(self) -> tuple[ShellState, Census] | None:
        """What the shell says of itself, and what else there is."""
        path = await self._new_path()
        if not await self.shell.quietly(partial(telling, path)):
            return None
        seen = await look(self.files, self.machine.outside, path)
        state = None if seen is None else read_state(seen.told)
        if seen is None or state is None:
            return None
        self.shell.owe(state.notices)
        return state, seen

    async def _give(self, text: bytes) -> None:
        path = await self._new_path()
        try:
            await self.files.write(path, text)
        except OSError as error:
            raise SandboxUnavailable(f"The shell's state cannot be restored ({error.strerror}).") from error
        done = await self.shell.quietly(partial(taking, path))
        await self.files.output(f"rm -f {path}")
        if not done:
            raise SandboxUnavailable("The shell's state cannot be restored: it does not answer.")

    async def _renew_files(self, outside: Sequence[KeptFile]) -> None:
        await self.files.start()
        await self._put(outside)

    async def _put(self, files: Sequence[KeptFile]) -> None:
        """Give files what they held. What is there is asked once for all of them: it is mostly the same."""
        there = await contents(self.files, [file.path for file in files])
        for file in files:
            now = there.get(file.path)
            if now == file:
                continue
            try:
                if now is None or now.content != file.content:
                    await self.files.write(file.path, file.content)
            except OSError:
                continue  # it cannot be written, so it was not changed either
            if file.mode and (now is None or now.mode != file.mode):
                await self.files.output(f"chmod {file.mode} {quoted(file.path).decode()}")

    async def _new_path(self) -> str:
        """A file for the shell's state where no snapshot sees it."""
        self._where = self._where or await self.files.scratch()
        return f"{self._where}/.trajtui-{secrets.token_hex(8)}"

    def _directory_of(self, state: ShellState) -> str:
        return self.machine.directory if state.removed else state.directory


def _lost(seen: Census, state: ShellState) -> Iterator[str]:
    yield from dict.fromkeys(seen.lost)
    if state.removed:
        yield f"the removed directory {state.directory}"


def _known(wanted: Mapping[str, State]) -> dict[str, Version | None]:
    """Raises `OSError` where something of it was not kept."""
    for path, state in wanted.items():
        if isinstance(state, Unknown):
            raise OSError(errno.ENODATA, _NOT_KEPT.format(path))
    return {path: state for path, state in wanted.items() if not isinstance(state, Unknown)}


def _read(versions: Versions, originals: Mapping[str, bytes], path: str, version: Version) -> bytes:
    """See `Reader`."""
    if version.content != BELOW:
        return versions.read(version)
    if path not in originals:
        raise OSError(errno.ENODATA, f"what {path} held is not in the image")
    return originals[path]


def _fill(versions: Versions, tracker: LayerTracker, path: str, version: Version, target: int) -> None:
    """See `Filler`."""
    if version.content != BELOW:
        versions.fill(target, version)
        return
    source = tracker.opened_below(path)
    try:
        copy_content(source, target, threading.Event())
    finally:
        os.close(source)
