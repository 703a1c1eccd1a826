"""Going back in time: what a sandbox is at one moment, kept and put back."""

from __future__ import annotations

import base64
import binascii
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from trajcore.errors import SandboxUnavailable
from trajcore.sandbox.base import Checkpoint, OnProgress
from trajcore.sandbox.files import BashFiles
from trajcore.sandbox.machines.machine import BASH, CONTROL, Machine, Snapshot
from trajcore.sandbox.shell.quoting import quoted
from trajcore.sandbox.shell.shell import Shell
from trajcore.sandbox.shell.state import ShellState, read_state, taking, telling
from trajcore.tasks import finished, together

NOTEBOOK: Final = "the notebook's Python"
"""What the processes of the notebook are called."""

_INNER: Final = "bash --noprofile --norc"
_CONTROL: Final = " ".join([*BASH, CONTROL])
_IDLE: Final = "sleep 2147483647"
_LONGEST: Final = 400

# For a subshell of the bash that serves files: nothing is left behind.
_PROCESSES: Final = (
    "printf 'c%s\\0' $$; for p in /proc/[0-9]*; do s=; c=(); IFS= read -r -d '' s <$p/stat; "
    "set -- ${s##*) }; mapfile -d '' -t c <$p/cmdline; "
    "printf 'p%s %s %s\\0' ${p#/proc/} ${2:-0} \"${c[*]}\"; done; "
)
_FILE: Final = "t=; IFS= read -r -d '' t <{0}; printf 'f%s\\0%s\\0%s\\0' {0} \"$(stat -c %a {0})\" \"$t\"; "
# Of the shell, which is the first that the file {0} names: descriptors that are not its terminal, limits.
# Of the world: shared memory, sockets with a name.
_BESIDES: Final = r"""
[[ -r {0} ]] || chmod u+r {0}; {{ IFS= read -r -d '' _; IFS=' ' read -r -d '' s _; }} <{0}
for p in /proc/$s/fd/*; do case ${{p##*/}} in [012]|255|\*) ;;
*) printf 'lthe open descriptor %s (%s)\0' ${{p##*/}} "$(readlink $p)";; esac; done
[[ $(</proc/$s/limits) == $(</proc/$$/limits) ]] || printf "lthe shell's limits\0"
for p in /dev/shm/* /dev/shm/.[!.]*; do
[[ -e $p && $p != {0} ]] && {{ printf 'lwhat is in /dev/shm\0'; break; }}; done
while read -r _ _ _ _ _ _ _ p; do [[ $p == /* && -S $p ]] && printf 'lthe socket %s\0' "$p"
done </proc/net/unix
"""
_TOLD: Final = "printf s; cat {0}; rm -f {0}"
_WHERE: Final = "[[ -d /dev/shm && -w /dev/shm ]] && echo /dev/shm || echo /tmp"


@dataclass(frozen=True)
class _Kept:
    """A checkpoint's token."""

    snapshot: Snapshot
    files: tuple[KeptFile, ...]
    """What the snapshot does not hold."""
    directory: str


class Checkpointer:
    """Takes and restores the checkpoints of one sandbox. One call at a time, and none beside a command."""

    def __init__(self, machine: Machine, shell: Shell, files: BashFiles) -> None:
        self._machine = machine
        self._shell = shell
        self._files = files
        self._where = ""

    async def take(self) -> Checkpoint | None:
        """See `Sandbox.checkpoint`. Raises `Refused`."""
        began = time.monotonic()
        if self._shell.busy or not self._machine.keeps:
            return None
        try:
            told = await finished(self._told())
            if told is None:
                return None
            state, seen = told
            snapshot = await self._machine.snapshot()
        except SandboxUnavailable:
            return None
        if snapshot is None:
            return None
        return Checkpoint(
            token=_Kept(snapshot, seen.files, self._machine.directory if state.removed else state.directory),
            shell=state.text,
            processes=others(seen, state.pid, state.parent),
            seconds=time.monotonic() - began,
            size=snapshot.size,
            lost=(*_lost(seen, state), *snapshot.lost),
            altered=snapshot.altered,
        )

    async def restore(self, checkpoint: Checkpoint, progress: OnProgress) -> str:
        """See `Sandbox.restore`; returns where the shell is then. Raises `SandboxUnavailable`."""
        kept = checkpoint.token
        assert isinstance(kept, _Kept)
        self._shell.close()
        self._files.close()
        await self._machine.restore(kept.snapshot, progress)
        progress("restoring the shell")
        self._where = ""
        await together(self._shell.renew(), self._renew_files(kept.files))
        await finished(self._give(checkpoint.shell))
        return kept.directory

    async def forget(self, checkpoint: Checkpoint) -> None:
        """See `Sandbox.forget`."""
        if isinstance(checkpoint.token, _Kept):
            await self._machine.forget(checkpoint.token.snapshot)

    async def _told(self) -> tuple[ShellState, Census] | None:
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

    async def _renew_files(self, outside: Sequence[KeptFile]) -> None:
        await self._files.start()
        await self._put(outside)

    async def _put(self, files: Sequence[KeptFile]) -> None:
        """Give files what they held. What is there is asked once for all of them: it is mostly the same."""
        there = await contents(self._files, [file.path for file in files])
        for file in files:
            now = there.get(file.path)
            if now == file:
                continue
            try:
                if now is None or now.content != file.content:
                    await self._files.write(file.path, file.content)
            except OSError:
                continue  # it cannot be written, so it was not changed either
            if file.mode and (now is None or now.mode != file.mode):
                await self._files.output(f"chmod {file.mode} {quoted(file.path).decode()}")

    async def _new_path(self) -> str:
        """A file for the shell's state where no snapshot sees it."""
        self._where = self._where or await self._files.output(_WHERE)
        return f"{self._where}/.trajtui-{secrets.token_hex(8)}"


