"""A tar archive of members, in pieces, as it is written."""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from trajcore.sandbox.trees.members import RIGHTS, WORTH, Kind, Member, is_below, placed

_GZIP: Final = 16 + zlib.MAX_WBITS
_LEVEL: Final = 6
_MOST_PARTS: Final = 10_000


def archived(
    members: Iterable[Member], name: str, refused: list[str], disarmed: list[str]
) -> Iterator[bytes]:
    """A tar archive in pieces; what cannot stand in one is `refused`, what lost its rights is `disarmed`."""
    for member in members:
        path = "/".join(part for part in (name, member.path) if part)
        if not path:
            continue
        if not is_below(path) or (member.kind is Kind.TWIN and not is_below(member.target)):
            refused.append(member.path)
            continue
        yield from _entry(member, path, name, disarmed)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _entry(member: Member, path: str, name: str, disarmed: list[str]) -> Iterator[bytes]:
    entry = tarfile.TarInfo(path)
    entry.mode, entry.uid, entry.gid = member.mode & ~RIGHTS, member.uid, member.gid
    entry.mtime = member.changed // 10**9
    match member.kind:
        case Kind.DIRECTORY:
            entry.type = tarfile.DIRTYPE
        case Kind.LINK:
            entry.type, entry.linkname = tarfile.SYMTYPE, member.target
        case Kind.TWIN:
            entry.type = tarfile.LNKTYPE
            entry.linkname = "/".join(part for part in (name, member.target) if part)
        case Kind.FILE:
            if member.mode & RIGHTS:
                disarmed.append(member.path or name)
            yield from _packed_file(member, entry)
            return
    yield _head(entry)


def _head(entry: tarfile.TarInfo) -> bytes:
    return entry.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _packed_file(member: Member, entry: tarfile.TarInfo) -> Iterator[bytes]:
    held = sum(length for _, length in member.extents)
    if held + WORTH < member.size and len(member.extents) < _MOST_PARTS:
        yield from _sparse(member, entry, held)
        return
    entry.size = member.size
    yield _head(entry)
    yield from with_holes(member)
    yield bytes(-member.size % tarfile.BLOCKSIZE)


def _sparse(member: Member, entry: tarfile.TarInfo, held: int) -> Iterator[bytes]:
    """A file with holes as GNU tar writes it since 1.16, format 1.0: its map, then its parts."""
    numbers = [len(member.extents), *(number for extent in member.extents for number in extent)]
    table = "".join(f"{number}\n" for number in numbers).encode()
    table += bytes(-len(table) % tarfile.BLOCKSIZE)
    entry.pax_headers = {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.name": entry.name,
        "GNU.sparse.realsize": str(member.size),
    }
    parent, slash, own = entry.name.rpartition("/")
    entry.name, entry.size = f"{parent}{slash}GNUSparseFile.0/{own}", len(table) + held
    yield _head(entry)
    yield table
    yield from member.content
    yield bytes(-held % tarfile.BLOCKSIZE)


def with_holes(member: Member) -> Iterator[bytes]:
    """All bytes of a file, those of its holes too."""
    end = 0
    for at, piece in placed(member):
        yield from _zeros(at - end)
        yield piece
        end = at + len(piece)
    yield from _zeros(member.size - end)


def _zeros(count: int) -> Iterator[bytes]:
    while count > 0:
        size = min(count, WORTH)
        yield bytes(size)
        count -= size


def packed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces as gzip has them."""
    packing = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    for piece in pieces:
        if data := packing.compress(piece):
            yield data
    yield packing.flush()
