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
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import IO, Final

from trajcore.sandbox.trees.io import copy_content, entries, filled, folder
from trajcore.sandbox.trees.walking import HERE, LeftOut, beneath, opened, regular, twin, walk

__all__ = ["LeftOut", "Sparse", "ask_for_room", "copy_tree", "pack_tree", "remove_tree"]

_PATIENCE: Final = 1.0
_PAUSE: Final = 0.02
_WORTH: Final = 1 << 20
"""Bytes of holes that are worth keeping in an archive."""
_MOST_PARTS: Final = 256
_DEEPEST: Final = 64
"""So many directories are open at a time."""


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
    with opened(target) as top, opened(source) as below:
        for path, about, here in walk(below, left_out):
            directory, _, name = path.rpartition("/")
            with beneath(top, directory) as there:
                if stat.S_ISLNK(about.st_mode):
                    os.symlink(os.readlink(name, dir_fd=here), name, dir_fd=there)
                elif stat.S_ISDIR(about.st_mode):
                    with suppress(FileExistsError):
                        os.mkdir(name, dir_fd=there)
                    directories.append((path, about))
                elif (first := twin(twins, about, path)) != path:
                    os.link(first, name, src_dir_fd=top, dst_dir_fd=there, follow_symlinks=False)
                else:
                    _copy_file(name, here, there, about)
        for path, about in reversed(directories):
            with beneath(top, path) as there:
                _give(there, stat.S_IMODE(about.st_mode) | stat.S_IRWXU, about)
    return left_out


def _copy_file(name: str, here: int, there: int, about: os.stat_result) -> None:
    with regular(name, here) as old:
        new = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | HERE, 0o600, dir_fd=there)
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
    with opened(source) as top:
        found = walk(top, LeftOut())
        return sum(
            {
                about.st_ino: about.st_blocks * 512 for _, about, _ in found if stat.S_ISREG(about.st_mode)
            }.values()
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
    with opened(source) as top, tarfile.open(fileobj=into, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, about, here in walk(top, left_out):
            name = path.rpartition("/")[2]
            entry = tarfile.TarInfo(path)
            entry.mode, entry.mtime = stat.S_IMODE(about.st_mode), int(about.st_mtime)
            entry.uname = entry.gname = "root"
            if stat.S_ISLNK(about.st_mode):
                entry.type, entry.linkname = tarfile.SYMTYPE, os.readlink(name, dir_fd=here)
            elif stat.S_ISDIR(about.st_mode):
                entry.type = tarfile.DIRTYPE
            elif (first := twin(twins, about, path)) != path:
                entry.type, entry.linkname = tarfile.LNKTYPE, first
            else:
                with regular(name, here) as old, os.fdopen(old, "rb", closefd=False) as content:
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
    with suppress(OSError), opened(root.parent) as parent:
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
