"""How long a command is waited for, and what may come of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

_INTERRUPT_PATIENCE: Final = 0.8
_QUIET: Final = 1.0


class Pause(Enum):
    """Why a command is no longer waited for, though it still runs."""

    NO_CHANGE = "no new output"
    AS_RECORDED = "the recorded output is there"
    HARD = "took too long"
    INTERRUPTED = "was interrupted"


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended. `restarted`: it took the shell with it, and a new one was started."""

    exit_code: int
    background: int = -1
    directory: str = ""
    restarted: bool = False


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds; None is for ever.

    `satisfied` is asked whenever there was no output for a second; if it says yes, that is enough.
    """

    no_change: float | None = None
    hard: float | None = None
    satisfied: Callable[[bytes], bool] | None = None


def next_limit(
    patience: Patience, interrupted: float | None, started: float, last: float, asked: bool
) -> tuple[Pause, float | None]:
    """Which limit is reached next, and when (None: never); all moments are on the monotonic clock.

    `last` is when output last came; `asked` says that `satisfied` was asked since, or is not there.
    """
    limits = [
        (Pause.INTERRUPTED, interrupted, _INTERRUPT_PATIENCE),
        (Pause.AS_RECORDED, None if asked else last, _QUIET),
        (Pause.HARD, started, patience.hard),
        (Pause.NO_CHANGE, last, patience.no_change),
    ]
    reached = [
        (since + seconds, index)
        for index, (_, since, seconds) in enumerate(limits)
        if since is not None and seconds is not None
    ]
    if not reached:
        return Pause.HARD, None
    moment, index = min(reached)
    return limits[index][0], moment
