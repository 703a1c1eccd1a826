"""What the debugger's keys do to the run beyond stepping: ways back, visits by hand, breakpoints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual.app import App, SuspendNotSupported

from trajcore.errors import BadInput, Refused
from trajcore.replay.checkpoints import Route
from trajcore.session import Session
from trajtui.actions import flows
from trajtui.host_terminal import HostTerminal
from trajtui.screens.dialogs import Ask
from trajtui.widgets.timeline import TimelineView


class ReplayActions:
    """Each method is one command. It raises `TrajError` where it cannot be done; what it says, it returns."""

    def __init__(self, session: Session, timeline: TimelineView, ask: Ask) -> None:
        self._session = session
        self._timeline = timeline
        self._ask = ask

    async def run_to(self) -> None:
        """Run to the selected event; back to it, where it was played."""
        index = self._selected
        if index is None:
            return
        if index < self._session.position:
            await self._go_back(self._session.back_to(index))
        else:
            self._session.run_to(index)

    async def back(self) -> None:
        """Step back one action."""
        await self._go_back(self._session.back_to_step())

    async def back_to_breakpoint(self) -> None:
        """Go back to the previous breakpoint."""
        await self._go_back(self._session.back_to_breakpoint())

    async def _go_back(self, routes: Sequence[Route]) -> None:
        """Take the way back that the user agrees to."""
        live = self._session.run.has_live_steps
        route = await flows.way_back(self._session, routes, live, self._ask)
        if route is not None:
            self._session.go_back(route)

    async def visit(self, app: App[Any]) -> None:
        """Leave the screen for a shell inside the sandbox, until it ends."""
        try:
            with app.suspend(), HostTerminal() as visitor:
                self._session.visit(visitor)
                await self._session.idle()
        except SuspendNotSupported:
            raise Refused("this terminal cannot be left for a shell") from None

    def breakpoint(self) -> None:
        """Set or remove a breakpoint on the selected event."""
        index = self._selected
        if index is None:
            raise BadInput("breakpoints are set on recorded events")
        self._session.toggle_breakpoint(index)

    @property
    def _selected(self) -> int | None:
        row = self._timeline.selected
        return None if row is None else row.index(self._session.trajectory)
