"""How an agent's own runtime ran commands: whether one that follows finds the shell of the one before it."""

from __future__ import annotations

from enum import Enum
from typing import Final

from msgspec import Struct


class Shell(Enum):
    """What of its shell outlives a command."""

    PERSISTENT = "persistent"
    """All: one shell runs all commands."""
    DIRECTORY = "directory"
    """The directory that it ended in: each command is a new process there."""
    FRESH = "fresh"
    """Nothing: each command is a new process where the first one was."""


class Habits(Struct, frozen=True):
    """How an agent's own runtime ran commands."""

    shell: Shell = Shell.PERSISTENT
    argv: tuple[str, ...] = ("bash", "-c")
    """What a command is given to, where each is a process of its own: a shell of the POSIX language."""
    directory: str = ""
    """Where each of these begins; empty: where the first one did."""
    environment: tuple[tuple[str, str], ...] = ()
    """The variables that each is given."""
    timeout: float | None = None
    """Seconds that a command may take which names no limit of its own; None: that is not known."""


PERSISTENT: Final = Habits()
"""One bash for all commands."""
