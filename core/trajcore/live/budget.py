"""What the live part of a session may come to: replies, dollars, seconds."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum
from math import isfinite
from typing import Any, Final

from trajcore.errors import BadInput

_SECONDS: Final = {"": 1, "s": 1, "m": 60, "h": 3600}


class Limit(Enum):
    """What of a budget can be spent; the values are how reports say that it ended a turn."""

    STEPS = "steps_spent"
    COST = "cost_spent"
    TIME = "time_spent"


@dataclass(frozen=True)
class Budget:
    """So much, and no more: `steps` are replies of the model, `cost` is in US dollars. None: no limit.

    `seconds` are those of the model's turns, its commands included, without those in which the user is asked.
    It is looked at before each reply: the last one may go beyond what is left.
    """

    steps: int | None = None
    cost: float | None = None
    seconds: float | None = None

    def spent(self, steps: int, cost: float, seconds: float) -> Limit | None:
        """What of it is spent, once it came to so much; None while all of it is left."""
        for limit, so_far in zip(Limit, (steps, cost, seconds), strict=True):
            most = self._of(limit)
            if most is not None and so_far >= most:
                return limit
        return None

    def raised(self, limit: Limit, by: Budget, so_far: float) -> Budget:
        """The same with what `by` has of a limit once more, until more than `so_far` is allowed."""
        most, more = self._of(limit), by._of(limit)
        if most is None or not more:
            return self
        raised = most + max(1, int((so_far - most) // more)) * more
        while raised <= so_far:  # what was rounded
            raised += more
        changed: dict[str, Any] = {_FIELDS[limit]: raised}
        return replace(self, **changed)

    def line(self, limit: Limit) -> str:
        """What is said where it is spent."""
        return f"stopped: {self.words(limit)} spent ({_OPTIONS[limit]})"

    def words(self, limit: Limit) -> str:
        """How much of a limit there is."""
        most = self._of(limit) or 0
        match limit:
            case Limit.STEPS:
                return f"{most} live step{'s' * (most != 1)}"
            case Limit.COST:
                return f"${most:.10g}"
        return f"{most:g} s"

    def _of(self, limit: Limit) -> float | int | None:
        found: float | int | None = getattr(self, _FIELDS[limit])
        return found


_FIELDS: Final = {Limit.STEPS: "steps", Limit.COST: "cost", Limit.TIME: "seconds"}
_OPTIONS: Final = {Limit.STEPS: "--max-steps", Limit.COST: "--max-cost", Limit.TIME: "--max-time"}


def budget_of(steps: int | None, cost: float | None, time: str | None) -> Budget:
    """The budget that settings name. Raises `BadInput` where it is none."""
    if steps is not None and steps < 1:
        raise BadInput(f"max_iterations: expected 1 or more, got {steps}.")
    if cost is not None and not (cost > 0 and isfinite(cost)):
        raise BadInput(f"max_budget_per_task: expected a number of dollars above 0, got {cost:g}.")
    return Budget(steps, cost, None if time is None else seconds_of(time))


def seconds_of(text: str) -> float:
    """A length of time such as `90`, `30s`, `5m` or `1h`, in seconds. Raises `BadInput`."""
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)\s*([smh]?)", text.strip().lower())
    seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
    if not seconds:
        raise BadInput(f"max_time: expected a time such as 90, 30s, 5m or 1h, got {text[:60]!r}.")
    return seconds
