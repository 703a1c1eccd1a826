"""A directory of this host that a hostile sandbox may be changing: looked at without ever leaving it.

Every step down is taken from an open directory and follows no link, so that whatever is put in the place of
what was just seen, nothing outside is reached. Devices and pipes are never opened.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from trajcore.sandbox.tracking.filechanges import DIGEST_LIMIT, FRESH, TEXT_LIMIT, Content, digest_of
from trajcore.sandbox.tracking.watch import Watch
from trajcore.sandbox.trees.io import Xattrs, xattrs
from trajcore.sandbox.versions.version import State, Unknown, version_of

DEEPEST: Final = 100
"""Levels of directories that are looked into."""

MOST: Final = 500_000
"""Entries of a tree that are looked at."""

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_CHUNK: Final = 1 << 20
_SKIPPED: Final = 2


class Stat(NamedTuple):
    """What a path was when it was looked at. Of a directory only mode, owner, `mtime` and `opaque` are kept.

    `opaque`: in an overlay, it hides what lies below it. `linked`: a file has other names too, where that was
    asked.
    """

    mode: int
    uid: int
    gid: int
    size: int = 0
    mtime: int = 0
    changed: int = 0
    inode: int = 0
    opaque: bool = False
    linked: bool = False

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
        return Stat(mode, found.st_uid, found.st_gid, mtime=found.st_mtime_ns)
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


@dataclass(slots=True)
class _Directory:
    """A directory as it was looked into: which it was, and its time of change.

    `settled`: that time lay far enough back for a later change to show another one.
    """

    inode: int
    changed: int
    settled: bool
    files: set[str]
    below: set[str]

    def is_same(self, found: os.stat_result) -> bool:
        """Whether it has the names that it had."""
        return self.settled and (self.inode, self.changed) == (found.st_ino, found.st_ctime_ns)


class Tree:
    """Everything in a tree by its path: relative to the root, itself empty, with no slash at its end.

    It is looked at again and again: a directory whose own time of change is what it was has the same names,
    so only what they stand for is asked. What is in a directory that is closed to us stays as it was.
    `skip` says of the root and the first two levels what is left out, `covered` is what is beside that.
    """

    def __init__(
        self, root: Path, skip: Callable[[str], bool], covered: Collection[str] = (), *, layered: bool
    ) -> None:
        self.found: dict[str, Stat] = {}
        self.before: dict[str, Stat | None] = {}
        """What the paths were that the last look found changed; None: nothing."""
        self._root = root
        self._skip = skip
        self._covered = covered
        self._layered = layered
        self._directories: dict[str, _Directory] = {}
        """By their paths, each with a slash at its end; the root's is empty."""
        self._watch: Watch | None = None
        """Asks for all that is known, where that is little, and is not too new to be asked for so."""
        self._since = 0
        self._settled = False
        """Whether whatever changes later shows another time than it had at the last look."""

    def is_unchanged(self) -> bool:
        """Whether nothing has changed since the last look; asked of what is known, up to the first that has.

        False also where that cannot be told.
        """
        if not self._settled:
            return False
        if self._watch is not None:
            return self._watch.is_as_it_was()
        watch = Watch()
        same = False
        try:
            same = self._is_as_known(opened_directory(self._root), "", watch)
        except OSError:
            return False
        finally:
            if same and watch.is_whole:
                self._watch = watch
            else:
                watch.close()
        return same

    def _is_as_known(self, directory: int, prefix: str, watch: Watch) -> bool:
        """Whether an open directory is as known, with all below; `watch` gets it, or it is closed."""
        own = os.fstat(directory)
        held = watch.hold(directory, own)
        try:
            known = self._directories.get(prefix)
            if known is None or not known.is_same(own):
                return False
            for name in known.files:
                found = os.stat(name, dir_fd=directory, follow_symlinks=False)
                if seen_as(found, layered=self._layered) != self.found.get(prefix + name):
                    return False
                if held:
                    watch.add(directory, name, found)
            return all(
                self._is_as_known(opened_directory(name, directory), f"{prefix}{name}/", watch)
                for name in known.below
            )
        finally:
            if not held:
                os.close(directory)

    def look(self) -> set[str]:
        """Bring `found` up to date; the answer is the paths that may have changed.

        Times of change are too coarse to tell what follows shortly: what is as new as that is named again.
        Raises `OSError`, `TooMany`.
        """
        self.before = {}
        since, self._since = self._since, time.time_ns() - int(FRESH * 1e9)
        self._settled = True
        if self._watch is not None and self._watch.is_as_it_was():
            return set()
        self.close()
        if self._is_empty("", str(self._root), None):
            return set()
        touched: set[str] = set()
        directory = opened_directory(self._root)
        try:
            own = os.fstat(directory)
            if not self._skip(""):
                self._note("", seen_as(own, layered=False), since, touched)
            self._look_into(directory, own, "", 0, since, touched)
        finally:
            os.close(directory)
        return touched

    def close(self) -> None:
        """Let go of the tree; it can be looked at again."""
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.close()

    def _is_empty(self, prefix: str, name: str, parent: int | None) -> bool:
        """Whether a directory was empty when it was looked into, and has not changed in any way since."""
        known = self._directories.get(prefix)
        if known is None or known.files or known.below:
            return False
        try:
            return known.is_same(os.stat(name, dir_fd=parent, follow_symlinks=False))
        except OSError:
            return False

    def _look_into(
        self, directory: int, own: os.stat_result, prefix: str, depth: int, since: int, touched: set[str]
    ) -> None:
        known = self._directories.get(prefix)
        if known is None or not known.is_same(own):
            known = self._listed(directory, own, prefix, depth, known, touched)
        for name in tuple(known.files):
            try:
                found = os.stat(name, dir_fd=directory, follow_symlinks=False)
            except OSError:  # gone meanwhile
                known.files.discard(name)
                self._gone(prefix + name, touched)
                continue
            self._note(prefix + name, seen_as(found, layered=self._layered), since, touched)
            if stat.S_ISDIR(found.st_mode):  # in the place of a file meanwhile
                known.settled = False
        for name in tuple(known.below):
            self._descend(directory, name, prefix + name, depth + 1, since, touched)
        if len(self.found) > MOST:
            raise TooMany

    def _listed(
        self,
        directory: int,
        own: os.stat_result,
        prefix: str,
        depth: int,
        known: _Directory | None,
        touched: set[str],
    ) -> _Directory:
        """The names in a directory as they are now; what was there before and is not is told as gone."""
        files: set[str] = set()
        below: set[str] = set()
        with os.scandir(directory) as entries:
            for entry in entries:
                path = prefix + entry.name
                if path in self._covered or (depth < _SKIPPED and self._skip(path)):
                    continue
                (below if entry.is_dir(follow_symlinks=False) else files).add(entry.name)
        if known is not None:
            for name in known.below - below:
                self._forget(f"{prefix}{name}/", touched)
            for name in (known.files | known.below) - files - below:
                self._gone(prefix + name, touched)
        changed = own.st_ctime_ns
        settled = changed < self._since
        self._settled &= settled
        now = self._directories[prefix] = _Directory(own.st_ino, changed, settled, files, below)
        return now

    def _descend(self, parent: int, name: str, path: str, depth: int, since: int, touched: set[str]) -> None:
        if depth > DEEPEST or self._is_empty(f"{path}/", name, parent):
            return
        try:
            directory = opened_directory(name, parent)
        except OSError as error:
            self._closed(parent, name, path, error, since, touched)
            return
        try:
            own = os.fstat(directory)
            seen = seen_as(own, layered=self._layered)
            if self._layered and is_opaque(directory):
                seen = seen._replace(opaque=True)
            self._note(path, seen, since, touched)
            self._look_into(directory, own, f"{path}/", depth, since, touched)
        finally:
            os.close(directory)

    def _closed(
        self, parent: int, name: str, path: str, error: OSError, since: int, touched: set[str]
    ) -> None:
        """A directory is gone, none any more, or closed to us: then its own state is told."""
        try:
            if isinstance(error, FileNotFoundError):
                raise error
            found = os.stat(name, dir_fd=parent, follow_symlinks=False)
        except OSError:
            self._forget(f"{path}/", touched)
            self._gone(path, touched)
            return
        if not stat.S_ISDIR(found.st_mode):
            self._forget(f"{path}/", touched)
        seen = seen_as(found, layered=self._layered)
        was = self.found.get(path)
        if was is not None and was.opaque and seen.is_directory:
            seen = seen._replace(opaque=True)
        self._note(path, seen, since, touched)

    def _note(self, path: str, seen: Stat, since: int, touched: set[str]) -> None:
        was = self.found.get(path)
        self._settled &= seen.changed < self._since
        if was != seen or seen.changed >= since:
            self.before.setdefault(path, was)
            self.found[path] = seen
            touched.add(path)

    def _gone(self, path: str, touched: set[str]) -> None:
        was = self.found.pop(path, None)
        if was is not None:
            self.before.setdefault(path, was)
            touched.add(path)

    def _forget(self, prefix: str, touched: set[str]) -> None:
        """A directory is gone with all that was in it."""
        waiting = [prefix]
        while waiting:
            at = waiting.pop()
            known = self._directories.pop(at, None)
            if known is None:
                continue
            for name in known.files | known.below:
                self._gone(at + name, touched)
            waiting += [f"{at}{name}/" for name in known.below]

    def was(self, path: str) -> Stat | None:
        """What a path was before the last look."""
        return self.before[path] if path in self.before else self.found.get(path)


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
        found, content, _ = self.look_at(path)
        return seen_as(found, layered=False), content

    def look_at(self, path: str, keep: Keep | None = None) -> tuple[os.stat_result, Content | None, State]:
        """The same, and what is to be written back there: with `keep`, which is given what a file holds.

        Raises `OSError`.
        """
        parent, _, name = path.rpartition("/")
        directory = self.directory(parent)
        fd = os.open(name or ".", os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
        try:
            found = os.fstat(fd)
            if stat.S_ISLNK(found.st_mode):
                target = os.readlink("", dir_fd=fd)
                return found, _link(target), version_of(found, target=target)
            if stat.S_ISDIR(found.st_mode):
                own = self._attributes(fd) if keep is not None else ()
                return found, None, version_of(found, own)
            if not stat.S_ISREG(found.st_mode):
                return found, None, version_of(found)
            if keep is None and found.st_size > DIGEST_LIMIT:
                return found, None, Unknown.UNKNOWN
            reading = _readable(fd, found, let_in=keep is not None)
        finally:
            os.close(fd)
        try:
            found = os.fstat(reading)
            data, content = _read(reading, found.st_size)
            if keep is None:
                return found, content, Unknown.UNKNOWN
            number = keep(reading, found, content, data)
            twin = (found.st_dev, found.st_ino) if found.st_nlink > 1 else None
            kept = version_of(found, lasting(reading), number or 0, twin=twin)
            return found, content, Unknown.UNKNOWN if number is None else kept
        finally:
            os.close(reading)

    def _attributes(self, path: int) -> Xattrs:
        try:
            opened = os.open(f"/proc/self/fd/{path}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except PermissionError:
            return ()
        try:
            return lasting(opened)
        finally:
            os.close(opened)


def _readable(path: int, found: os.stat_result, *, let_in: bool) -> int:
    """A descriptor for reading what `path` stands for; with `let_in`, of what is ours, whatever its mode."""
    same, flags = f"/proc/self/fd/{path}", os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    try:
        return os.open(same, flags)
    except PermissionError:
        if not let_in:
            raise
    os.chmod(same, stat.S_IMODE(found.st_mode) | stat.S_IRUSR)  # noqa: PTH101 - an open entry, not a path
    try:
        return os.open(same, flags)
    finally:
        os.chmod(same, stat.S_IMODE(found.st_mode))  # noqa: PTH101


Keep = Callable[[int, os.stat_result, "Content | None", "bytes | None"], "int | None"]
"""Keeps what an open file holds: as it was found, what stands for it, and it itself where it was read.

The answer is the number of what is kept, None where it is not.
"""

_OF_OVERLAYS: Final = ("trusted.overlay.", "user.overlay.")


def lasting(opened: int) -> Xattrs:
    """The extended attributes of an open file or directory, without those that an overlay itself needs."""
    return tuple(pair for pair in xattrs(opened) if not pair[0].startswith(_OF_OVERLAYS))


def _link(target: str) -> Content:
    return Content(digest_of(os.fsencode(target)), target)


def _read(fd: int, size: int) -> tuple[bytes | None, Content | None]:
    """What an open file of `size` bytes holds, itself only where it is short; None where it is too large."""
    if size <= TEXT_LIMIT:
        data = b""
        while chunk := os.read(fd, TEXT_LIMIT + 1 - len(data)):
            data += chunk
            if len(data) > TEXT_LIMIT:
                return None, None
        return data, Content.of(data)
    if size > DIGEST_LIMIT:
        return None, None
    digest = blake2b(digest_size=16)
    read = 0
    while chunk := os.read(fd, _CHUNK):
        digest.update(chunk)
        read += len(chunk)
        if read > DIGEST_LIMIT:
            return None, None
    return None, Content(digest.digest())
