"""The runtime of a sandbox that executes nothing: every action is answered with what was recorded for it."""

from __future__ import annotations

from trajcore.events.base import Action, Observation
from trajcore.runtimes.base import Answered, cannot
from trajcore.sandbox.base import Emit, Limits, Sandbox


class RecordedRuntime:
    """Serves recorded observations."""

    kinds: frozenset[str] = frozenset()

    async def carry_out(
        self, action: Action, recorded: Observation | None, sandbox: Sandbox, limits: Limits, emit: Emit
    ) -> Answered:
        """The recorded observation; its text is emitted as if it had just been written."""
        if recorded is None:
            return cannot(action)
        if recorded.content:
            emit(recorded.content.encode("utf-8", "replace") + b"\n")
        return Answered(recorded)

    def memory(self) -> None:
        """Nothing."""

    def recall(self, memory: object) -> None:
        """Nothing to recall."""
