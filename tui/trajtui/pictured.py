"""The screen as a picture: an SVG that loads nothing, in which what is secret is covered."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment, Segments

from trajcore import Session, notices
from trajcore.views.exports.extract import Extract
from trajtui.app import TrajApp

if TYPE_CHECKING:
    from textual.app import App
    from textual.strip import Strip

PICTURE: Final = "a picture of the screen; from the command, as it opens"
SIZE: Final = (120, 36)
"""Columns and rows of the screen that is drawn when there is none."""
_PATIENCE: Final = 30.0
"""Seconds until the first frame, at most."""
_COVER: Final = "▒"
_FONT: Final = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""Rich would have the reader fetch fonts. No text of the screen looks so: its blanks are no blanks there."""


class _Drawn(TrajApp):
    """The program with all colours, whatever the terminal has that it is called from."""

    COLOURS = "truecolor"


async def as_it_opens(session: Session, extract: Extract) -> str:
    """The screen of a session that nobody has touched, drawn without a terminal."""
    framed, chosen = asyncio.Event(), asyncio.Event()

    def hear(notice: notices.Notice) -> None:
        if isinstance(notice, notices.SandboxChosen):
            chosen.set()

    session.subscribe(hear)
    app = _Drawn(session, shown=framed.set)
    try:
        async with app.run_test(size=SIZE) as pilot:
            await asyncio.wait_for(asyncio.gather(framed.wait(), chosen.wait()), _PATIENCE)
            await pilot.pause()
            await pilot.pause()
            return drawn(app, extract)
    finally:
        await session.close()


def drawn(app: App[Any], extract: Extract | None = None) -> str:
    """What is on the screen of a program now. `extract` says what is covered, and takes note of it."""
    strips = app.screen._compositor.render_strips()
    console = Console(
        width=app.size.width, file=io.StringIO(), force_terminal=True, color_system="truecolor", record=True,
        legacy_windows=False,
    )  # fmt: skip
    rows = ([*_covered(strip, extract), Segment.line()] for strip in strips)
    console.print(Segments([segment for row in rows for segment in row]), end="")
    return _FONT.sub("", console.export_svg(title=app.title))


def _covered(strip: Strip, extract: Extract | None) -> Iterable[Segment]:
    segments = [segment for segment in strip if not segment.control]
    if extract is None:
        return segments
    text = "".join(segment.text for segment in segments)
    hidden = set[int]()
    for begin, end in extract.covered(text):
        hidden.update(range(begin, end))
    return segments if not hidden else list(_with_cover(segments, hidden))


def _with_cover(segments: Iterable[Segment], hidden: set[int]) -> Iterator[Segment]:
    at = 0
    for segment in segments:
        shown = (
            _COVER * cell_len(character) if place in hidden else character
            for place, character in enumerate(segment.text, at)
        )
        yield Segment("".join(shown), segment.style)
        at += len(segment.text)
