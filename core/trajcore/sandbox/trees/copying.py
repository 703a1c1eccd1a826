"""Directory trees on the host: copying one without following what leads out of it, and removing one whole."""

from __future__ import annotations

import errno
import io
import os
import secrets
import stat
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import IO, Final

from trajcore.sandbox.trees.io import copy_content, entries, filled, folder

_NAMED: Final = 3
_PATIENCE: Final = 1.0
_PAUSE: Final = 0.02
_WORTH: Final = 1 << 20
"""Bytes of holes that are worth keeping in an archive."""
_MOST_PARTS: Final = 256
_DEEPEST: Final = 64
"""So many directories are open at a time."""
_HERE: Final = os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY: Final = os.O_DIRECTORY | _HERE


@dataclass
class LeftOut:
    """What of a tree was not copied, by its path below the top."""

    special: list[str] = field(default_factory=list)
    """Sockets, pipes and devices."""
    unreadable: list[str] = field(default_factory=list)

    def sentence(self) -> str:
        """All of it in one line; empty when all was copied."""
        parts = [
            _counted("socket, pipe or device", "sockets, pipes and devices", self.special),
            _counted("unreadable entry", "unreadable entries", self.unreadable),
        ]
        return " and ".join(part for part in parts if part)


def copy_tree(source: Path, target: Path, spare: int = 0) -> LeftOut:
    """Copy directories, files and links (as links) from `source` into the existing `target`.

    Modes and times are kept, holes stay holes, and what was one file under two names stays one. No link
    is followed, whatever else happens to `source` meanwhile. Raises `OSError`, before anything is copied
    where it would leave less than `spare` bytes of the disk.
    """
    disk = os.statvfs(target)
    ask_for_room(_needed(source), disk.f_bavail * disk.f_frsize - spare)
    left_out = LeftOut()
    twins: dict[tuple[int, int], str] = {}
    directories: list[tuple[str, os.stat_result]] = []
    with _opened(target) as top:
        for path, about, here in _walk(source, left_out):
            directory, _, name = path.rpartition("/")
            with _beneath(top, directory) as there:
                if stat.S_ISLNK(about.st_mode):
                    os.symlink(os.readlink(name, dir_fd=here), name, dir_fd=there)
                elif stat.S_ISDIR(about.st_mode):
                    with suppress(FileExistsError):
                        os.mkdir(name, dir_fd=there)
                    directories.append((path, about))
                elif (twin := _twin(twins, about, path)) != path:
                    os.link(twin, name, src_dir_fd=top, dst_dir_fd=there, follow_symlinks=False)
                else:
                    _copy_file(name, here, there, about)
        for path, about in reversed(directories):
            with _beneath(top, path) as there:
                _give(there, stat.S_IMODE(about.st_mode) | stat.S_IRWXU, about)
    return left_out


def _twin(twins: dict[tuple[int, int], str], about: os.stat_result, path: str) -> str:
    """The path by which this file was found first, which is its own where it has not been found before."""
    return path if about.st_nlink == 1 else twins.setdefault((about.st_dev, about.st_ino), path)


def _copy_file(name: str, here: int, there: int, about: os.stat_result) -> None:
    with _file(name, here) as old:
        new = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _HERE, 0o600, dir_fd=there)
        try:
            copy_content(old, new, threading.Event())
            _give(new, stat.S_IMODE(about.st_mode), about)
        finally:
            os.close(new)


def _give(opened: int, mode: int, about: os.stat_result) -> None:
    os.fchmod(opened, mode)
    os.utime(opened, ns=(about.st_atime_ns, about.st_mtime_ns))


def _needed(source: Path) -> int:
    """Bytes on disk of all files that are to be copied, each counted once."""
    walk = _walk(source, LeftOut())
    return sum(
        {about.st_ino: about.st_blocks * 512 for _, about, _ in walk if stat.S_ISREG(about.st_mode)}.values()
    )


