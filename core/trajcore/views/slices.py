"""Work on many rows beside a screen: a slice of time, then everybody else."""

from __future__ import annotations

import asyncio
import time
from typing import Final

SLICE: Final = 0.004
"""So many seconds something goes on before keys have their turn."""

_QUIET: Final = 0.003
"""A moment that took longer was somebody's: there may be more to come."""


async def breath() -> None:
    """Let all that is due go first, a key and what it draws before all."""
    for _ in range(10):
        before = time.perf_counter()
        await asyncio.sleep(0.001)
        if time.perf_counter() - before < _QUIET:
            return
