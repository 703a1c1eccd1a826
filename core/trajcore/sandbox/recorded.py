"""The sandbox that is none: every action gets the observation that was recorded for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trajcore.errors import Refused
from trajcore.sandbox.base import Checkpoint, Emit, OnProgress

if TYPE_CHECKING:
    from trajcore.events.base import Action, Observation
    from trajcore.sandbox.base import Visitor


class RecordedSandbox:
    """Serves recorded observations."""

    kind = "recorded"
    detail = ""
    executes = False

    async def start(self, progress: OnProgress) -> None:
        """Nothing to start."""

    async def execute(self, action: Action, recorded: Observation | None, emit: Emit) -> Observation | None:
        """The recorded observation; its text is emitted as if it had just been written."""
        if recorded is not None and recorded.content:
            emit(recorded.content.encode("utf-8", "replace") + b"\n")
        return recorded

    async def changed_files(self) -> None:
        """Nothing has files here."""

    async def forget_changes(self) -> None:
        """Nothing to forget."""

    async def interrupt(self) -> None:
        """Nothing runs here."""

    async def visit(self, visitor: Visitor) -> None:
        """There is nothing to visit."""
        raise Refused("a recorded sandbox has no shell: use docker or bubblewrap")

    async def checkpoint(self) -> Checkpoint:
        """Nothing is kept, for nothing changes."""
        return Checkpoint(token=None, shell=b"", editor=None, processes=(), seconds=0.0, size=0)

    async def restore(self, checkpoint: Checkpoint, progress: OnProgress) -> None:
        """Nothing has changed."""

    async def forget(self, checkpoint: Checkpoint) -> None:
        """Nothing is kept."""

    async def close(self) -> None:
        """Nothing to close."""
