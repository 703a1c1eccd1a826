"""What a recording tells of the time that a step took, and of what the model's response had come to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from trajcore.dialects import canonical
from trajcore.document.outline import Outline
from trajcore.trajectory import Trajectory

_LONGEST: Final = 7 * 24 * 3600.0
"""What seems to have taken more seconds than this was left lying, and says nothing of the step."""
_LOOK_BACK: Final = 40
"""So many events are looked at for what the responses before had cost."""


class Spent(Struct, frozen=True):
    """What one response of a model came to; None where that is not told."""

    tokens: int | None = None
    cost: float | None = None


class _Told(Struct, frozen=True):
    """What an action tells: of the response it came of, and of what all responses up to it had cost."""

    response: str | None
    tokens: int | None
    so_far: float | None


def seconds_of(trajectory: Trajectory, index: int, outline: Outline) -> float | None:
    """How long a step took when it was recorded, by the times of its action and of what came back."""
    answer = outline.answer_of.get(index)
    if answer is None:
        return None
    try:
        began, ended = (datetime.fromisoformat(trajectory.head(at).timestamp or "") for at in (index, answer))
        seconds = (ended - began).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return seconds if 0 < seconds < _LONGEST else None


def spent_on(trajectory: Trajectory, index: int, outline: Outline) -> Spent:
    """What was recorded of the response that an action came of; nothing behind the first action of each."""
    told = _told(trajectory, index)
    if told is None or (told.tokens is None and told.so_far is None):
        return Spent()
    before = _before(trajectory, index, outline)
    if before is not None and told.response is not None and before.response == told.response:
        return Spent()
    cost = None if told.so_far is None else told.so_far - ((before and before.so_far) or 0.0)
    return Spent(told.tokens, cost if cost is not None and cost > 0 else None)


def _before(trajectory: Trajectory, index: int, outline: Outline) -> _Told | None:
    """What the action of a model before this one tells."""
    for at in range(index - 1, max(-1, index - 1 - _LOOK_BACK), -1):
        if outline.is_action[at] and (told := _told(trajectory, at)) is not None:
            return told
    return None


def _told(trajectory: Trajectory, index: int) -> _Told | None:
    """What an event tells; None where it is of no model."""
    try:
        event = trajectory.modern(index)
    except (ValueError, TypeError):
        return None
    response = _inside(canonical.call_of(event) or {}, "model_response")
    metrics = _inside(event, canonical.METRICS)
    if not response and not metrics:
        return None
    usage, name, so_far = _inside(response, "usage"), response.get("id"), metrics.get("accumulated_cost")
    counts = [usage.get(key) for key in ("prompt_tokens", "completion_tokens")]
    tokens = sum(count for count in counts if isinstance(count, int))
    cost = float(so_far) if isinstance(so_far, int | float) else None
    return _Told(name if isinstance(name, str) else None, tokens or None, cost)


def _inside(event: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = event.get(key)
    return value if isinstance(value, dict) else {}
