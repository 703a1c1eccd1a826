"""The tools of the live agent, a line each, for a list of them."""

from __future__ import annotations

from dataclasses import dataclass

from trajcore.session import Session


@dataclass(frozen=True)
class ToolLine:
    """A tool, with what a list shows of it."""

    name: str
    is_on: bool
    what: str


def tool_lines(session: Session) -> list[ToolLine]:
    """In the order in which a model is offered them."""
    tools = session.live_tools
    return [ToolLine(name, name in tools.on, what) for name, what in tools.described.items()]


def switched(session: Session, name: str) -> list[str]:
    """Those that are on once one is switched on or off."""
    tools = session.live_tools
    return [one for one in tools.names if (one in tools.on) != (one == name)]
