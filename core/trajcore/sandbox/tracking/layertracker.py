"""What changed in a world whose files lie on this host: below directories, or in an overlay's upper ones."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Final

from trajcore.errors import SandboxUnavailable
from trajcore.sandbox.base import FileChanges
from trajcore.sandbox.machines.machine import Layer
from trajcore.sandbox.tracking.filechanges import (
    OWN_FILES,
    TEXT_LIMIT,
    UNKNOWN,
    UNTRACKED,
    Collector,
    Content,
    Contents,
    FileState,
)
from trajcore.sandbox.tracking.hosttree import MOST, WHITEOUT, Reader, Stat, TooMany, Tree, seen_as
from trajcore.sandbox.tracking.lowers import Lowers
from trajcore.sandbox.versions.store import Revision, Versions
from trajcore.sandbox.versions.version import BELOW, State, Unknown, Version
from trajcore.tasks import finished_in_thread

_READ_AT_ONCE: Final = 20_000
"""Files whose contents are looked at in one go."""

_FEW: Final = 200
_DEAR: Final = 20e-3
"""Whether so few paths are unchanged is asked on the spot, unless that once took so many seconds.

It takes 0.1 ms, and to have it done by a thread as much again, which each step would pay.
"""


class LayerTracker:
    """Tells what has changed in these layers. What is in `first` comes first in what it tells.

    With `versions`, these are told of it too, and keep what files held.
    """

    def __init__(self, layers: Sequence[Layer], first: str, versions: Versions | None = None) -> None:
        self._contents = Contents()
        self._versions = versions
        covered = frozenset(layer.at.strip("/") for layer in layers if layer.names is None)
        self._watched = [
            _Watched(layer, self._contents, covered, versions if layer.kept else None) for layer in layers
        ]
        self._first = f"{first.rstrip('/')}/"
        roots = [layer.at for layer in layers]
        self._lost = True
        self._dear = False
        """Whether it once took too long to be asked on the spot."""
        self._scope = "" if "/" in roots else f"only {', '.join(roots)} is watched"

    async def start(self) -> None:
        """See `Tracker.start`."""
        await finished_in_thread(self._begin)

    def revision(self) -> Revision | None:
        """The world as it was last looked at, as a moment of its versions; None where that is not known."""
        return None if self._versions is None or self._lost else self._versions.revision()

    @property
    def mounted(self) -> frozenset[str]:
        """Files each of which is mounted by itself: they cannot be replaced."""
        return frozenset(one.name_of(name) for one in self._watched for name in one.names)

    async def catch_up(self) -> None:
        """Tell the versions what has changed since the last look. Raises `SandboxUnavailable`."""
        await finished_in_thread(self._catch_up)

    async def settle(self, written: Collection[str]) -> None:
        """The paths `written` were made what the versions say of them now. Raises `SandboxUnavailable`."""
        await finished_in_thread(partial(self._settle, written))

    def _catch_up(self) -> None:
        self._lost = True
        with _in_plain_words():
            self._look(Collector())
        self._lost = False

    def opened_below(self, path: str) -> int:
        """What a file of the world was before it was ever changed, open for reading. Raises `OSError`."""
        watched = max(
            (one for one in self._watched if path.startswith(one.seen_at(""))),
            key=lambda one: len(one.seen_at("")),
        )
        return watched.opened_below(path.removeprefix(watched.seen_at("")))

    def _settle(self, written: Collection[str]) -> None:
        """What turns out otherwise is told to the versions as a change."""
        self._contents.allow(_READ_AT_ONCE)
        with _in_plain_words():
            for watched in self._watched:
                touched = watched.look()
                with watched.reading():
                    for path in touched:
                        if not (watched.name_of(path) in written and watched.is_as_said(path)):
                            watched.pass_over(path)

    async def changes(self) -> FileChanges:
        """See `Tracker.changes`."""
        if not self._lost and self._is_unchanged():
            return FileChanges(note=self._scope)
        return await finished_in_thread(self._compare)

    def close(self) -> None:
        """See `Tracker.close`."""
        for watched in self._watched:
            watched.close()

    def _is_unchanged(self) -> bool:
        """Whether nothing has changed, where that is told on the spot sooner than in a thread."""
        if self._dear or sum(map(len, self._watched)) > _FEW:
            return False
        begun = time.perf_counter()
        same = all(watched.is_unchanged() for watched in self._watched)
        self._dear = time.perf_counter() - begun > _DEAR
        return same

    def _begin(self) -> None:
        with suppress(TooMany, OSError):
            self._look(None)
            self._lost = False

    def _compare(self) -> FileChanges:
        collector = Collector()
        lost, self._lost = self._lost, True
        if lost and self._versions is not None:
            self._versions.clear()
        try:
            self._look(None if lost else collector)
        except TooMany:
            return FileChanges(note=f"{UNKNOWN}: there are more than {MOST} files")
        except OSError as error:
            return FileChanges(note=f"{UNKNOWN}: {error.strerror or error}")
        self._lost = False
        if lost:
            return FileChanges(note=f"{UNKNOWN}: the files could not be looked at before this step")
        return collector.result(self._scope)

    def _look(self, collector: Collector | None) -> None:
        touched = [
            (watched.name_of(path), path, watched) for watched in self._watched for path in watched.look()
        ]
        if not touched:
            return
        touched.sort(key=lambda each: (not each[0].startswith(self._first), each[0]))
        self._contents.allow(_READ_AT_ONCE)
        with ExitStack() as opened:
            for watched in {id(watched): watched for _, _, watched in touched}.values():
                opened.enter_context(watched.reading())
            for name, path, watched in touched:
                before, now = watched.pass_over(path, first=collector is None)
                if collector is not None:
                    collector.add(name, before, now)


@contextmanager
def _in_plain_words() -> Iterator[None]:
    try:
        yield
    except (OSError, TooMany) as error:
        raise SandboxUnavailable(f"The sandbox's files cannot be looked at ({error}).") from error


class _Watched:
    """One layer, as it was when it was last looked at and as it is now."""

    def __init__(
        self, layer: Layer, contents: Contents, covered: frozenset[str], versions: Versions | None
    ) -> None:
        """`covered` are the places of other layers, below `/`: what is there is theirs to tell."""
        self._layer = layer
        self._versions = versions
        self._contents = contents
        self._prefix = f"{layer.at.rstrip('/')}/"
        covered = covered if self._prefix == "/" else frozenset()
        self._tree = Tree(layer.upper, self._is_skipped, covered, layered=bool(layer.lowers))
        self._lowers = Lowers(layer.lowers)
        self._reader = Reader(layer.upper)

    def __len__(self) -> int:
        return len(self._tree.found)

    @property
    def names(self) -> frozenset[str]:
        """What is watched alone; empty where all is."""
        return self._layer.names or frozenset()

    def close(self) -> None:
        """Let go of the layer."""
        self._tree.close()

    def is_unchanged(self) -> bool:
        """Whether nothing of the layer has changed since the last look."""
        return self._tree.is_unchanged()

    def seen_at(self, path: str) -> str:
        """The path as it is inside the world; what is in a directory begins with that of the empty one."""
        return self._prefix + path

    def name_of(self, path: str) -> str:
        """The same, with no slash at its end."""
        return self._prefix + path if path else self._prefix.rstrip("/") or "/"

    def look(self) -> set[str]:
        """The paths of the layer that may have changed since the last look."""
        touched = self._tree.look()
        if self._layer.lowers and touched:
            was, now = self._tree.was, self._tree.found.get
            with self._lowers as lowers:
                for path in [path for path in touched if _hides(was(path)) != _hides(now(path))]:
                    touched.update(self._below(lowers, path))
        return touched

    def reading(self) -> ExitStack:
        """A context in which `before` and `now` can be asked for."""
        with ExitStack() as opened:
            opened.enter_context(self._reader)
            opened.enter_context(self._lowers)
            return opened.pop_all()

    def pass_over(self, path: str, *, first: bool = False) -> tuple[FileState | None, FileState | None]:
        """What a path was and is; what it is takes the place of what it was, which is not asked `first`."""
        before, was = (None, None) if first else self._before(path)
        now, state = self._now(path)
        if self._versions is not None:
            self._versions.note(self.name_of(path), was, state)
        return before, now

    def is_as_said(self, path: str) -> bool:
        """Whether a path is what its present version says, as far as it shows."""
        assert self._versions is not None
        name, seen = self.name_of(path), self._tree.found.get(path)
        said = self._versions.present[name]
        self._contents.forget(name)
        if seen is None or seen == WHITEOUT:
            return said is None
        if not isinstance(said, Version):
            return False
        shown = (said.mode, said.uid, said.gid, said.modified)
        return shown == (seen.mode, seen.uid, seen.gid, seen.mtime) and (
            not said.is_file or said.size == seen.size
        )

    def opened_below(self, path: str) -> int:
        """What lies below a path, open for reading. Raises `OSError`."""
        with self._lowers as lowers:
            return lowers.opened(path)

    def _before(self, path: str) -> tuple[FileState | None, State]:
        seen = self._tree.was(path)
        if seen is None:
            return self._from_below(path, self._tree.was)
        if seen == WHITEOUT:
            return None, None
        return _state(seen, self._content_before(self.name_of(path))), Unknown.UNKNOWN

    def _content_before(self, name: str) -> Content | None:
        content = self._contents.get(name)
        if content is not None or self._versions is None:
            return content
        version = self._versions.present.get(name)
        if not isinstance(version, Version) or not version.is_file or version.size > TEXT_LIMIT:
            return None
        if version.content == BELOW:
            return None
        try:
            return Content.of(self._versions.read(version))
        except OSError:
            return None

    def _now(self, path: str) -> tuple[FileState | None, State]:
        seen = self._tree.found.get(path)
        name = self.name_of(path)
        if seen is None or seen == WHITEOUT:
            self._contents.forget(name)
            return self._from_below(path, self._tree.found.get) if seen is None else (None, None)
        wanted = _has_content(seen) or self._versions is not None
        if not wanted or not self._contents.may_read():
            self._contents.forget(name)
            return _state(seen), Unknown.UNKNOWN
        try:
            found, content, state = self._reader.look_at(path, self._kept if self._versions else None)
        except OSError:  # gone, or closed to us
            self._contents.forget(name)
            return _state(seen), Unknown.UNKNOWN
        if not seen.is_directory:
            seen = self._tree.found[path] = seen_as(found, layered=False)
        self._contents.keep(name, content)
        return _state(seen, content), state

    def _kept(
        self, opened: int, found: os.stat_result, content: Content | None, data: bytes | None
    ) -> int | None:
        """See `Keep`."""
        assert self._versions is not None
        digest = content.digest if content is not None else b""
        try:
            return self._versions.keep(opened, found, digest, data)
        except OSError:
            return None

    def _from_below(self, path: str, at: Callable[[str], Stat | None]) -> tuple[FileState | None, State]:
        """What lies below the changes, where nothing of them hides it; `at` tells what is in them."""
        names = path.split("/")
        hidden = any(_hides(at("/".join(names[:depth]))) for depth in range(1, len(names)))
        found = None if hidden or not self._layer.lowers else self._lowers.look_at(path)
        return (None, None) if found is None else (_state(found[0], found[1]), found[2])

    def _below(self, lowers: Lowers, path: str) -> Iterator[str]:
        for count, child in enumerate(lowers.below(path)):
            if count > MOST:
                raise TooMany
            if not self._is_skipped(child):
                yield child

    def _is_skipped(self, path: str) -> bool:
        if self._layer.names is not None:
            return path not in self._layer.names
        return self._prefix == "/" and (path in UNTRACKED or f"/{path}".startswith(OWN_FILES))


def _hides(seen: Stat | None) -> bool:
    """Whether what is at a path of the changes hides what lies below it."""
    return seen is not None and (not seen.is_directory or seen.opaque)


def _has_content(seen: Stat) -> bool:
    return stat.S_ISREG(seen.mode) or stat.S_ISLNK(seen.mode)


def _state(seen: Stat, content: Content | None = None) -> FileState:
    return FileState(seen.mode, seen.uid, seen.gid, seen.size, seen.mtime, content)
