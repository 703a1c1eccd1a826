"""Writing versions back into a world whose files cannot be reached from here: as an archive to unpack."""

from __future__ import annotations

import io
import stat
import tarfile
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import IO, Final

from trajcore.sandbox.files import BashFiles
from trajcore.sandbox.shell.quoting import encoded, quoted
from trajcore.sandbox.versions.version import Version

Known = Callable[[str], Version | None]
"""What there is at a path that is not to be changed: of directories on the way."""

Reader = Callable[[str, Version], bytes]
"""What a file held, or where a link led to, by its path."""

_SECONDS: Final = 60.0
_SPOOL: Final = 64 << 20
_TYPES: Final = {stat.S_IFDIR: tarfile.DIRTYPE, stat.S_IFLNK: tarfile.SYMTYPE, stat.S_IFIFO: tarfile.FIFOTYPE}


async def clear(files: BashFiles, wanted: Mapping[str, Version | None]) -> None:
    """Remove what is not to be there. Raises `SandboxUnavailable`, `OSError`."""
    removed = [path for path, version in wanted.items() if version is None]
    given = set(removed)
    tops = [path for path in removed if not any(parent in given for parent in _parents(path))]
    if not tops:
        return
    names = f"{await files.scratch()}/.trajtui-removed"
    await files.write(names, b"".join(encoded(path) + b"\0" for path in tops))
    await files.output(f"xargs -0 rm -rf -- <{names}; rm -f {names}", _SECONDS)


async def put_in_place(
    files: BashFiles, mounted: Collection[str], wanted: Mapping[str, Version | None], read: Reader
) -> None:
    """Write what cannot be replaced where it is. Raises `SandboxUnavailable`, `OSError`."""
    for path in mounted:
        version = wanted.get(path)
        if version is not None:
            await files.write(path, read(path, version))
            name = quoted(path).decode()
            await files.output(
                f"chmod {stat.S_IMODE(version.mode):o} {name}; touch -d @{_seconds(version.modified)} {name}"
            )


def packed(
    wanted: Mapping[str, Version | None], left_out: Collection[str], known: Known, read: Reader
) -> IO[bytes]:
    """An archive of what is to be there, and of the directories that it is in, to be unpacked at the root."""
    given = {path: version for path, version in wanted.items() if version is not None and path != "/"}
    for path in wanted:
        parent = path.rpartition("/")[0]
        if parent and parent not in wanted and (there := known(parent)) is not None:
            given[parent] = there
    into: IO[bytes] = tempfile.SpooledTemporaryFile(_SPOOL)  # noqa: SIM115 - it is the caller's
    first: dict[object, str] = {}
    with tarfile.open(fileobj=into, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(given):
            if path not in left_out:
                _add(archive, path, given[path], first, read)
    into.seek(0)
    return into


def _add(
    archive: tarfile.TarFile,
    path: str,
    version: Version,
    first: dict[object, str],
    read: Reader,
) -> None:
    name = path.strip("/")
    entry = tarfile.TarInfo(name)
    entry.mode, entry.uid, entry.gid = stat.S_IMODE(version.mode), version.uid, version.gid
    entry.mtime = version.modified // 10**9
    entry.pax_headers = {"mtime": _seconds(version.modified)}
    for attribute, value in version.attributes:
        entry.pax_headers[f"SCHILY.xattr.{attribute}"] = value.decode("utf-8", "surrogateescape")
    entry.type = _TYPES.get(stat.S_IFMT(version.mode), tarfile.REGTYPE)
    if version.twin is not None and first.setdefault(version.twin, name) != name:
        entry.type, entry.linkname = tarfile.LNKTYPE, first[version.twin]
        archive.addfile(entry)
    elif entry.type == tarfile.SYMTYPE:
        entry.linkname = version.target or read(path, version).decode("utf-8", "surrogateescape")
        archive.addfile(entry)
    elif entry.type == tarfile.REGTYPE:
        data = read(path, version) if version.content else b""
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    else:
        archive.addfile(entry)


def _seconds(nanoseconds: int) -> str:
    return f"{nanoseconds // 10**9}.{nanoseconds % 10**9:09d}"


def _parents(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path
