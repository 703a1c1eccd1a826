"""Writing versions back into a tree that is reached from this host, by a way that the kernel guards.

The tree is a world's root as one of its processes sees it. Every name is taken relative to an open directory,
and no link is followed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Hashable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from trajcore.sandbox.trees.io import if_allowed, remove, set_xattrs
from trajcore.sandbox.versions.version import Version

Filler = Callable[[str, Version, int], None]
"""Writes what a file at a path held into an empty open one. Raises `OSError`."""

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_THIS_FILE: Final = os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class TreeWriter:
    """Makes paths of one tree what they were; used once."""

    def __init__(self, root: Path, fill: Filler, mounted: Collection[str] = ()) -> None:
        """`mounted` are files that cannot be replaced; they are written where they are."""
        self._root = root
        self._mounted = {path.strip("/") for path in mounted}
        self._fill = fill
        self._open: list[tuple[str, int]] = []
        """The directories on the way to the one that was asked for last, by their names."""
        self._entered: dict[str, os.stat_result] = {}
        """What directories were when they were first entered, by their paths; the root's is empty."""
        self._twins: dict[Hashable, str] = {}

    def write(self, wanted: Mapping[str, Version | None]) -> None:
        """`wanted` is by absolute paths; nothing else is changed. Raises `OSError`; it can be tried again."""
        given = {path.strip("/"): version for path, version in wanted.items()}
        self._open = [("", os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))]
        try:
            for path in sorted(given, reverse=True):
                self._clear(path, given[path])
            for path in sorted(given):
                version = given[path]
                if version is not None:
                    self._make(path, version)
            for path in sorted(given.keys() | self._entered.keys(), reverse=True):
                self._finish(path, given.get(path))
        finally:
            self._leave(0)

    def _clear(self, path: str, version: Version | None) -> None:
        """Remove what is in the place of something else."""
        if path in self._mounted:
            return
        parent, _, name = path.rpartition("/")
        with suppress(FileNotFoundError, NotADirectoryError):
            directory = self._directory(parent)
            mode = os.stat(name or ".", dir_fd=directory, follow_symlinks=False).st_mode
            if version is None or not version.is_directory or not stat.S_ISDIR(mode):
                remove(name, directory, mode)

    def _make(self, path: str, version: Version) -> None:
        parent, _, name = path.rpartition("/")
        directory = self._directory(parent)
        if version.is_directory:
            with suppress(FileExistsError):
                os.mkdir(name or ".", 0o700, dir_fd=directory)
        elif version.is_file:
            first = path if version.twin is None else self._twins.setdefault(version.twin, path)
            if first == path:
                self._make_file(path, name, directory, version)
            else:
                self._link(first, name, parent)
        else:
            if stat.S_ISLNK(version.mode):
                os.symlink(version.target, name, dir_fd=directory)
            else:
                os.mkfifo(name, 0o600, dir_fd=directory)
            with if_allowed():
                os.chown(name, version.uid, version.gid, dir_fd=directory, follow_symlinks=False)
            if not stat.S_ISLNK(version.mode):
                os.chmod(name, stat.S_IMODE(version.mode), dir_fd=directory)
            times = (version.modified, version.modified)
            os.utime(name, ns=times, dir_fd=directory, follow_symlinks=False)

    def _make_file(self, path: str, name: str, directory: int, version: Version) -> None:
        how = _THIS_FILE if path in self._mounted else _NEW_FILE
        target = os.open(name, how, 0o600, dir_fd=directory)
        try:
            self._fill(f"/{path}", version, target)
            _dress(target, version)
        finally:
            os.close(target)

    def _link(self, first: str, name: str, parent: str) -> None:
        """Another name for a file that was made."""
        folder, _, there = first.rpartition("/")
        source = os.dup(self._directory(folder))
        try:
            target = self._directory(parent)
            os.link(there, name, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
        finally:
            os.close(source)

    def _finish(self, path: str, version: Version | None) -> None:
        """A directory gets what it is to have; one that was only entered, what it had."""
        if version is not None and not version.is_directory:
            return
        with suppress(FileNotFoundError, NotADirectoryError):
            directory = self._directory(path)
            was = self._entered[path]
            if version is not None:
                _dress(directory, version)
            else:
                now = os.fstat(directory)
                if now.st_mode != was.st_mode:
                    os.fchmod(directory, stat.S_IMODE(was.st_mode))
                if now.st_mtime_ns != was.st_mtime_ns:
                    os.utime(directory, ns=(was.st_atime_ns, was.st_mtime_ns))

    def _directory(self, path: str) -> int:
        """A descriptor of a directory that we may change, which is closed later. Raises `OSError`."""
        names = path.split("/") if path else []
        kept = 1
        while kept < len(self._open) and kept <= len(names) and self._open[kept][0] == names[kept - 1]:
            kept += 1
        self._leave(kept)
        self._enter("", self._open[0][1])
        for depth in range(kept - 1, len(names)):
            path = "/".join(names[: depth + 1])
            opened = self._opened(path, names[depth], self._open[-1][1])
            self._open.append((names[depth], opened))
            self._enter(path, opened)
        return self._open[-1][1]

    def _opened(self, path: str, name: str, parent: int) -> int:
        try:
            return os.open(name, _DIRECTORY, dir_fd=parent)
        except PermissionError:  # it is ours: we may let ourselves in
            found = os.stat(name, dir_fd=parent, follow_symlinks=False)
            if not stat.S_ISDIR(found.st_mode):
                raise
            self._entered.setdefault(path, found)
            os.chmod(name, stat.S_IRWXU, dir_fd=parent)
            return os.open(name, _DIRECTORY, dir_fd=parent)

    def _enter(self, path: str, opened: int) -> None:
        if path not in self._entered:
            found = self._entered[path] = os.fstat(opened)
            if found.st_mode & stat.S_IRWXU != stat.S_IRWXU and os.geteuid() != 0:
                os.fchmod(opened, stat.S_IMODE(found.st_mode) | stat.S_IRWXU)

    def _leave(self, depth: int) -> None:
        """Close all open directories from this depth on."""
        while len(self._open) > depth:
            os.close(self._open.pop()[1])


def _dress(opened: int, version: Version) -> None:
    """Owner, attributes, mode and time, in the order in which one does not undo the other."""
    found = os.fstat(opened)
    if (found.st_uid, found.st_gid) != (version.uid, version.gid):
        with if_allowed():
            os.fchown(opened, version.uid, version.gid)
    set_xattrs(opened, version.attributes)
    os.fchmod(opened, stat.S_IMODE(version.mode))
    os.utime(opened, ns=(version.modified, version.modified))
