"""What a recording can be exported as: a row each, from which the front ends take their choices.

A listing is of every event, to be printed; an export is of the rows of a session, to be shown to others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from trajcore.errors import BadInput, meant
from trajcore.storage import write_atomically
from trajcore.trajectory import Trajectory
from trajcore.views.exports.cast import cast
from trajcore.views.exports.extract import Extract
from trajcore.views.exports.html import page
from trajcore.views.exports.listing import json_lines, text_lines
from trajcore.views.exports.markdown import markdown
from trajcore.views.exports.script import script


@dataclass(frozen=True)
class Listing:
    """One format: `write` gives its lines, without newlines, safe for a terminal."""

    name: str
    what: str
    write: Callable[[Trajectory], Iterator[str]]


@dataclass(frozen=True)
class Export:
    """One format: `write` gives the pieces of a text, safe for a terminal and for what it is read with."""

    name: str
    """Also how the names of its files end."""
    what: str
    write: Callable[[Extract], Iterator[str]]


LISTINGS: Final = (
    Listing("text", "the timeline as lines of text", text_lines),
    Listing("json", "one JSON object an event, each on a line", json_lines),
)

EXPORTS: Final = (
    Export("md", "Markdown for an issue: a table, each step folded", markdown),
    Export("html", "one page, which loads nothing: recorded beside actual", page),
    Export("cast", "an asciicast: commands and their output, a marker a step", cast),
    Export("sh", "the commands as a bash script, for a bug report", script),
)


def exported(extract: Extract, name: str) -> Iterator[str]:
    """The pieces of an export in the format called `name`. Raises `BadInput` where there is none."""
    for row in EXPORTS:
        if row.name == name:
            return row.write(extract)
    names = [row.name for row in EXPORTS]
    raise BadInput(
        f"there is no format {name!r} to export to: use one of {', '.join(names)}.{meant(name, names)}"
    )


def save(pieces: Iterator[str], path: Path) -> None:
    """Write an export to a file, which is there whole or not at all. Raises `BadInput`."""
    write_atomically(path, (piece.encode("utf-8", "replace") for piece in pieces))
