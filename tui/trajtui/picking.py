"""What becomes of a recording that was picked: it is opened, or the user is told why not and asked on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

FaultOf = Callable[[Path], Awaitable[str]]
"""Opens what was picked, and answers why it cannot be opened, or nothing."""


class Say(Protocol):
    """Tells the user something where they pick; `bad`: what is wrong."""

    def __call__(self, text: str, *, bad: bool = False) -> None:
        """Say it."""


async def pick(path: Path, fault_of: FaultOf, say: Say, take: Callable[[Path], object]) -> None:
    """Open a recording and take it, or say why that cannot be done."""
    say("opening …")
    fault = await fault_of(path)
    if fault:
        say(fault, bad=True)
    else:
        take(path)
