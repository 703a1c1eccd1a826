"""The sandbox that is none: every action gets the observation that was recorded for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trajcore.sandbox.base import Emit, Report

if TYPE_CHECKING:
    from trajcore.events.base import Action, Observation


class RecordedSandbox:
    """Serves recorded observations."""

    kind = "recorded"
    detail = ""
    executes = False

    async def start(self, report: Report) -> None:
        """Nothing to start."""

    async def execute(self, action: Action, recorded: Observation | None, emit: Emit) -> Observation | None:
        """The recorded observation; its text is emitted as if it had just been written."""
        if recorded is not None and recorded.content:
            emit(recorded.content.encode("utf-8", "replace") + b"\n")
        return recorded

    async def interrupt(self) -> None:
        """Nothing runs here."""

    async def close(self) -> None:
        """Nothing to close."""
