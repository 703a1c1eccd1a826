"""What a replay does with each kind of event: one readable table.

Follows OpenHands 0.62 (`openhands/controller/replay.py`, `openhands/runtime/base.py`) where it is sound.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from trajcore.document.outline import Outline
from trajcore.events.head import Head


class Treatment(Enum):
    """How an event is satisfied."""

    EXECUTE = "execute"
    """Carried out in the sandbox."""
    SERVE = "serve"
    """Answered with what was recorded: it would need the outside world."""
    LOCAL = "local"
    """Answered on the spot, without a sandbox."""
    DIALOGUE = "dialogue"
    """Enters the history as it is."""
    PASS = "pass"
    """Bookkeeping: kept, and stepped over."""


TREATMENTS: Final[dict[str, Treatment]] = {
    "run": Treatment.EXECUTE,
    "run_ipython": Treatment.EXECUTE,
    "read": Treatment.EXECUTE,
    "write": Treatment.EXECUTE,
    "edit": Treatment.EXECUTE,
    "browse": Treatment.SERVE,
    "browse_interactive": Treatment.SERVE,
    "call_tool_mcp": Treatment.SERVE,
    "think": Treatment.LOCAL,
    "task_tracking": Treatment.LOCAL,
    "message": Treatment.DIALOGUE,
    "system": Treatment.DIALOGUE,
    "finish": Treatment.DIALOGUE,
    "reject": Treatment.DIALOGUE,
    "delegate": Treatment.DIALOGUE,
}
"""By kind of action. Every kind that is not named here is bookkeeping, as is every observation."""

_STEPS: Final = frozenset(
    kind for kind, how in TREATMENTS.items() if how in (Treatment.EXECUTE, Treatment.SERVE)
)


def treatment(head: Head) -> Treatment:
    """What a replay does with an event."""
    if not head.is_action or head.source == "environment":
        return Treatment.PASS
    return TREATMENTS.get(head.kind, Treatment.PASS)


def count_steps(outline: Outline) -> int:
    """How many events of a recording ask something of the world."""
    columns = zip(outline.is_action, outline.kinds, outline.sources, strict=True)
    return sum(action and kind in _STEPS and source != "environment" for action, kind, source in columns)


def asks_the_world(head: Head) -> bool:
    """Whether an event is a step of the report: an action that wants something of the world."""
    return treatment(head) in (Treatment.EXECUTE, Treatment.SERVE)


def ends_a_step(head: Head) -> bool:
    """Whether stepping stops after this event: at everything an agent does, and all that is executed."""
    how = treatment(head)
    if how is Treatment.DIALOGUE:
        return head.source != "user" and head.kind != "system"
    return how is not Treatment.PASS
