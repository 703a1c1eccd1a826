"""Directory trees on the host: copying one without following what leads out of it, and removing one whole."""

from __future__ import annotations

import os
import shutil
import stat
import tarfile
from pathlib import Path
from typing import IO


def copy_tree(source: Path, target: Path) -> None:
    """Copy directories, files and links (as links) from `source` into the existing `target`."""
    for name in sorted(os.listdir(source)):  # noqa: PTH208 - names, not paths
        here, there = source / name, target / name
        mode = here.lstat().st_mode
        if stat.S_ISLNK(mode):
            there.symlink_to(here.readlink())
        elif stat.S_ISDIR(mode):
            there.mkdir(exist_ok=True)
            copy_tree(here, there)
            there.chmod(stat.S_IMODE(mode) | stat.S_IRWXU)
        elif stat.S_ISREG(mode):
            shutil.copy2(here, there, follow_symlinks=False)


def pack_tree(source: Path, into: IO[bytes]) -> None:
    """Write what `source` holds as a tar archive; everything in it belongs to root."""
    with tarfile.open(fileobj=into, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for child in sorted(source.iterdir()):
            archive.add(child, arcname=child.name, filter=_as_root)


def _as_root(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    if not (entry.isreg() or entry.isdir() or entry.issym() or entry.islnk()):
        return None
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry


def remove_tree(root: Path) -> None:
    """Remove a directory and all in it, whatever its modes; links are removed, never followed."""
    for folder, names, _ in os.walk(root):
        for name in names:
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(0o700)
    shutil.rmtree(root, ignore_errors=True)
