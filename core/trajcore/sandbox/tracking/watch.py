"""A few directories, held open to be asked again and again whether all in them is as it was."""

from __future__ import annotations

import os
from typing import Final

_MOST: Final = 16
"""Directories that are held open: to ask an open one takes a third of the time. A process has not many."""


class Watch:
    """What was seen of a small tree. Whatever changes something in it gives that another time of change."""

    def __init__(self) -> None:
        self._directories: list[tuple[int, int, int]] = []
        self._files: list[tuple[int, str, int, int]] = []
        self.is_whole = True
        """Whether all is held that was to be."""

    def hold(self, directory: int, found: os.stat_result) -> bool:
        """Watch an open directory from now on, which is then this watch's to close; whether there is room."""
        if len(self._directories) >= _MOST:
            self.is_whole = False
            return False
        self._directories.append((directory, found.st_ino, found.st_ctime_ns))
        return True

    def add(self, directory: int, name: str, found: os.stat_result) -> None:
        """Watch what is no directory in a directory that is held."""
        self._files.append((directory, name, found.st_ino, found.st_ctime_ns))

    def is_as_it_was(self) -> bool:
        """Whether nothing of it has changed."""
        for directory, inode, changed in self._directories:
            found = os.fstat(directory)
            if found.st_ctime_ns != changed or found.st_ino != inode:
                return False
        for directory, name, inode, changed in self._files:
            try:
                found = os.stat(name, dir_fd=directory, follow_symlinks=False)
            except OSError:
                return False
            if found.st_ctime_ns != changed or found.st_ino != inode:
                return False
        return True

    def close(self) -> None:
        """Let go of the directories."""
        for directory, _, _ in self._directories:
            os.close(directory)
        self._directories, self._files = [], []
