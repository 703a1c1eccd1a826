"""Whether an event is one of OpenHands V0: by its kind, and by how it is written."""

from __future__ import annotations

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


NONE: Final = 0.0
"""Nothing tells it for an event of OpenHands V0."""
LIKELY: Final = 0.8
"""It has a kind that OpenHands V0 has, and might be somebody else's: its arguments are not in their place."""
CERTAIN: Final = 1.0
"""It has such a kind, and its arguments or details in their place, as nobody else writes it."""


class _Sides(msgspec.Struct, gc=False):
    """What tells an event; its arguments and details are not read any further."""

    action: str | None = None
    observation: str | None = None
    args: msgspec.Raw = msgspec.Raw(b"null")
    extras: msgspec.Raw = msgspec.Raw(b"null")


_decoder: Final = msgspec.json.Decoder(_Sides)


def of_head(raws: Iterable[msgspec.Raw | bytes]) -> float:
    """How much the most telling of some events looks like one of OpenHands V0."""
    likeness = NONE
    for raw in raws:
        likeness = max(likeness, of_text(raw))
        if likeness == CERTAIN:
            break
    return likeness


def of_event(event: Mapping[str, Any]) -> float:
    """How much an event looks like one of OpenHands V0."""
    has_args, has_extras = (isinstance(event.get(key), dict) for key in ("args", "extras"))
    return _of(event.get("action"), event.get("observation"), has_args=has_args, has_extras=has_extras)


def of_text(raw: msgspec.Raw | bytes) -> float:
    """How much the event that a JSON text holds looks like one of OpenHands V0."""
    try:
        sides = _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return of_event(as_object(raw))
    has_args, has_extras = (bytes(memoryview(text)[:1]) == b"{" for text in (sides.args, sides.extras))
    return _of(sides.action, sides.observation, has_args=has_args, has_extras=has_extras)


def _of(action: object, observation: object, *, has_args: bool, has_extras: bool) -> float:
    is_action = isinstance(action, str) and bool(action)
    known, nested = (ACTIONS, has_args) if is_action else (OBSERVATIONS, has_extras)
    kind = action if is_action else observation
    if not isinstance(kind, str) or (kind not in known and not (nested and kind in _OLD)):
        return NONE
    if nested:
        return CERTAIN
    # No event is an action and an observation.
    return NONE if is_action and isinstance(observation, str) else LIKELY
