"""A directory of this host that a hostile sandbox may be changing: looked at without ever leaving it.

Every step down is taken from an open directory and follows no link, so that whatever is put in the place of
what was just seen, nothing outside is reached. Devices and pipes are never opened.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from trajcore.sandbox.tracking.filechanges import DIGEST_LIMIT, TEXT_LIMIT, Content, digest_of

DEEPEST: Final = 100
"""Levels of directories that are looked into."""

MOST: Final = 500_000
"""Entries of a tree that are looked at."""

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_CHUNK: Final = 1 << 20
_SKIPPED: Final = 2


class Stat(NamedTuple):
    """What a path was when it was looked at. Of a directory only mode, owner and `opaque` are kept.

    `opaque`: in an overlay, it hides what lies below it.
    """

    mode: int
    uid: int
    gid: int
    size: int = 0
    mtime: int = 0
    changed: int = 0
    inode: int = 0
    opaque: bool = False

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory."""
        return stat.S_ISDIR(self.mode)


WHITEOUT: Final = Stat(0, 0, 0)
"""What stands in an overlay's upper directory for something below that was deleted."""


class TooMany(Exception):
    """The tree has more entries than are looked at."""


def opened_directory(name: str | Path, beneath: int | None = None) -> int:
    """A descriptor of a directory that is no link. Raises `OSError`."""
    return os.open(name, _DIRECTORY, dir_fd=beneath)


def seen_as(found: os.stat_result, *, layered: bool) -> Stat:
    """What was found, in few words; `layered`: in an overlay's directory, where whiteouts mean something."""
    mode = found.st_mode
    if stat.S_ISDIR(mode):
        return Stat(mode, found.st_uid, found.st_gid)
    if layered and stat.S_ISCHR(mode) and found.st_rdev == 0:
        return WHITEOUT
    return Stat(
        mode, found.st_uid, found.st_gid, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino
    )


def is_opaque(directory: int) -> bool:
    """Whether an open directory of an overlay hides what lies below it."""
    for name in ("user.overlay.opaque", "trusted.overlay.opaque"):
        with suppress(OSError):
            return os.getxattr(directory, name) == b"y"
    return False


class Walk:
    """Everything in a tree by its path, which is relative to the root and has no slash at its end.

    `skip` says of the entries of the first two levels which are left out.
    """

    def __init__(self, root: Path, skip: Callable[[str], bool], *, layered: bool) -> None:
        self.found: dict[str, Stat] = {}
        self.blind: list[str] = []
        """Directories that could not be looked into."""
        self._skip = skip
        self._layered = layered
        directory = opened_directory(root)
        try:
            self._look_into(directory, "", 0)
        finally:
            os.close(directory)

    def _look_into(self, directory: int, prefix: str, depth: int) -> None:
        below = []
        layered, skip, found = self._layered, self._skip, self.found
        with os.scandir(directory) as entries:
            for entry in entries:
                path = prefix + entry.name
                if depth < _SKIPPED and skip(path):
                    continue
                try:
                    seen = seen_as(entry.stat(follow_symlinks=False), layered=layered)
                except OSError:  # gone meanwhile
                    continue
                found[path] = seen
                if seen.is_directory:
                    below.append(entry.name)
        if len(found) > MOST:
            raise TooMany
        for name in below:
            self._descend(directory, name, prefix + name, depth + 1)

    def _descend(self, parent: int, name: str, path: str, depth: int) -> None:
        if depth > DEEPEST:
            self.blind.append(f"{path}/")
            return
        try:
            directory = opened_directory(name, parent)
        except FileNotFoundError:
            del self.found[path]
            return
        except OSError:  # closed to us, or no directory any more
            self.blind.append(f"{path}/")
            return
        try:
            if self._layered and is_opaque(directory):
                self.found[path] = self.found[path]._replace(opaque=True)
            self._look_into(directory, f"{path}/", depth)
        finally:
            os.close(directory)


class Reader:
    """Reads single paths of a tree; a context manager. All paths are relative to the root."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._opened: list[tuple[str, int]] = []

    def __enter__(self) -> Self:
        self._opened = [("", opened_directory(self._root))]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _, directory in self._opened:
            os.close(directory)
        self._opened = []

    def directory(self, path: str) -> int:
        """A descriptor of a directory, which this reader closes. Raises `OSError`."""
        names = path.split("/") if path else []
        kept = 1
        while kept < len(self._opened) and kept <= len(names) and self._opened[kept][0] == names[kept - 1]:
            kept += 1
        while len(self._opened) > kept:
            os.close(self._opened.pop()[1])
        for name in names[kept - 1 :]:
            self._opened.append((name, opened_directory(name, self._opened[-1][1])))
        return self._opened[-1][1]

    def content(self, path: str) -> tuple[Stat, Content | None]:
        """What is there and, of a file or a link, what it holds. Raises `OSError`.

        The content is no older than what is said of the path. It is None for a file that is too large.
        """
        parent, _, name = path.rpartition("/")
        directory = self.directory(parent)
        fd = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
        try:
            found = os.fstat(fd)
            seen = seen_as(found, layered=False)
            if stat.S_ISLNK(found.st_mode):
                return seen, _link(os.readlink("", dir_fd=fd))
            if not stat.S_ISREG(found.st_mode) or found.st_size > DIGEST_LIMIT:
                return seen, None
            reading = os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        finally:
            os.close(fd)
        try:
            return seen, _read(reading, found.st_size)
        finally:
            os.close(reading)


def _link(target: str) -> Content:
    return Content(digest_of(os.fsencode(target)), target)


def _read(fd: int, size: int) -> Content | None:
    """The content of an open file that had `size` bytes; None for one that has grown too large."""
    if size <= TEXT_LIMIT:
        data = b""
        while chunk := os.read(fd, TEXT_LIMIT + 1 - len(data)):
            data += chunk
            if len(data) > TEXT_LIMIT:
                return None
        return Content.of(data)
    digest = blake2b(digest_size=16)
    read = 0
    while chunk := os.read(fd, _CHUNK):
        digest.update(chunk)
        read += len(chunk)
        if read > DIGEST_LIMIT:
            return None
    return Content(digest.digest())
