"""Directory trees as they were: kept, put back, and let go.

What a file held is kept once, in a store beside the trees, and shared by all snapshots that saw the file
unchanged; everything else about the trees is kept in memory. Nothing that is kept is ever changed.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Sequence
from math import inf
from pathlib import Path

from trajcore.sandbox.trees.io import folder
from trajcore.sandbox.trees.kept import KeptFiles
from trajcore.sandbox.trees.nodes import KnownFiles, TreeSnapshot
from trajcore.sandbox.trees.putting import Putting
from trajcore.sandbox.trees.taking import Taking

__all__ = ["TreeSnapshot", "TreeStore"]


class TreeStore:
    """Keeps snapshots of trees that lie on one file system. One call at a time."""

    def __init__(self, directory: Path) -> None:
        """`directory` is made when it is needed; what it holds is nobody else's."""
        self._files = KeptFiles(directory)
        self._alive: set[TreeSnapshot] = set()
        self._known: KnownFiles = {}

    def take(self, roots: Sequence[Path], stop: threading.Event, largest: float = inf) -> TreeSnapshot:
        """A snapshot that takes at most `largest` bytes of disk beyond what is there.

        Raises `OSError` (`EFBIG`: larger; no room, too deep, …), `Stopped`; nothing is left behind then.
        """
        taking = Taking(self._files, self._known, stop, largest)
        try:
            found = tuple(taking.root(path) for path in roots)
        except BaseException:
            self._files.release(taking.made)
            raise
        self._known = taking.known
        self._files.use(taking.contents)
        trees = TreeSnapshot(found, frozenset(taking.contents), taking.size)
        self._alive.add(trees)
        return trees

    def put_back(self, trees: TreeSnapshot, roots: Sequence[Path], stop: threading.Event) -> None:
        """Make the directories `roots`, which nobody may be using, what they were.

        Raises `OSError`, `Stopped`: the directories are a mixture then, from which this can be tried again.
        """
        if trees not in self._alive:
            raise OSError(errno.ESTALE, "the snapshot was forgotten")
        putting = Putting(self._files, self._known, stop)
        for path, root in zip(roots, trees.roots, strict=True):
            path.mkdir(exist_ok=True)
            with folder(path, lastingly=True) as opened:
                putting.fill(opened, root, os.fspath(path))
        self._known = putting.settled()

    def forget(self, trees: TreeSnapshot) -> None:
        """Free what only this snapshot needs. Raises `OSError`."""
        if trees in self._alive:
            self._alive.remove(trees)
            self._files.release(trees.contents)
