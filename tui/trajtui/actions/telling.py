"""What was said to the user: all of it, and the last of it whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trajcore import Refused, State
from trajtui import leaving
from trajtui.actions.footer import shown_key
from trajtui.screens.messages import MessageList, NoteBox

if TYPE_CHECKING:
    from trajtui.notes import Note
    from trajtui.screens.debugger import DebuggerScreen

_WAYS_OUT: Final = {"world": "takes another sandbox", "restart": "restarts"}
"""What can be done where there is no sandbox, by the names of the actions."""


def messages(screen: DebuggerScreen) -> None:
    """List all that was said."""
    if not screen.notes.log:
        raise Refused("nothing was said yet")
    screen.app.push_screen(MessageList(screen.notes.log))


def whole_message(screen: DebuggerScreen) -> None:
    """Show the message of the status bar whole, in a box; where it has faded, all that was said."""
    note = screen.notes.present
    if note.text:
        _open(screen, note)
    else:
        messages(screen)


def open_unless_in_the_way(note: Note, screen: DebuggerScreen) -> None:
    """Show what the status bar has no room for, unless that would be over what the user is at."""
    in_the_way = (
        not screen.is_active
        or screen.conversation.is_typing
        or leaving.is_in_line(screen)
        or screen.session.asked is not None
    )
    if note is screen.notes.present and not in_the_way:
        _open(screen, note)


def _open(screen: DebuggerScreen, note: Note) -> None:
    ways = _WAYS_OUT if screen.session.state is State.ERROR else {}
    keys = {key: action.name for action in screen.actions if action.name in ways for key in action.keys}
    hints = [f"{shown_key(screen, name)} {what}" for name, what in ways.items()]
    screen.app.push_screen(
        NoteBox(note, keys, " · ".join([*hints, "y copies", "Esc closes"])),
        lambda name: screen.action_act(name) if name else None,
    )
