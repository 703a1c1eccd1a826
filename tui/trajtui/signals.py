"""Ending on SIGTERM and SIGHUP: the sandbox goes, and the terminal, if there still is one, is given back."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from concurrent.futures import CancelledError
from types import FrameType
from typing import Final

from textual.app import App

from trajcore import Session

_GRACE: Final = 10.0
"""So many seconds the program has to end by itself, and then again the sandbox to be removed."""


def end_on_signals(app: App[None], session: Session) -> None:
    """Have both signals end the program, also when its event loop is stuck. To be called in the loop."""
    loop = asyncio.get_running_loop()

    def end(number: int, frame: FrameType | None) -> None:
        alive = _terminal_is_alive()
        if alive:
            loop.call_soon_threadsafe(app.exit)
        grace = _GRACE if alive else 0.0
        threading.Thread(target=_end_at_last, args=(number, grace, session, loop), daemon=True).start()

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)


def _terminal_is_alive() -> bool:
    """Writing to a terminal that is gone would never return: Textual's writer has ended by then."""
    return sys.__stderr__ is not None and os.isatty(sys.__stderr__.fileno())


def _end_at_last(number: int, grace: float, session: Session, loop: asyncio.AbstractEventLoop) -> None:
    threading.Event().wait(grace)
    closing = asyncio.run_coroutine_threadsafe(session.close(), loop)
    try:
        closing.result(_GRACE)
    except (TimeoutError, CancelledError):
        closing.cancel()
    finally:
        os._exit(128 + number)
