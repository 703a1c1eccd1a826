"""Files of the host that this user can read and others cannot: a world of ours sees none of them."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_FOR_OTHERS: Final = stat.S_IROTH | stat.S_IXOTH
_OPAQUE: Final = "user.overlay.opaque"


@dataclass
class Secrets:
    """Paths of what is kept from others: files, and directories with all that is in them."""

    files: list[str] = field(default_factory=list)
    directories: list[str] = field(default_factory=list)


def is_secret(path: str) -> bool:
    """Whether others may neither read nor execute the file, or not enter the directory, at `path`."""
    try:
        return _is_kept(os.stat(path, follow_symlinks=False).st_mode)  # noqa: PTH116 - many paths
    except OSError:
        return False


def secrets_below(top: str, left_out: Collection[str] = ()) -> Secrets:
    """What is kept from others below the directory `top`; directories `left_out` are not looked into."""
    found = Secrets()
    unseen = [top]
    while unseen:
        try:
            entries = os.scandir(unseen.pop())
        except OSError:
            continue  # it is kept from us, too
        with entries:
            for entry in entries:
                _sort(entry, found, unseen, left_out)
    return found


def _sort(entry: os.DirEntry[str], found: Secrets, unseen: list[str], left_out: Collection[str]) -> None:
    if entry.is_symlink() or entry.path in left_out:
        return
    is_directory = entry.is_dir(follow_symlinks=False)
    try:
        kept = _is_kept(entry.stat(follow_symlinks=False).st_mode)
    except OSError:
        return
    if kept:
        (found.directories if is_directory else found.files).append(entry.path)
    elif is_directory:
        unseen.append(entry.path)


def _is_kept(mode: int) -> bool:
    return not mode & (stat.S_IXOTH if stat.S_ISDIR(mode) else _FOR_OTHERS)


def make_layer(top: str, secrets: Secrets, layer: Path) -> list[str]:
    """Fill `layer`, which is to lie over `top` in an overlay, so that it hides the secrets: they are empty.

    The answer is directories that this file system cannot hide so, and that are to be hidden otherwise.
    Raises `OSError`.
    """
    layer.mkdir(parents=True)
    _look_like(top, layer)
    rest = []
    for path in secrets.files:
        inside = _place(path, top, layer)
        inside.touch()
        inside.chmod(0o600)
    for path in secrets.directories:
        inside = _place(path, top, layer)
        inside.mkdir()
        try:
            os.setxattr(inside, _OPAQUE, b"y")
        except OSError:
            rest.append(path)
        inside.chmod(0o700)
    return rest


def _place(path: str, top: str, layer: Path) -> Path:
    """Where in the layer something is hidden, with the directories it lies in."""
    inside = layer / os.path.relpath(path, top)
    _make_parents(Path(path).parent, inside.parent)
    return inside


def _make_parents(outside: Path, inside: Path) -> None:
    """Directories in the layer take the place of the host's, so they look like them."""
    if not os.path.exists(inside):
        _make_parents(outside.parent, inside.parent)
        inside.mkdir()
        _look_like(str(outside), inside)


def _look_like(outside: str, inside: Path) -> None:
    try:
        about = Path(outside).stat()
    except FileNotFoundError:
        return  # it went while we looked
    inside.chmod(stat.S_IMODE(about.st_mode) | stat.S_IRWXU)
    os.utime(inside, ns=(about.st_atime_ns, about.st_mtime_ns))
