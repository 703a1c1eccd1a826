"""Exporting from the debugger's screen: as what, which rows, to which file. Nothing is executed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final

from trajcore.text import safe_line
from trajcore.views.exports import EXPORTS, exported, save
from trajcore.views.exports.extract import Extract
from trajcore.views.exports.selection import rows_named
from trajcore.views.timeline import Row
from trajtui.pictured import PICTURE, drawn
from trajtui.screens.dialogs import AskPath, Choose
from trajtui.screens.pages import Pages, Paragraphs
from trajtui.widgets.side import SANDBOX_TAB
from trajtui.widgets.terminal import TerminalPane

if TYPE_CHECKING:
    from trajtui.screens.debugger import DebuggerScreen

_SVG: Final = "svg"
_SCRIPT: Final = "sh"
_ALL, _HERE, _CHOSEN = "all", "here", "chosen"


async def export(screen: DebuggerScreen) -> str | None:
    """Ask as what, which rows and where to; write it, and say where it is and what was masked."""
    formats = {row.name: f"{row.name:<5} {row.what}" for row in EXPORTS} | {_SVG: f"{_SVG:<5} {PICTURE}"}
    name = await screen.ask(Choose("Export as (keys, and what looks like one, are masked)", formats))
    if name is None:
        return None
    rows = await _rows(screen, name)
    if rows is None:
        return None
    path = await screen.ask(AskPath("Export to", _free_name(screen, name)))
    if path is None:
        return None
    session, pane = screen.session, screen.side.pane(SANDBOX_TAB)
    assert isinstance(pane, TerminalPane)
    extract = await asyncio.to_thread(
        lambda: Extract(session, rows, sandbox=screen.sandbox_words, output_of=pane.output_of)
    )
    pieces = iter([await _picture(screen, extract)]) if name == _SVG else exported(extract, name)
    await asyncio.to_thread(save, pieces, path)
    if extract.masked:
        await screen.ask(masked_in(path, [one.words for one in extract.masked]))
    kinds = ", ".join(dict.fromkeys(one.kind for one in extract.masked))
    return safe_line(f"exported: {path}{f' · masked: {kinds}' if kinds else ''}")


async def _rows(screen: DebuggerScreen, name: str) -> list[Row] | None:
    """The rows that the user wants; None: they would rather not."""
    every = await asyncio.to_thread(rows_named, screen.session, None)
    chosen, selected = screen.timeline.chosen, screen.timeline.selected
    here = every[: every.index(selected) + 1] if selected in every else every
    if name == _SVG or len(every) < 2:
        return every
    answers = {_ALL: f"all {len(every)} rows", _HERE: f"up to here ({_counted(here)})"}
    if name == _SCRIPT:
        answers = dict(reversed(answers.items()))
    answers[_CHOSEN] = f"what is selected ({_counted(chosen)})"
    which = await screen.ask(Choose("Which rows?", answers))
    return {_ALL: every, _HERE: here, _CHOSEN: chosen}.get(which or "")


def _counted(rows: list[Row]) -> str:
    return f"{len(rows)} row{'s' * (len(rows) != 1)}"


async def _picture(screen: DebuggerScreen, extract: Extract) -> str:
    """The screen, once the questions are off it."""
    done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    screen.call_after_refresh(lambda: done.set_result(drawn(screen.app, extract)))
    return await done


def _free_name(screen: DebuggerScreen, name: str) -> Path:
    """A name that is not taken, where the user is: made of the recording's own."""
    own = "".join(one if one.isprintable() else "_" for one in Path(screen.session.trajectory.name).stem)
    names = (Path.cwd() / f"{own or 'trajectory'}{f'-{at}' * (at > 1)}.{name}" for at in count(1))
    return next(path for path in names if not os.path.lexists(path))


def masked_in(path: Path, found: Iterable[str]) -> Pages:
    """What was masked in an export, a line each: whoever shows it to others looks whether that is all."""
    lines = [f"{path} is written.", "What is secret, or looks so, is masked in it:", ""]
    lines += [f"  {one}" for one in found]
    return Pages("Exported: is all masked that should be?", Paragraphs(lines, lambda _: False))
