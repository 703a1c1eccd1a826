"""Reading and writing single entries of a directory tree that something hostile may have made, and may
still be changing: every name is taken relative to an open directory, and no link is ever followed.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_CHUNK: Final = 4 << 20
_SMALL: Final = 1 << 16
_ENTER: Final = stat.S_IRUSR | stat.S_IXUSR
_HERE: Final = os.O_NOFOLLOW | os.O_CLOEXEC

Xattrs = tuple[tuple[str, bytes], ...]


class Stopped(Exception):
    """The work was told to stop."""


@contextmanager
def folder(name: str | Path, parent: int | None = None, *, lastingly: bool = False) -> Iterator[int]:
    """An open directory that we may list and enter. Raises `OSError`, also where the name is a link.

    Rights that we lack we give to the owner, which is us: for as long as it is open, or `lastingly`.
    """
    opened, mode = _opened(name, parent, os.O_DIRECTORY)
    try:
        lacking = mode & _ENTER != _ENTER and os.geteuid() != 0
        if lacking:
            os.fchmod(opened, mode | stat.S_IRWXU)
        try:
            yield opened
        finally:
            if lacking and not lastingly:
                os.fchmod(opened, mode)
    finally:
        os.close(opened)


def entered(root: Path, *names: str) -> int:
    """A directory below `root`, open; no part of the way there may be a link. Raises `OSError`."""
    opened = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for name in names:
        above = opened
        try:
            opened = os.open(name, os.O_RDONLY | os.O_DIRECTORY | _HERE, dir_fd=above)
        finally:
            os.close(above)
    return opened


def open_file(name: str, parent: int) -> int:
    """A regular file, open for reading. Raises `OSError`, also where the name is something else."""
    opened, _ = _opened(name, parent, os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise OSError(errno.EINVAL, "not a regular file", name)
    return opened


def _opened(name: str | Path, parent: int | None, flags: int) -> tuple[int, int]:
    """An entry open for reading, and its mode; where we may not read, we may for a moment."""
    try:
        opened = os.open(name, os.O_RDONLY | flags | _HERE, dir_fd=parent)
    except PermissionError:
        if not hasattr(os, "O_PATH"):  # macOS: what is closed to us stays so
            raise
        place = os.open(name, os.O_PATH | _HERE, dir_fd=parent)
    else:
        return opened, stat.S_IMODE(os.fstat(opened).st_mode)
    try:
        mode = os.fstat(place).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise OSError(errno.EINVAL, "neither a file nor a directory", str(name))
        same = f"/proc/self/fd/{place}"
        os.chmod(same, stat.S_IMODE(mode) | stat.S_IRWXU)  # noqa: PTH101 - an open entry, not a path
        try:
            return os.open(same, os.O_RDONLY | flags | os.O_CLOEXEC), stat.S_IMODE(mode)
        finally:
            os.chmod(same, stat.S_IMODE(mode))  # noqa: PTH101
    finally:
        os.close(place)


def entries(opened: int) -> dict[str, os.stat_result]:
    """What an open directory holds; names that vanish meanwhile are left out."""
    found = {}
    with os.scandir(opened) as names:
        for entry in names:
            try:
                found[entry.name] = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
    return found


def copy_content(source: int, target: int, stop: threading.Event) -> None:
    """Copy what a file holds into an empty one; holes stay holes. Raises `OSError`, `Stopped`."""
    about = os.fstat(source)
    if about.st_size <= _SMALL:
        data = os.read(source, _SMALL + 1)
        if len(data) <= _SMALL:
            _write(target, data)
            return
        os.lseek(source, 0, os.SEEK_SET)
        os.lseek(target, 0, os.SEEK_SET)
    for start, end in filled(source, about.st_size):
        copy_range(source, start, target, start, end - start, stop)
    os.ftruncate(target, about.st_size)


def filled(source: int, end: int, position: int = 0) -> Iterator[tuple[int, int]]:
    """Where a file has content between two places: its parts between holes. Raises `OSError`."""
    while position < end:
        try:
            start = os.lseek(source, position, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return
            raise
        if start >= end:
            return
        position = min(os.lseek(source, start, os.SEEK_HOLE), end)
        yield start, position


def copy_range(
    source: int, start: int, target: int, at: int, length: int, stop: threading.Event | None = None
) -> None:
    """Copy so many bytes of an open file to a place in another, as far as they are there.

    Raises `OSError`, `Stopped`.
    """
    while length:
        if stop is not None and stop.is_set():
            raise Stopped
        size = min(_CHUNK, length)
        copied = _copied_by_kernel(source, start, target, at, size)
        if copied is None:
            copied = os.pwrite(target, os.pread(source, size, start), at)
        if copied == 0:  # it has become shorter
            return
        start, at, length = start + copied, at + copied, length - copied


def _copied_by_kernel(source: int, start: int, target: int, at: int, size: int) -> int | None:
    """How many bytes the kernel has copied by itself; None where it cannot. Raises `OSError`."""
    if not hasattr(os, "copy_file_range"):
        return None
    try:
        return os.copy_file_range(source, target, size, start, at)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
            raise
        return None


def _write(target: int, data: bytes) -> None:
    while data:
        data = data[os.write(target, data) :]


def xattrs(opened: int) -> Xattrs:
    """The extended attributes of an open file or directory, in order; without those of the host's policy.

    Python tells them on Linux alone.
    """
    if not hasattr(os, "listxattr"):
        return ()
    try:
        names = os.listxattr(opened)
    except OSError:
        return ()
    kept = []
    for name in sorted(names):
        if name == "security.selinux":
            continue
        try:
            kept.append((name, os.getxattr(opened, name)))
        except OSError:
            continue
    return tuple(kept)


def set_xattrs(opened: int, wanted: Xattrs) -> None:
    """Give an open file or directory exactly these attributes, as far as we are allowed to."""
    if not hasattr(os, "setxattr"):
        return
    there = dict(xattrs(opened))
    for name, value in wanted:
        if there.pop(name, None) != value:
            with if_allowed():
                os.setxattr(opened, name, value)
    for name in there:
        with if_allowed():
            os.removexattr(opened, name)


@contextmanager
def if_allowed() -> Iterator[None]:
    """Passes over a change that the system does not allow us."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.ENODATA):
            raise


def remove(name: str, parent: int, mode: int) -> None:
    """Remove an entry whatever it holds. `mode` is that of `entries`. Raises `OSError`."""
    if not stat.S_ISDIR(mode):
        os.unlink(name, dir_fd=parent)
        return
    with folder(name, parent, lastingly=True) as opened:
        if mode & stat.S_IRWXU != stat.S_IRWXU:
            os.fchmod(opened, stat.S_IRWXU)
        for child, about in entries(opened).items():
            remove(child, opened, about.st_mode)
    os.rmdir(name, dir_fd=parent)
