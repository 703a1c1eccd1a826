"""What changed in a world whose files cannot be reached from this host: found out by `find`, inside."""

from __future__ import annotations

import base64
import binascii
import stat
from collections.abc import Collection, Sequence
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
from trajcore.sandbox.versions.store import Revision, Versions
from trajcore.sandbox.versions.version import BELOW, KEPT_KINDS, State, Unknown, Version

_READ_AT_ONCE: Final = 5000
_BYTES_AT_ONCE: Final = 16 << 20
_ONE_BY_ONE: Final = 200
_LARGEST: Final = 16 << 20
"""Bytes of the largest file that is read only to be kept."""
_LARGE_AT_ONCE: Final = 64 << 20
_SECONDS: Final = 60
_PRUNED: Final = " -o ".join(
    [*(f"-path /{name}" for name in UNTRACKED), *(f"-path '{path}*'" for path in OWN_FILES)]
)
_FORMAT: Final = r"%#m\0%y\0%U\0%G\0%s\0%T@\0%C@\0%i\0%n\0%p\0"
_FIELDS: Final = 10
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

    What the files in `directory`, and those in `also`, hold is read at the start; what others held before
    they are changed for the first time is not known. `plain`: do without what only GNU's find has.

    With `versions`, these are told of it too, and keep what files held; `pristine` says that all that is
    outside of `directory` at the start is what the machine began with.
    """

    def __init__(
        self,
        files: BashFiles,
        directory: str,
        versions: Versions | None = None,
        *,
        also: Sequence[str] = (),
        plain: bool = False,
        pristine: bool = True,
    ) -> None:
        self._also = also
        self._versions = versions
        self._pristine = pristine
        self._names = ""
        """A file of ours in the world, for lists of paths."""
        self._numbers: dict[str, int] = {}
        """The numbers under which is kept what files hold that were read last."""
        self._files = files
        self._directory = directory.rstrip("/")
        self._plain = plain
        self._contents = Contents()
        self._old: _Table = {}
        self._since = _NEVER
        self._lost = True

    async def start(self) -> None:
        """See `Tracker.start`. Raises `SandboxUnavailable` when the sandbox was lost."""
        self._names = f"{await self._files.scratch()}/.trajtui-names"
        self._plain = self._plain or await self._files.output("find / -maxdepth 0 -printf yes") != "yes"
        found = await self._found()
        self._lost = found is None
        if found is not None:
            inside = [path for path in found if path.startswith(f"{self._directory}/")]
            inside += [path for path in self._also if path in found]
            await self._read(inside, found)
            for path in inside:
                self._note(path, None, found)
            self._old = found

    def revision(self) -> Revision | None:
        """The world as it was last looked at, as a moment of its versions; None where that is not known."""
        return None if self._versions is None or self._lost else self._versions.revision()

    async def catch_up(self) -> None:
        """Tell the versions what has changed since the last look. Raises `SandboxUnavailable`."""
        await self.changes()

    async def settle(self, written: Collection[str]) -> None:
        """The paths `written` were made what the versions say of them now. Raises `SandboxUnavailable`."""
        await self.changes()

    def known(self, path: str) -> Version | None:
        """What there is at a path, as far as it was seen: not what it holds."""
        seen = self._old.get(path)
        return None if seen is None else Version(seen.mode, seen.uid, seen.gid, seen.mtime, seen.size)

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
        for path in touched:
            self._note(path, old.get(path), new)
        self._old = new
        return collector.result()

    def close(self) -> None:
        """See `Tracker.close`: nothing is held."""

    def _note(self, path: str, before: Stat | None, table: _Table) -> None:
        if self._versions is not None:
            self._versions.note(path, self._as_below(before), self._version(path, table.get(path)))

    def _as_below(self, seen: Stat | None) -> State:
        """What a path was that has never changed before."""
        if seen is None:
            return None
        if not stat.S_ISDIR(seen.mode) and not self._pristine:
            return Unknown.UNKNOWN
        content = 0 if stat.S_ISDIR(seen.mode) or not seen.size else BELOW
        return Version(seen.mode, seen.uid, seen.gid, seen.mtime, seen.size, (), content)

    def _version(self, path: str, seen: Stat | None) -> State:
        if seen is None or stat.S_IFMT(seen.mode) not in KEPT_KINDS:
            return None
        what = (seen.mode, seen.uid, seen.gid, seen.mtime)
        if stat.S_ISREG(seen.mode):
            number = self._numbers.get(path) if seen.size else 0
            twin = seen.inode if seen.linked else None
            return Unknown.UNKNOWN if number is None else Version(*what, seen.size, (), number, "", twin)
        content = self._contents.get(path) if stat.S_ISLNK(seen.mode) else None
        if stat.S_ISLNK(seen.mode) and (content is None or content.text is None):
            return Unknown.UNKNOWN
        return Version(*what, target=content.text or "" if content is not None else "")

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
            await self._files.output(f"rm -rf {self._names}")
            names = await self._listing("-print0", f"| tee {self._names}")
            stat_all = "xargs -0 stat -c '%f %u %g %s %Y %Z %i %h' --"
            stats = await self._bytes(f"timeout {_SECONDS} {stat_all} <{self._names}; rm -f {self._names}")
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
        self._numbers = {}
        wanted: list[str] = []
        large: list[str] = []
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
            elif stat.S_ISREG(seen.mode) and self._versions is not None and seen.size <= _LARGEST:
                large.append(path)
        await self._read_files(wanted, table)
        await self._read_large(large)
        await self._read_links(links)

    async def _read_files(self, paths: Sequence[str], table: _Table) -> None:
        if not paths:
            return
        together = await self._of_all("cat --", paths)
        if together is not None and len(together) == sum(table[path].size for path in paths):
            at = 0
            for path in paths:
                size = table[path].size
                self._keep(path, together[at : at + size])
                at += size
            return
        for path in paths[:_ONE_BY_ONE]:  # one of them has changed, or is closed to us
            try:
                self._keep(path, await self._files.read(path, TEXT_LIMIT))
            except OSError:
                continue

    async def _read_large(self, paths: Sequence[str]) -> None:
        """Files that are read for their versions alone."""
        room = _LARGE_AT_ONCE
        for path in paths:
            try:
                data = await self._files.read(path, min(_LARGEST, room))
            except OSError:
                continue
            room -= len(data)
            self._keep(path, data)

    def _keep(self, path: str, data: bytes) -> None:
        content = Content.of(data)
        self._contents.keep(path, content)
        if self._versions is not None:
            try:
                number = self._versions.keep_data(content.digest, data)
            except OSError:
                return
            if number is not None:
                self._numbers[path] = number

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
            await self._files.write(self._names, b"".join(encoded(path) + b"\0" for path in paths))
        except OSError:
            return None
        return await self._bytes(f"timeout {_SECONDS} xargs -0 {command} <{self._names}; rm -f {self._names}")


def _parsed(listing: bytes) -> _Table | None:
    fields = listing.decode("utf-8", "surrogateescape").split("\0")[:-1]
    if len(fields) % _FIELDS:
        return None
    table: _Table = {}
    try:
        for at in range(0, len(fields), _FIELDS):
            mode, kind, uid, gid, size, modified, changed, inode, links, path = fields[at : at + _FIELDS]
            what = _TYPES.get(kind, 0) | int(mode, 8)
            times = _ns(modified), _ns(changed)
            table[path] = _seen(what, int(uid), int(gid), int(size), *times, int(inode), int(links))
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


def _seen(
    mode: int, uid: int, gid: int, size: int, modified: int, changed: int, inode: int, links: int
) -> Stat:
    if stat.S_ISDIR(mode):
        return Stat(mode, uid, gid, mtime=modified)
    return Stat(mode, uid, gid, size, modified, changed, inode, linked=links > 1)


def _ns(seconds: str) -> int:
    whole, _, part = seconds.partition(".")
    return int(whole) * 10**9 + int(f"{part[:9]:0<9}")
