"""What the model's turns in a run came to, for those who read of it afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct, field

from trajcore.events.kinds import THINK, Source, Treatment, action_kind

if TYPE_CHECKING:
    from trajcore.events.head import Head
    from trajcore.live.usage import Usage
    from trajcore.replay.run import Entry, LiveStep

ERROR: Final = "error"
"""A call failed for good, or the sandbox was lost."""
INTERRUPTED: Final = "interrupted"
"""The user interrupted it."""
STUCK: Final = "stuck"
"""How a turn ends in which the agent goes round in circles."""


class LiveOutcome(Struct, frozen=True):
    """What the model has done and cost. `seconds` are those of its turns, its commands included."""

    usage: Usage
    seconds: float
    ending: str
    """How its last turn ended: a value of `TurnEnd`, `ERROR` or `INTERRUPTED`."""
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


_SORTS: Final = ("prompt", "completion", "cache_read", "cache_write")
"""The sorts of tokens, as `Usage.tokens` has them."""

Files = Mapping[str, str]
"""What became of each path: `added`, `changed` or `deleted`."""


class Spent(Struct, frozen=True):
    """What turns of a model came to, those of one branch alone. `replies`, `tokens`, `cost` and `seconds` are
    as in `LiveOutcome`, `ending` is how the last of them ended.
    """

    replies: int = 0
    tokens: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(_SORTS, 0))
    cost: float = 0.0
    seconds: float = 0.0
    ending: str = ""
    files: Files | None = field(default_factory=dict)
    """What became of the files that they changed; None where that was not told of each action."""
    more: int = 0
    """How many changes of files there were beside, that are not listed."""

    @classmethod
    def between(
        cls, before: Usage, after: Usage, seconds: float, ending: str, steps: Iterable[LiveStep]
    ) -> Spent:
        """One turn: what the model had cost before and after it, and what it carried out."""
        tokens = {sort: count - before.tokens[sort] for sort, count in after.tokens.items()}
        files: Files | None = {}
        more = 0
        for step in steps:
            more += 0 if step.files is None else step.files.more
            told = None if step.files is None else {one.path: one.kind for one in step.files.files}
            files = _together(files, told)
        cost, replies = after.cost - before.cost, after.replies - before.replies
        return cls(replies, tokens, cost, seconds, ending, files, more)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Spent:
        """It again from `to_dict`. Raises `TypeError` or `ValueError` where that is something else."""
        tokens, files = dict(data.get("tokens") or {}), data.get("files")
        return cls(
            int(data.get("replies") or 0),
            {sort: int(tokens.get(sort) or 0) for sort in _SORTS},
            float(data.get("cost") or 0.0),
            float(data.get("seconds") or 0.0),
            str(data.get("ending") or ""),
            None if files is None else {str(path): str(kind) for path, kind in dict(files).items()},
            int(data.get("more") or 0),
        )

    def to_dict(self) -> dict[str, Any]:
        """As it is kept with a branch."""
        return {
            "replies": self.replies,
            "tokens": dict(self.tokens),
            "cost": self.cost,
            "seconds": round(self.seconds, 3),
            "ending": self.ending,
            "files": None if self.files is None else dict(self.files),
            "more": self.more,
        }

    def plus(self, turn: Spent) -> Spent:
        """This and a turn that followed."""
        return Spent(
            self.replies + turn.replies,
            {sort: count + turn.tokens[sort] for sort, count in self.tokens.items()},
            self.cost + turn.cost,
            self.seconds + turn.seconds,
            turn.ending,
            _together(self.files, turn.files),
            self.more + turn.more,
        )


def _together(first: Files | None, then: Files | None) -> Files | None:
    """What two stretches of time, one behind the other, made of each path."""
    if first is None or then is None:
        return None
    together = dict(first)
    for path, kind in then.items():
        earlier = together.pop(path, None)
        if earlier == "added" and kind == "deleted":
            continue
        stays = earlier == "added" and kind == "changed"
        back = earlier == "deleted" and kind == "added"
        together[path] = "added" if stays else "changed" if back else kind
    return together


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
