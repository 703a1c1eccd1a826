"""What changed in a world whose files cannot be reached from this host: found out by `find`, inside."""

from __future__ import annotations

import base64
import binascii
import stat
from collections.abc import Sequence
from typing import Final

from trajcore.sandbox.base import FileChanges
from trajcore.sandbox.files import BashFiles
from trajcore.sandbox.shell.quoting import encoded, quoted
from trajcore.sandbox.tracking.filechanges import (
    OWN_FILES,
    TEXT_LIMIT,
    UNKNOWN,
    UNTRACKED,
    Collector,
    Content,
    Contents,
    FileState,
    digest_of,
)
from trajcore.sandbox.tracking.hosttree import Stat

_NAMES: Final = f"{OWN_FILES[0]}names"
_READ_AT_ONCE: Final = 5000
_BYTES_AT_ONCE: Final = 16 << 20
_ONE_BY_ONE: Final = 200
_SECONDS: Final = 60
_PRUNED: Final = " -o ".join(
    [*(f"-path /{name}" for name in UNTRACKED), *(f"-path '{path}*'" for path in OWN_FILES)]
)
_FORMAT: Final = r"%#m\0%y\0%U\0%G\0%s\0%T@\0%C@\0%i\0%p\0"
_FIELDS: Final = 9
_TYPES: Final = {
    "f": stat.S_IFREG,
    "d": stat.S_IFDIR,
    "l": stat.S_IFLNK,
    "p": stat.S_IFIFO,
    "s": stat.S_IFSOCK,
    "c": stat.S_IFCHR,
    "b": stat.S_IFBLK,
}

_NEVER: Final = 1 << 63
_END: Final = b"end"

_Table = dict[str, Stat]


