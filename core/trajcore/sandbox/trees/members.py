"""What a tree is made of, one member after the other: of directories on this host, or of a tar archive.

What comes from a world is hostile: nothing is followed, and what is no file, directory or link is only named.
"""

from __future__ import annotations

import errno
import os
import stat
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import IO, Final, cast

from trajcore.errors import SandboxUnavailable
from trajcore.sandbox.trees.io import filled
from trajcore.sandbox.trees.walking import LeftOut, beneath, opened, regular, twin, walk

WORTH: Final = 1 << 20
"""Bytes of holes that are worth keeping."""

NOT_FILES: Final = ("proc", "sys", "dev")
"""Directories of a whole world that hold no files of its own: what is in them is left alone."""

NOT_A_TREE: Final = "it is neither a file nor a directory"

RIGHTS: Final = stat.S_ISUID | stat.S_ISGID
"""What makes a program run with its owner's rights."""

_CHUNK: Final = 1 << 20
_CUT: Final = "What came out of the sandbox ends before its end."


class Kind(Enum):
    """What a member is."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"
    TWIN = "another name of a file"


@dataclass(frozen=True)
class Member:
    """One entry of a tree. What a file holds has to be read before the next member is asked for."""

    path: str
    """Below the top, with bytes that are no text as surrogates; empty for the top itself."""
    kind: Kind
    mode: int
    """Permissions alone."""
    uid: int
    gid: int
    changed: int
    """In nanoseconds since 1970."""
    size: int = 0
    """Bytes of a file, holes too."""
    target: str = ""
    """Where a link leads to; of another name of a file, the path that came before."""
    extents: tuple[tuple[int, int], ...] = ()
    """Where the content of a file begins and how long it is; between are holes."""
    content: Iterable[bytes] = ()
    """What the extents hold, one behind the other, in pieces."""


def placed(member: Member) -> Iterator[tuple[int, bytes]]:
    """What a file holds, in pieces, each with the place where it begins."""
    extents = iter(member.extents)
    at = left = 0
    for piece in member.content:
        while piece:
            while not left:
                at, left = next(extents)
            yield at, piece[:left]
            taken = min(left, len(piece))
            at, left, piece = at + taken, left - taken, piece[taken:]


def is_below(path: str) -> bool:
    """Whether a path goes down and nowhere else."""
    return not path or not {"", ".", ".."} & set(path.split("/"))


def members_below(root: Path, path: str, left_out: LeftOut, *, own: int | None = None) -> Iterator[Member]:
    """What is at an absolute `path`, none of whose names may be a link, below a root. Raises `OSError`.

    `own` is the user and group whose the files of this program's user are there, where that is another one.
    """
    names = [name for name in path.split("/") if name]
    if ".." in names:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), path)
    with opened(root) as top, beneath(top, "/".join(names[:-1])) as parent:
        about = os.stat(names[-1], dir_fd=parent, follow_symlinks=False) if names else os.fstat(top)
        if stat.S_ISREG(about.st_mode):
            with regular(names[-1], parent) as file:
                yield _file("", os.fstat(file), file, own)
            return
        if not stat.S_ISDIR(about.st_mode):
            raise OSError(errno.EINVAL, NOT_A_TREE, path)
        with beneath(parent, names[-1] if names else "") as here:
            yield _member("", Kind.DIRECTORY, about, own)
            yield from _below(here, () if names else NOT_FILES, left_out, own)


def _below(top: int, skip: tuple[str, ...], left_out: LeftOut, own: int | None) -> Iterator[Member]:
    twins: dict[tuple[int, int], str] = {}
    for path, about, here in walk(top, left_out, skip=skip, living=True):
        name = path.rpartition("/")[2]
        try:
            if stat.S_ISDIR(about.st_mode):
                yield _member(path, Kind.DIRECTORY, about, own)
            elif stat.S_ISLNK(about.st_mode):
                yield _member(path, Kind.LINK, about, own, os.readlink(name, dir_fd=here))
            elif (first := twin(twins, about, path)) != path:
                yield _member(path, Kind.TWIN, about, own, first)
            else:
                with regular(name, here) as file:
                    yield _file(path, os.fstat(file), file, own)
        except OSError:  # it has become something else meanwhile
            left_out.unreadable.append(path)


def _member(path: str, kind: Kind, about: os.stat_result, own: int | None, target: str = "") -> Member:
    return Member(path, kind, stat.S_IMODE(about.st_mode), *_owner(about, own), about.st_mtime_ns, 0, target)


def _owner(about: os.stat_result, own: int | None) -> tuple[int, int]:
    is_own = own is not None and about.st_uid == os.geteuid()
    return (cast("int", own), cast("int", own)) if is_own else (about.st_uid, about.st_gid)


def _file(path: str, about: os.stat_result, file: int, own: int | None) -> Member:
    size = about.st_size
    has_holes = about.st_blocks * 512 + WORTH < size
    extents = [(start, end - start) for start, end in filled(file, size)] if has_holes else [(0, size)]
    mode, changed = stat.S_IMODE(about.st_mode), about.st_mtime_ns
    content = _read(file, extents)
    return Member(path, Kind.FILE, mode, *_owner(about, own), changed, size, "", tuple(extents), content)


def _read(file: int, extents: list[tuple[int, int]]) -> Iterator[bytes]:
    for start, length in extents:
        at, end = start, start + length
        while at < end:
            size = min(_CHUNK, end - at)
            yield os.pread(file, size, at).ljust(size, b"\0")  # it may have become shorter
            at += size


def members_of_tar(chunks: Iterable[bytes], left_out: LeftOut, *, world: bool = False) -> Iterator[Member]:
    """What a tar archive holds, whose first name is that of what was asked for.

    Of a whole `world` some directories are left alone (`NOT_FILES`). Raises `SandboxUnavailable` where it is
    cut off.
    """
    stream = _Incoming(chunks)
    try:
        archive = tarfile.open(  # noqa: SIM115 - it has nothing to close
            fileobj=cast("IO[bytes]", stream),
            mode="r|",
            bufsize=_CHUNK,
            encoding="utf-8",
            errors="surrogateescape",
        )
        while (info := archive.next()) is not None:
            archive.members = []  # type: ignore[attr-defined] # there may be a million
            path = _below_the_first(info.name, world=world)
            if world and (path.partition("/")[0] in NOT_FILES and "/" in path):
                continue
            member = _from_tar(path, info, archive, world=world)
            if member is None:
                left_out.special.append(path)
            else:
                yield member
    except tarfile.TarError as error:
        raise SandboxUnavailable(_CUT) from error
    stream.check_end()


def _below_the_first(name: str, *, world: bool) -> str:
    names = [part for part in name.split("/") if part not in ("", ".")]
    return "/".join(names if world else names[1:])


def _from_tar(path: str, info: tarfile.TarInfo, archive: tarfile.TarFile, *, world: bool) -> Member | None:
    """None for what is no file, directory or link."""
    target = ""
    content: Iterable[bytes] = ()
    extents: tuple[tuple[int, int], ...] = ()
    if info.isfile():
        file = archive.extractfile(info)
        assert file is not None
        kind, content, extents = Kind.FILE, _pieces(file), ((0, info.size),)
    elif info.isdir():
        kind = Kind.DIRECTORY
    elif info.issym():
        kind, target = Kind.LINK, info.linkname
    elif info.islnk():
        kind, target = Kind.TWIN, _below_the_first(info.linkname, world=world)
    else:
        return None
    mode, changed, size = stat.S_IMODE(info.mode), int(info.mtime * 1e9), info.size if extents else 0
    return Member(path, kind, mode, info.uid, info.gid, changed, size, target, extents, content)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    try:
        while piece := file.read(_CHUNK):
            yield piece
    except tarfile.TarError as error:
        raise SandboxUnavailable(_CUT) from error


class _Incoming:
    """A file to read from, of pieces that come one after the other."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._waiting = memoryview(b"")
        self._last = b""

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end."""
        if not self._waiting:
            chunk = next(self._chunks, b"")
            self._last = (self._last + chunk[-2 * tarfile.BLOCKSIZE :])[-2 * tarfile.BLOCKSIZE :]
            self._waiting = memoryview(chunk)
        data, self._waiting = bytes(self._waiting[:size]), self._waiting[size:]
        return data

    def check_end(self) -> None:
        """Raises `SandboxUnavailable` where the archive does not end as archives do."""
        while self.read(_CHUNK):
            pass
        if self._last != bytes(2 * tarfile.BLOCKSIZE):
            raise SandboxUnavailable(_CUT)