def ask_for_room(need: int, left: float) -> None:
    """Raises `OSError` where `need` bytes are more than are `left`."""
    if need > left:
        reason = (
            f"{os.strerror(errno.ENOSPC)}: it takes {need / 1e6:.0f} MB, and {left / 1e6:.0f} MB are left"
        )
        raise OSError(errno.ENOSPC, reason)


@dataclass(frozen=True)
class Sparse:
    """A file whose holes are not in an archive: its parts stand there one behind the other."""

    path: str
    size: int
    """Bytes, holes too."""
    parts: tuple[tuple[int, int], ...]
    """Where each part begins, and how long it is."""


def pack_tree(source: Path, into: IO[bytes], room: float = inf) -> tuple[LeftOut, list[Sparse]]:
    """Write what `source` holds as a tar archive; everything in it belongs to root.

    Raises `OSError`, before anything is written where that takes more bytes than there is `room`.
    """
    left_out = LeftOut()
    sparse: list[Sparse] = []
    twins: dict[tuple[int, int], str] = {}
    ask_for_room(_needed(source), room)
    with tarfile.open(fileobj=into, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, about, here in _walk(source, left_out):
            name = path.rpartition("/")[2]
            entry = tarfile.TarInfo(path)
            entry.mode, entry.mtime = stat.S_IMODE(about.st_mode), int(about.st_mtime)
            entry.uname = entry.gname = "root"
            if stat.S_ISLNK(about.st_mode):
                entry.type, entry.linkname = tarfile.SYMTYPE, os.readlink(name, dir_fd=here)
            elif stat.S_ISDIR(about.st_mode):
                entry.type = tarfile.DIRTYPE
            elif (twin := _twin(twins, about, path)) != path:
                entry.type, entry.linkname = tarfile.LNKTYPE, twin
            else:
                with _file(name, here) as opened, os.fdopen(opened, "rb", closefd=False) as content:
                    _pack_file(archive, entry, content, sparse)
                continue
            archive.addfile(entry)
    return left_out, sparse


def _pack_file(
    archive: tarfile.TarFile, entry: tarfile.TarInfo, content: IO[bytes], into: list[Sparse]
) -> None:
    about = os.fstat(content.fileno())
    entry.size = about.st_size
    if about.st_blocks * 512 + _WORTH >= about.st_size or not _can_be_named(entry.name):
        archive.addfile(entry, content)
        return
    parts = [(start, end - start) for start, end in filled(content.fileno(), about.st_size)]
    if len(parts) > _MOST_PARTS:
        archive.addfile(entry, content)
        return
    entry.size = sum(length for _, length in parts)
    archive.addfile(entry, _Parts(content, parts))
    into.append(Sparse(entry.name, about.st_size, tuple(parts)))


def _can_be_named(path: str) -> bool:
    """Whether a path can be spelled in what is sent to an engine."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


class _Parts(io.RawIOBase):
    """Parts of a file, read one behind the other."""

    def __init__(self, content: IO[bytes], parts: list[tuple[int, int]]) -> None:
        self._content = content
        self._parts = parts[::-1]

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, fewer only at the end."""
        data = b""
        while self._parts and len(data) < size:
            start, length = self._parts.pop()
            taken = min(length, size - len(data))
            self._content.seek(start)
            data += self._content.read(taken).ljust(taken, b"\0")  # it may have become shorter
            if taken < length:
                self._parts.append((start + taken, length - taken))
        return data


def _walk(source: Path, left_out: LeftOut) -> Iterator[tuple[str, os.stat_result, int]]:
    """What is below `source` and not left out, directories before what is in them. Raises `OSError`.

    Each with the directory that it is in, which is open until the next one is asked for.
    """
    with _opened(source) as top:
        waiting = [""]
        while waiting:
            directory = waiting.pop()
            try:
                with _beneath(top, directory) as here:
                    for path, about in _listed(directory, here, left_out):
                        if stat.S_ISDIR(about.st_mode):
                            waiting.append(path)
                        yield path, about, here
            except _Unreadable:
                if not directory:
                    raise
                left_out.unreadable.append(directory)


class _Unreadable(PermissionError):
    """A directory may not be listed, or not be entered."""


def _listed(directory: str, here: int, left_out: LeftOut) -> Iterator[tuple[str, os.stat_result]]:
    for name, about in sorted(entries(here).items()):
        path = f"{directory}/{name}" if directory else name
        if stat.S_ISREG(about.st_mode) and not os.access(name, os.R_OK, dir_fd=here):
            left_out.unreadable.append(path)
        elif stat.S_ISREG(about.st_mode) or stat.S_ISLNK(about.st_mode) or stat.S_ISDIR(about.st_mode):
            yield path, about
        else:
            left_out.special.append(path)


@contextmanager
def _opened(directory: Path) -> Iterator[int]:
    """A directory that the user named, by whatever links."""
    opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield opened
    finally:
        os.close(opened)


@contextmanager
def _beneath(top: int, path: str) -> Iterator[int]:
    """A directory below an open one, entered name by name: none of them may be a link."""
    opened = os.open(".", os.O_RDONLY | _DIRECTORY, dir_fd=top)
    try:
        for name in path.split("/") if path else ():
            try:
                below = os.open(name, os.O_RDONLY | _DIRECTORY, dir_fd=opened)
            except PermissionError as error:
                raise _Unreadable(error.errno, error.strerror, path) from None
            os.close(opened)
            opened = below
        yield opened
    finally:
        os.close(opened)


@contextmanager
def _file(name: str, parent: int) -> Iterator[int]:
    """A regular file, open for reading. Raises `OSError` where it is no such thing by now."""
    opened = os.open(name, os.O_RDONLY | os.O_NONBLOCK | _HERE, dir_fd=parent)
    try:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", name)
        yield opened
    finally:
        os.close(opened)


def _counted(one: str, many: str, paths: list[str]) -> str:
    if not paths:
        return ""
    named = ", ".join(paths[:_NAMED]) + (", …" if len(paths) > _NAMED else "")
    return f"{len(paths)} {one if len(paths) == 1 else many} ({named})"


def remove_tree(root: Path) -> None:
    """Remove a directory and all in it, whatever its modes; links are never followed. Never raises.

    Where a process that is just ending still writes into it, it is tried again for a moment.
    """
    deadline = time.monotonic() + _PATIENCE
    _remove(root)
    while os.path.lexists(root) and time.monotonic() < deadline:
        time.sleep(_PAUSE)
        _remove(root)


def _remove(root: Path) -> None:
    with suppress(OSError), _opened(root.parent) as parent:
        if _is_unlinked(root.name, parent):
            return
        with folder(root.name, parent, lastingly=True) as top:
            while _emptied(top, top, 0):
                pass
        os.rmdir(root.name, dir_fd=parent)


def _emptied(here: int, top: int, depth: int) -> bool:
    """Remove what an open directory holds. Whether something was moved up to the top, to be removed there.

    A tree may be deeper than a process can have directories open.
    """
    moved = False
    if os.fstat(here).st_mode & stat.S_IRWXU != stat.S_IRWXU:
        os.fchmod(here, stat.S_IRWXU)
    for name in entries(here):
        if _is_unlinked(name, here):
            continue
        with suppress(OSError):
            with folder(name, here, lastingly=True) as below:
                if depth < _DEEPEST:
                    moved |= _emptied(below, top, depth + 1)
                else:
                    os.fchmod(below, stat.S_IRWXU)
                    os.rename(name, secrets.token_hex(8), src_dir_fd=here, dst_dir_fd=top)
                    moved = True
                    continue
            os.rmdir(name, dir_fd=here)
    return moved


def _is_unlinked(name: str, parent: int) -> bool:
    """Remove an entry that is no directory; whether it is none. Where that fails, nothing can be done."""
    try:
        os.unlink(name, dir_fd=parent)
    except IsADirectoryError:
        return False
    except OSError:
        return True
    return True
