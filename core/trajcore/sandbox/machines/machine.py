"""What makes a world and opens the two ways into it; everything else is the same for all worlds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from trajcore.sandbox.base import Report
from trajcore.sandbox.machines.stream import Stream
from trajcore.sandbox.tracking.layertracker import Layer
from trajcore.sandbox.trees.copying import LeftOut

CONTROLS: Final = 2
"""How many ways in without a terminal there are: one for files, one for the notebook."""


@dataclass(frozen=True)
class Snapshot:
    """The files of a world as they were at one moment."""

    what: object
    """The machine's own."""
    size: int
    """Bytes on disk that it added, as far as known."""


class Machine(Protocol):
    """An isolated world with a bash in it."""

    @property
    def kind(self) -> str:
        """`docker`, `bubblewrap` or `local`."""

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

    async def layers(self) -> tuple[Layer, ...] | None:
        """Where the world's files lie on this machine; None where they cannot be reached from outside."""

    async def copy_in(self, directory: Path) -> LeftOut:
        """Copy what `directory` holds into the start directory. Raises `SandboxUnavailable`."""

    @property
    def keeps(self) -> bool:
        """Whether `snapshot` has an answer."""

    @property
    def outside(self) -> tuple[str, ...]:
        """Files inside that a snapshot does not hold, because the machine puts something in their place."""

    async def snapshot(self) -> Snapshot | None:
        """The files as they are now; None from a machine that keeps nothing.

        Raises `SandboxUnavailable`. When it is cancelled, nothing is left behind.
        """

    async def restore(self, snapshot: Snapshot, report: Report) -> None:
        """Put the world away, whatever became of it, and make one that has the files of `snapshot`.

        All ways into it must be opened anew. Raises `SandboxUnavailable`; it may then be tried again.
        """

    async def forget(self, snapshot: Snapshot) -> None:
        """Free what only this snapshot takes. Never raises."""

    async def close(self) -> None:
        """Remove the world. Never raises; may be called twice, and in any state."""
