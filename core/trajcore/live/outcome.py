"""What the model's turns in a run came to, for those who read of it afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from trajcore.events.kinds import THINK, Source, Treatment, action_kind

if TYPE_CHECKING:
    from trajcore.events.head import Head
    from trajcore.live.usage import Usage
    from trajcore.replay.run import Entry

ERROR: Final = "error"
INTERRUPTED: Final = "interrupted"
"""How a turn can end otherwise than as `TurnEnd` says."""
STUCK: Final = "stuck"
"""How a turn ends in which the agent goes round in circles."""


@dataclass(frozen=True)
class LiveOutcome:
    """What the model has done and cost. `seconds` are those of its turns, its commands included."""

    usage: Usage
    seconds: float
    ending: str
    """How its last turn ended: a value of `TurnEnd`, `error` or `interrupted`."""
    last_message: str
    """The last that it said, whole; empty where it only acted."""
    tools: tuple[str, ...] = ()
    """The tools that it had last."""

    @property
    def is_stuck(self) -> bool:
        """Whether it ended as the agent went round in circles, and nobody has let it go on."""
        return self.ending == STUCK

    @property
    def steps(self) -> int:
        """How many replies it gave: what `--max-steps` counts."""
        return self.usage.replies

    def to_dict(self) -> dict[str, Any]:
        """As the report has it; `cost` is in US dollars, 0 where no price is known."""
        return {
            "steps": self.steps,
            "tokens": self.usage.tokens,
            "cost": self.usage.cost,
            "seconds": round(self.seconds, 3),
            "ending": self.ending,
            "last_message": self.last_message,
            "tools": list(self.tools),
        }


def words(head: Head) -> str:
    """What is said in an action, not what it does: a message, the end of a task, or a word beside a call."""
    args = head.args
    if args is None or head.kind == THINK:
        return ""
    if action_kind(head.kind).treatment is Treatment.DIALOGUE:
        return args.content or args.final_thought or args.thought or ""
    return args.thought or ""


def last_words(entries: Iterable[Entry]) -> str:
    """The last that the model said in a run."""
    live = (entry.head for entry in reversed(tuple(entries)) if entry.live)
    said = (words(head) for head in live if head.is_action and head.source == Source.AGENT.value)
    return next(filter(None, said), "")
