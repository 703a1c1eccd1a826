"""What changed in a world whose files lie on this host: below directories, or in an overlay's upper ones."""

from __future__ import annotations

import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import Final

from trajcore.sandbox.base import FileChanges
from trajcore.sandbox.machines.machine import Layer
from trajcore.sandbox.tracking.filechanges import (
    FRESH,
    OWN_FILES,
    UNKNOWN,
    UNTRACKED,
    Collector,
    Content,
    Contents,
    FileState,
)
from trajcore.sandbox.tracking.hosttree import MOST, WHITEOUT, Reader, Stat, TooMany, Walk
from trajcore.sandbox.tracking.lowers import Lowers
from trajcore.tasks import finished_in_thread

_READ_AT_ONCE: Final = 20_000
"""Files whose contents are looked at in one go."""


class LayerTracker:
    """Tells what has changed in these layers. What is in `first` comes first in what it tells."""

    def __init__(self, layers: Sequence[Layer], first: str) -> None:
        self._contents = Contents()
        self._watched = [_Watched(layer, self._contents) for layer in layers]
        self._first = f"{first.rstrip('/')}/"
        roots = [layer.at for layer in layers]
        self._lost = True
        self._scope = "" if "/" in roots else f"only {', '.join(roots)} is watched"

    async def start(self) -> None:
        """See `Tracker.start`."""
        await finished_in_thread(self._begin)

    async def changes(self) -> FileChanges:
        """See `Tracker.changes`."""
        return await finished_in_thread(self._compare)

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
        for watched in self._watched:
            watched.settle()


class _Watched:
    """One layer, as it was when it was last looked at and as it is now."""

    def __init__(self, layer: Layer, contents: Contents) -> None:
        self._layer = layer
        self._contents = contents
        self._prefix = f"{layer.at.rstrip('/')}/"
        self._old: dict[str, Stat] = {}
        self._new: dict[str, Stat] = {}
        self._since = 0
        self._lowers = Lowers(layer.lowers)
        self._reader = Reader(layer.upper)

    def seen_at(self, path: str) -> str:
        """The path as it is inside the world."""
        return self._prefix + path

    def look(self) -> set[str]:
        """Walk the layer; the paths that may have changed."""
        since, self._since = self._since, time.time_ns() - int(FRESH * 1e9)
        walk = Walk(self._layer.upper, self._is_skipped, layered=bool(self._layer.lowers))
        self._new = walk.found
        for prefix in walk.blind:
            self._new.update((path, seen) for path, seen in self._old.items() if path.startswith(prefix))
        old, new = self._old, self._new
        touched = {path for path, seen in new.items() if old.get(path) != seen or seen.changed >= since}
        touched.update(old.keys() - new.keys())
        if self._layer.lowers and touched:
            with self._lowers as lowers:
                for path in [path for path in touched if self._hides(path, old) != self._hides(path, new)]:
                    touched.update(self._below(lowers, path))
        return touched

    def reading(self) -> ExitStack:
        """A context in which `before` and `now` can be asked for."""
        with ExitStack() as opened:
            opened.enter_context(self._reader)
            opened.enter_context(self._lowers)
            return opened.pop_all()

    def settle(self) -> None:
        """What is now becomes what was."""
        self._old = self._new

    def before(self, path: str) -> FileState | None:
        """What a path was; to be asked before `now`, which forgets it."""
        seen = self._old.get(path)
        if seen is None:
            return self._from_below(path, self._old)
        return None if seen == WHITEOUT else _state(seen, self._contents.get(self.seen_at(path)))

    def now(self, path: str) -> FileState | None:
        """What a path is."""
        seen = self._new.get(path)
        name = self.seen_at(path)
        if seen is None or seen == WHITEOUT:
            self._contents.forget(name)
            return self._from_below(path, self._new) if seen is None else None
        if not _has_content(seen) or not self._contents.may_read():
            self._contents.forget(name)
            return _state(seen)
        try:
            seen, content = self._reader.content(path)
        except OSError:  # gone, or closed to us
            self._contents.forget(name)
            return _state(seen)
        self._new[path] = seen
        self._contents.keep(name, content)
        return _state(seen, content)

    def _from_below(self, path: str, table: Mapping[str, Stat]) -> FileState | None:
        if not self._layer.lowers or self._is_hidden(path, table):
            return None
        found = self._lowers.find(path)
        if found is None:
            return None
        content = self._lowers.content(path) if _has_content(found[0]) else None
        return _state(found[0], content)

    @staticmethod
    def _hides(path: str, table: Mapping[str, Stat]) -> bool:
        """Whether what is at `path` hides what lies below it."""
        seen = table.get(path)
        return seen is not None and (not seen.is_directory or seen.opaque)

    def _is_hidden(self, path: str, table: Mapping[str, Stat]) -> bool:
        names = path.split("/")
        return any(self._hides("/".join(names[:depth]), table) for depth in range(1, len(names)))

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


def _has_content(seen: Stat) -> bool:
    return stat.S_ISREG(seen.mode) or stat.S_ISLNK(seen.mode)


def _state(seen: Stat, content: Content | None = None) -> FileState:
    return FileState(seen.mode, seen.uid, seen.gid, seen.size, seen.mtime, content)
