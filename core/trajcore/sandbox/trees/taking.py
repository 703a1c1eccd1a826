"""Taking a snapshot of directory trees, also while something in them changes."""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from trajcore.sandbox.trees.io import Stopped, copy_content, entries, folder, open_file, xattrs
from trajcore.sandbox.trees.kept import KeptFiles
from trajcore.sandbox.trees.nodes import (
    FRESH,
    File,
    Folder,
    KnownFiles,
    Node,
    Special,
    Symlink,
    stamp,
    unchanged,
)
from trajcore.sandbox.trees.nodes import about as about_of

_DEEPEST: Final = 200
_ATTEMPTS: Final = 3


@dataclass
class Taking:
    """One snapshot in the making. Its calls raise `OSError` and `Stopped`."""

    store: KeptFiles
    known_before: KnownFiles
    stop: threading.Event
    largest: float
    """Bytes that `size` may come to."""
    known: KnownFiles = field(default_factory=dict)
    seen: KnownFiles = field(default_factory=dict)
    contents: set[int] = field(default_factory=set)
    made: list[int] = field(default_factory=list)
    size: int = 0

    def root(self, path: Path) -> Folder:
        """A directory and all in it; `contents` tells of all that were seen, `made` of those that are new."""
        self.store.spare(0)
        with folder(path) as opened:
            return self._folder(opened, os.fstat(opened), 0)

    def _folder(self, opened: int, about: os.stat_result, depth: int) -> Folder:
        if depth > _DEEPEST:
            raise OSError(errno.ENAMETOOLONG, "the directories are nested too deep")
        children: dict[str, Node] = {}
        for name, child in entries(opened).items():
            if self.stop.is_set():
                raise Stopped
            node = self._node(opened, name, child, depth)
            if node is not None:
                children[name] = node
        return Folder(about_of(about), xattrs(opened), children)

    def _node(self, parent: int, name: str, about: os.stat_result, depth: int) -> Node | None:
        """None for what is passed over: sockets, devices, and what has vanished or become something else."""
        try:
            if stat.S_ISREG(about.st_mode):
                return self._file(parent, name, about)
            if stat.S_ISDIR(about.st_mode):
                with folder(name, parent) as opened:
                    return self._folder(opened, about, depth + 1)
            if stat.S_ISLNK(about.st_mode):
                return Symlink(about_of(about), os.readlink(name, dir_fd=parent))
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ELOOP, errno.ENOTDIR, errno.EINVAL):
                return None
            raise
        return Special(about_of(about)) if _is_kept_special(about) else None

    def _file(self, parent: int, name: str, about: os.stat_result) -> File:
        kept = unchanged(self.seen, about)
        if kept is None:
            kept = unchanged(self.known_before, about)
            if kept is None or (kept.content and not self.store.has(kept.content)):
                kept, about = self._copied(parent, name)
            self.seen[about.st_ino] = (stamp(about), kept)
            if about.st_ctime_ns < time.time_ns() - FRESH:
                self.known[about.st_ino] = (stamp(about), kept)
            if kept.content:
                self.contents.add(kept.content)
        return kept

    def _copied(self, parent: int, name: str) -> tuple[File, os.stat_result]:
        """A copy of one moment of the file, or after some attempts of several moments."""
        source = open_file(name, parent)
        try:
            for attempt in range(_ATTEMPTS):
                about = os.fstat(source)
                content = self._content(source, about) if about.st_size else 0
                after = os.fstat(source)
                if stamp(after) == stamp(about) or attempt == _ATTEMPTS - 1:
                    break
                os.lseek(source, 0, os.SEEK_SET)
            return File(about_of(about), xattrs(source), content, about.st_nlink > 1), about
        finally:
            os.close(source)

    def _content(self, source: int, about: os.stat_result) -> int:
        need = about.st_blocks * 512
        self.size += need
        if self.size > self.largest:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        if need > 1 << 20:
            self.store.spare(need)
        content, target = self.store.new()
        self.made.append(content)
        try:
            copy_content(source, target, self.stop)
        finally:
            os.close(target)
        return content


def _is_kept_special(stated: os.stat_result) -> bool:
    return stat.S_ISFIFO(stated.st_mode) or (stat.S_ISCHR(stated.st_mode) and stated.st_rdev == 0)
