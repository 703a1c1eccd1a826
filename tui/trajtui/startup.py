"""From the command to the first frame: nothing that is made meanwhile is garbage, so none is looked for."""

from __future__ import annotations

import gc


def starting() -> None:
    """Let no garbage be collected until the first frame is there.

    Modules, classes and the events of a recording all stay: a collector that walks through them time and
    again takes a tenth of the start, and a third of it where there are a hundred thousand events.
    """
    gc.disable()


def first_frame_shown() -> None:
    """Have garbage collected from now on, of what is made from now on."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
