"""What became of files between two moments, told from what each path was before and after."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Protocol

from trajcore.sandbox.base import FileChange, FileChangeKind, FileChanges
from trajcore.sandbox.tracking.textdiff import Differ

TEXT_LIMIT: Final = 256 << 10
"""Bytes of the largest file whose text is compared."""

DIGEST_LIMIT: Final = 8 << 20
"""Bytes of the largest file whose content is compared at all; beyond it, size and time must do."""

UNTRACKED: Final = ("dev", "proc", "sys")
"""Directories of the root that are never looked at: they are not files, or not kept."""

OWN_FILES: Final = ("/tmp/.trajtui-", "/.trajtui-")
"""What the paths of our own helper files begin with."""

FRESH: Final = 0.05
"""Seconds within which a file may change twice and show the same time of change."""

UNKNOWN: Final = "what changed is not known"
"""How the note begins of changes of which nothing can be told."""

LISTED: Final = 2000
"""Changes that are listed one by one; the others are counted."""

_ROOM: Final = 64 << 20
"""Bytes of text that are kept to tell later changes from."""

_DIFF_LIMIT: Final = 64 << 10
_DIFFS_LIMIT: Final = 1 << 20


class Tracker(Protocol):
    """Tells what has changed in a world since it was last asked."""

    async def start(self) -> None:
        """Take what is there now as the state that changes are told from."""

    async def changes(self) -> FileChanges:
        """What has changed since the start or the last call."""

    def close(self) -> None:
        """Let go of the world; it is not asked again."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds, or what a link leads to. `text` is None for what is no text, or is too long."""

    digest: bytes
    text: str | None = None

    @classmethod
    def of(cls, data: bytes) -> Content:
        """The content of a file that holds `data`."""
        text = None
        if len(data) <= TEXT_LIMIT and b"\0" not in data:
            try:
                text = data.decode()
            except UnicodeDecodeError:
                text = None
        return cls(digest_of(data), text)


