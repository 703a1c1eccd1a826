"""What there is in a world beside its files and its shell: processes, and what else nothing brings back."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from trajcore.errors import SandboxUnavailable
from trajcore.sandbox.files import BashFiles
from trajcore.sandbox.machines.machine import BASH, CONTROL
from trajcore.sandbox.shell.quoting import quoted

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
# Of the shell, the first that the file {0} names: descriptors that are not its terminal, limits. Descriptors
# that it would not pass on are its own, for what it redirects just now.
# Of the world: shared memory, sockets with a name.
_BESIDES: Final = r"""
[[ -r {0} ]] || chmod u+r {0}; {{ IFS= read -r -d '' _; IFS=' ' read -r -d '' s _; }} <{0}
for p in /proc/$s/fd/*; do n=${{p##*/}}; case $n in [012]|255|\*) continue;; esac; o=2000000
while read -r k v; do [[ $k != flags: ]] || o=$v; done </proc/$s/fdinfo/$n
(( 8#$o & 8#2000000 )) || printf 'lthe open descriptor %s (%s)\0' $n "$(readlink $p)"; done
[[ $(</proc/$s/limits) == $(</proc/$$/limits) ]] || printf "lthe shell's limits\0"
for p in /dev/shm/* /dev/shm/.[!.]*; do
[[ -e $p && $p != /dev/shm/.trajtui-* ]] && {{ printf 'lwhat is in /dev/shm\0'; break; }}; done
while read -r _ _ _ _ _ _ _ p; do [[ $p == /* && -S $p ]] && printf 'lthe socket %s\0' "$p"
done </proc/net/unix
"""
_TOLD: Final = "printf s; cat {0}; rm -f {0}"
# Ours are the first process with what it sleeps by, its own forks, those that came from outside (they have no
# parent here), the bash that each of these runs, and the one that asks.
_END: Final = f"""
mapfile -d '' -t m </proc/1/cmdline
for _ in {{1..200}}; do n=; a=(); b=()
for p in /proc/[0-9]*; do p=${{p#/proc/}}; s=; c=(); IFS= read -r -d '' s </proc/$p/stat
set -- ${{s##*) }}; [[ ${{1-Z}} == [ZX] ]] && continue; mapfile -d '' -t c </proc/$p/cmdline
a[$p]=$2; b[$p]=${{c[*]}}; done
for p in ${{!a[@]}}; do q=${{a[$p]}}; c=${{b[$p]}}
(( p == 1 || q == 0 || p == $$ || p == BASHPID )) && continue
(( q == 1 )) && [[ $c == "${{m[*]}}" || $c == '{_IDLE}' ]] && continue
[[ $c == '{_INNER}' && $q != 1 ]] && [[ ${{a[$q]-}} == 0 || ${{b[$q]-}} == "${{m[*]}}" ]] && continue
kill -9 $p; n=1; done; [[ $n ]] || break; sleep 0.01; done
shopt -s dotglob nullglob; rm -rf /dev/shm/*; [[ $n ]] || echo done
"""


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


async def taken(files: BashFiles, path: str) -> bytes | None:
    """What a file holds, which is removed. Raises `SandboxUnavailable`."""
    seen = await _answered(files, _TOLD.format(quoted(path).decode()))
    return None if seen is None else seen.told


async def end_others(files: BashFiles) -> None:
    """End all processes of the world but those that we started there ourselves; its shell is ended too.

    Raises `SandboxUnavailable`, also where some cannot be ended.
    """
    if await files.output(_END) != "done":
        raise SandboxUnavailable("The sandbox's processes cannot be ended.")


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
