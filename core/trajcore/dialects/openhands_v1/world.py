"""What a conversation of V1 says of the world that it was made in.

Its state names the directory that the agent worked in, and so does the system prompt, where it tells of the
terminal; a row of a benchmark says as much as one of V0.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Final

from trajcore.dialects.base import Event
from trajcore.dialects.canonical import ARGUMENTS
from trajcore.dialects.openhands_v0.world import ROW, SHELL
from trajcore.dialects.told import Around, Fact, What, among
from trajcore.events.kinds import SYSTEM

STATE: Final = "base_state.json"

_STATE: Final = (
    (What.DIRECTORY, ("workspace", "working_dir")),
    (What.HOME, ("workspace", "working_dir")),
)
_PROMPT: Final = re.compile(r"current working directory is: (/[^\s\"\\]+)")
"""How the description of a tool names it."""


def facts(events: Iterable[tuple[str, Event]], around: Around) -> Iterator[Fact]:
    """What is told: by the row, by the state, by the system prompt, by the first command's shell."""
    yield from among(around.holder, ROW, "row")
    yield from among(around.files.get(STATE, {}), _STATE, STATE)
    for name, event in events:
        if event.get("action") == SYSTEM and (told := _PROMPT.search(json.dumps(event.get(ARGUMENTS)))):
            yield Fact(What.DIRECTORY, told[1], f"event {name}: tools")
            yield Fact(What.HOME, told[1], f"event {name}: tools")
        if "observation" in event:
            found = list(among(event, SHELL, f"event {name}"))
            if found:
                yield from found
                return
