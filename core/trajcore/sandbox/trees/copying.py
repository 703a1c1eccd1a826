"""Directory trees on the host: copying one without following what leads out of it, and removing one whole."""

from __future__ import annotations

import errno
import io
import os
import shutil
import stat
import tarfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from threading import Event
from typing import IO, Final

from trajcore.sandbox.trees.io import copy_content, filled

_NAMED: Final = 3
_PATIENCE: Final = 1.0
_PAUSE: Final = 0.02
_WORTH: Final = 1 << 20
"""Bytes of holes that are worth keeping in an archive."""
_MOST_PARTS: Final = 256


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

    Modes, times and holes are kept, and what was one file under two names stays one. Raises `OSError`, before
    anything is copied where it would leave less than `spare` bytes of the disk.
    """
    left_out = LeftOut()
    twins: dict[tuple[int, int], Path] = {}
    directories: list[tuple[Path, os.stat_result]] = []
    found = list(_walk(source, left_out))
    needed = {about.st_ino: about.st_blocks * 512 for _, about in found if stat.S_ISREG(about.st_mode)}
    disk = os.statvfs(target)
    ask_for_room(sum(needed.values()), disk.f_bavail * disk.f_frsize - spare)
    for path, about in found:
        there = target / path
        if stat.S_ISLNK(about.st_mode):
            there.symlink_to((source / path).readlink())
        elif stat.S_ISDIR(about.st_mode):
            there.mkdir(exist_ok=True)
            directories.append((there, about))
        else:
            _copy_file(source / path, there, about, twins)
    for there, about in reversed(directories):
        there.chmod(stat.S_IMODE(about.st_mode) | stat.S_IRWXU)
        os.utime(there, ns=(about.st_atime_ns, about.st_mtime_ns))
    return left_out


def _copy_file(here: Path, there: Path, about: os.stat_result, twins: dict[tuple[int, int], Path]) -> None:
    if about.st_nlink > 1:
        twin = twins.setdefault((about.st_dev, about.st_ino), there)
        if twin is not there:
            there.hardlink_to(twin)
            return
    with here.open("rb") as content, there.open("xb") as copy:
        copy_content(content.fileno(), copy.fileno(), Event())
    there.chmod(stat.S_IMODE(about.st_mode))
    os.utime(there, ns=(about.st_atime_ns, about.st_mtime_ns))


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
    found = list(_walk(source, left_out))
    needed = {about.st_ino: about.st_blocks * 512 for _, about in found if stat.S_ISREG(about.st_mode)}
    ask_for_room(sum(needed.values()), room)
    with tarfile.open(fileobj=into, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, about in found:
            entry = tarfile.TarInfo(path)
            entry.mode, entry.mtime = stat.S_IMODE(about.st_mode), int(about.st_mtime)
            entry.uname = entry.gname = "root"
            if stat.S_ISLNK(about.st_mode):
                entry.type, entry.linkname = tarfile.SYMTYPE, str((source / path).readlink())
            elif stat.S_ISDIR(about.st_mode):
                entry.type = tarfile.DIRTYPE
            elif (
                about.st_nlink > 1 and (twin := twins.setdefault((about.st_dev, about.st_ino), path)) != path
            ):
                entry.type, entry.linkname = tarfile.LNKTYPE, twin
            else:
                with (source / path).open("rb") as content:
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


def _walk(source: Path, left_out: LeftOut) -> Iterator[tuple[str, os.stat_result]]:
    """What is below `source` and not left out, directories before what is in them. Raises `OSError`."""
    open_directories = [""]
    while open_directories:
        directory = open_directories.pop()
        try:
            entries = sorted(os.scandir(source / directory), key=lambda entry: entry.name)
        except PermissionError:
            if not directory:
                raise
            left_out.unreadable.append(directory)
            continue
        for entry in entries:
            path = f"{directory}/{entry.name}" if directory else entry.name
            about = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(about.st_mode):
                open_directories.append(path)
            elif not (stat.S_ISREG(about.st_mode) or stat.S_ISLNK(about.st_mode)):
                left_out.special.append(path)
                continue
            elif stat.S_ISREG(about.st_mode) and not os.access(entry.path, os.R_OK):
                left_out.unreadable.append(path)
                continue
            yield path, about


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
    for folder, names, _ in os.walk(root):
        for name in names:
            path = Path(folder, name)
            if not path.is_symlink():
                with suppress(OSError):
                    path.chmod(0o700)
    shutil.rmtree(root, ignore_errors=True)
