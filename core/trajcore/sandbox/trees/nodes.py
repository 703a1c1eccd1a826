"""What is remembered of a directory tree: its entries, and how a file is known again."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

from trajcore.sandbox.trees.io import Xattrs

FRESH: Final = 50_000_000
"""Nanoseconds in which a file may change twice and show the same time of change."""


@dataclass(frozen=True, slots=True)
class About:
    """What every entry has."""

    mode: int
    uid: int
    gid: int
    changed: int
    """The time of modification, in nanoseconds."""


@dataclass(frozen=True, slots=True, eq=False)
class File:
    """A regular file. Two names that have the same `File` are links of each other."""

    about: About
    xattrs: Xattrs
    content: int
    linked: bool
    """Whether it has other names."""


@dataclass(frozen=True, slots=True, eq=False)
class Folder:
    """A directory."""

    about: About
    xattrs: Xattrs
    children: dict[str, Node]


@dataclass(frozen=True, slots=True, eq=False)
class Symlink:
    """A symbolic link."""

    about: About
    target: str


@dataclass(frozen=True, slots=True, eq=False)
class Special:
    """A fifo, or the mark with which an overlay remembers a deletion (a device 0:0)."""

    about: About


Node = File | Folder | Symlink | Special


@dataclass(frozen=True, eq=False)
class TreeSnapshot:
    """One or more directories as they were, and the contents of which they are made."""

    roots: tuple[Folder, ...]
    contents: frozenset[int]
    size: int
    """Bytes of disk that it takes beyond what other snapshots already took."""


Stamp = tuple[int, int, int]
"""What changes when a file does: size, time of modification, time of change."""

KnownFiles = dict[int, tuple[Stamp, File]]
"""Files that were kept or put back, by their inodes, and how they were then."""


def about(stated: os.stat_result) -> About:
    """What every entry has."""
    return About(stated.st_mode, stated.st_uid, stated.st_gid, stated.st_mtime_ns)


def stamp(stated: os.stat_result) -> Stamp:
    """What changes when a file does."""
    return stated.st_size, stated.st_mtime_ns, stated.st_ctime_ns


def unchanged(known: KnownFiles, stated: os.stat_result) -> File | None:
    """The file that this inode was known as, if it has not changed since."""
    found = known.get(stated.st_ino)
    return found[1] if found is not None and found[0] == stamp(stated) else None
