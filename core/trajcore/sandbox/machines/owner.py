"""Whose a container, a directory or a process is: the program that made it, told apart from any later one.

A process id alone is given out again, is the same on another machine and in a container. So a name also has
a scope (machine and process namespace) and a birth (boot, and when the process began).
"""

from __future__ import annotations

import hashlib
import os
import re
import socket
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from msgspec import Struct

LABEL: Final = "trajtui"
"""The label that every container and image of ours carries; the owner's parts are below it."""

VARIABLE: Final = "TRAJTUI_OWNER"
"""The environment variable that names the owner, where processes have no wall around them."""

_WORD: Final = re.compile(r"(\d{1,10})-([0-9a-f]{8})-([0-9a-f]{8})")
_MACHINE_IDS: Final = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))


class Owner(Struct, frozen=True):
    """A program that made something."""

    pid: int
    scope: str
    birth: str

    @property
    def word(self) -> str:
        """All of it in one word."""
        return f"{self.pid}-{self.scope}-{self.birth}"

    @property
    def labels(self) -> dict[str, str]:
        """The labels of a container or an image of this owner."""
        return {
            LABEL: "1",
            f"{LABEL}.pid": str(self.pid),
            f"{LABEL}.scope": self.scope,
            f"{LABEL}.birth": self.birth,
        }

    @property
    def is_dead(self) -> bool:
        """Whether this program is known to have ended; False when it ran where we cannot see it."""
        if self.scope != _scope():
            return False
        birth = _birth(self.pid)
        return birth is not None and birth != self.birth


def this_program() -> Owner:
    """This process."""
    return Owner(os.getpid(), _scope(), _birth(os.getpid()) or "00000000")


def read_word(word: str) -> Owner | None:
    """The owner that a `word` names; None where it names none."""
    found = _WORD.fullmatch(word)
    return None if found is None else Owner(int(found[1]), found[2], found[3])


def read_labels(labels: Mapping[str, str]) -> Owner | None:
    """The owner that labels name; None where they name none."""
    parts = (labels.get(f"{LABEL}.{part}", "") for part in ("pid", "scope", "birth"))
    return read_word("-".join(parts))


def make_directory() -> Path:
    """A new temporary directory whose name says whose it is. Raises `OSError`."""
    return Path(tempfile.mkdtemp(prefix=f"{LABEL}-{this_program().word}-"))


def directories() -> list[tuple[Path, Owner]]:
    """The temporary directories of this user that have such names. Links are not among them."""
    found = []
    try:
        entries = list(os.scandir(tempfile.gettempdir()))
    except OSError:
        return []
    for entry in entries:
        name, _, _ = entry.name.removeprefix(f"{LABEL}-").rpartition("-")
        owner = read_word(name) if entry.name.startswith(f"{LABEL}-") else None
        if owner is not None and is_ours(entry):
            found.append((Path(entry.path), owner))
    return found


def is_ours(entry: os.DirEntry[str]) -> bool:
    """Whether it is a directory of this user, and no link."""
    try:
        return (
            entry.is_dir(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_uid == os.geteuid()
        )
    except OSError:
        return False


@lru_cache(1)
def _scope() -> str:
    """This machine and this process namespace."""
    try:
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        namespace = ""
    machine = next((text for path in _MACHINE_IDS if (text := _text(path))), "")
    return _short(f"{machine} {socket.gethostname()} {namespace}")


def _birth(pid: int) -> str | None:
    """When process `pid` began, in a word; of one that is gone another word; None where that is not told."""
    stat = _text(Path(f"/proc/{pid}/stat"))
    if stat:
        started = stat.rpartition(")")[2].split()[19]
        return _short(f"{_text(Path('/proc/sys/kernel/random/boot_id'))} {started}")
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return "gone"
    except (OSError, OverflowError):
        return None
    return None


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
