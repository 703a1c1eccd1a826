"""Copying from the debugger's screen: to the terminal's clipboard, and always to a file as well."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from trajcore import BadInput
from trajcore.views.copied import fits, keep, save_picture, words
from trajcore.views.copying import Part, copied, offered
from trajtui import leaving
from trajtui.pictured import drawn
from trajtui.screens.copying import SELECTED, CopyMenu

if TYPE_CHECKING:
    from textual.app import App

    from trajcore.views.timeline import Row
    from trajtui.screens.debugger import DebuggerScreen

_MARKED: Final = "the selected text"


async def copy(screen: DebuggerScreen) -> str | None:
    """Ask what to copy of the selected rows, and copy it."""
    rows, marked = screen.timeline.chosen, screen.panes.selected_text()
    parts = await asyncio.to_thread(offered, screen.session, rows)
    if not parts and not marked:
        raise BadInput("there is nothing here to copy")
    picked = await screen.ask(CopyMenu(parts, len(rows), selected=bool(marked)))
    if picked == SELECTED and marked:
        return await put(screen.app, _MARKED, marked)
    part = next((part for part in parts if part.name == picked), None)
    return None if part is None else await _copy(screen, part, rows)


async def copy_part(screen: DebuggerScreen, part: Part) -> str:
    """Copy one thing of the selected rows."""
    return await _copy(screen, part, screen.timeline.chosen)


async def _copy(screen: DebuggerScreen, part: Part, rows: list[Row]) -> str:
    text = await asyncio.to_thread(copied, screen.session, rows, part)
    if not text:
        raise BadInput(f"there is nothing to copy: {part.what}")
    return await put(screen.app, part.name, text)


def copy_or_interrupt(screen: DebuggerScreen) -> str | Coroutine[Any, Any, str] | None:
    """Copy what is selected with the mouse; else interrupt what runs; else say how to quit."""
    marked = screen.panes.selected_text()
    if marked:
        return put(screen.app, _MARKED, marked)
    if not screen.session.busy:
        return "nothing runs, and nothing is selected: q quits"
    leaving.interrupt(screen)
    return None


async def picture(screen: DebuggerScreen) -> str:
    """Save a picture of the screen, once the palette is off it."""
    done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    screen.call_after_refresh(lambda: done.set_result(drawn(screen.app)))
    svg = await done
    return await asyncio.to_thread(save_picture, svg, f"trajtui-{datetime.now():%Y-%m-%d-%H%M%S}")


async def put(app: App[Any], name: str, text: str) -> str:
    """Put a text into the clipboard, where it is not too long for one, and into a file; say so."""
    if fits(text):
        app.copy_to_clipboard(text)
    try:
        return words(name, text, await asyncio.to_thread(keep, text))
    except BadInput as error:
        return words(name, text, str(error))
