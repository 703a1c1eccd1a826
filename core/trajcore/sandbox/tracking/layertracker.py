"""What changed in a world whose files lie on this host: below directories, or in an overlay's upper ones."""

from __future__ import annotations

import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from typing import Final

from trajcore.sandbox.base import FileChanges
from trajcore.sandbox.machines.machine import Layer
from trajcore.sandbox.tracking.filechanges import (
    OWN_FILES,
    UNKNOWN,
    UNTRACKED,
    Collector,
    Content,
    Contents,
    FileState,
)
from trajcore.sandbox.tracking.hosttree import MOST, WHITEOUT, Reader, Stat, TooMany, Tree
from trajcore.sandbox.tracking.lowers import Lowers
from trajcore.tasks import finished_in_thread

_READ_AT_ONCE: Final = 20_000
"""Files whose contents are looked at in one go."""

_FEW: Final = 200
_DEAR: Final = 20e-3
"""Whether so few paths are unchanged is asked on the spot, unless that once took so many seconds.

It takes 0.1 ms, and to have it done by a thread as much again, which each step would pay.
"""


class LayerTracker:
    """Tells what has changed in these layers. What is in `first` comes first in what it tells."""

    def __init__(self, layers: Sequence[Layer], first: str) -> None:
        self._contents = Contents()
        covered = frozenset(layer.at.strip("/") for layer in layers if layer.names is None)
        self._watched = [_Watched(layer, self._contents, covered) for layer in layers]
        self._first = f"{first.rstrip('/')}/"
        roots = [layer.at for layer in layers]
        self._lost = True
        self._dear = False
        """Whether it once took too long to be asked on the spot."""
        self._scope = "" if "/" in roots else f"only {', '.join(roots)} is watched"

    async def start(self) -> None:
        """See `Tracker.start`."""
        await finished_in_thread(self._begin)

    async def changes(self) -> FileChanges:
        """See `Tracker.changes`."""
        if not self._lost and self._is_unchanged():
            return FileChanges(note=self._scope)
        return await finished_in_thread(self._compare)

    def _is_unchanged(self) -> bool:
        """Whether nothing has changed, where that is told on the spot sooner than in a thread."""
        if self._dear or sum(len(watched) for watched in self._watched) > _FEW:
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
            (watched.seen_at(path), path, watched) for watched in self._watched for path in watched.look()
        ]
        if not touched:
            return
        touched.sort(key=lambda each: (not each[0].startswith(self._first), each[0]))
        self._contents.allow(_READ_AT_ONCE)
        with ExitStack() as opened:
            for watched in {id(watched): watched for _, _, watched in touched}.values():
                opened.enter_context(watched.reading())
            for name, path, watched in touched:
                before = watched.before(path) if collector is not None else None
                now = watched.now(path)
                if collector is not None:
                    collector.add(name, before, now)


class _Watched:
    """One layer, as it was when it was last looked at and as it is now."""

    def __init__(self, layer: Layer, contents: Contents, covered: frozenset[str]) -> None:
        """`covered` are the places of other layers, below `/`: what is there is theirs to tell."""
        self._layer = layer
        self._contents = contents
        self._prefix = f"{layer.at.rstrip('/')}/"
        covered = covered if self._prefix == "/" else frozenset()
        self._tree = Tree(layer.upper, self._is_skipped, covered, layered=bool(layer.lowers))
        self._lowers = Lowers(layer.lowers)
        self._reader = Reader(layer.upper)

    def __len__(self) -> int:
        return len(self._tree.found)

    def is_unchanged(self) -> bool:
        """Whether nothing of the layer has changed since the last look."""
        return self._tree.is_unchanged()

    def seen_at(self, path: str) -> str:
        """The path as it is inside the world."""
        return self._prefix + path

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

    def before(self, path: str) -> FileState | None:
        """What a path was; to be asked before `now`, which forgets it."""
        seen = self._tree.was(path)
        if seen is None:
            return self._from_below(path, self._tree.was)
        return None if seen == WHITEOUT else _state(seen, self._contents.get(self.seen_at(path)))

    def now(self, path: str) -> FileState | None:
        """What a path is."""
        seen = self._tree.found.get(path)
        name = self.seen_at(path)
        if seen is None or seen == WHITEOUT:
            self._contents.forget(name)
            return self._from_below(path, self._tree.found.get) if seen is None else None
        if not _has_content(seen) or not self._contents.may_read():
            self._contents.forget(name)
            return _state(seen)
        try:
            seen, content = self._reader.content(path)
        except OSError:  # gone, or closed to us
            self._contents.forget(name)
            return _state(seen)
        self._tree.found[path] = seen
        self._contents.keep(name, content)
        return _state(seen, content)

    def _from_below(self, path: str, at: Callable[[str], Stat | None]) -> FileState | None:
        """What lies below the changes, where nothing of them hides it; `at` tells what is in them."""
        names = path.split("/")
        hidden = any(_hides(at("/".join(names[:depth]))) for depth in range(1, len(names)))
        if not self._layer.lowers or hidden:
            return None
        found = self._lowers.find(path)
        if found is None:
            return None
        content = self._lowers.content(path) if _has_content(found[0]) else None
        return _state(found[0], content)

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
