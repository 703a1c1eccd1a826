"""How a step of a run was satisfied where it was not simply executed, as the saved run keeps it.

It stands in the step's answer under a key of its own. OpenHands reads the keys of an event that it knows and
leaves all others alone; only inside of `args` and `extras` does it take no key that it does not know
(reference: OpenHands 0.62, `event_from_dict`).
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

if TYPE_CHECKING:
    from trajcore.events.base import Observation

_KEY: Final = "trajtui"


BY_THE_USER: Final = "you interrupted it"
"""Why a step was interrupted."""
TYPED_INTO: Final = "you typed into it"
TYPED_UNSEEN: Final = "you typed into it what it did not show"


class How(Enum):
    """How a step was satisfied. The value is how a file spells it."""

    SERVED = "recorded"
    """The answer is that of the recording: nothing was carried out."""
    INTERRUPTED = "interrupted"
    """It was carried out until the user interrupted it."""
    TYPED = "typed"
    """It was carried out, and the user typed into the running program."""


class Kept(Struct, frozen=True):
    """What a saved run keeps of how a step was satisfied, and why in words."""

    how: How
    reason: str
    typed: tuple[str, ...] = ()
    """What the user typed into the running program, in order, as far as it was shown."""

    def put_in(self, answer: dict[str, Any]) -> dict[str, Any]:
        """The step's answer with this in it."""
        typed = {"typed": list(self.typed)} if self.typed else {}
        return {**answer, _KEY: {"satisfied": self.how.value, "reason": self.reason, **typed}}


def kept_in(answer: Observation | None) -> Kept | None:
    """What an answer keeps; None where it keeps nothing, or nothing that is understood here."""
    ours = None if answer is None else (answer.model_extra or {}).get(_KEY)
    if not isinstance(ours, dict) or ours.get("satisfied") not in {how.value for how in How}:
        return None
    typed = ours.get("typed")
    lines = tuple(map(str, typed)) if isinstance(typed, list) else ()
    return Kept(How(ours["satisfied"]), str(ours.get("reason", "")), lines)


def was_interrupted(answer: Observation | None) -> bool:
    """Whether a step was interrupted by the user in the run that an answer is of."""
    kept = kept_in(answer)
    return kept is not None and kept.how is How.INTERRUPTED


def typed_into(answer: Observation | None) -> tuple[str, ...]:
    """What the user typed into a step's program in the run that an answer is of, in order."""
    kept = kept_in(answer)
    return () if kept is None else kept.typed


def kept_of(*, interrupted: bool, typed: tuple[str, ...] | None) -> Kept | None:
    """What is to be kept of a step that was carried out. `typed` is None where nothing was typed into it,
    and empty where that was not shown.
    """
    if interrupted:
        return Kept(How.INTERRUPTED, BY_THE_USER, typed or ())
    if typed is None:
        return None
    return Kept(How.TYPED, TYPED_INTO if typed else TYPED_UNSEEN, typed)


def can_be_done_again(kept: Kept) -> bool:
    """Whether a command can be carried out once more as it was then."""
    return kept.how is How.INTERRUPTED or bool(kept.typed)
