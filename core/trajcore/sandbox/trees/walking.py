"""Looking through a directory tree on the host without following what leads out of it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from trajcore.sandbox.trees.io import entries

HERE: Final = os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | HERE
_NAMED: Final = 3
_KEPT: Final = 64
"""So many directories are kept open, and each of so many above them."""
_CHANGED: Final = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
"""What there is to say of a name that has become something else, or nothing."""


@dataclass
class LeftOut:
    """What of a tree was not copied, by its path below the top."""

    special: list[str] = field(default_factory=list)
    """Sockets, pipes and devices."""
    unreadable: list[str] = field(default_factory=list)

    def sentence(self) -> str:
        """All of it in one line; empty when all was copied."""
        parts = [
            counted("socket, pipe or device", "sockets, pipes and devices", self.special),
            counted("unreadable entry", "unreadable entries", self.unreadable),
        ]
        return " and ".join(part for part in parts if part)


def counted(one: str, many: str, paths: list[str]) -> str:
    """How many of something there are, and the first of them; empty where there is none."""
    if not paths:
        return ""
    named = ", ".join(paths[:_NAMED]) + (", …" if len(paths) > _NAMED else "")
    return f"{len(paths)} {one if len(paths) == 1 else many} ({named})"


def twin(twins: dict[tuple[int, int], str], about: os.stat_result, path: str) -> str:
    """The path by which this file was found first, which is its own where it has not been found before."""
    return path if about.st_nlink == 1 else twins.setdefault((about.st_dev, about.st_ino), path)


def walk(
    top: int, left_out: LeftOut, *, skip: Collection[str] = (), living: bool = False
) -> Iterator[tuple[str, os.stat_result, int]]:
    """What is below an open directory and not left out, directories before what is in them. Raises `OSError`.

    Each with the directory that it is in, which is open until the next one is asked for. Of the directories
    `skip`, what is in them is not looked at. In a `living` tree something changes meanwhile: a directory that
    has become something else is passed over.
    """
    waiting = [""]
    with Way(top) as way:
        while waiting:
            directory = waiting.pop()
            try:
                here = way.to(directory)
            except _NotEntered as error:
                if not (living or error.errno not in _CHANGED):
                    raise
                left_out.unreadable.append(directory)
                continue
            for path, about in _listed(directory, here, left_out):
                if stat.S_ISDIR(about.st_mode) and path not in skip:
                    waiting.append(path)
                yield path, about, here


class _NotEntered(OSError):
    """A directory may not be listed, not be entered, or is none."""


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
def opened(directory: Path) -> Iterator[int]:
    """A directory that the user named, by whatever links."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def beneath(top: int, path: str) -> Iterator[int]:
    """A directory below an open one, entered name by name: none of them may be a link."""
    with Way(top) as way:
        yield way.to(path)


class Way:
    """Leads to one directory after the other below an open one, name by name: none of them may be a link.

    Those on the way to the last one are kept open, as the next is mostly near; of a long way, not all of
    them: a tree may be deeper than a process can have directories open. A context manager.
    """

    def __init__(self, top: int) -> None:
        self._top = top
        self._names: list[str] = []
        self._opened: list[int | None] = []
        """By level; None where it was closed since."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave(0)

    def to(self, path: str) -> int:
        """A directory, open until the next is asked for. Raises `OSError`."""
        names = path.split("/") if path else []
        common = 0
        while common < min(len(names), len(self._names)) and names[common] == self._names[common]:
            common += 1
        self._leave(common)
        while self._opened and self._opened[-1] is None:
            self._leave(len(self._opened) - 1)
        for name in names[len(self._names) :]:
            try:
                below = os.open(name, _DIRECTORY, dir_fd=self._here)
            except OSError as error:
                if error.errno not in (errno.EACCES, errno.EPERM, *_CHANGED):
                    raise
                raise _NotEntered(error.errno, error.strerror, path) from None
            self._names.append(name)
            self._opened.append(below)
            self._close_far_above()
        return self._here

    @property
    def _here(self) -> int:
        here = self._opened[-1] if self._opened else self._top
        assert here is not None
        return here

    def _close_far_above(self) -> None:
        level = len(self._opened) - _KEPT
        if level > 0 and level % _KEPT:
            self._close(level)

    def _leave(self, level: int) -> None:
        for one in range(level, len(self._opened)):
            self._close(one)
        del self._names[level:], self._opened[level:]

    def _close(self, level: int) -> None:
        opened, self._opened[level] = self._opened[level], None
        if opened is not None:
            os.close(opened)


@contextmanager
def regular(name: str, parent: int) -> Iterator[int]:
    """A regular file, open for reading. Raises `OSError` where it is no such thing by now."""
    descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK | HERE, dir_fd=parent)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", name)
        yield descriptor
    finally:
        os.close(descriptor)
