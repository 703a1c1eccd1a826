"""Which observation answers which action: by cause, then by tool call, and by position as the last resort."""

from __future__ import annotations

from collections.abc import Sequence

from trajcore.dialects.base import Link, Links
from trajcore.events.kinds import DELEGATE, NO_ANSWERS, NULL, UNANSWERED, UNCAUSED


def links_of(keys: Sequence[Link]) -> Links:
    """What answers what, and where delegations end."""
    links = Links(delegations=_delegations(keys))
    by_id: dict[int, int] = {}
    by_call: dict[str, int] = {}
    waiting: int | None = None
    delegations: list[int] = []
    for index, key in enumerate(keys):
        if key.action is not None:
            if key.id is not None:
                by_id[key.id] = index
            if key.tool_call_id:
                by_call[key.tool_call_id] = index
            waiting = None if key.action in UNANSWERED else index
            if key.action == DELEGATE:
                delegations.append(index)
            continue
        if key.observation is None:
            continue  # No event at all: what is damaged answers nothing.
        if key.observation == DELEGATE:
            waiting = delegations.pop() if delegations else None
        action = None if key.observation in NO_ANSWERS else _answered(key, by_id, by_call, waiting)
        if action is not None:
            links.answers[index] = action
            if key.observation != NULL:
                links.answer_of.setdefault(action, index)
                waiting = None if waiting == action else waiting
    return links


def _answered(key: Link, by_id: dict[int, int], by_call: dict[str, int], waiting: int | None) -> int | None:
    if key.cause is not None and key.cause in by_id:
        return by_id[key.cause]
    if key.tool_call_id and key.tool_call_id in by_call:
        return by_call[key.tool_call_id]
    return None if key.observation in UNCAUSED else waiting


def _delegations(keys: Sequence[Link]) -> dict[int, int]:
    """The observation that closes each delegation, by its action."""
    closed: dict[int, int] = {}
    open_at: list[int] = []
    for index, key in enumerate(keys):
        if key.action == DELEGATE:
            open_at.append(index)
        elif key.observation == DELEGATE and open_at:
            closed[open_at.pop()] = index
    return closed
