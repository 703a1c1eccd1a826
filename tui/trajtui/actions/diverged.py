"""Which step is looked at, and how to get to one that has diverged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trajcore.views.sidebyside import diverged_steps
from trajtui.actions.footer import shown_key

if TYPE_CHECKING:
    from trajtui.screens.debugger import DebuggerScreen


def selected_step(screen: DebuggerScreen) -> int:
    """The step under the cursor, by its index, also where the cursor is on what came back for it."""
    session, here = screen.session, screen.timeline.selected_index
    here = session.position if here is None else here
    return session.trajectory.outline.answers.get(here, here)


def where_one_diverged(screen: DebuggerScreen) -> str | None:
    """How to get to a step that has diverged, where the selected one has not and another has."""
    steps, here = diverged_steps(screen.session), selected_step(screen)
    if not steps or here in steps:
        return None
    nearest = next((step for step in steps if step > here), steps[0])
    key, label = shown_key(screen, "next_difference"), screen.session.trajectory.label(nearest)
    return f"this step has not diverged: {key} goes to {label}, which has"
