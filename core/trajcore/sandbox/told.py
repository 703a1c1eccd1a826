"""What the shell tells of itself behind each command, and what is to be seen of it beside that.

Both are files in the world, read from here if they can be.
"""

from __future__ import annotations

import asyncio
import os
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from trajcore.sandbox.files import BashFiles
from trajcore.sandbox.shell.state import is_whole
from trajcore.sandbox.trees.io import entered

_NAME: Final = ".trajtui-told"
_LIMITS: Final = "limits"
_LARGEST: Final = 1 << 20
_PATIENCE: Final = 2.0
"""Seconds that a shell takes at most to tell of itself behind a command."""
_AT_ONCE: Final = 60
"""It mostly has told by the time that it is asked for, or has within so many looks of 20 µs each."""
_PAUSE: Final = 1e-3


class ToldFile:
    """The file that it tells in; anything may stand there, as whatever runs in the world can write it."""

    def __init__(self, files: BashFiles) -> None:
        self.path = ""
        """Empty until it is known where it can be."""
        self._files = files
        self._directory: int | None = None
        self._process: tuple[int, int] | None = None
        """Of which process a directory is held open, and that."""

    async def place(self) -> None:
        """Choose where it is. Raises `SandboxUnavailable`."""
        self.path = f"{await self._files.scratch()}/{_NAME}"

    async def read(self, root: Path | None, key: bytes) -> bytes | None:
        """What the shell told with this key, which it may still be about.

        `root` is the world's root as this host sees it, where it does. None where it is not to be had. Raises
        `SandboxUnavailable`.
        """
        deadline = time.monotonic() + _PATIENCE
        reads = 0
        while time.monotonic() < deadline:
            data = await self._now(root)
            if data is None or is_whole(data, key):
                return data
            reads += 1
            await asyncio.sleep(0 if reads < _AT_ONCE else _PAUSE)
        return None

    async def limits(self, root: Path | None, pid: int) -> bytes | None:
        """The limits of the shell, whose number in the world is `pid`; None where they are not to be had.

        It does not tell of them itself: to read them would take it a fifth of the time of all else. Raises
        `SandboxUnavailable`.
        """
        path = f"/proc/{pid}/{_LIMITS}"
        try:
            if root is None:
                return await self._files.read(path, _LARGEST)
            if self._process is None or self._process[0] != pid:
                self._leave_process()
                self._process = pid, entered(root, *_places(path))
            return _read(_LIMITS, self._process[1])
        except OSError:
            return None

    async def _now(self, root: Path | None) -> bytes | None:
        try:
            if root is None:
                return await self._files.read(self.path, _LARGEST)
            if self._directory is None:
                self._directory = entered(root, *_places(self.path))
            return _read(_NAME, self._directory)
        except OSError:
            return None

    def leave(self) -> None:
        """The world is about to be another one."""
        directory, self._directory = self._directory, None
        if directory is not None:
            os.close(directory)
        self._leave_process()

    def _leave_process(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            os.close(process[1])


def _places(path: str) -> list[str]:
    """The directories on the way to a path."""
    return path.strip("/").split("/")[:-1]


def _read(name: str, directory: int) -> bytes | None:
    opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
    try:
        found = os.fstat(opened)
        if not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST:
            return None
        data = b""
        with suppress(BlockingIOError):
            while chunk := os.read(opened, _LARGEST + 1 - len(data)):
                data += chunk
        return data
    finally:
        os.close(opened)
