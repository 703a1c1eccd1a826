"""Opening a recording for a command that has no session."""

from __future__ import annotations

from contextlib import suppress

from trajcore import BadInput, Trajectory, load_config
from trajcore import open as open_trajectory
from trajtui.startup import keeping


def open_to_show(file: str, row: str | None) -> Trajectory:
    """A recording of which something will be printed: the user's key, if it is in there, is masked then.

    Raises `BadInput`, but not for settings that cannot be read: nothing else is asked of them. All that is
    made meanwhile is there to the end, so no garbage is looked for.
    """
    with suppress(BadInput):
        load_config({})
    with keeping():
        return open_trajectory(file, row)
