"""Processes of the host: finding those that belong together, and ending them. Needs /proc."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

_PATIENCE: Final = 5.0
_PAUSE: Final = 0.01


def kill_all(belongs: Callable[[int], bool]) -> int:
    """Kill every process that `belongs`, until there is none; how many there were.

    Gives up after some seconds: a process that waits for a broken disk cannot be killed.
    """
    killed: set[int] = set()
    deadline = time.monotonic() + _PATIENCE
    while found := [pid for pid in running() if belongs(pid)]:
        for pid in found:
            _kill(pid)
        killed.update(found)
        if time.monotonic() > deadline:
            break
        time.sleep(_PAUSE)
    return len(killed)


def session_of(pid: int) -> int:
    """The session that a process belongs to; 0 when it is gone."""
    try:
        return os.getsid(pid)
    except OSError:
        return 0


def variable_of(pid: int, name: str) -> str:
    """A variable of the environment that a process was started with; empty where there is none."""
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return ""
    start = f"{name}=".encode()
    found = [entry for entry in environment.split(b"\0") if entry.startswith(start)]
    return found[0].removeprefix(start).decode("utf-8", "replace") if found else ""


def children_of(pid: int) -> Iterator[int]:
    """The children of a process that are there now."""
    try:
        told = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return
    yield from map(int, told.split())


def has_as_root(pid: int, directory: Path) -> bool:
    """Whether `directory`, whose parent has a name like no other, is the root of the files a process sees."""
    try:
        mounts = Path(f"/proc/{pid}/mountinfo").read_text(errors="replace")
    except OSError:
        return False
    fields = [line.split(" ") for line in mounts.splitlines()]
    # Its last two names and not fewer: the host's own root may be a part of a disk that is called /root.
    ending = f"/{directory.parent.name}/{directory.name}"
    return any(mount[4:5] == ["/"] and mount[3].endswith(ending) for mount in fields)


def running() -> Iterator[int]:
    """All processes of this machine that are not us and have not ended."""
    try:
        names = os.listdir("/proc")  # noqa: PTH208 - names, not paths
    except OSError:
        return
    for name in names:
        if name.isdigit() and int(name) != os.getpid() and not _has_ended(int(name)):
            yield int(name)


def _has_ended(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] in ("Z", "X")


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass  # it ended by itself, or became somebody else's
