"""A session whose views are looked at: made of events, and played in the recorded sandbox."""

from __future__ import annotations

import json
from typing import Any

from trajcore.session import Session
from trajcore.settings import Settings
from trajcore.trajectory import Trajectory
from trajcore.views.timeline import Row, Timeline


def session_of(events: list[dict[str, Any]], sandbox: str = "recorded") -> Session:
    """A session at its beginning."""
    return Session(Trajectory.from_bytes(json.dumps(events).encode(), "test.json"), Settings(sandbox))


async def played(events: list[dict[str, Any]], sandbox: str = "recorded") -> Session:
    """A session at its end."""
    session = session_of(events, sandbox)
    session.resume()
    await session.idle()
    return session


def row_of(session: Session, index: int) -> Row:
    """The row of a recorded event."""
    timeline = Timeline(session.trajectory, session.run, raw=True)
    return timeline[timeline.at_or_after(index)]
