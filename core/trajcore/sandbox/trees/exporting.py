"""What comes out of a world, written on this machine: into a directory, an archive, or one file.

It is there as a whole or not at all, in the place that the user named and nowhere else; what could act with
somebody's rights is disarmed.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Final, TypeVar

from trajcore.errors import BadInput, in_words
from trajcore.sandbox.trees.archiving import archived, packed, with_holes
from trajcore.sandbox.trees.copying import remove_tree
from trajcore.sandbox.trees.io import Stopped, copy_content
from trajcore.sandbox.trees.members import NOT_A_TREE, RIGHTS, Kind, Member, is_below, placed
from trajcore.sandbox.trees.walking import HERE, LeftOut, Way, beneath, counted, opened, regular
from trajcore.storage import is_standard_output, unchanged, write_atomically

_TAR: Final = (".tar",)
_PACKED: Final = (".tar.gz", ".tgz")
LEFT: Final = re.compile(r"\..*\.trajtui-(.+)-[0-9a-f]{12}", re.DOTALL)
"""The name of a directory that is being written, which says who writes it."""
_NAME_LENGTH: Final = 190
"""Bytes of its name that a directory has while it is written."""
_NOT_TAKEN: Final = frozenset(
    {
        errno.EPERM,
        errno.EEXIST,
        errno.EILSEQ,
        errno.EINVAL,
        errno.ELOOP,
        errno.EMLINK,
        errno.ENAMETOOLONG,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EOPNOTSUPP,
    }
)
"""What a disk answers to one name that it does not take; others may well go."""


T = TypeVar("T")


class Unreadable(Exception):
    """What is in the world cannot be read."""

    def __init__(self, error: OSError) -> None:
        super().__init__(in_words(error))


@dataclass
class Taken:
    """What was taken out of a world, and what of it was not, by paths below its top."""

    entries: int = 0
    size: int = 0
    """Bytes of what the files hold, without holes."""
    left_out: LeftOut = field(default_factory=LeftOut)
    refused: list[str] = field(default_factory=list)
    """What this machine's disk does not take."""
    disarmed: list[str] = field(default_factory=list)
    """Files that ran with their owner's rights, and do not here."""
    leading_out: list[str] = field(default_factory=list)
    """Links that lead out of the directory: they are links still."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What there is to know of it besides, in words."""
        missing = [
            self.left_out.sentence(),
            counted("entry this disk does not take", "entries this disk does not take", self.refused),
        ]
        without = " and ".join(part for part in missing if part)
        rest = (
            f"without {without}" if without else "",
            counted("file lost its set-uid bit", "files lost their set-uid bits", self.disarmed),
            counted("link leads out of it", "links lead out of it", self.leading_out),
        )
        return tuple(part for part in rest if part)


def is_archive(target: Path) -> bool:
    """Whether a file of this name is a tar archive; what goes to standard output is one."""
    return is_standard_output(target) or target.name.lower().endswith((*_TAR, *_PACKED))


def refuse_taken(target: Path, *, overwrite: bool) -> None:
    """Raise `BadInput` where what is at `target` would be lost, or there is nowhere to put it.

    An empty directory is no loss; a file is none where it may be overwritten.
    """
    if is_standard_output(target):
        if sys.stdout.isatty():
            raise BadInput(
                "an archive is nothing for a terminal: send it to a program, or to a file (`> OUT.tar`)."
            )
        return
    if not os.path.isdir(target.absolute().parent):
        raise BadInput(f"{target} cannot be written: there is no directory {target.absolute().parent}.")
    if not os.path.lexists(target):
        return
    if os.path.isdir(target) and not os.path.islink(target):
        if not is_archive(target) and not any(target.iterdir()):
            return
        raise BadInput(f"{target} is a directory that is not empty: name a new one.")
    if not overwrite:
        raise BadInput(f"{target} is there already: name a new one.")


def write(
    members: Iterator[Member],
    target: Path,
    name: str,
    into: Taken,
    tally: Tally,
    *,
    overwrite: bool,
    writer: str,
) -> None:
    """Write what comes out of a world to `target`: an archive by its name, or a directory; a file as a file.

    `name` is what the top is called in an archive; empty: what is in it stands there without it. `writer` is
    a word for this program, by which what it leaves when it is killed can be told (`LEFT`). Raises
    `BadInput`, `Stopped`, `Unreadable` and what else reading the members raises; nothing is left then.
    """
    refuse_taken(target, overwrite=overwrite)
    counted_ones = tally.watch(members, into)
    first = next(counted_ones, None)
    if first is None:
        raise Unreadable(OSError(errno.EINVAL, NOT_A_TREE))
    if is_archive(target):
        pieces = archived(_again(first, counted_ones), name, into.refused, into.disarmed)
        is_packed = target.name.lower().endswith(_PACKED)
        write_atomically(target, packed(pieces) if is_packed else pieces, before=unchanged(target))
    elif first.kind is Kind.FILE:
        write_atomically(target, with_holes(first), before=unchanged(target))
    else:
        _write_directory(target, _again(first, counted_ones), into, writer)


