"""From the command to the first frame: nothing that is made meanwhile is garbage, so none is looked for."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_ALLOCATIONS: Final = 10_000
"""So many more objects have to be there before garbage is looked for: a page of rows makes hundreds."""

_spared = False
"""Whether the first frame has left something alone: what others have is theirs."""


@contextmanager
def keeping() -> Iterator[None]:
    """Let no garbage be collected while a command without a screen reads what it keeps to its end."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def starting() -> None:
    """Let no garbage be collected until the first frame is there.

    Modules, classes and the events of a recording all stay: a collector that walks through them time and
    again takes a tenth of the start, and a third of it where there are a hundred thousand events.
    """
    gc.disable()


def first_frame_shown() -> None:
    """Have garbage collected from now on, of what is made from now on."""
    global _spared
    if not gc.isenabled():
        _spared = True
        gc.freeze()
        gc.enable()
        gc.set_threshold(
            _ALLOCATIONS, 1, 1
        )  # often: a row that was drawn is a knot of objects, and many make a pause


def starting_again() -> None:
    """Let go of what was shown before, and start as at first."""
    global _spared
    _spared = False
    gc.unfreeze()
    gc.collect()
    starting()


def all_rows_read() -> None:
    """Leave what was read behind the first frame alone too: to walk through all rows is felt between keys."""
    if _spared:
        gc.freeze()
