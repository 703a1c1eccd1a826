"""What a conversation of V1 says of the world that it was made in.

Its state names the directory that the agent worked in; a row of a benchmark says as much as one of V0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from trajcore.dialects.base import Event
from trajcore.dialects.openhands_v0.world import ROW, SHELL, among
from trajcore.dialects.told import Around, Fact, What

STATE: Final = "base_state.json"

_STATE: Final = (
    (What.DIRECTORY, ("workspace", "working_dir")),
    (What.SHELL, ("workspace", "working_dir")),
)


def facts(events: Iterable[tuple[str, Event]], around: Around) -> Iterator[Fact]:
    """What is told: by the row, by the state, by the first command's shell."""
    yield from among(around.holder, ROW, "row")
    yield from among(around.files.get(STATE, {}), _STATE, STATE)
    for name, event in events:
        if "observation" in event:
            found = list(among(event, SHELL, f"event {name}"))
            if found:
                yield from found
                return
