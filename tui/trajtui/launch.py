"""`trajtui FILE`: from the command line to the screen."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from typing import Any

from trajcore.errors import BadInput
from trajcore.session import Session
from trajtui.options import load_config, open_trajectory, session_settings


def open_screen(file: str | None, at: str | None, live: bool, options: Mapping[str, Any]) -> None:
    """Open the debugger. Raises `BadInput` before the screen is touched where that cannot be done."""
    config = load_config(options)
    file = file or config.get("replay_trajectory_path")
    if file is None:
        raise BadInput("name a recording to open: trajtui FILE.json")
    if file == "-":
        raise BadInput("the screen needs the keyboard: save the recording to a file and open that.")
    session = Session(open_trajectory(file), session_settings(config, options))
    if at is not None:
        session.trajectory.resolve(at)
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise BadInput("the debugger needs a terminal; `trajtui replay` and `trajtui show` do not.")
    from trajtui.app import run

    asyncio.run(run(session, at, live))