def digest_of(data: bytes) -> bytes:
    """What stands for `data` where only its equality matters."""
    return blake2b(data, digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class FileState:
    """What a path is at some moment: its full mode, owner, size in bytes, time of change of its content.

    `content` is None where it is not known.
    """

    mode: int
    uid: int
    gid: int
    size: int
    mtime: float
    content: Content | None = None

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory."""
        return stat.S_ISDIR(self.mode)


class Contents:
    """The contents of files by their paths. Where there is no room, what was kept longest is forgotten."""

    def __init__(self, room: int = _ROOM) -> None:
        self._kept: dict[str, Content] = {}
        self._room = room
        self._left = 0

    def get(self, path: str) -> Content | None:
        """What the file at `path` held; None where that is not known."""
        return self._kept.get(path)

    def keep(self, path: str, content: Content | None) -> None:
        """Remember what a file holds; None: nothing is known of it any more."""
        self.forget(path)
        if content is None:
            return
        self._kept[path] = content
        self._room -= _weight(content)
        while self._room < 0:
            self.forget(next(iter(self._kept)))

    def forget(self, path: str) -> None:
        """Know nothing of a file any more."""
        content = self._kept.pop(path, None)
        if content is not None:
            self._room += _weight(content)

    def allow(self, files: int) -> None:
        """Let so many files be read from now on."""
        self._left = files

    def may_read(self) -> bool:
        """Whether another file may be read; counts it."""
        self._left -= 1
        return self._left >= 0


class Collector:
    """Puts changes together one by one, within limits of number and size."""

    def __init__(self) -> None:
        self._files: list[FileChange] = []
        self._more = 0
        self._differ = Differ()
        self._room = _DIFFS_LIMIT

    def add(self, path: str, before: FileState | None, after: FileState | None) -> None:
        """Take in what `path` was and is; None: nothing. Where both are the same, nothing is added."""
        if before is not None and after is not None and before.is_directory is not after.is_directory:
            self.add(path, before, None)
            self.add(path, None, after)
            return
        if not _differ(before, after):
            return
        if len(self._files) >= LISTED:
            self._more += 1
            return
        self._files.append(self._told(path, before, after))

    def result(self, note: str = "") -> FileChanges:
        """Everything that was added."""
        return FileChanges(tuple(self._files), self._more, note)

    def _told(self, path: str, before: FileState | None, after: FileState | None) -> FileChange:
        kind: FileChangeKind = "added" if before is None else "deleted" if after is None else "changed"
        known = after or before
        name = f"{path}/" if known is not None and known.is_directory else path
        diff, notes = self._compared(path, before, after)
        notes = [*notes, *_attributes(before, after)]
        digest = after.content.digest if after is not None and after.content is not None else b""
        return FileChange(name, kind, _size(before), _size(after), diff, ", ".join(notes), digest)

    def _compared(
        self, path: str, before: FileState | None, after: FileState | None
    ) -> tuple[str, Sequence[str]]:
        """The diff of the contents, and in its place or beside it some words."""
        sides = [side for side in (before, after) if side is not None]
        if not all(stat.S_ISREG(side.mode) for side in sides):
            return "", _types(before, after)
        if before is not None and after is not None and _same_content(before, after):
            return "", []
        if any(side.content is not None and side.content.text is None and side.size <= TEXT_LIMIT
               for side in sides):  # fmt: skip
            return "", ["binary"]
        if any(side.size > TEXT_LIMIT for side in sides):
            return "", ["too large to be shown as a diff"]
        if before is not None and before.content is None:
            return "", ["content before is not known"]
        if after is not None and after.content is None:
            return "", ["content is not known"]
        diff = self._differ.unified(path, _text(before), _text(after))
        if len(diff) > _DIFF_LIMIT:
            return "", ["the diff is too long to be kept"]
        if len(diff) > self._room:
            return "", ["the diffs of this step are too long to be all kept"]
        self._room -= len(diff)
        return diff, []


def _size(state: FileState | None) -> int | None:
    return None if state is None or state.is_directory else state.size


def _text(state: FileState | None) -> str | None:
    return None if state is None or state.content is None else state.content.text


def _differ(before: FileState | None, after: FileState | None) -> bool:
    if before is None or after is None:
        return before is not after
    if (before.mode, before.uid, before.gid) != (after.mode, after.uid, after.gid):
        return True
    return not before.is_directory and not _same_content(before, after)


def _same_content(before: FileState, after: FileState) -> bool:
    """Whether two states of one type hold the same; where that is not known, size and time decide."""
    if not (stat.S_ISREG(after.mode) or stat.S_ISLNK(after.mode)):
        return True
    if before.size != after.size:
        return False
    if before.content is None or after.content is None:
        return before.mtime == after.mtime
    return before.content.digest == after.content.digest


_TYPES: Final = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "directory",
    stat.S_IFLNK: "link",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
}


def _type(state: FileState) -> str:
    name = _TYPES.get(stat.S_IFMT(state.mode), "device")
    target = state.content.text if state.content is not None else None
    return f"link to {target}" if name == "link" and target is not None else name


def _types(before: FileState | None, after: FileState | None) -> list[str]:
    if before is None or after is None:
        return [_type(side) for side in (before, after) if side is not None]
    first, second = _type(before), _type(after)
    if first == second:
        return [first]
    return [f"{first} → {second.removeprefix('link to ') if first.startswith('link to ') else second}"]


def _attributes(before: FileState | None, after: FileState | None) -> list[str]:
    """What else is another one of a path that was there before and after."""
    if before is None or after is None:
        return []
    notes = []
    old, new = stat.S_IMODE(before.mode), stat.S_IMODE(after.mode)
    if old != new and stat.S_IFMT(before.mode) == stat.S_IFMT(after.mode):
        notes.append(f"mode {old:o} → {new:o}")
    if (before.uid, before.gid) != (after.uid, after.gid):
        notes.append(f"owner {before.uid}:{before.gid} → {after.uid}:{after.gid}")
    return notes


def _weight(content: Content) -> int:
    return 200 + len(content.text or "")
