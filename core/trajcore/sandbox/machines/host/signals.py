"""Signals that this program was started to ignore, as in the background of a script."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_KEYS: Final = (signal.SIGINT, signal.SIGQUIT)


@contextmanager
def heeded_by_children() -> Iterator[None]:
    """Programs started meanwhile heed Ctrl-C, also where this one ignores it: a shell cannot undo that."""
    ignored = [one for one in _KEYS if signal.getsignal(one) is signal.SIG_IGN]
    if threading.current_thread() is not threading.main_thread():
        ignored = []
    for one in ignored:
        signal.signal(one, lambda *_: None)  # what is handled here is not ignored by a new program
    try:
        yield
    finally:
        for one in ignored:
            signal.signal(one, signal.SIG_IGN)
