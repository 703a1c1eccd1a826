"""Whether an event is one of OpenHands V0: by its kind, and by how it is written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from trajcore.events import kinds
from trajcore.formats.json.reading import as_object

ACTIONS: Final = frozenset(row.name for row in kinds.ACTION_KINDS)
OBSERVATIONS: Final = frozenset(row.name for row in kinds.OBSERVATION_KINDS)

_OLD: Final = frozenset(
    {
        "summarize",
        "add_task",
        "modify_task",
        "initialize",
        "kill",
        "talk",
        "user_message",
        "echo",
        "microagent",
    }
    | {"change_task_state", "start", "pause", "resume", "stop", "push", "send_pr", "chat", "message"}
)
"""Kinds of earlier releases, on either side; some are ordinary words, so that the kind alone says little."""


_NULL: Final = msgspec.Raw(b"null")
_OBJECT: Final = msgspec.Raw(b"{}")
_SOURCES: Final = frozenset(source.value for source in kinds.Source)

_NO_WORD: Final = re.compile(r"[\s\"'`/|&;<>$(){}=.-]")
"""What no kind has in it, and most commands and texts have."""
_SHARE: Final = 4
"""So many unknown kinds are borne for each known one, where no event is certain."""

NONE: Final = 0.0
"""Nothing tells it for an event of OpenHands V0."""
LIKELY: Final = 0.8
"""It has a kind that OpenHands V0 has, and might be somebody else's: many agents `read` and `finish`."""
CERTAIN: Final = 1.0
"""It has such a kind, its arguments or details in their place, and a source: nobody else writes that."""


class _Shape(msgspec.Struct, gc=False):
    """What tells an event; its arguments and details are not read any further."""

    action: str | None = None
    observation: str | None = None
    source: str | None = None
    args: msgspec.Raw = _NULL
    extras: msgspec.Raw = _NULL


_decoder: Final = msgspec.json.Decoder(_Shape)


def of_head(raws: Iterable[msgspec.Raw | bytes]) -> float:
    """How much some events look like a recording of OpenHands V0.

    One that is certain makes it one, whatever the others are. Without such an event there have to be more
    likely ones than commands in the place of a kind, and a fair share of the kinds has to be known: a list
    of what somebody else's agent did may end with `finish` too.
    """
    likely = commands = unknown = 0
    for raw in raws:
        shape = _shape_of(raw)
        likeness = _likeness(shape)
        if likeness == CERTAIN:
            return CERTAIN
        kind = shape.action or shape.observation
        if likeness == LIKELY:
            likely += 1
        elif kind and _NO_WORD.search(kind):
            commands += 1
        elif kind:
            unknown += 1
    return LIKELY if likely > commands and likely * _SHARE >= unknown else NONE


def of_event(event: Mapping[str, Any]) -> float:
    """How much an event looks like one of OpenHands V0."""
    return _likeness(_shape_of_object(event))


def of_text(raw: msgspec.Raw | bytes) -> float:
    """How much the event that a JSON text holds looks like one of OpenHands V0."""
    return _likeness(_shape_of(raw))


def _shape_of(raw: msgspec.Raw | bytes) -> _Shape:
    try:
        return _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _shape_of_object(as_object(raw))


def _shape_of_object(event: Mapping[str, Any]) -> _Shape:
    action, observation, source = (event.get(key) for key in ("action", "observation", "source"))
    args, extras = (_OBJECT if isinstance(event.get(key), dict) else _NULL for key in ("args", "extras"))
    return _Shape(_text(action), _text(observation), _text(source), args, extras)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _likeness(shape: _Shape) -> float:
    known, inside = (ACTIONS, shape.args) if shape.action else (OBSERVATIONS, shape.extras)
    kind = shape.action or shape.observation
    nested = bytes(memoryview(inside)[:1]) == b"{"
    if kind not in known and not (nested and kind in _OLD):
        return NONE
    if nested:
        return CERTAIN if shape.source in _SOURCES else LIKELY
    # No event is an action and an observation.
    return NONE if shape.action and shape.observation is not None else LIKELY
