"""What Esc does: the first of a few things that applies. The footer says which."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from trajtui.screens.debugger import DebuggerScreen


class Rung(Struct, frozen=True):
    """One of the things that Esc does: when, what, its word in the footer, and when in words."""

    applies: Callable[[DebuggerScreen], bool]
    does: Callable[[DebuggerScreen], object]
    word: str
    where: str


def rung(screen: DebuggerScreen) -> Rung | None:
    """What Esc does here; None: nothing."""
    return next((one for one in RUNGS if one.applies(screen)), None)


def interrupt(screen: DebuggerScreen) -> None:
    """Interrupt what runs; what was typed ahead is not done. Raises `Refused` where nothing runs."""
    screen.session.interrupt()
    screen.ahead.drop()


def is_in_line(screen: DebuggerScreen) -> bool:
    """Whether a line has the focus: one that is typed into a command, is queued, or is searched for."""
    boxes = screen.conversation
    prompt = screen.panes.column.prompt
    return boxes.queue.has_focus or boxes.running.has_focus_within or prompt.has_focus_within


def _leave_line(screen: DebuggerScreen) -> None:
    screen.timeline.focus()


def _runs(screen: DebuggerScreen) -> bool:
    """Whether there is something to interrupt; a question is no such thing while something else is typed."""
    session = screen.session
    return session.state.at_work and not (session.asked is not None and _is_in_box(screen))


def _is_in_box(screen: DebuggerScreen) -> bool:
    return screen.conversation.box.has_focus_within


def _leave_box(screen: DebuggerScreen) -> None:
    screen.conversation.box.close()


def _has_marked(screen: DebuggerScreen) -> bool:
    return bool(screen.panes.selected_text())


def _unmark(screen: DebuggerScreen) -> None:
    screen.panes.unmark()


def _has_several(screen: DebuggerScreen) -> bool:
    return screen.timeline.has_several


def _pick_none(screen: DebuggerScreen) -> None:
    screen.timeline.pick_none()


def _has_given(screen: DebuggerScreen) -> bool:
    return screen.panes.is_given


def _give_back(screen: DebuggerScreen) -> None:
    screen.panes.give_back()


def _has_found(screen: DebuggerScreen) -> bool:
    return screen.timeline.finding is not None


def _is_filtered(screen: DebuggerScreen) -> bool:
    return screen.timeline.filter is not None


def _leave_column(screen: DebuggerScreen) -> None:
    screen.panes.column.leave()


def _is_elsewhere(screen: DebuggerScreen) -> bool:
    timeline = screen.timeline
    return bool(screen.session.run.entries) and timeline.last_row not in (None, timeline.cursor)


def _return(screen: DebuggerScreen) -> None:
    screen.timeline.follow_last()
    screen.notes.fade()  # it was about the place that is left


def _has_hints(screen: DebuggerScreen) -> bool:
    return bool(screen.hints.left)


def _hide_hints(screen: DebuggerScreen) -> None:
    screen.hints.dismiss()


RUNGS: Final = (
    Rung(
        is_in_line,
        _leave_line,
        "leaves the line",
        "in a line that is typed, or that is queued",
    ),
    Rung(
        _runs,
        interrupt,
        "interrupts",
        "while something runs, also from the message box",
    ),
    Rung(_is_in_box, _leave_box, "leaves the box", "in the message box"),
    Rung(_has_marked, _unmark, "marks nothing", "where text is marked with the mouse"),
    Rung(_has_several, _pick_none, "selects one", "where several rows are selected"),
    Rung(_has_given, _give_back, "back", "where Enter, z or D gave a pane the room or the focus"),
    Rung(_has_found, _leave_column, "ends the search", "where something was searched for"),
    Rung(_is_filtered, _leave_column, "shows all rows", "where rows are filtered"),
    Rung(_is_elsewhere, _return, "to the last step", "where the cursor is elsewhere"),
    Rung(_has_hints, _hide_hints, "hides the hints", "where a new user is told what to try"),
)
"""In their order. A dialog is in front of all of them, and has its own Esc. What is typed into a command, the
queue of messages, and what is searched for have one too, and are left before anything is interrupted.
"""
