"""What makes a world and opens the two ways into it; everything else is the same for all worlds."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Protocol

from trajcore.sandbox.base import Report
from trajcore.sandbox.stream import Stream

CONTROLS: Final = 2
"""How many ways in without a terminal there are: one for files, one for the notebook."""


class Machine(Protocol):
    """An isolated world with a bash in it."""

    @property
    def kind(self) -> str:
        """`docker` or `bubblewrap`."""

    @property
    def detail(self) -> str:
        """What else identifies it; may be empty."""

    @property
    def directory(self) -> str:
        """Where the shell starts and the workspace is, as seen inside."""

    async def start(self, report: Report) -> None:
        """Make the world, with an empty /workspace. Raises `SandboxUnavailable`."""

    async def terminal(self) -> Stream:
        """A pseudo-terminal on which `scripts.TERMINAL` runs. Raises `SandboxUnavailable`."""

    async def control(self) -> Stream:
        """Pipes to and from a new `scripts.CONTROL`, up to `CONTROLS` times. Raises `SandboxUnavailable`."""

    async def copy_in(self, directory: Path) -> None:
        """Copy what `directory` holds into /workspace. Raises `SandboxUnavailable`."""

    async def close(self) -> None:
        """Remove the world. Never raises; may be called twice, and in any state."""
