"""What the keys do with the files of the sandbox: whose changes are shown, and who wrote a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trajcore import Refused
from trajcore.views.files import Scope
from trajtui.widgets.files import FilesPane
from trajtui.widgets.side import FILES_TAB

if TYPE_CHECKING:
    from trajtui.screens.debugger import DebuggerScreen


def next_scope(screen: DebuggerScreen) -> str:
    """Show the Files tab; where it is shown already, the next of its views."""
    if not screen.side.shows(FILES_TAB):
        return show_scope(screen, _pane(screen).scope.name)
    scopes = list(Scope)
    return show_scope(screen, scopes[(scopes.index(_pane(screen).scope) + 1) % len(scopes)].name)


def show_scope(screen: DebuggerScreen, scope: str) -> str:
    """Show one view of the Files tab, by the name of its scope."""
    screen.show_tab(FILES_TAB)
    _pane(screen).show_scope(Scope[scope])
    return f"files: {Scope[scope].value}"


def who_wrote(screen: DebuggerScreen) -> str:
    """Say which step wrote the line under the cursor of the Files tab."""
    said = _pane(screen).who_wrote() if screen.side.shows(FILES_TAB) else ""
    if not said:
        raise Refused("put the cursor of the Files tab (4, Tab) on a line of a diff")
    return said


def _pane(screen: DebuggerScreen) -> FilesPane:
    pane = screen.side.pane(FILES_TAB)
    assert isinstance(pane, FilesPane)
    return pane
