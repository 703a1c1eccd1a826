"""What a directory holds, for whoever picks a recording out of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from trajcore.errors import BadInput

_MOST: Final = 10_000
"""So many names of a directory are listed."""


@dataclass(frozen=True)
class Entry:
    """One name in a directory."""

    path: Path
    is_directory: bool

    @property
    def name(self) -> str:
        """As it is shown: that of a directory ends with a slash."""
        return self.path.name + "/" * self.is_directory


@dataclass(frozen=True)
class Listing:
    """What a directory holds: directories first, each in order."""

    entries: tuple[Entry, ...]
    more: bool
    """Whether there is more than is listed."""


def listing(directory: Path) -> Listing:
    """What a directory holds. Raises `BadInput` where it cannot be read."""
    found: list[Entry] = []
    try:
        with os.scandir(directory) as names:
            for one in names:
                if len(found) == _MOST:
                    return Listing(_ordered(found), more=True)
                found.append(Entry(Path(one.path), _is_directory(one)))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise BadInput(f"{directory}: {why}") from None
    return Listing(_ordered(found), more=False)


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _ordered(found: list[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted(found, key=lambda one: (not one.is_directory, one.path.name.casefold())))


def shown(entries: tuple[Entry, ...], words: str, *, hidden: bool) -> list[Entry]:
    """Those whose names hold all the words; the hidden ones only where they are asked for."""
    wanted = words.casefold().split()
    return [
        one
        for one in entries
        if (hidden or not one.path.name.startswith("."))
        and all(word in one.path.name.casefold() for word in wanted)
    ]
