"""How often Python looks for garbage that reference counting leaves behind."""

from __future__ import annotations

import gc
from typing import Final

_ALLOCATIONS: Final = 50_000


def collect_rarely() -> None:
    """Look for cycles once in many thousand objects, for the rest of the program.

    Steps leave next to no cycles behind, and with Python's default of 700 objects the search costs a fifth of
    a short step.
    """
    youngest, *older = gc.get_threshold()
    if 0 < youngest < _ALLOCATIONS:
        gc.set_threshold(_ALLOCATIONS, *older)
