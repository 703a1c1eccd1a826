"""What files held, each content in a file of its own, known by a number that is never given twice."""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_RESERVE: Final = 512 << 20
"""Bytes of the disk that are left free."""


class KeptFiles:
    """A store of contents, each there as long as it has users. Every call may raise `OSError`."""

    def __init__(self, directory: Path) -> None:
        """`directory` is made when it is needed; what it holds is nobody else's."""
        self._directory = directory
        self._last = 0
        self._users: Counter[int] = Counter()

    def new(self) -> tuple[int, int]:
        """A number for a new content, without users yet, and a file open for writing it."""
        self._directory.mkdir(mode=0o700, exist_ok=True)
        self._last += 1
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        return self._last, os.open(self._path(self._last), flags, 0o600)

    def opened(self, content: int) -> int:
        """A content, open for reading."""
        return os.open(self._path(content), os.O_RDONLY | os.O_CLOEXEC)

    def has(self, content: int) -> bool:
        """Whether a content has users."""
        return self._users[content] > 0

    def use(self, contents: Iterable[int]) -> None:
        """One more user for each of these."""
        self._users.update(contents)

    def release(self, contents: Iterable[int]) -> None:
        """One user less for each of these; what has none is removed."""
        for content in contents:
            self._users[content] -= 1
            if self._users[content] <= 0:
                del self._users[content]
                self._path(content).unlink(missing_ok=True)

    def spare(self, need: int) -> None:
        """Raises `OSError` when the disk has no room for `need` more bytes."""
        disk = os.statvfs(self._directory.parent)
        if disk.f_bavail * disk.f_frsize - need < _RESERVE:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _path(self, content: int) -> Path:
        return self._directory / str(content)
