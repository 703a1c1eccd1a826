"""What lies below the changes of an overlay: one directory, or several on top of each other."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from trajcore.sandbox.tracking.filechanges import Content
from trajcore.sandbox.tracking.hosttree import WHITEOUT, Reader, Stat, is_opaque, seen_as
from trajcore.sandbox.trees.io import open_file
from trajcore.sandbox.versions.version import BELOW, State, Unknown

_GONE: Final = (errno.ENOENT, errno.ENAMETOOLONG)


class _Here(Enum):
    """What one directory says of a path that it does not have."""

    ASK_BELOW = 1
    """Nothing."""
    ABSENT = 2
    """That it is not there, whatever is below."""


def _as_below(*_: object) -> int:
    """What is kept of a file that lies below: nothing but that."""
    return BELOW


class Lowers:
    """The directories below an overlay's changes, the uppermost first; a context manager.

    Paths are relative to their roots. They are taken not to change.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = roots
        self._readers: list[Reader] = []
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        self._readers = [self._opened.enter_context(Reader(root)) for root in self._roots]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._readers = []
        self._opened.close()

    def find(self, path: str) -> tuple[Stat, Reader] | None:
        """What is at `path`, and who can read it; None where nothing is."""
        for reader in self._readers:
            found = self._look(reader, path)
            if isinstance(found, Stat):
                return found, reader
            if found is _Here.ABSENT:
                return None
        return None

    def look_at(self, path: str) -> tuple[Stat, Content | None, State] | None:
        """What is at `path`: as it is found, what it holds, and as it is written back; None: nothing.

        Of one that is closed to us, the last two are not known.
        """
        there = self.find(path)
        if there is None:
            return None
        seen, reader = there
        try:
            _, content, state = reader.look_at(path, _as_below)
        except OSError:
            return seen, None, Unknown.UNKNOWN
        return seen, content, state

    def opened(self, path: str) -> int:
        """The file at `path`, open for reading. Raises `OSError`."""
        there = self.find(path)
        if there is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        parent, _, name = path.rpartition("/")
        return open_file(name, there[1].directory(parent))

    def below(self, path: str) -> Iterator[str]:
        """Every path inside the directory `path`, in no order that matters."""
        waiting = [path]
        while waiting:
            directory = waiting.pop()
            for name in self._names(directory):
                child = f"{directory}/{name}" if directory else name
                found = self.find(child)
                if found is None:
                    continue
                yield child
                if found[0].is_directory:
                    waiting.append(child)

    def _names(self, path: str) -> set[str]:
        names: set[str] = set()
        for reader in self._readers:
            found = self._look(reader, path) if path else Stat(0o40000, 0, 0)
            if found is _Here.ABSENT or (isinstance(found, Stat) and not found.is_directory):
                break
            if isinstance(found, Stat):
                try:
                    names.update(os.listdir(reader.directory(path)))  # noqa: PTH208 - a descriptor
                except OSError:
                    continue
                if found.opaque:
                    break
        return names

    def _look(self, reader: Reader, path: str) -> Stat | _Here:
        several = len(self._readers) > 1
        names = path.split("/")
        nothing = _Here.ASK_BELOW
        try:
            for depth in range(len(names)):
                directory = reader.directory("/".join(names[:depth]))
                if several and depth and is_opaque(directory):
                    nothing = _Here.ABSENT
            seen = seen_as(os.stat(names[-1], dir_fd=directory, follow_symlinks=False), layered=several)
            if seen.is_directory and several:
                seen = seen._replace(opaque=is_opaque(reader.directory(path)))
        except OSError as error:
            return nothing if error.errno in _GONE else _Here.ABSENT
        return _Here.ABSENT if seen == WHITEOUT else seen
