"""How long a command is waited for, and what may come of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from trajcore.sandbox.base import Patience, Pause

_INTERRUPT_PATIENCE: Final = 0.8
_QUIET: Final = 1.0

UNSEEN: Final = -1
"""The exit code of a command whose end was not seen: its terminal was lost."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended. `restarted`: it took the shell with it, and a new one was started."""

    exit_code: int
    background: int = -1
    directory: str = ""
    restarted: bool = False


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