def _again(first: Member, rest: Iterator[Member]) -> Iterator[Member]:
    yield first
    yield from rest


OnTaken = Callable[[Taken], object]
"""Is told how much was taken so far, from the thread that writes, at each member and each piece."""


class Tally:
    """Counts what passes, says so, and ends it when it is told to stop."""

    def __init__(self, stop: threading.Event, tell: OnTaken) -> None:
        self._stop = stop
        self._tell = tell

    def watch(self, members: Iterator[Member], into: Taken) -> Iterator[Member]:
        """The same members. Raises `Stopped`, and `BadInput` where they cannot be read."""
        for member in _read(members):
            self._pass(into)
            into.entries += 1
            yield replace(member, content=self._pieces(member.content, into))

    def _pieces(self, content: Iterable[bytes], into: Taken) -> Iterator[bytes]:
        for piece in _read(content):
            self._pass(into)
            into.size += len(piece)
            yield piece

    def _pass(self, into: Taken) -> None:
        if self._stop.is_set():
            raise Stopped
        self._tell(into)


def _read(source: Iterable[T]) -> Iterator[T]:
    """The same; what goes wrong there is no fault of the disk that is written to."""
    try:
        yield from source
    except OSError as error:
        raise Unreadable(error) from None


def _write_directory(target: Path, members: Iterator[Member], into: Taken, writer: str) -> None:
    name = os.fsdecode(os.fsencode(target.name)[:_NAME_LENGTH])
    temporary = target.absolute().parent / f".{name}.trajtui-{writer}-{secrets.token_hex(6)}"
    try:
        temporary.mkdir(0o700)
        with opened(temporary) as top:
            _Writing(top, into).all(members)
        temporary.rename(target)
    except OSError as error:
        remove_tree(temporary)
        raise BadInput(f"{target} cannot be written: {in_words(error)}.") from None
    except BaseException:
        remove_tree(temporary)
        raise


class _Writing:
    """Members on their way into an open directory, which is nobody else's yet."""

    def __init__(self, top: int, into: Taken) -> None:
        self._top = top
        self._into = into
        self._directories: list[Member] = []
        self._way = Way(top)

    def all(self, members: Iterator[Member]) -> None:
        """Write them. Raises `OSError`."""
        with self._way:
            for member in members:
                try:
                    self._take(member)
                except OSError as error:
                    if error.errno not in _NOT_TAKEN or not member.path:
                        raise
                    self._into.refused.append(member.path)
            for member in reversed(self._directories):
                _give(self._way.to(member.path), member, stat.S_IRWXU)

    def _take(self, member: Member) -> None:
        if not is_below(member.path):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), member.path)
        parent, _, name = member.path.rpartition("/")
        there = self._way.to(parent)
        match member.kind:
            case Kind.DIRECTORY:
                if name:
                    os.mkdir(name, 0o700, dir_fd=there)
                self._directories.append(member)
            case Kind.LINK:
                os.symlink(member.target, name, dir_fd=there)
                if _leads_out(member):
                    self._into.leading_out.append(member.path)
            case Kind.TWIN:
                self._twin(member, name, there)
            case Kind.FILE:
                self._file(member, name, there)

    def _file(self, member: Member, name: str, there: int) -> None:
        new = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | HERE, 0o600, dir_fd=there)
        try:
            for at, piece in placed(member):
                if piece.strip(b"\0"):
                    _write_at(new, piece, at)
            os.ftruncate(new, member.size)
            if member.mode & RIGHTS:
                self._into.disarmed.append(member.path)
            _give(new, member)
        except OSError:
            os.unlink(name, dir_fd=there)
            raise
        finally:
            os.close(new)

    def _twin(self, member: Member, name: str, there: int) -> None:
        if not is_below(member.target):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), member.target)
        parent, _, first = member.target.rpartition("/")
        with beneath(self._top, parent) as here, regular(first, here) as old:
            try:
                os.link(first, name, src_dir_fd=here, dst_dir_fd=there, follow_symlinks=False)
            except OSError as error:
                if error.errno not in (errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP):
                    raise
                new = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | HERE, 0o600, dir_fd=there)
                try:
                    copy_content(old, new, threading.Event())
                    _give(new, member)
                finally:
                    os.close(new)


def _give(file: int, member: Member, also: int = 0) -> None:
    os.fchmod(file, (member.mode & ~RIGHTS) | also)
    os.utime(file, ns=(member.changed, member.changed))


def _write_at(file: int, data: bytes, at: int) -> None:
    while data:
        written = os.pwrite(file, data, at)
        data, at = data[written:], at + written


def _leads_out(link: Member) -> bool:
    depth = link.path.count("/")
    for part in PurePosixPath(link.target).parts:
        depth += -1 if part == ".." else 1
        if depth < 0 or part == "/":
            return True
    return False
