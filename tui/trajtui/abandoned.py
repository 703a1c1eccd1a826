"""Work in a thread that ends soon after nobody wants what it makes: it asks whether it is to go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from threading import Event
from typing import TypeVar

Made = TypeVar("Made")

_GIVEN_UP: ContextVar[Event | None] = ContextVar("given_up", default=None)


class Abandoned(Exception):
    """Nobody wants it any more."""


def go_on() -> None:
    """To be called by what takes long, every few milliseconds. Raises `Abandoned`."""
    given_up = _GIVEN_UP.get()
    if given_up is not None and given_up.is_set():
        raise Abandoned


async def in_thread(work: Callable[[], Made]) -> Made:
    """What some work makes in a thread. Where this is cancelled, the work is told at its next `go_on`."""
    given_up = Event()
    token = _GIVEN_UP.set(given_up)
    try:
        return await asyncio.to_thread(work)  # which has the context of here
    finally:
        given_up.set()
        _GIVEN_UP.reset(token)
