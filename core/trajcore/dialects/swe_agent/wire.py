"""The steps of a SWE-agent trajectory and the entries of its history: as much of each as tells what it is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from trajcore.dialects.recording import Text
from trajcore.formats.json.reading import as_object

OURS: Final = "trajtui"
"""The key in `extra_info`, and in an entry of the history, of what was put in here."""


class Record(Struct, frozen=True):
    """A step, an entry of a history that stands alone, or the object around all steps.

    What a step's model was shown (`query`, `messages`) is not read: it grows with the square of the steps.
    """

    action: Any = None
    observation: Any = None
    response: Any = None
    thought: Any = None
    state: Any = None
    execution_time: Any = None
    extra_info: Any = None
    role: Any = None
    content: Any = None
    agent: Any = None
    message_type: Any = None
    tool_calls: Any = None
    tool_call_ids: Any = None
    is_demo: Any = None
    trajtui: Any = None
    trajectory: Any = None
    history: Any = None

    @property
    def is_around(self) -> bool:
        """Whether it is the object around the steps."""
        return isinstance(self.trajectory, list) and self.role is None and self.action is None

    @property
    def is_entry(self) -> bool:
        """Whether it is an entry of a history."""
        return isinstance(self.role, str)

    @property
    def ours(self) -> dict[str, Any]:
        """What is noted of a step that was put in here; empty for others."""
        noted = self.extra_info.get(OURS) if isinstance(self.extra_info, dict) else None
        return noted if isinstance(noted, dict) else {}

    @property
    def was_not_run(self) -> bool:
        """Whether an action was refused before it began: nothing is known of the world behind it."""
        return self.state == {} and not self.execution_time and not self.observation


_decoder: Final = msgspec.json.Decoder(Record)


def read(record: Text) -> Record:
    """A record; one that is odd in whatever way says nothing."""
    try:
        return _decoder.decode(record)
    except (msgspec.DecodeError, RecursionError):
        found: Any = as_object(record)
        names = Record.__struct_fields__
        return Record(**{name: found[name] for name in names if name in found})


def text(value: Any) -> str:
    """A string as it is, nothing for what is none."""
    return value if isinstance(value, str) else ""


def text_path(content: Any) -> tuple[str | int, ...] | None:
    """Where in an entry its text stands; None where it has none, or several."""
    if isinstance(content, str):
        return ("content",)
    parts = enumerate(content) if isinstance(content, list) else ()
    found = [at for at, one in parts if isinstance(one, dict) and isinstance(one.get("text"), str)]
    return ("content", found[0], "text") if len(found) == 1 else None


def state_of(state: Any) -> Mapping[str, Any]:
    """What is known of the world behind a step: an object or, up to 0.7, its JSON text."""
    if isinstance(state, str):
        try:
            state = json.loads(state)
        except (ValueError, RecursionError):
            return {}
    return state if isinstance(state, dict) else {}


def calls_of(entry: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The calls of an entry of the history."""
    calls = entry.get("tool_calls")
    return [one for one in calls if isinstance(one, dict)] if isinstance(calls, list) else ()
