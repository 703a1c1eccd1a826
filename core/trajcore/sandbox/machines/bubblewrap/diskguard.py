"""Stops a world that would fill the disk of this machine."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

RESERVE: Final = 1 << 30
"""Bytes of the disk that are left to everybody else."""

_EVERY: Final = 0.2
"""Seconds between looks; a fast disk takes some hundred megabytes in that time."""


class DiskGuard:
    """Looks at how much room is left where a world keeps its files, and calls `stop` before there is none.

    A disk that has little room to begin with is left alone: what fills it is refused by the system soon.
    """

    def __init__(self, reserve: int = RESERVE) -> None:
        self._reserve = reserve
        self._watching: asyncio.Task[None] | None = None

    def begin(self, directory: Path, stop: Callable[[], object]) -> None:
        """Watch the disk of `directory` from now on, until `end`."""
        self.end()
        if _free(directory) >= 2 * self._reserve:
            self._watching = asyncio.create_task(self._watch(directory, stop))

    def end(self) -> None:
        """Watch no longer."""
        watching, self._watching = self._watching, None
        if watching is not None:
            watching.cancel()

    async def _watch(self, directory: Path, stop: Callable[[], object]) -> None:
        while _free(directory) >= self._reserve:  # noqa: ASYNC110 - a disk tells nobody
            await asyncio.sleep(_EVERY)
        stop()


def _free(directory: Path) -> int:
    """Bytes that are left; without end where that cannot be told."""
    try:
        disk = os.statvfs(directory)
    except OSError:
        return 1 << 62
    return disk.f_bavail * disk.f_frsize
