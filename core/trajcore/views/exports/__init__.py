"""What a recording can be exported as: a row each, from which the front ends take their choices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from trajcore.errors import BadInput
from trajcore.trajectory import Trajectory
from trajcore.views.exports.listing import json_lines, text_lines


@dataclass(frozen=True)
class Export:
    """One format: `write` gives its lines, without newlines, safe for a terminal."""

    name: str
    what: str
    write: Callable[[Trajectory], Iterator[str]]


EXPORTS: Final = (
    Export("text", "the timeline as lines of text", text_lines),
    Export("json", "one JSON object an event, each on a line", json_lines),
)


def export(trajectory: Trajectory, name: str) -> Iterator[str]:
    """The lines of a recording in the format called `name`. Raises `BadInput` where there is none."""
    for row in EXPORTS:
        if row.name == name:
            return row.write(trajectory)
    names = ", ".join(row.name for row in EXPORTS)
    raise BadInput(f"there is no format {name!r} to export to: use one of {names}.")
