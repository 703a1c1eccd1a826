"""What a path is at one moment."""

from __future__ import annotations

import os
import stat
from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from trajcore.sandbox.trees.io import Xattrs

BELOW: Final = -1
"""In the place of a content's number: what lies below the changes of a world still holds it."""

KEPT_KINDS: Final = (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK, stat.S_IFIFO)
"""What of the kinds of entries can be made again."""


@dataclass(frozen=True, slots=True)
class Version:
    """A file, a directory, a link or a fifo."""

    mode: int
    """Its kind too."""
    uid: int
    gid: int
    modified: int
    """The time of modification, in nanoseconds."""
    size: int = 0
    """Bytes, of a file."""
    attributes: Xattrs = ()
    content: int = 0
    """The number under which a file's content is kept, or `BELOW`; 0 for an empty one."""
    target: str = ""
    """Where a link leads to."""
    twin: Hashable = None
    """What files have in common that are one file under several names."""

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory."""
        return stat.S_ISDIR(self.mode)

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return stat.S_ISREG(self.mode)


class Unknown(Enum):
    """What a path is at a moment of which that was not kept."""

    UNKNOWN = "unknown"


State = Version | Unknown | None
"""What a path is; None where nothing is."""


def version_of(
    found: os.stat_result,
    attributes: Xattrs = (),
    content: int = 0,
    target: str = "",
    twin: Hashable = None,
) -> Version | None:
    """What was found, as it is written back; None for sockets and devices, which nothing brings back."""
    if stat.S_IFMT(found.st_mode) not in KEPT_KINDS:
        return None
    size = found.st_size if stat.S_ISREG(found.st_mode) else 0
    return Version(
        found.st_mode, found.st_uid, found.st_gid, found.st_mtime_ns, size, attributes, content, target, twin
    )
