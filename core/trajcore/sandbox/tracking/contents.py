"""What files held when they were last looked at, within limits of memory and of work."""

from __future__ import annotations

from typing import Final

from trajcore.sandbox.tracking.filechanges import Content

_ROOM: Final = 64 << 20


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


def _weight(content: Content) -> int:
    return 200 + len(content.text or "")
