"""Looking through a directory tree on the host without following what leads out of it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from trajcore.sandbox.trees.io import entries

HERE: Final = os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | HERE
_NAMED: Final = 3
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
    while waiting:
        directory = waiting.pop()
        try:
            with beneath(top, directory) as here:
                for path, about in _listed(directory, here, left_out):
                    if stat.S_ISDIR(about.st_mode) and path not in skip:
                        waiting.append(path)
                    yield path, about, here
        except _NotEntered as error:
            if not directory or not (living or error.errno not in _CHANGED):
                raise
            left_out.unreadable.append(directory)


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
    here = os.open(".", _DIRECTORY, dir_fd=top)
    try:
        for name in path.split("/") if path else ():
            try:
                below = os.open(name, _DIRECTORY, dir_fd=here)
            except OSError as error:
                if error.errno not in (errno.EACCES, errno.EPERM, *_CHANGED):
                    raise
                raise _NotEntered(error.errno, error.strerror, path) from None
            os.close(here)
            here = below
        yield here
    finally:
        os.close(here)


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
