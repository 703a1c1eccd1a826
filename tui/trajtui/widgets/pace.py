"""When to draw what keeps changing: soon after a change, and seldom while steps fly by."""

from __future__ import annotations

import time
from typing import Final

_SOON: Final = 1 / 30
"""Seconds in which a change is seen: sooner than anybody notices."""
_SELDOM: Final = 1 / 3
"""Seconds between two frames of a replay at full speed, which takes a step in less than a millisecond while a
frame takes 20: drawn as often as a film, it would spend nine tenths of its time on drawing. All that is drawn
by this clock is drawn at the same moments, in one frame."""
_FLYING: Final = 30
"""So many steps a second are more than anybody reads."""


class Pace:
    """Of one thing that is drawn. `step` counts what happens; `delay` asks for the next frame, once each."""

    def __init__(self, seldom: float = _SELDOM) -> None:
        """`seldom`: seconds between two frames while more happens than anybody reads."""
        self._seldom = seldom
        self._steps = 0
        self._asked = time.monotonic()
        self._flying = False

    def step(self) -> None:
        """One more step has begun."""
        self._steps += 1

    def delay(self) -> float:
        """Seconds until the next frame, which draws all that has happened by then."""
        now = time.monotonic()
        self._flying = self._steps > 1 and self._steps >= _FLYING * (now - self._asked)
        self._steps, self._asked = 0, now
        period = self._seldom if self._flying else _SOON
        return period - now % period
