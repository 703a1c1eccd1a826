"""Reading files that others may have made: regular ones, no more than a bound, and never waited for."""

from __future__ import annotations

import errno
import os
import stat
from itertools import islice
from pathlib import Path
from typing import Final, Protocol

from trajcore.errors import BadInput, meant

SETTINGS: Final = 1 << 20
"""Bytes of what people write by hand and what we keep of it: config.toml, an answer, settings of docker."""
STATE: Final = 16 << 20
"""Bytes of what is kept beside a recording: 100,000 breakpoints take less."""
TEXT: Final = 64 << 20
"""Bytes of what somebody writes to be used at once: a setup script, an event in an editor."""


def recording_bytes() -> int:
    """Bytes of a recording, in one file or many: 4 GB, or half of the memory where that is less.

    It is held in memory as a whole, and what is known of it beside it.
    """
    return min(4 << 30, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2)


def unpacked_bytes(size: int) -> int:
    """Bytes that a compressed recording of this size may become: 100 times as many, 256 MB at least.

    Recordings shrink to a tenth or a thirtieth; what swells much more was made to do harm.
    """
    return min(recording_bytes(), max(256 << 20, 100 * size))


class Readable(Protocol):
    """What bytes come out of."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, `size` at most; none at the end."""
        ...


_FIRST: Final = 4096
_CROWD: Final = 1000
"""So many names are compared with one that is not there."""
_CHUNK: Final = 1 << 20


class Missing(BadInput):
    """There is no such file; what it says names the nearest that there is beside it."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: no such file.")
        self._path = path

    def __str__(self) -> str:
        return f"{super().__str__()}{meant(self._path.name, _beside(self._path))}"


def _beside(path: Path) -> list[str]:
    """The names in its directory, as far as that can be read and is no crowd."""
    try:
        with os.scandir(path.parent) as entries:
            return [entry.name for entry in islice(entries, _CROWD)]
    except OSError:
        return []


class NotRegular(BadInput):
    """It is a directory, a pipe, a socket or a device."""


class TooLarge(BadInput):
    """It has more bytes than it may have."""

    def __init__(self, name: str, largest: int) -> None:
        super().__init__(f"{name} is larger than {_in_words(largest)}, which is too large for what it is.")


def read_file(path: Path, largest: int, *, own: bool = False) -> bytes:
    """The bytes of a regular file of at most `largest`; of the user's, and no link, where it has to be `own`.

    Raises `BadInput` in one line that names it. What is no regular file is not even opened: a pipe would be
    waited for, and a device may act on that, or never end.
    """
    return read_with_status(path, largest, own=own)[0]


def read_with_status(path: Path, largest: int, *, own: bool = False) -> tuple[bytes, os.stat_result]:
    """As `read_file`, with what the system said of the file before it was read."""
    try:
        return _read(str(path), largest, own)
    except FileNotFoundError:
        raise Missing(path) from None
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from None
    except MemoryError:
        raise BadInput(f"{path} is larger than the memory that is left.") from None


def _read(name: str, largest: int, own: bool) -> tuple[bytes, os.stat_result]:
    _check(name, os.stat(name, follow_symlinks=not own), largest, own)  # noqa: PTH116
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC | (os.O_NOFOLLOW if own else 0)
    file = os.open(name, flags)
    try:
        about = os.fstat(file)
        _check(name, about, largest, own)
        size = about.st_size
        first = os.pread(file, _FIRST, 0) if size > _FIRST else b""
        _refuse_zeros(first, name)
        found = os.read(file, size + 1)
        if len(found) != size:
            found = _all_of(_Opened(file), name, largest, found)
        _refuse_zeros(found[:_FIRST] if len(found) > _FIRST else found, name)
        return found, about
    finally:
        os.close(file)


class _Opened:
    """A file by its descriptor."""

    def __init__(self, file: int) -> None:
        self._file = file

    def read(self, size: int, /) -> bytes:
        """The next bytes."""
        return os.read(self._file, size)


def _check(name: str, about: os.stat_result, largest: int, own: bool) -> None:
    if not stat.S_ISREG(about.st_mode):
        raise NotRegular(f"{name} is no regular file.")
    if own and about.st_uid != os.geteuid():
        raise PermissionError(errno.EACCES, "it belongs to somebody else")
    if about.st_size > largest:
        raise TooLarge(name, largest)


def read_bounded(file: Readable, name: str, largest: int) -> bytes:
    """What comes out of an open file up to its end. Raises `BadInput` as `read_file` does."""
    first = file.read(_FIRST)
    _refuse_zeros(first, name)
    return _all_of(file, name, largest, first) if first else first


def _refuse_zeros(first: bytes, name: str) -> None:
    """What begins with zero bytes alone is no text: a file of holes, or a device."""
    if first and not first.strip(b"\0"):
        raise BadInput(f"{name} is a binary file, no text.")


def _all_of(file: Readable, name: str, largest: int, first: bytes) -> bytes:
    parts, size = [first], len(first)
    while part := file.read(_CHUNK):
        parts.append(part)
        size += len(part)
        if size > largest:
            raise TooLarge(name, largest)
    return b"".join(parts)


def _in_words(size: int) -> str:
    return f"{size / (1 << 30):.1f} GB" if size >= 1 << 30 else f"{size >> 20} MB"
