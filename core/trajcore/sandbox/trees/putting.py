"""Putting directory trees back, in place: what has not changed since is left alone."""

from __future__ import annotations

import os
import stat
import threading
import time
from dataclasses import dataclass, field

from trajcore.sandbox.trees.io import Stopped, copy_content, entries, folder, if_allowed, remove, set_xattrs
from trajcore.sandbox.trees.kept import KeptFiles
from trajcore.sandbox.trees.nodes import (
    FRESH,
    About,
    File,
    Folder,
    KnownFiles,
    Node,
    Special,
    Symlink,
    stamp,
    unchanged,
)


@dataclass
class Putting:
    """One snapshot on its way back. Its calls raise `OSError` and `Stopped`."""

    store: KeptFiles
    known_before: KnownFiles
    stop: threading.Event
    known: KnownFiles = field(default_factory=dict)
    places: dict[File, tuple[int, str]] = field(default_factory=dict)

    def settled(self) -> KnownFiles:
        """What is known of the files, but for those that may change without showing it."""
        limit = time.time_ns() - FRESH
        return {inode: known for inode, known in self.known.items() if known[0][2] < limit}

    def fill(self, opened: int, wanted: Folder, path: str) -> None:
        """Make an open directory what it was; `path` is where it is."""
        if os.fstat(opened).st_mode & stat.S_IRWXU != stat.S_IRWXU:
            os.fchmod(opened, stat.S_IRWXU)
        live = entries(opened)
        for name in live.keys() - wanted.children.keys():
            remove(name, opened, live[name].st_mode)
        for name, node in wanted.children.items():
            if self.stop.is_set():
                raise Stopped
            self._entry(opened, name, node, live.get(name), f"{path}/{name}")
        set_xattrs(opened, wanted.xattrs)
        _dress(opened, wanted.about)

    def _entry(self, parent: int, name: str, node: Node, live: os.stat_result | None, path: str) -> None:
        if isinstance(node, File) and live is not None and self._is_that(node, live):
            self._note(node, live, path)
            return
        if isinstance(node, Folder) and live is not None and stat.S_ISDIR(live.st_mode):
            with folder(name, parent, lastingly=True) as opened:
                self.fill(opened, node, path)
            return
        if live is not None:
            remove(name, parent, live.st_mode)
        if isinstance(node, File):
            self._file(parent, name, node, path)
        elif isinstance(node, Folder):
            os.mkdir(name, 0o700, dir_fd=parent)
            with folder(name, parent, lastingly=True) as opened:
                self.fill(opened, node, path)
        else:
            self._other(parent, name, node)

    def _is_that(self, node: File, live: os.stat_result) -> bool:
        """Whether a file that is there is `node`, unchanged, and linked as it was."""
        place = self.places.get(node)
        if place is not None and place[0] != live.st_ino:
            return False
        return stat.S_ISREG(live.st_mode) and unchanged(self.known_before, live) is node

    def _note(self, node: File, live: os.stat_result, path: str) -> None:
        self.known[live.st_ino] = (stamp(live), node)
        if node.linked and node not in self.places:
            self.places[node] = (live.st_ino, path)

    def _file(self, parent: int, name: str, node: File, path: str) -> None:
        place = self.places.get(node)
        if place is not None and self._linked(place[1], parent, name):
            live = os.stat(name, dir_fd=parent, follow_symlinks=False)
            self.known[live.st_ino] = (stamp(live), node)
            return
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        target = os.open(name, flags, 0o600, dir_fd=parent)
        try:
            if node.content:
                source = self.store.opened(node.content)
                try:
                    copy_content(source, target, self.stop)
                finally:
                    os.close(source)
            if node.xattrs:
                set_xattrs(target, node.xattrs)
            _dress(target, node.about)
            self._note(node, os.fstat(target), path)
        finally:
            os.close(target)

    def _linked(self, path: str, parent: int, name: str) -> bool:
        try:
            os.link(path, name, dst_dir_fd=parent, follow_symlinks=False)
        except OSError:  # for example a path too long to be named
            return False
        return True

    def _other(self, parent: int, name: str, node: Symlink | Special) -> None:
        about = node.about
        if isinstance(node, Symlink):
            os.symlink(node.target, name, dir_fd=parent)
        else:
            os.mknod(name, about.mode, 0, dir_fd=parent)
            if stat.S_ISFIFO(about.mode):
                os.chmod(name, stat.S_IMODE(about.mode), dir_fd=parent)
        _own(name, about, parent)
        times = (about.changed, about.changed)
        os.utime(name, ns=times, dir_fd=parent, follow_symlinks=False)


def _dress(opened: int, about: About) -> None:
    """Owner, mode and time, in the order in which one does not undo the other."""
    now = os.fstat(opened)
    owned = (now.st_uid, now.st_gid) == (about.uid, about.gid)
    if not owned:
        with if_allowed():
            os.fchown(opened, about.uid, about.gid)
    if now.st_mode != about.mode or not owned:
        os.fchmod(opened, stat.S_IMODE(about.mode))
    if now.st_mtime_ns != about.changed:
        os.utime(opened, ns=(about.changed, about.changed))


def _own(name: str, about: About, parent: int) -> None:
    now = os.stat(name, dir_fd=parent, follow_symlinks=False)
    if (now.st_uid, now.st_gid) != (about.uid, about.gid):
        with if_allowed():
            os.chown(name, about.uid, about.gid, dir_fd=parent, follow_symlinks=False)
