"""Limits that a whole world cannot exceed: control groups, where this user may make them."""

from __future__ import annotations

import os
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from trajcore.sandbox.base import Resources
from trajcore.sandbox.machines.owner import LABEL, Owner, read_word, this_program

_TOP: Final = Path("/sys/fs/cgroup")
_PERIOD: Final = 100_000
_PATIENCE: Final = 2.0
_PAUSE: Final = 0.01
_SCHEDULERS: Final = ("cpu", "cpu,cpuacct")


@dataclass
class Group:
    """A control group of one world: one directory, or one for each controller. May be empty."""

    directories: list[Path] = field(default_factory=list)

    @property
    def doors(self) -> list[str]:
        """The files to which a process writes `0` to enter."""
        return [str(directory / "cgroup.procs") for directory in self.directories]

    @property
    def counts_processes(self) -> bool:
        """Whether the number of processes is really limited."""
        return any(os.path.exists(directory / "pids.max") for directory in self.directories)

    def remove(self) -> None:
        """Remove the group, whose processes have ended. Never raises."""
        for directory in self.directories:
            remove_group(directory)
        self.directories = []


def remove_group(directory: Path) -> bool:
    """Remove one directory of a group, waiting a moment for its processes to end. Never raises."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            directory.rmdir()
        except FileNotFoundError:
            return True
        except OSError:
            if time.monotonic() > deadline:
                return False
            time.sleep(_PAUSE)
        else:
            return True


def make_group(resources: Resources, memory: int) -> Group:
    """A new group with these limits, `memory` in bytes; without directories where none can be made."""
    name = f"{LABEL}-{this_program().word}-{secrets.token_hex(4)}"
    group = Group()
    unified = _made(_TOP / name) if os.path.exists(_TOP / "cgroup.controllers") else None
    if unified is not None:
        group.directories.append(unified)
        _set(unified, "pids.max", resources.pids)
        _set(unified, "memory.max", memory)
        if resources.cpus:
            _set(unified, "cpu.max", f"{int(resources.cpus * _PERIOD)} {_PERIOD}")
        return group
    for controller, limit, value in _each(resources, memory):
        directory = _made(_TOP / controller / name)
        if directory is not None:
            group.directories.append(directory)
            _set(directory, limit, value)
    return group


def left_groups() -> list[tuple[Path, Owner]]:
    """The directories of groups that have such names, and their owners."""
    found = []
    for directory in (_TOP, *(_TOP / name for name in ("pids", "memory", *_SCHEDULERS))):
        try:
            paths = list(directory.glob(f"{LABEL}-*"))
        except OSError:
            continue
        for path in paths:
            owner = read_word(path.name.removeprefix(f"{LABEL}-").rpartition("-")[0])
            if owner is not None:
                found.append((path, owner))
    return found


def _each(resources: Resources, memory: int) -> list[tuple[str, str, int]]:
    """Of the older kind of groups: controller, file and value."""
    limits = [("pids", "pids.max", resources.pids), ("memory", "memory.limit_in_bytes", memory)]
    if resources.cpus:
        quota = int(resources.cpus * _PERIOD)
        scheduler = next((name for name in _SCHEDULERS if os.path.isdir(_TOP / name)), _SCHEDULERS[0])
        limits.append((scheduler, "cpu.cfs_quota_us", quota))
    return limits


def _made(directory: Path) -> Path | None:
    """The group `directory`, made; None where it cannot be, or processes cannot enter it."""
    if not os.path.isdir(directory.parent):
        return None
    try:
        directory.mkdir()
    except OSError:
        return None
    if os.access(directory / "cgroup.procs", os.W_OK):
        return directory
    with suppress(OSError):
        directory.rmdir()
    return None


def _set(directory: Path, name: str, value: object) -> None:
    """Set a limit; a controller that is not there limits nothing."""
    with suppress(OSError):
        (directory / name).write_text(str(value))
