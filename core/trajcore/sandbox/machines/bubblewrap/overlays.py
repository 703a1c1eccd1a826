"""Which parts of the host's file system a bubblewrap world sees, and how. Pure planning; nothing is mounted.

Each directory of the host's system becomes an overlay: the host's files below, private changes above. A
directory that has other file systems mounted inside cannot be one, so its children are taken instead and
what is mounted there is left out.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SYSTEM: Final = (
    "/usr",
    "/etc",
    "/opt",
    "/srv",
    "/var",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
)
"""What of the host is seen inside. Not its homes, keys, sockets, temporary and mounted directories."""

HIDDEN: Final = (
    "/etc/ssl/private",
    "/var/backups",
    "/var/lib/containerd",
    "/var/lib/docker",
    "/var/spool/cron",
)
"""Directories inside those that are emptied."""


@dataclass(frozen=True)
class Overlay:
    """The directory `path`, as on the host, with changes kept apart."""

    path: str


@dataclass(frozen=True)
class Directory:
    """An empty directory in the place of the host's, filled by the entries that follow."""

    path: str


@dataclass(frozen=True)
class Link:
    """A symbolic link as on the host."""

    path: str
    target: str


@dataclass(frozen=True)
class Copied:
    """A file that lies in a directory which could not become an overlay."""

    path: str


Entry = Overlay | Directory | Link | Copied


def plan(
    mounts: Iterable[str],
    top: Iterable[str] = SYSTEM,
    children: Callable[[str], list[str]] | None = None,
    kind: Callable[[str], str | None] | None = None,
) -> list[Entry]:
    """How to show the directories `top` of a host with these mount points.

    `children` lists a directory's paths; `kind` says `directory`, `file`, the target of a link as
    `link:TARGET`, or None for what is left out. Both look at this host unless given.
    """
    points = {mount.rstrip("/") for mount in mounts}
    entries: list[Entry] = []
    for path in top:
        entries += _planned(path, points, children or _children, kind or _kind)
    return entries


def _planned(
    path: str, points: set[str], children: Callable[[str], list[str]], kind: Callable[[str], str | None]
) -> list[Entry]:
    what = kind(path)
    if what is None:
        return []
    if what.startswith("link:"):
        return [Link(path, what.removeprefix("link:"))]
    if what == "file":
        return [Copied(path)]
    if path in points:
        return []
    if not any(point.startswith(f"{path}/") for point in points):
        return [Overlay(path)]
    entries: list[Entry] = [Directory(path)]
    for child in children(path):
        entries += _planned(child, points, children, kind)
    return entries


_ESCAPE: Final = re.compile(r"\\([0-7]{3})")


def mount_points(mountinfo: str) -> list[str]:
    """The mount points named in the text of /proc/self/mountinfo."""
    lines = [line.split(" ") for line in mountinfo.splitlines()]
    return [
        _ESCAPE.sub(lambda found: chr(int(found[1], 8)), fields[4]) for fields in lines if len(fields) > 4
    ]


def _children(path: str) -> list[str]:
    try:
        return sorted(str(child) for child in Path(path).iterdir())
    except OSError:
        return []


def _kind(path: str) -> str | None:
    entry = Path(path)
    try:
        if entry.is_symlink():
            return f"link:{entry.readlink()}"
        if entry.is_dir():
            return "directory" if os.access(path, os.R_OK | os.X_OK) else None
        return "file" if entry.is_file() and os.access(path, os.R_OK) else None
    except OSError:
        return None
