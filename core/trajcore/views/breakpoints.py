"""The breakpoints of a recording, a line each."""

from __future__ import annotations

from dataclasses import dataclass

from trajcore.document.labels import short
from trajcore.replay.breakpoints import Breakpoint
from trajcore.session import Session
from trajcore.text import safe_line


@dataclass(frozen=True)
class BreakpointLine:
    """One breakpoint, with what a list shows of it."""

    breakpoint: Breakpoint
    enabled: bool
    what: str
    hits: int


def breakpoint_lines(session: Session) -> list[BreakpointLine]:
    """In the order in which they were set."""
    return [
        BreakpointLine(point, point.enabled, _what(session, point), point.hits)
        for point in session.breakpoints
    ]


def _what(session: Session, point: Breakpoint) -> str:
    what = point.describe(session.trajectory).removeprefix("breakpoint ")
    index = point.index(session.trajectory)
    if index is not None:
        what += f"  {short(session.trajectory.head(index).summary())}"
    return safe_line(what)
