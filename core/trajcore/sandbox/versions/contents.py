"""What files held, one behind the other in a few files that have no name.

To make a file costs some hundred times what it costs to write into an open one; and of one without a name
nothing is left when this program ends, in whatever way.
"""

from __future__ import annotations

import errno
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from trajcore.sandbox.machines.diskguard import RESERVE
from trajcore.sandbox.trees.io import copy_range, filled

SEGMENT: Final = 64 << 20
"""Bytes behind which another file is begun; what one content takes stands in one of them."""

_NO_SUCH: Final = (errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL)


@dataclass(slots=True)
class _Segment:
    opened: int
    end: int = 0
    users: int = 0
    """How many contents in it are still wanted."""


@dataclass(frozen=True, slots=True)
class _Content:
    segment: _Segment
    at: int
    size: int
    taken: int
    """Bytes of the disk."""


class ContentStore:
    """Contents by their numbers, which are never given twice. Every call may raise `OSError`."""

    def __init__(self) -> None:
        self.size = 0
        """Bytes of the disk that all of them take."""
        self._kept: dict[int, _Content] = {}
        self._last = 0
        self._open: _Segment | None = None
        """The one that is written to."""

    def add(self, data: bytes) -> int:
        """The number of a new content."""
        segment = self._with_room(len(data))
        at = segment.end
        left = memoryview(data)
        while left:
            left = left[os.pwrite(segment.opened, left, at + len(data) - len(left)) :]
        return self._added(segment, len(data), len(data))

    def copy(self, source: int, size: int, taken: int) -> int:
        """The same of `size` bytes of an open file, which take so many of the disk; holes stay holes."""
        segment = self._with_room(size)
        for start, end in filled(source, size):
            copy_range(source, start, segment.opened, segment.end + start, end - start)
        return self._added(segment, size, taken)

    def read(self, number: int) -> bytes:
        """A content."""
        content = self._kept[number]
        data = b""
        while len(data) < content.size:
            data += os.pread(content.segment.opened, content.size - len(data), content.at + len(data))
        return data

    def write(self, number: int, target: int) -> None:
        """Fill an empty open file with a content."""
        content = self._kept[number]
        source, begin = content.segment.opened, content.at
        os.ftruncate(target, content.size)
        for start, end in filled(source, begin + content.size, begin):
            copy_range(source, start, target, start - begin, end - start)

    def remove(self, number: int) -> None:
        """Forget a content. Its room is free again with that of those beside it."""
        content = self._kept.pop(number)
        self.size -= content.taken
        segment = content.segment
        segment.users -= 1
        if not segment.users and segment is not self._open:
            os.close(segment.opened)

    def close(self) -> None:
        """Forget all of them. May be called twice."""
        segments = {id(content.segment): content.segment for content in self._kept.values()}
        if self._open is not None:
            segments[id(self._open)] = self._open
        self._kept, self._open, self.size = {}, None, 0
        for segment in segments.values():
            os.close(segment.opened)

    def _with_room(self, size: int) -> _Segment:
        segment = self._open
        if segment is not None and segment.end + size <= SEGMENT:
            return segment
        disk = os.statvfs(tempfile.gettempdir())
        if disk.f_bavail * disk.f_frsize - max(size, SEGMENT) < RESERVE:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._open = _Segment(_nameless())
        if segment is not None and not segment.users:
            os.close(segment.opened)
        return self._open

    def _added(self, segment: _Segment, size: int, taken: int) -> int:
        self._last += 1
        self._kept[self._last] = _Content(segment, segment.end, size, taken)
        segment.end += size
        segment.users += 1
        self.size += taken
        return self._last


def _nameless() -> int:
    directory = tempfile.gettempdir()
    try:
        return os.open(directory, os.O_RDWR | os.O_TMPFILE | os.O_CLOEXEC, 0o600)
    except AttributeError:
        pass  # only Linux has such files
    except OSError as error:
        if error.errno not in _NO_SUCH:
            raise
    opened, path = tempfile.mkstemp(dir=directory)
    Path(path).unlink()
    return opened
