"""The files that were opened last, kept in the user's state directory."""

from __future__ import annotations

import stat
import time
from pathlib import Path
from typing import Final

import platformdirs

from trajcore.config import APP
from trajcore.errors import BadInput
from trajcore.reading import STATE, Missing, read_file
from trajcore.storage import write_atomically

_KEPT: Final = 12
_THOUSAND: Final = 1_000
_UNITS: Final = (("year", 31_557_600), ("month", 2_629_800), ("day", 86_400), ("hour", 3_600), ("min", 60))
"""How long each is, in seconds."""


def _list_file() -> Path:
    return Path(platformdirs.user_state_dir(APP)) / "recent"


def recent_files() -> list[Path]:
    """Recordings that were opened before, the last one first; some may be gone. Only the list is read."""
    try:
        return _listed()
    except BadInput:
        return []


def _listed() -> list[Path]:
    """Raises `BadInput` where the list is something else than we would write."""
    try:
        lines = read_file(_list_file(), STATE).decode("utf-8", "surrogateescape").splitlines()
    except Missing:
        return []
    return [path for path in map(Path, lines) if "\0" not in str(path) and path.name][:_KEPT]


def short(path: Path) -> str:
    """A path as it is shown: with `~` for the user's home."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def age(path: Path) -> str:
    """How long ago a file was written, as `5 min ago`; empty where that cannot be told."""
    try:
        seconds = time.time() - path.stat().st_mtime
    except (OSError, ValueError):
        return ""
    for unit, length in _UNITS:
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'s' if count > 1 and unit != 'min' else ''} ago"
    return "just now"


def size(path: Path) -> str:
    """How large a file is, as `75.3 kB`; empty where that cannot be told, or it is a directory."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return ""
    if not stat.S_ISREG(found.st_mode):
        return ""
    number, units = float(found.st_size), iter(("kB", "MB", "GB"))
    if number < _THOUSAND:
        return f"{found.st_size} B"
    unit = ""
    while number >= _THOUSAND and (larger := next(units, "")):
        number, unit = number / _THOUSAND, larger
    return f"{number:.1f} {unit}"


def forget(path: Path) -> None:
    """Take a file off the list; nothing else happens to it."""
    try:
        _write([other for other in _listed() if other != path])
    except (OSError, BadInput):
        return


def remember(path: Path) -> None:
    """Put a file at the head of the list; a list that cannot be written is no reason to stop."""
    path = path.absolute()
    try:
        kept = [path, *(other for other in _listed() if other != path)][:_KEPT]
        _write(kept)
    except (OSError, BadInput):
        return


def _write(kept: list[Path]) -> None:
    _list_file().parent.mkdir(parents=True, exist_ok=True)
    write_atomically(_list_file(), ["\n".join(map(str, kept)).encode("utf-8", "surrogateescape")])
