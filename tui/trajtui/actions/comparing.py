"""What the keys do to look at differences: within a step, and from one diverged step to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trajcore.views.sidebyside import diverged_steps
from trajtui.actions.diverged import selected_step, where_one_diverged
from trajtui.widgets.event import EventPane
from trajtui.widgets.side import COMPARE_TAB

if TYPE_CHECKING:
    from trajtui.screens.debugger import DebuggerScreen


def compare(screen: DebuggerScreen) -> str | None:
    """Show recorded and actual over the whole width; give the timeline its room again.

    Where this step is equal and others are not, say how to get to one.
    """
    screen.panes.show_wide(COMPARE_TAB)
    screen.draw_selected()
    return where_one_diverged(screen) if screen.panes.has_class("-side-only") else None


def next_difference(screen: DebuggerScreen) -> str:
    """Go to the next difference of the step, or to the next step that diverged."""
    return _to_difference(screen, 1)


def previous_difference(screen: DebuggerScreen) -> str:
    """Go to the difference before, or to the last one of the diverged step before."""
    return _to_difference(screen, -1)


def _to_difference(screen: DebuggerScreen, by: int) -> str:
    was_shown = screen.side.shows(COMPARE_TAB)
    if not was_shown:
        screen.show_tab(COMPARE_TAB)
    pane = _pane(screen)
    if not was_shown and pane.has_differences:
        return pane.to_difference(last=by < 0)
    return pane.next_difference(by) or _to_step(screen, by)


def _pane(screen: DebuggerScreen) -> EventPane:
    pane = screen.side.pane(COMPARE_TAB)
    assert isinstance(pane, EventPane)
    return pane


def _to_step(screen: DebuggerScreen, by: int) -> str:
    """Put the cursor on the next step that diverged, and show its first difference, or its last one."""
    session, timeline = screen.session, screen.timeline
    steps = diverged_steps(session)
    if not steps:
        return "no step has diverged"
    here = selected_step(screen)
    on = [step for step in steps if (step - here) * by > 0]
    again = "" if on else " · round again: no more diverged behind it"
    if by < 0:
        again = "" if on else " · round again: none diverged before it"
    step = (on or steps)[0 if by > 0 else -1]
    timeline.follow(step)
    screen.draw_selected()
    at = _pane(screen).to_difference(last=by < 0)
    return f"{session.trajectory.label(step)} diverged{at and ' · '}{at}{again}"
