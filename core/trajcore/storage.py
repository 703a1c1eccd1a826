"""Writing files so that a crash leaves the old one or the new one, whole."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path

from trajcore.errors import BadInput


def write_atomically(path: Path, pieces: Iterable[bytes | memoryview]) -> None:
    """Write a file through a temporary one beside it; permissions and symlinks are kept.

    Raises `BadInput` in one plain line when that cannot be done; the old file is then untouched.
    """
    try:
        existing = _status(path)
        if existing is None or stat.S_ISREG(existing.st_mode):
            _replace(Path(os.path.realpath(path)), existing, pieces)
        else:
            # A pipe or a device is written into, never replaced; a directory is refused by the system.
            with path.open("wb") as file:
                file.writelines(pieces)
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror or error}.") from None


def identity(path: Path) -> tuple[int, int, int] | None:
    """What tells whether a file on disk is still the one that was read; None when it is gone."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _replace(target: Path, existing: os.stat_result | None, pieces: Iterable[bytes | memoryview]) -> None:
    if existing is not None and not os.access(target, os.W_OK):
        raise PermissionError(13, "the file is read-only")
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(stat.S_IMODE(existing.st_mode) if existing else 0o666 & ~_umask())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_directory(target.parent)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
