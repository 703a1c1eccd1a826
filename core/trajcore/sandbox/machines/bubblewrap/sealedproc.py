"""The kernel's own files below /proc, which in every world are the host's: read, never written.

Where the world is root's, the kernel takes a write from inside for one of root's, whatever walls there are.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path


def seal(proc: Path = Path("/proc")) -> list[str]:
    """What bwrap is to mount over a world's new /proc: read-only, and empty what only root may read."""
    arguments: list[str] = []
    for entry in sorted(os.scandir(proc), key=lambda entry: entry.name):
        if entry.name.isdigit() or entry.is_symlink():
            continue
        mode = entry.stat(follow_symlinks=False).st_mode
        shown = entry.path if stat.S_ISDIR(mode) or mode & stat.S_IROTH else "/dev/null"
        arguments += ["--ro-bind", shown, entry.path]
    return arguments
