"""Writing files so that a crash leaves the old one or the new one, whole."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

from trajcore.errors import BadInput, FileChanged, in_words
from trajcore.text import safe_json

Piece = bytes | memoryview
Identity = tuple[int, int, int]
"""Time of the last change in nanoseconds, size in bytes, number of the file on its disk."""

_CHUNK: Final = 4 << 20
"""So many bytes are written between two reports of progress."""

_PATIENCE: Final = 5.0
"""Seconds that the lock of another save is waited for: it is held for a moment."""
_PAUSE: Final = 0.005

_NAME_LENGTH: Final = 255 - 48
"""Bytes of a file's name that its temporary file repeats: a name has at most 255."""

_A_LINK: Final = "it is a link, and a save follows none: name the file itself"

_STANDARD_OUTPUT: Final = ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")

_KEPT_ATTRIBUTES: Final = ("user.", "system.posix_acl_", "security.selinux")


def write_atomically(
    path: Path,
    pieces: Iterable[Piece],
    *,
    before: Callable[[], None] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Identity | None:
    """Write a file through a temporary one beside it. The answer is the `identity` of what was written.

    Permissions, owner and attributes are kept where the system lets us. No link is followed: whoever
    means what a link leads to names that. `before` is called when all is written and the new file is
    about to take the old one's place, and no other of us comes between the two: what it raises stops
    that. `progress` is told of the bytes written so far. Raises `FileChanged` where somebody else took a
    name meanwhile that was free, and `BadInput` in one plain line when it cannot be done; what is there
    is then untouched and nothing is left beside it.
    """
    try:
        if is_standard_output(path):
            _print(pieces)
            return None
        if _is_of_the_system(path):
            _write_into(path, None, pieces)
            return identity(path)
        with _place(path) as place:
            existing = place.status()
            if existing is None or stat.S_ISREG(existing.st_mode):
                return _replace(place, existing, pieces, before, progress)
            if stat.S_ISLNK(existing.st_mode):
                raise OSError(errno.ELOOP, _A_LINK)
            # A pipe or a device is written into, never replaced; a directory is refused by the system.
            _write_into(place.name, place.directory, pieces)
    except OSError as error:
        directory = path.absolute().parent
        is_lost = error.errno == errno.ENOENT and not os.path.isdir(directory)
        why = f"there is no directory {directory}" if is_lost else in_words(error)
        raise BadInput(f"{path} cannot be written: {why}.") from None
    return identity(path)


def is_standard_output(path: Path) -> bool:
    """Whether a name is the one that the system gives to standard output."""
    return str(path) in _STANDARD_OUTPUT


def refuse_link(path: Path) -> None:
    """Raise `BadInput` where a save would refuse a name for being a link, before there is much to save."""
    if os.path.islink(path) and not _is_of_the_system(path):
        raise BadInput(f"{path} cannot be written: {_A_LINK}.")


def unchanged(path: Path) -> Callable[[], None]:
    """A `before` of `write_atomically`: `FileChanged` is raised where a file is no longer what it is now."""
    known = identity(path)

    def check() -> None:
        if identity(path) != known:
            raise FileChanged(f"{path} has changed on disk meanwhile.")

    return check


def identity(path: Path) -> Identity | None:
    """What tells whether a file on disk is still the one that was read; None when it is gone."""
    try:
        return identity_of(path.stat())
    except OSError:
        return None


def identity_of(status: os.stat_result) -> Identity:
    """The same, of what the system has said."""
    return status.st_mtime_ns, status.st_size, status.st_ino


def _is_of_the_system(path: Path) -> bool:
    """Whether the system gives this name to an open file, as `/dev/stdout`: a link, but nobody's trap."""
    directory = Path(os.path.realpath(path.parent))
    return directory == Path("/dev") or (directory.name == "fd" and Path("/proc") in directory.parents)


def _print(pieces: Iterable[Piece]) -> None:
    """Write to standard output as it is: opened by its name, a file would lose what is in it already.

    What a terminal might act on is escaped.
    """
    sys.stdout.flush()
    if sys.stdout.isatty():
        sys.stdout.write(safe_json(b"".join(pieces).decode("utf-8", "replace")))
    else:
        sys.stdout.buffer.writelines(pieces)
    sys.stdout.flush()


def _write_into(name: str | Path, directory: int | None, pieces: Iterable[Piece]) -> None:
    flags = os.O_WRONLY | (os.O_TRUNC if directory is None else os.O_NOFOLLOW)
    with os.fdopen(os.open(name, flags, dir_fd=directory), "wb") as file:
        file.writelines(pieces)


class _Place(Struct, frozen=True):
    """A name in an open directory, whatever becomes of the way there."""

    path: Path
    name: str
    directory: int

    def status(self) -> os.stat_result | None:
        """What has the name, a link itself and not what it leads to."""
        try:
            return os.stat(self.name, dir_fd=self.directory, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def remove(self, name: str) -> None:
        """Remove a file of the directory, if it is there."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self.directory)


@contextmanager
def _place(path: Path) -> Iterator[_Place]:
    flags = os.O_DIRECTORY | os.O_CLOEXEC
    try:
        directory = os.open(path.parent, os.O_RDONLY | flags)
    except PermissionError:
        # Where we may not look we may write all the same: a file is taken by its name.
        directory = os.open(path.parent, getattr(os, "O_PATH", os.O_RDONLY) | flags)
    try:
        yield _Place(path, path.name or ".", directory)
    finally:
        os.close(directory)


def _replace(
    place: _Place,
    existing: os.stat_result | None,
    pieces: Iterable[Piece],
    before: Callable[[], None] | None,
    progress: Callable[[int], None] | None,
) -> Identity:
    if existing is not None and not os.access(place.name, os.W_OK, dir_fd=place.directory):
        raise PermissionError(errno.EACCES, "the file is read-only")
    temporary, handle = _temporary(place, private=existing is not None)
    try:
        with os.fdopen(handle, "wb") as file:
            _write(file.write, pieces, progress)
            file.flush()
            if existing is not None:
                _keep_attributes(file.fileno(), place, existing)
            os.fsync(file.fileno())
            written = identity_of(os.fstat(file.fileno()))
            with _alone(place.directory):
                if before is not None:
                    before()
                _take(place, temporary, free=existing is None)
    except BaseException:
        with contextlib.suppress(OSError):
            place.remove(temporary)
        raise
    # From here on the file is saved: what still fails does not undo that.
    with contextlib.suppress(OSError):
        os.fsync(place.directory)
    with contextlib.suppress(OSError):
        _remove_leftovers(place)
    return written


def _take(place: _Place, temporary: str, *, free: bool) -> None:
    """Give a new file its name, which has to be free still if it was. A link is replaced, never followed."""
    here = place.directory
    if free:
        try:
            os.link(temporary, place.name, src_dir_fd=here, dst_dir_fd=here, follow_symlinks=False)
        except FileExistsError:
            pass
        except OSError:
            free = place.status() is not None  # not every disk knows files of two names
        else:
            with contextlib.suppress(OSError):
                place.remove(temporary)
            return
    if free:
        raise FileChanged(f"{place.path} is there by now: somebody else has made it meanwhile.")
    os.replace(temporary, place.name, src_dir_fd=here, dst_dir_fd=here)


@contextmanager
def _alone(directory: int) -> Iterator[None]:
    """Be the only one of us who gives a file of this directory to its name, whichever process is another.

    The lock is on the directory itself: nothing is left of it, and it ends with the process that has it.
    Some disks of other machines have no such locks; there only the check is left.
    """
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise BlockingIOError(errno.EAGAIN, "another program keeps its directory locked") from None
            time.sleep(_PAUSE)
        except OSError:
            yield
            return
        else:
            break
    try:
        yield
    finally:
        fcntl.flock(directory, fcntl.LOCK_UN)


def _temporary(place: _Place, *, private: bool) -> tuple[str, int]:
    """A new file beside the target, locked as long as it is open; a private one only we can read."""
    name = f"{_prefix(place.name)}{os.getpid()}.{os.urandom(4).hex()}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        handle = os.open(name, flags, 0o600 if private else 0o666, dir_fd=place.directory)
    except PermissionError:
        why = f"a save puts a new file in its place, and the directory {place.path.parent} may not be written"
        raise PermissionError(errno.EACCES, why) from None
    with contextlib.suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return name, handle


def _prefix(name: str) -> str:
    return os.fsdecode(b"." + os.fsencode(name)[:_NAME_LENGTH] + b".")


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


def _keep_attributes(handle: int, place: _Place, existing: os.stat_result) -> None:
    """Give a new file the owner, the attributes and the permissions of the one it replaces."""
    mode = stat.S_IMODE(existing.st_mode)
    made = os.fstat(handle)
    if made.st_uid != existing.st_uid and not _chown(handle, existing.st_uid, -1):
        mode &= ~stat.S_ISUID
    if made.st_gid != existing.st_gid and not _chown(handle, -1, existing.st_gid):
        # Another group than before: it may do no more than anybody may.
        mode = mode & ~(stat.S_IRWXG | stat.S_ISGID) | (mode & stat.S_IRWXO) << 3
    if hasattr(os, "listxattr"):
        with contextlib.suppress(OSError), _opened(place.name, place.directory) as old:
            for name in os.listxattr(old):
                if name.startswith(_KEPT_ATTRIBUTES):
                    os.setxattr(handle, name, os.getxattr(old, name))
    os.fchmod(handle, mode)


@contextmanager
def _opened(name: str, directory: int) -> Iterator[int]:
    """A file that is there, open for reading, no link and never waited for."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    handle = os.open(name, flags, dir_fd=directory)
    try:
        yield handle
    finally:
        os.close(handle)


def _chown(handle: int, user: int, group: int) -> bool:
    try:
        os.fchown(handle, user, group)
    except OSError:
        return False
    return True


def _remove_leftovers(place: _Place) -> None:
    """Remove the temporary files of saves of this file that were killed."""
    prefix = _prefix(place.name)
    with os.scandir(place.directory) as entries:
        found = [entry.name for entry in entries if entry.name.startswith(prefix)]
    for name in found:
        process = name[len(prefix) :].split(".")[0]
        if name.endswith(".tmp") and process.isdecimal() and not is_alive(int(process)):
            _remove_abandoned(place, name)


def _remove_abandoned(place: _Place, name: str) -> None:
    """Remove a temporary file of ours, unless somebody (on another machine, perhaps) still writes it."""
    with _opened(name, place.directory) as handle:
        about = os.fstat(handle)
        if stat.S_ISREG(about.st_mode) and about.st_uid == os.geteuid():
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            place.remove(name)


def is_alive(process: int) -> bool:
    """Whether there is a process with this id."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
