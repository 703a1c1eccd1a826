"""How the worlds that Docker does not make are kept within their limits, as far as this system lets us.

Control groups limit a world as a whole; only root, or a user to whom they were handed over, can make them.
What always holds are the limits of a process: its memory, and for others than root the number of processes.
"""

from __future__ import annotations

import math
import os
import shutil
from typing import Final

from trajcore.sandbox.base import Resources
from trajcore.sandbox.machines.host.cgroups import Group, make_group

_MEMORY_SHARE: Final = 0.8
_ENTER: Final = 'while [ "$1" != -- ]; do echo 0 2>/dev/null >"$1"; shift; done; shift; exec "$@"'


class Confinement:
    """The limits of one world."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._memory = memory_of(resources)
        self._group = Group()

    def wrapper(self) -> list[str]:
        """What stands before the command that makes the world."""
        self._group = make_group(self._resources, self._memory)
        enter = ["sh", "-c", _ENTER, "sh", *self._group.doors, "--"] if self._group.doors else []
        return [*enter, *_on_processors(self._resources.cpus)]

    def script(self) -> str:
        """What bash runs first, inside."""
        return f"{{ ulimit -u {self._resources.pids}; ulimit -d {self._memory // 1024}; }} 2>/dev/null"

    def close(self) -> None:
        """Remove what was made for it, when its processes have ended. Never raises."""
        self._group.remove()


def memory_of(resources: Resources) -> int:
    """Bytes of memory that a world may use."""
    return resources.memory or int(total_memory() * _MEMORY_SHARE)


def total_memory() -> int:
    """Bytes of memory of this machine."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def describe() -> str:
    """In words, how limits hold here."""
    group = make_group(Resources(), total_memory())
    try:
        if group.counts_processes:
            return "control groups limit a bubblewrap or local sandbox as a whole"
    finally:
        group.remove()
    if os.geteuid() == 0:
        return "no control groups: a bubblewrap or local sandbox has limits of memory, not of processes"
    return "no control groups: memory is limited for each process, not for a sandbox as a whole"


def _on_processors(cpus: float | None) -> list[str]:
    """Where a share of the processors cannot be had exactly, so many whole ones are named."""
    program = shutil.which("taskset")
    if cpus is None or program is None:
        return []
    usable = sorted(os.sched_getaffinity(0))[: max(1, math.ceil(cpus))]
    return [program, "--cpu-list", ",".join(map(str, usable))]
