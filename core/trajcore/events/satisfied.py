"""How a step of a run was satisfied where it was not simply executed, as the saved run keeps it.

It stands in the step's answer under a key of its own. OpenHands reads the keys of an event that it knows and
leaves all others alone; only inside of `args` and `extras` does it take no key that it does not know
(reference: OpenHands 0.62, `event_from_dict`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from trajcore.events.base import Observation

_KEY: Final = "trajtui"


BY_THE_USER: Final = "you interrupted it"
"""Why a step was interrupted."""


class How(Enum):
    """How a step was satisfied. The value is how a file spells it."""

    SERVED = "recorded"
    """The answer is that of the recording: nothing was carried out."""
    INTERRUPTED = "interrupted"
    """It was carried out until the user interrupted it."""


@dataclass(frozen=True)
class Kept:
    """What a saved run keeps of how a step was satisfied, and why in words."""

    how: How
    reason: str

    def put_in(self, answer: dict[str, Any]) -> dict[str, Any]:
        """The step's answer with this in it."""
        return {**answer, _KEY: {"satisfied": self.how.value, "reason": self.reason}}


def kept_in(answer: Observation | None) -> Kept | None:
    """What an answer keeps; None where it keeps nothing, or nothing that is understood here."""
    ours = None if answer is None else (answer.model_extra or {}).get(_KEY)
    if not isinstance(ours, dict) or ours.get("satisfied") not in {how.value for how in How}:
        return None
    return Kept(How(ours["satisfied"]), str(ours.get("reason", "")))


def was_interrupted(answer: Observation | None) -> bool:
    """Whether a step was interrupted by the user in the run that an answer is of."""
    kept = kept_in(answer)
    return kept is not None and kept.how is How.INTERRUPTED
