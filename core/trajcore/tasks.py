"""Work that leaves nothing half done behind a caller who is cancelled, or fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def _nothing() -> None:
    pass


async def finished(work: Coroutine[Any, Any, T], hurry: Callable[[], object] = _nothing) -> T:
    """The result of `work`, to its end. `hurry` is called when the caller is cancelled, to tell `work` so."""
    working = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        hurry()
        await asyncio.wait([working])
        if not working.cancelled():
            working.exception()
        raise


async def finished_in_thread(work: Callable[[], T], hurry: Callable[[], object] = _nothing) -> T:
    """As `finished`, for blocking work, which is done in a thread off the event loop."""
    return await finished(asyncio.to_thread(work), hurry)


async def together(*works: Coroutine[Any, Any, Any]) -> None:
    """Do all of `works` at a time. The first that fails ends the others, which are over when it is raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
