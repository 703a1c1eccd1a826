"""The sandbox that is none: nothing is executed, so every action gets what was recorded for it."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NoReturn

from trajcore.errors import Refused
from trajcore.sandbox.base import Checkpoint, Emit, Files, OnProgress, Patience, Visitor

_NOTHING: Final = "nothing is executed in a recorded sandbox"


class RecordedSandbox:
    """There is nothing to start, to change and to close."""

    kind = "recorded"
    detail = ""
    executes = False
    directory = ""
    user = ""
    host = ""
    busy = False

    @property
    def files(self) -> Files:
        """Raises `Refused`."""
        raise Refused(_NOTHING)

    async def start(self, progress: OnProgress) -> None:
        """Nothing to start."""

    async def run(self, command: str, patience: Patience, emit: Emit) -> NoReturn:
        """Raises `Refused`."""
        raise Refused(_NOTHING)

    async def follow(self, patience: Patience, emit: Emit) -> NoReturn:
        """Raises `Refused`."""
        raise Refused(_NOTHING)

    async def type(self, data: bytes, emit: Emit, echo: bytes = b"") -> NoReturn:
        """Raises `Refused`."""
        raise Refused(_NOTHING)

    async def new_shell(self) -> NoReturn:
        """Raises `Refused`."""
        raise Refused(_NOTHING)

    async def run_cell(self, code: str, limit: float, emit: Emit, first: str = "") -> NoReturn:
        """Raises `Refused`."""
        raise Refused(_NOTHING)

    async def changed_files(self) -> None:
        """Nothing has files here."""

    async def forget_changes(self) -> None:
        """Nothing to forget."""

    async def interrupt(self) -> None:
        """Nothing runs here."""

    async def send_input(self, data: bytes, emit: Emit, echo: bytes = b"") -> NoReturn:
        """Raises `Refused`."""
        raise Refused(_NOTHING)

    async def visit(self, visitor: Visitor) -> None:
        """There is nothing to visit."""
        raise Refused("a recorded sandbox has no shell: use docker or bubblewrap")

    async def checkpoint(self) -> Checkpoint:
        """Nothing is kept, for nothing changes."""
        return Checkpoint(token=None, shell=b"", processes=(), seconds=0.0, size=0)

    async def quick_checkpoint(self) -> Checkpoint:
        """The same."""
        return await self.checkpoint()

    def is_there(self, checkpoint: Checkpoint) -> bool:
        """Always."""
        return True

    def price_of(self, checkpoint: Checkpoint) -> float:
        """Nothing is known of it, as it takes nothing."""
        return 0.0

    async def restore(self, checkpoint: Checkpoint, progress: OnProgress) -> None:
        """Nothing has changed."""

    async def forget(self, checkpoint: Checkpoint) -> None:
        """Nothing is kept."""

    async def export(
        self, path: str, target: Path, progress: OnProgress, *, overwrite: bool = False
    ) -> NoReturn:
        """Raises `Refused`."""
        raise Refused(_NOTHING)

    async def export_image(self, name: str, progress: OnProgress) -> NoReturn:
        """Raises `Refused`."""
        raise Refused(_NOTHING)

    async def close(self) -> None:
        """Nothing to close."""
