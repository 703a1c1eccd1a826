"""What every runtime can do: carry out an action in a world, and word what came of it as its agent saw it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from trajcore.events.base import Action, Observation
from trajcore.sandbox.base import CellOutcome, Emit, Limits, Outcome, Sandbox


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of an action, without id, cause and timestamp.

    `observation` is None where there is no answer, and `reason` says why. `outcome` is what the sandbox said,
    where a command or a cell was run.
    """

    observation: Observation | None
    outcome: Outcome | CellOutcome | None = None
    reason: str = ""


class Runtime(Protocol):
    """One agent's runtime in one world, from its start to its end."""

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of actions that it carries out."""

    async def carry_out(
        self, action: Action, recorded: Observation | None, sandbox: Sandbox, limits: Limits, emit: Emit
    ) -> Answered:
        """Carry out one action; its output is emitted as it comes.

        `recorded` is what came back when the trajectory was recorded: it only tells how long to wait for a
        command that never returned in time. Raises `SandboxUnavailable` when the world was lost.
        """

    def memory(self) -> object:
        """What it remembers beside the world, as `recall` takes it: belongs to a checkpoint."""

    def recall(self, memory: object) -> None:
        """Remember what was remembered then, and nothing else. None: what a new one does."""


def cannot(action: Action) -> Answered:
    """The answer to an action of a kind that is not carried out."""
    return Answered(None, None, f"this sandbox cannot execute {action.action}")
