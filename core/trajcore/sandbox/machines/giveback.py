"""A mounted directory when its world has ended: nothing in it acts with another's rights, or is another's.

Nothing runs in it any more. Every name is taken relative to an open directory, and no link is followed.
That is Linux's way; elsewhere it is done in a container (`IN_A_CONTAINER`).
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from trajcore.sandbox.trees.io import entries

_SPECIAL: Final = stat.S_ISUID | stat.S_ISGID
_POWERS: Final = "security.capability"
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

IN_A_CONTAINER: Final = """
touch -d "@$1" /tmp/.trajtui-began || exit
owner=$(stat -c %u:%g /workspace)
new() { find /workspace -xdev -cnewer /tmp/.trajtui-began "$@"; }
new '(' -type b -o -type c ')' -execdir rm -f {} +
[[ $owner == 0:* ]] || new -uid 0 -execdir chown -h "$owner" {} +
new -type f -perm /6000 -execdir chmod ug-s {} +
"""
"""The same for a shell whose only argument is `since` in seconds: where only an engine may do it."""


def give_back(directory: Path, since: int) -> None:
    """Tend what was changed in `directory` since a moment, in nanoseconds. Never raises.

    Programs with others' rights lose them, devices are removed, and root's files go to the directory's owner.
    """
    try:
        top = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return  # it was removed
    _GivingBack(top, since).all()


class _GivingBack:
    """One walk, however deep it is: there is one open directory at a time."""

    def __init__(self, top: int, since: int) -> None:
        self._here = top
        self._owner = os.fstat(top)
        self._since = since

    def all(self) -> None:
        """Tend everything, and close what was opened."""
        below = [(self._tended(), -1)]
        while below:
            names, closed = below[-1]
            if names:
                mode = self._enter(names.pop())
                if mode is not None:
                    below.append((self._tended(), mode))
                continue
            below.pop()
            if below:
                self._leave(closed)
        os.close(self._here)

    def _enter(self, name: str) -> int | None:
        """Go into a directory; the answer is the mode that it is to have again, -1 for its own.

        None where that cannot be done.
        """
        mode = -1
        try:
            try:
                inside = os.open(name, _FOLDER, dir_fd=self._here)
            except PermissionError:
                mode = self._open_up(name)
                inside = os.open(name, _FOLDER, dir_fd=self._here)
        except OSError:
            return None
        os.close(self._here)
        self._here = inside
        return mode

    def _open_up(self, name: str) -> int:
        """Give us the right to enter a directory; the answer is the mode it had. Raises `OSError`."""
        place = _place(name, self._here)
        try:
            mode = stat.S_IMODE(os.fstat(place).st_mode)
            os.chmod(f"/proc/self/fd/{place}", mode | stat.S_IRWXU)  # noqa: PTH101 - an open entry, not a path
        finally:
            os.close(place)
        return mode

    def _leave(self, mode: int) -> None:
        above = os.open("..", _FOLDER, dir_fd=self._here)
        if mode != -1:
            with suppress(OSError):
                os.fchmod(self._here, mode)
        os.close(self._here)
        self._here = above

    def _tended(self) -> list[str]:
        """Tend what the open directory holds; the answer is the directories in it, but for other disks."""
        folders = []
        with suppress(OSError):
            for name, about in entries(self._here).items():
                with suppress(OSError):
                    self._tend(name, about)
                if stat.S_ISDIR(about.st_mode) and about.st_dev == self._owner.st_dev:
                    folders.append(name)
        return folders

    def _tend(self, name: str, about: os.stat_result) -> None:
        if about.st_ctime_ns < self._since:
            return
        if stat.S_ISBLK(about.st_mode) or stat.S_ISCHR(about.st_mode):
            os.unlink(name, dir_fd=self._here)
            return
        if about.st_uid == 0 != self._owner.st_uid:
            owner = self._owner
            os.chown(name, owner.st_uid, owner.st_gid, dir_fd=self._here, follow_symlinks=False)
        if stat.S_ISREG(about.st_mode):
            self._disarm(name)

    def _disarm(self, name: str) -> None:
        """Take from a file what makes it run with others' rights."""
        place = _place(name, self._here)
        try:
            same, mode = f"/proc/self/fd/{place}", os.fstat(place).st_mode
            if stat.S_ISREG(mode) and mode & _SPECIAL:
                os.chmod(same, stat.S_IMODE(mode) & ~_SPECIAL)  # noqa: PTH101 - an open entry, not a path
            if stat.S_ISREG(mode) and os.geteuid() == 0:
                with suppress(OSError):
                    os.removexattr(same, _POWERS)
        finally:
            os.close(place)


def _place(name: str, parent: int) -> int:
    """What stands at a name, whatever it is, without the right to read it."""
    return os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
