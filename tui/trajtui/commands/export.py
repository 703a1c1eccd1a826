"""`trajtui export`: a recording as something to be shown to others."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from trajcore import BadInput, Session, Settings, Trajectory, errors
from trajcore.views.exports import EXPORTS, exported, save
from trajcore.views.exports.extract import Extract
from trajcore.views.exports.selection import rows_named
from trajtui.commands.reading import open_to_show
from trajtui.manner import note, warn

_PICTURE: Final = "svg"


def export(
    file: str, row: str | None, *, to: str | None, output: str | None, only: str | None, no_mask: bool
) -> None:
    """Write a recording in a format, and say on standard error what was masked. Raises `BadInput`."""
    to = _format(to, output)
    if to == _PICTURE and only is not None:
        raise BadInput("--only chooses steps: a picture is of the whole screen.")
    trajectory = open_to_show(file, row)
    session = Session(trajectory)
    extract = Extract(session, rows_named(session, only), guess=not no_mask)
    pieces = _pictured(trajectory, extract) if to == _PICTURE else exported(extract, to)
    if output in (None, "-"):
        for piece in pieces:
            sys.stdout.buffer.write(piece.encode("utf-8", "replace"))
        sys.stdout.buffer.flush()
    else:
        save(pieces, Path(output or ""))
    for masked in extract.masked:
        warn(f"masked: {masked.words}")
    if extract.masked and not no_mask:
        note("--no-mask keeps what only looks like a secret.")


def _format(to: str | None, output: str | None) -> str:
    """The format that was asked for, or that the name of the file says. Raises `BadInput`."""
    names = [*(row.name for row in EXPORTS), _PICTURE]
    if to is None and output is not None:
        to = Path(output).suffix.removeprefix(".")
        if to not in names:
            raise BadInput(f"the name {output} says no format: add --to, with one of {', '.join(names)}.")
    if to not in names:
        said = "say what to export to" if to is None else f"there is no format {to!r} to export to"
        raise BadInput(f"{said}: --to takes one of {', '.join(names)}.{errors.meant(to or '', names)}")
    return to


def _pictured(trajectory: Trajectory, extract: Extract) -> Iterator[str]:
    from trajtui.pictured import as_it_opens

    yield asyncio.run(as_it_opens(Session(trajectory, Settings(sandbox="recorded")), extract))
