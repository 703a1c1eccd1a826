"""A look around inside a sandbox: which processes run that are not ours, and files that no snapshot holds."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from trajcore.sandbox.files.files import Files
from trajcore.sandbox.shell.quoting import quoted
from trajcore.sandbox.shell.scripts import BASH, CONTROL

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
_FILE: Final = "t=; IFS= read -r -d '' t <{0}; printf 'f%s\\0%s\\0' {0} \"$t\"; "
_TOLD: Final = "printf s; [[ -r {0} ]] || chmod u+r {0}; cat {0}; rm -f {0}"


@dataclass(frozen=True, slots=True)
class Process:
    """A process as seen inside."""

    pid: int
    parent: int
    command: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What was there, and the process that looked."""

    looker: int
    processes: tuple[Process, ...]
    files: tuple[tuple[str, bytes], ...]
    """Paths and contents."""
    told: bytes
    """What the file held that was taken away."""


async def look(files: Files, outside: Sequence[str], told: str) -> Seen | None:
    """Processes, the contents of the files `outside`, and that of `told`, which is removed.

    None when the answer makes no sense. Raises `SandboxUnavailable`.
    """
    contents = "".join(_FILE.format(quoted(path).decode()) for path in outside)
    script = _PROCESSES + contents + _TOLD.format(quoted(told).decode())
    answer = await files.output(f"{{ {script}; }} | base64 -w0")
    try:
        return _parsed(base64.b64decode(answer, validate=True))
    except (binascii.Error, ValueError):
        return None


def others(seen: Seen, shell: int, terminal: int) -> tuple[str, ...]:
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


def _parsed(data: bytes) -> Seen:
    """Raises `ValueError`."""
    looker, processes, contents = 0, [], []
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
            content, _, data = data.partition(b"\0")
            contents.append((text.decode(), content))
        else:
            raise ValueError
    return Seen(looker, tuple(sorted(processes, key=_pid)), tuple(contents), data[1:])


def _pid(process: Process) -> int:
    return process.pid
