"""Which actions of a model the user is asked about first, and what they may say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum


class Confirm(Enum):
    """Which actions are asked for. The values are those of `--confirm`."""

    NEVER = "never"
    RISKY = "risky"
    """Those that fall under a rule (`trajcore.live.risks.rules`)."""
    ALWAYS = "always"


class Verdict(Enum):
    """What the user says of an action that waits. The values are the words of a screen."""

    APPROVE = "Approve"
    APPROVE_ALL = "Approve all"
    """This one, and for the rest of the session all that is of its sort."""
    EDIT = "Edit"
    """What is to be carried out in its place comes with it."""
    REFUSE = "Refuse"
    """The reason, if there is one, is the user's next message."""


@dataclass
class Confirmation:
    """What a session asks for, and what has been approved for the rest of it."""

    policy: Confirm = Confirm.RISKY
    approved: set[str] = field(default_factory=set)

    def sorts(self, kind: str, rules: Iterable[str]) -> tuple[str, ...]:
        """What an action is asked for as: the rules that it falls under and, where all is asked, its kind.

        Empty where it is not asked for. What falls under a rule is never approved with its kind alone.
        """
        if self.policy is Confirm.NEVER:
            return ()
        sorts = (kind, *rules) if self.policy is Confirm.ALWAYS else tuple(rules)
        return tuple(sort for sort in sorts if sort not in self.approved)
