"""What comparing a step with its recording came to. How it is compared is another matter (`compare`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from trajcore.replay.sides import Name

_BESIDE_CODES: Final = ", "


class Cause(Enum):
    """What kind of thing made a step come out otherwise."""

    WORLD = "world"
    """A file is not there, or holds something else."""
    PROGRAM = "program"
    """A program or a package is missing, or is another version."""
    NETWORK = "network"
    """The network was reached then and is not now, or the other way round."""
    TIME = "time"
    """What differs is a time, or it took too long."""
    ORDER = "order"
    """The same lines in another order."""
    PERMISSION = "permission"
    """Something was not allowed."""
    OTHER = "other"
    """None of these, as far as the two texts tell."""


class Match(Enum):
    """How recorded and actual agree, when they do."""

    EQUAL = "equal"
    NORMALISED = "normalised"


@dataclass(frozen=True)
class Comparison:
    """`match` is None where they differ, or (`compared` false) where nothing was recorded."""

    match: Match | None
    reason: str = ""
    compared: bool = True
    emptied_by: str = ""
    """The pattern of the user's that left nothing to compare, where they agree only by one that did."""
    cause: Cause | None = None
    """What kind of thing made them differ, where they do."""
    names: tuple[Name, ...] = field(default=(), compare=False, repr=False)
    """What the two call by names of their own."""
    committed: bool = field(default=False, compare=False, repr=False)
    """Whether names of commits were set aside."""

    @property
    def diverged(self) -> bool:
        """Whether the world answered something else than it did when it was recorded."""
        return self.compared and self.match is None


def codes_reason(recorded: int | None, actual: int | None, why: str) -> str:
    """Why two answers with other exit codes differ; `why`: what the output names as the cause, if it does."""
    codes = f"exit {recorded} → {actual}"
    return f"{codes}{_BESIDE_CODES}{why}" if why else codes


def beside_codes(reason: str, recorded: int | None, actual: int | None) -> str:
    """What a reason says beside the exit codes; all of it where they are not in it."""
    before, _, behind = reason.partition(codes_reason(recorded, actual, ""))
    return _BESIDE_CODES.join(filter(None, (part.strip(_BESIDE_CODES) for part in (before, behind))))
