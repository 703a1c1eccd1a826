"""What the keys do with the files of the sandbox: whose changes are shown, and who wrote a line."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from trajcore import Refused
from trajcore.views.files import Scope, makes_archive, saved_words
from trajtui.screens.dialogs import AskPath, Choose
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


async def save_to(screen: DebuggerScreen) -> str | None:
    """Save a file of the sandbox on this machine, or a directory, or the whole world."""
    session = screen.session
    session.check_export()
    under = _pane(screen).path if screen.side.shows(FILES_TAB) else ""
    docker = "" if session.sandbox_kind == "docker" else f": not of a {session.sandbox_kind} sandbox"
    answers = {
        **({"under": f"the file {under}"} if under else {}),
        "project": f"the directory {session.workspace}",
        "world": "the whole world: all files of the sandbox",
        "image": f"the whole world, as a docker image{docker}",
        "other": "another file or directory …",
    }
    match await screen.ask(Choose("Save what out of the sandbox?", answers)):
        case "under":
            return await _save(screen, under, PurePosixPath(under).name, is_file=True)
        case "project":
            return await _save(screen, session.workspace, PurePosixPath(session.workspace).name)
        case "world":
            return await _save(screen, "/", "world.tar")
        case "image":
            return await _save_image(screen)
        case "other":
            path = await screen.ask(AskText("Which file or directory of the sandbox?", enter="takes it"))
            return None if path is None else await _save(screen, path, PurePosixPath(path.strip()).name)
    return None


async def _save(screen: DebuggerScreen, path: str, name: str, *, is_file: bool = False) -> str | None:
    question = (
        f"Save {path} as" if is_file else f"Save {path} in (a new directory; .tar or .tar.gz: an archive)"
    )
    makes_directory = (lambda _: False) if is_file else (lambda target: not makes_archive(target))
    target = await screen.ask(AskPath(question, _proposed(name), directory=makes_directory))
    if target is None:
        return None
    return saved_words(await screen.session.export(path, target, overwrite=True), str(target))


async def _save_image(screen: DebuggerScreen) -> str | None:
    if screen.session.sandbox_kind != "docker":
        raise Refused("only a docker sandbox can be kept as an image: save the whole world in an archive")
    own = re.sub("[^a-z0-9]+", "-", PurePosixPath(screen.session.trajectory.name).stem.lower()).strip("-")
    name = await screen.ask(AskText("Name of the new image", f"{own or 'world'}:latest", enter="makes it"))
    if name is None:
        return None
    return saved_words(await screen.session.export_image(name.strip()), f"the image {name.strip()}")


def _proposed(name: str) -> Path:
    """A path that is not taken where the user is, made of a name, which may be anything."""
    own = "".join(one if one.isprintable() else "_" for one in name)
    first = PurePosixPath(own if own not in ("", ".", "..") else "file")
    place, number = Path.cwd() / first, 2
    while os.path.lexists(place):
        place, number = Path.cwd() / f"{first.stem}.{number}{first.suffix}", number + 1
    return place


def _pane(screen: DebuggerScreen) -> FilesPane:
    pane = screen.side.pane(FILES_TAB)
    assert isinstance(pane, FilesPane)
    return pane
