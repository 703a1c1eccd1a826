"""What the keys do with the files of the sandbox: whose changes are shown, and who wrote a line."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from trajcore import Refused
from trajcore.text import safe_line
from trajcore.views.files import Scope, save_file
from trajcore.views.filetree import size_words
from trajtui.screens.dialogs import AskPath
from trajtui.screens.insert import AskText
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


async def save_file_to(screen: DebuggerScreen) -> str | None:
    """Save a file of the sandbox on this machine: that under the cursor of the Files tab, or another one."""
    under = _pane(screen).path if screen.side.shows(FILES_TAB) else ""
    path = await screen.ask(AskText("Which file of the sandbox?", under, enter="reads it"))
    if path is None:
        return None
    content = await screen.session.read_file(path.strip())
    target = await screen.ask(AskPath(f"Save {size_words(len(content))} as", _proposed(path.strip())))
    if target is None:
        return None
    await asyncio.to_thread(save_file, target, content)
    return safe_line(f"saved {target}: {size_words(len(content))} of {path.strip()}")


def _proposed(path: str) -> Path:
    """A name that is not taken where the user is, made of the file's own, which may be anything."""
    own = "".join(one if one.isprintable() else "_" for one in PurePosixPath(path).name)
    name = own if own not in ("", ".", "..") else "file"
    place, number = Path.cwd() / name, 2
    while os.path.lexists(place):
        place, number = Path.cwd() / f"{name}.{number}", number + 1
    return place


def _pane(screen: DebuggerScreen) -> FilesPane:
    pane = screen.side.pane(FILES_TAB)
    assert isinstance(pane, FilesPane)
    return pane
