"""Stops a world that would fill a disk of this machine."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

RESERVE: Final = 1 << 30
"""Bytes of a disk that are left to everybody else."""

RESERVED_FILES: Final = 20_000
"""How many more files everybody else can make on a disk."""

FULL: Final = "The sandbox was stopped before it filled the disk of {}. Step back or restart to go on."

_MOST_SHARED: Final = 1 << 40

_EVERY: Final = 0.2
"""Seconds between looks; a fast disk takes some hundred megabytes in that time."""


@dataclass(frozen=True)
class Room:
    """What is left on a disk. What has no limit, or cannot be told, is without end."""

    size: float = float("inf")
    """Bytes."""
    files: float = float("inf")
    """How many can still be made."""

    def is_short_of(self, reserve: Room) -> bool:
        """Whether less than `reserve` is left."""
        return self.size < reserve.size or self.files < reserve.files


def room(directory: Path) -> Room:
    """What is left where `directory` lies. Where we may not look, what it lies in tells."""
    for path in (directory, *directory.parents):
        try:
            disk = os.statvfs(path)
        except PermissionError:
            continue
        except OSError:
            break
        return Room(disk.f_bavail * disk.f_frsize, disk.f_favail if disk.f_files else float("inf"))
    return Room()


def share_of_disk() -> int:
    """Bytes of the disk of temporary files that a run may take unasked: a tenth of what is free."""
    left = room(Path(tempfile.gettempdir())).size
    return int(min(left / 10, _MOST_SHARED))


def spared(directory: Path) -> int:
    """Bytes of the disk of `directory` that are left to others; 0 where it has little to begin with."""
    return RESERVE if room(directory).size >= 2 * RESERVE else 0


class DiskGuard:
    """Looks at how much room is left where a world keeps its files, and calls `stop` before there is none.

    A disk that has little room to begin with is left alone: what fills it is refused by the system soon.
    """

    def __init__(self, reserve: int = RESERVE, files: int = RESERVED_FILES) -> None:
        self._reserve = Room(reserve, files)
        self._watching: asyncio.Task[None] | None = None

    def begin(self, directories: Iterable[Path], stop: Callable[[str], object]) -> None:
        """Watch the disks of `directories` from now on, until `end`; `stop` is told why."""
        self.end()
        watched = {path: self._reserved(path) for path in directories}
        if any(reserve != Room(0, 0) for reserve in watched.values()):
            self._watching = asyncio.create_task(_watch(watched, stop))

    def end(self) -> None:
        """Watch no longer."""
        watching, self._watching = self._watching, None
        if watching is not None:
            watching.cancel()

    def _reserved(self, directory: Path) -> Room:
        """What is kept of the disk of `directory`: nothing of what is scarce by now."""
        now, reserve = room(directory), self._reserve
        return Room(
            reserve.size if now.size >= 2 * reserve.size else 0,
            reserve.files if now.files >= 2 * reserve.files else 0,
        )


async def _watch(watched: dict[Path, Room], stop: Callable[[str], object]) -> None:
    while True:
        for path, reserve in watched.items():
            if room(path).is_short_of(reserve):
                stop(FULL.format(path))
                return
        await asyncio.sleep(_EVERY)