@dataclass(frozen=True, slots=True)
class Process:
    """A process as seen inside."""

    pid: int
    parent: int
    command: str


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that no snapshot holds. `mode` is in octal digits, empty where it was not told."""

    path: str
    mode: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Census:
    """What was there, and the process that looked."""

    looker: int
    processes: tuple[Process, ...]
    files: tuple[KeptFile, ...]
    lost: tuple[str, ...]
    """What nothing brings back, in words."""
    told: bytes
    """What the file held that was taken away."""


async def look(files: BashFiles, outside: Sequence[str], told: str) -> Census | None:
    """Processes, the contents of the files `outside`, and that of `told`, which is removed.

    None when the answer makes no sense. Raises `SandboxUnavailable`.
    """
    told = quoted(told).decode()
    return await _answered(
        files, _PROCESSES + _kept_files(outside) + _BESIDES.format(told) + _TOLD.format(told)
    )


async def contents(files: BashFiles, paths: Sequence[str]) -> dict[str, KeptFile]:
    """What is at `paths`, as far as that is told. Raises `SandboxUnavailable`."""
    seen = await _answered(files, _kept_files(paths) + "printf s") if paths else None
    return {} if seen is None else {file.path: file for file in seen.files}


def _kept_files(paths: Sequence[str]) -> str:
    return "".join(_FILE.format(quoted(path).decode()) for path in paths)


async def _answered(files: BashFiles, script: str) -> Census | None:
    """What a script of ours says in its records; None when the answer makes no sense."""
    answer = await files.output(f"{{ {script}; }} | base64 -w0")
    try:
        return _parsed(base64.b64decode(answer, validate=True))
    except (binascii.Error, ValueError):
        return None


def _lost(seen: Census, state: ShellState) -> Iterator[str]:
    yield from dict.fromkeys(seen.lost)
    if state.removed:
        yield f"the removed directory {state.directory}"


def others(seen: Census, shell: int, terminal: int) -> tuple[str, ...]:
    """The command lines of the processes that are not ours. `shell` and its parent `terminal` are."""
    by_pid = {process.pid: process for process in seen.processes}
    main = by_pid.get(1)
    controls = {process.pid for process in seen.processes if _is_control(process, main)}
    relays = {
        process.pid
        for process in seen.processes
        if process.parent in controls and process.command != _INNER and process.pid not in controls
    }
    ours = {1, shell, terminal} | controls
    found = []
    for process in seen.processes:
        if process.pid in relays or process.parent in relays:
            found.append(NOTEBOOK)
        elif process.pid not in ours and not _is_helper(process, controls, seen.looker, by_pid):
            found.append(process.command[:_LONGEST])
    return tuple(dict.fromkeys(found)) if NOTEBOOK in found else tuple(found)


def _is_control(process: Process, main: Process | None) -> bool:
    """A container's is started for itself; in bubblewrap it is a fork of the first process."""
    forked = main is not None and process.parent == 1 and process.command == main.command
    return process.command == _CONTROL or forked


def _is_helper(process: Process, controls: set[int], looker: int, by_pid: dict[int, Process]) -> bool:
    if not process.command:  # it has ended
        return True
    if process.parent == 1 and process.command == _IDLE:
        return True
    if process.parent in controls and process.command == _INNER:
        return True
    return any(pid == looker for pid in _line(process, by_pid))


def _line(process: Process, by_pid: dict[int, Process]) -> Iterator[int]:
    """A process and what it descends from."""
    current: Process | None = process
    for _ in range(len(by_pid) + 1):
        if current is None:
            return
        yield current.pid
        current = by_pid.get(current.parent)


def _parsed(data: bytes) -> Census:
    """Raises `ValueError`."""
    looker, processes, contents, lost = 0, [], [], []
    while not data.startswith(b"s"):
        record, zero, data = data.partition(b"\0")
        if not zero:
            raise ValueError
        kind, text = record[:1], record[1:]
        if kind == b"c":
            looker = int(text)
        elif kind == b"p":
            pid, parent, command = [*text.split(b" ", 2), b"", b""][:3]
            processes.append(Process(int(pid), int(parent), command.decode("utf-8", "replace")))
        elif kind == b"f":
            mode, content, data = data.split(b"\0", 2)
            octal = mode.decode() if mode.isdigit() else ""
            contents.append(KeptFile(text.decode(), octal, content))
        elif kind == b"l":
            lost.append(text.decode("utf-8", "replace"))
        else:
            raise ValueError
    return Census(looker, tuple(sorted(processes, key=_pid)), tuple(contents), tuple(lost), data[1:])


def _pid(process: Process) -> int:
    return process.pid
