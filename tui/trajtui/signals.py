"""Ending on SIGTERM and SIGHUP, and stopping for the shell: the terminal, if there is one, is given back."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from functools import cache, partial
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

from textual.app import App, SuspendNotSupported

if TYPE_CHECKING:
    from trajcore import Session

_GRACE: Final = 10.0
"""So many seconds the program has to end by itself, and then again the sandbox to be removed."""


def end_on_signals(app: App[None], session: Session) -> None:
    """Have both signals end the program as a shell expects it, also when its event loop is stuck.

    To be called in the loop.
    """
    loop = asyncio.get_running_loop()
    is_hung_up = False

    def end(number: int, frame: FrameType | None) -> None:
        nonlocal is_hung_up
        alive = _terminal_is_alive()
        if alive:
            loop.call_soon_threadsafe(partial(app.exit, return_code=128 + number))
        elif is_hung_up:
            return  # the system tells it, and `_hang_up`: who ended at once would not wait for the sandbox
        is_hung_up = not alive
        grace = _GRACE if alive else 0.0
        threading.Thread(target=_end_at_last, args=(number, grace, session, loop), daemon=True).start()

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    if _terminal_is_alive():
        _watch_terminal()


@cache
def _watch_terminal() -> None:
    threading.Thread(target=_hang_up, daemon=True).start()


def _hang_up() -> None:
    """Once the terminal is gone, have this program sent what those that it controls are sent.

    A program that it does not control would read on for ever.
    """
    watched = select.poll()
    watched.register(2, 0)  # that it is gone is told unasked
    if any(told & select.POLLHUP for _, told in watched.poll()):
        os.kill(os.getpid(), signal.SIGHUP)


@contextmanager
def as_before() -> Iterator[None]:
    """Afterwards both signals do again what they did: the loop of a session that is over takes none."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


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


def stop_for_the_shell(app: App[Any]) -> bool:
    """Give the terminal back and stop until the shell continues the program; False where none could.

    What runs in a sandbox goes on meanwhile. All that was started with the program stops, as it does in
    any other: `make` in front of it would wait, and the shell with it.
    """
    continued = threading.Event()
    with suppress(SuspendNotSupported), app.suspend(), _handled(signal.SIGCONT, lambda *_: continued.set()):
        with _handled(signal.SIGTSTP, signal.SIG_IGN):
            os.killpg(os.getpgrp(), signal.SIGTSTP)
        with _handled(signal.SIGTSTP, signal.SIG_DFL):
            # To this thread, which is stopped before it goes on. The system stops none that nobody continues.
            signal.pthread_kill(threading.get_ident(), signal.SIGTSTP)
    return continued.is_set()


@contextmanager
def _handled(number: signal.Signals, handler: Callable[..., object] | signal.Handlers) -> Iterator[None]:
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)
