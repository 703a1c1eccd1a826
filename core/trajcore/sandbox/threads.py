"""Blocking work off the event loop, in a way that leaves nothing half done behind a cancelled caller."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def finished_in_thread(work: Callable[[], T], hurry: Callable[[], object] = lambda: None) -> T:
    """The result of `work`, run in a thread. A cancelled caller gets away only when `work` is done.

    `hurry` is called when the caller is cancelled, to tell `work` so.
    """
    working = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        hurry()
        await asyncio.wait([working])
        if not working.cancelled():
            working.exception()
        raise