class FindTracker:
    """Tells what has changed in the whole file system, and in `directory`, wherever that is mounted.

    What the files in `directory` hold is read at the start; what others held before they are changed for
    the first time is not known. `plain`: do without the options that only GNU's find has.
    """

    def __init__(self, files: BashFiles, directory: str, *, plain: bool = False) -> None:
        self._files = files
        self._directory = directory.rstrip("/")
        self._plain = plain
        self._contents = Contents()
        self._old: _Table = {}
        self._since = _NEVER
        self._lost = True

    async def start(self) -> None:
        """See `Tracker.start`. Raises `SandboxUnavailable` when the sandbox was lost."""
        self._plain = self._plain or await self._files.output("find / -maxdepth 0 -printf yes") != "yes"
        found = await self._found()
        self._lost = found is None
        if found is not None:
            inside = [path for path in found if path.startswith(f"{self._directory}/")]
            await self._read(inside, found)
            self._old = found

    async def changes(self) -> FileChanges:
        """See `Tracker.changes`. Raises `SandboxUnavailable` when the sandbox was lost."""
        if self._lost:
            await self.start()
            return FileChanges(note=f"{UNKNOWN}: `find` could not list the files")
        old, since = self._old, self._since
        new = await self._found()
        if new is None:
            self._lost = True
            return FileChanges(note=f"{UNKNOWN}: `find` could not list the files")
        touched = [path for path, seen in new.items() if old.get(path) != seen or seen.changed >= since]
        touched += old.keys() - new.keys()
        first = f"{self._directory}/"
        touched.sort(key=lambda path: (not path.startswith(first), path))
        before = {path: self._state(path, old) for path in touched}
        await self._read(touched, new)
        collector = Collector()
        for path in touched:
            was, now = before[path], self._state(path, new)
            if old.get(path) == new.get(path) and was is not None and was.content is None:
                continue  # looked at again only because its time is too coarse to tell
            collector.add(path, was, now)
        self._old = new
        return collector.result()

    def _state(self, path: str, table: _Table) -> FileState | None:
        seen = table.get(path)
        if seen is None:
            return None
        return FileState(seen.mode, seen.uid, seen.gid, seen.size, seen.mtime, self._contents.get(path))

    async def _found(self) -> _Table | None:
        """Everything there is, by its path; None when that could not be found out."""
        if not self._plain:
            listing = await self._listing(f"-printf '{_FORMAT}'")
            return None if listing is None else _parsed(listing)
        for _ in range(3):
            now = await self._files.output("date +%s")
            await self._files.output(f"rm -rf {_NAMES}")
            names = await self._listing("-print0", f"| tee {_NAMES}")
            stats = await self._bytes(
                f"timeout {_SECONDS} xargs -0 stat -c '%f %u %g %s %Y %Z %i' -- <{_NAMES}; rm -f {_NAMES}"
            )
            if names is None or stats is None or not now.isdigit():
                return None
            table = _joined(names.split(b"\0")[:-1], stats.splitlines())
            if table is not None:  # None: something went away between the two
                self._since = int(now)
                return table
        return None

    async def _listing(self, way: str, and_then: str = "") -> bytes | None:
        """What `find` prints in this way; None when it could not go through everything."""
        roots = f"/ {quoted(self._directory).decode()}" if self._directory else "/"
        find = rf"timeout {_SECONDS} find {roots} -xdev \( {_PRUNED} \) -prune -o {way} {and_then}"
        listing = await self._bytes(f"{{ {find}; (( PIPESTATUS[0] < 2 )) && printf {_END.decode()}; }}")
        return listing.removesuffix(_END) if listing and listing.endswith(_END) else None

    async def _bytes(self, command: str) -> bytes | None:
        """What a command writes; None when that is nothing."""
        answer = await self._files.output(f"{{ {command}; }} | base64 -w0", _SECONDS)
        try:
            return base64.b64decode(answer, validate=True) or None
        except binascii.Error:
            return None

    async def _read(self, paths: Sequence[str], table: _Table) -> None:
        """Find out what these files and links hold, as far as that is worth its time."""
        wanted: list[str] = []
        room = _BYTES_AT_ONCE
        links = []
        for path in paths:
            self._contents.forget(path)
            seen = table.get(path)
            if seen is None:
                continue
            if stat.S_ISLNK(seen.mode):
                links.append(path)
            elif stat.S_ISREG(seen.mode) and seen.size <= TEXT_LIMIT and len(wanted) < _READ_AT_ONCE:
                room -= seen.size
                if room >= 0:
                    wanted.append(path)
        await self._read_files(wanted, table)
        await self._read_links(links)

    async def _read_files(self, paths: Sequence[str], table: _Table) -> None:
        if not paths:
            return
        together = await self._of_all("cat --", paths)
        if together is not None and len(together) == sum(table[path].size for path in paths):
            at = 0
            for path in paths:
                size = table[path].size
                self._contents.keep(path, Content.of(together[at : at + size]))
                at += size
            return
        for path in paths[:_ONE_BY_ONE]:  # one of them has changed, or is closed to us
            try:
                self._contents.keep(path, Content.of(await self._files.read(path, TEXT_LIMIT)))
            except OSError:
                continue

    async def _read_links(self, paths: Sequence[str]) -> None:
        if not paths:
            return
        command = '-n1 sh -c \'readlink -n -- "$1"; printf "\\0"\' sh' if self._plain else "readlink -z --"
        listed = (await self._of_all(command, paths) or b"").split(b"\0")[:-1]
        if len(listed) != len(paths):
            return
        for path, target in zip(paths, listed, strict=True):
            text = target.decode("utf-8", "surrogateescape")
            self._contents.keep(path, Content(digest_of(target), text))

    async def _of_all(self, command: str, paths: Sequence[str]) -> bytes | None:
        """What `command` writes for all these paths, in order."""
        try:
            await self._files.write(_NAMES, b"".join(encoded(path) + b"\0" for path in paths))
        except OSError:
            return None
        return await self._bytes(f"timeout {_SECONDS} xargs -0 {command} <{_NAMES}; rm -f {_NAMES}")


def _parsed(listing: bytes) -> _Table | None:
    fields = listing.decode("utf-8", "surrogateescape").split("\0")[:-1]
    if len(fields) % _FIELDS:
        return None
    table: _Table = {}
    try:
        for at in range(0, len(fields), _FIELDS):
            mode, kind, uid, gid, size, modified, changed, inode, path = fields[at : at + _FIELDS]
            what = _TYPES.get(kind, 0) | int(mode, 8)
            table[path] = _seen(what, int(uid), int(gid), int(size), _ns(modified), _ns(changed), int(inode))
    except ValueError:
        return None
    table.pop("/", None)
    return table


def _joined(names: Sequence[bytes], stats: Sequence[bytes]) -> _Table | None:
    if len(names) != len(stats):
        return None
    table: _Table = {}
    try:
        for name, line in zip(names, stats, strict=True):
            mode, *numbers = line.split()
            table[name.decode("utf-8", "surrogateescape")] = _seen(int(mode, 16), *map(int, numbers))
    except (ValueError, TypeError):
        return None
    table.pop("/", None)
    return table


def _seen(mode: int, uid: int, gid: int, size: int, modified: int, changed: int, inode: int) -> Stat:
    if stat.S_ISDIR(mode):
        return Stat(mode, uid, gid)
    return Stat(mode, uid, gid, size, modified, changed, inode)


def _ns(seconds: str) -> int:
    whole, _, part = seconds.partition(".")
    return int(whole) * 10**9 + int(f"{part[:9]:0<9}")
