"""Writing files so that a crash leaves the old one or the new one, whole."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from trajcore.errors import BadInput

Piece = bytes | memoryview
Identity = tuple[int, int, int]
"""Time of the last change in nanoseconds, size in bytes, number of the file on its disk."""

_CHUNK: Final = 4 << 20
"""So many bytes are written between two reports of progress."""

_NAME_LENGTH: Final = 255 - 48
"""Bytes of a file's name that its temporary file repeats: a name has at most 255."""

_KEPT_ATTRIBUTES: Final = ("user.", "system.posix_acl_", "security.selinux")

_IN_WORDS: Final = {
    errno.ENOSPC: "no space is left on the disk",
    errno.EDQUOT: "your quota on this disk is used up",
    errno.EFBIG: "it would be larger than files may be here",
    errno.EROFS: "the disk is read-only",
}


def write_atomically(
    path: Path,
    pieces: Iterable[Piece],
    *,
    before: Callable[[], None] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Identity | None:
    """Write a file through a temporary one beside it. The answer is the `identity` of what was written.

    Permissions, symlinks, owner and attributes are kept where the system lets us. `before` is called
    when all is written and the new file is about to take the old one's place: what it raises stops
    that. `progress` is told of the bytes written so far. Raises `BadInput` in one plain line when it
    cannot be done; the old file is then untouched and nothing is left beside it.
    """
    try:
        existing = _status(path)
        if existing is None or stat.S_ISREG(existing.st_mode):
            return _replace(Path(os.path.realpath(path)), existing, pieces, before, progress)
        # A pipe or a device is written into, never replaced; a directory is refused by the system.
        with path.open("wb") as file:
            file.writelines(pieces)
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {in_words(error)}.") from None
    return identity(path)


def identity(path: Path) -> Identity | None:
    """What tells whether a file on disk is still the one that was read; None when it is gone."""
    try:
        return _identity(path.stat())
    except OSError:
        return None


def in_words(error: OSError) -> str:
    """Why the system refused something, for people."""
    return _IN_WORDS.get(error.errno or 0) or error.strerror or str(error)


def _identity(status: os.stat_result) -> Identity:
    return status.st_mtime_ns, status.st_size, status.st_ino


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _replace(
    target: Path,
    existing: os.stat_result | None,
    pieces: Iterable[Piece],
    before: Callable[[], None] | None,
    progress: Callable[[int], None] | None,
) -> Identity:
    if existing is not None and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "the file is read-only")
    temporary, handle = _temporary(target, private=existing is not None)
    try:
        with os.fdopen(handle, "wb") as file:
            _write(file.write, pieces, progress)
            file.flush()
            if existing is not None:
                _keep_attributes(file.fileno(), target, existing)
            os.fsync(file.fileno())
            written = _identity(os.fstat(file.fileno()))
            if before is not None:
                before()
            temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    # From here on the file is saved: what still fails does not undo that.
    with contextlib.suppress(OSError):
        _sync_directory(target.parent)
        _remove_leftovers(target)
    return written


def _temporary(target: Path, *, private: bool) -> tuple[Path, int]:
    """A new file beside the target, locked as long as it is open; a private one only we can read."""
    name = f"{_prefix(target)}{os.getpid()}.{secrets.token_hex(4)}.tmp"
    path = target.with_name(name)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o666)
    except PermissionError:
        why = f"a save puts a new file in its place, and the directory {target.parent} may not be written"
        raise PermissionError(errno.EACCES, why) from None
    with contextlib.suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return path, handle


def _prefix(target: Path) -> str:
    return os.fsdecode(b"." + os.fsencode(target.name)[:_NAME_LENGTH] + b".")


def _write(
    write: Callable[[Piece], int], pieces: Iterable[Piece], progress: Callable[[int], None] | None
) -> None:
    done = reported = 0
    for chunk in _chunks(pieces):
        done += write(chunk)
        if progress is not None and done - reported >= _CHUNK:
            progress(done)
            reported = done


def _chunks(pieces: Iterable[Piece]) -> Iterator[Piece]:
    for piece in pieces:
        if len(piece) <= _CHUNK:
            yield piece
        else:
            whole = memoryview(piece)
            for at in range(0, len(whole), _CHUNK):
                yield whole[at : at + _CHUNK]


def _keep_attributes(handle: int, old: Path, existing: os.stat_result) -> None:
    """Give a new file the owner, the attributes and the permissions of the one it replaces."""
    mode = stat.S_IMODE(existing.st_mode)
    made = os.fstat(handle)
    if made.st_uid != existing.st_uid and not _chown(handle, existing.st_uid, -1):
        mode &= ~stat.S_ISUID
    if made.st_gid != existing.st_gid and not _chown(handle, -1, existing.st_gid):
        # Another group than before: it may do no more than anybody may.
        mode = mode & ~(stat.S_IRWXG | stat.S_ISGID) | (mode & stat.S_IRWXO) << 3
    if hasattr(os, "listxattr"):
        with contextlib.suppress(OSError):
            for name in os.listxattr(old):
                if name.startswith(_KEPT_ATTRIBUTES):
                    os.setxattr(handle, name, os.getxattr(old, name))
    os.fchmod(handle, mode)


def _chown(handle: int, user: int, group: int) -> bool:
    try:
        os.fchown(handle, user, group)
    except OSError:
        return False
    return True


def _remove_leftovers(target: Path) -> None:
    """Remove the temporary files of saves of this file that were killed."""
    prefix = _prefix(target)
    with os.scandir(target.parent) as entries:
        found = [entry for entry in entries if entry.name.startswith(prefix) and entry.name.endswith(".tmp")]
    for entry in found:
        process = entry.name[len(prefix) :].split(".")[0]
        if process.isdecimal() and not is_alive(int(process)) and entry.is_file(follow_symlinks=False):
            _remove_abandoned(Path(entry.path))


def _remove_abandoned(path: Path) -> None:
    """Remove a temporary file of ours, unless somebody (on another machine, perhaps) still writes it."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        if os.fstat(handle).st_uid == os.geteuid():
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
    finally:
        os.close(handle)


def is_alive(process: int) -> bool:
    """Whether there is a process with this id."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
