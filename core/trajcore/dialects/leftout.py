"""Events that are left out of a run, and what goes with them from the events that stay."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from trajcore.dialects import canonical
from trajcore.events.kinds import CONDENSATION

_FORGOTTEN = "forgotten_event_ids"


class LeftOut(Struct, frozen=True):
    """Actions that are no part of what happened, by their ids, and the tool calls that asked for them.

    A call is named by its response and its own id: other responses may repeat that.
    """

    ids: frozenset[int] = frozenset()
    calls: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(cls, actions: Iterable[Mapping[str, Any]]) -> LeftOut:
        """All that is left out with some actions (canonical events)."""
        named = [(action.get("id"), _response(action), canonical.call_id(action)) for action in actions]
        calls = ((_name(response), call) for _, response, call in named if response is not None and call)
        return cls(frozenset(id for id, _, _ in named if isinstance(id, int)), frozenset(calls))

    def taken_from(self, event: dict[str, Any]) -> dict[str, Any]:
        """An event that stays, without the calls in its copy of their response, and without the ids where a
        condensation names them; the same object where it has none of them.
        """
        if event.get("action") == CONDENSATION:
            return self._unnamed(event)
        response = _response(event)
        gone = {call for name, call in self.calls if response is not None and name == _name(response)}
        return _without_calls(event, response, gone) if response is not None and gone else event

    def _unnamed(self, event: dict[str, Any]) -> dict[str, Any]:
        arguments = canonical.arguments(event)
        named = arguments.get(_FORGOTTEN)
        if not isinstance(named, list) or self.ids.isdisjoint(id for id in named if isinstance(id, int)):
            return event
        kept = [id for id in named if id not in self.ids]
        return {**event, canonical.ARGUMENTS: {**arguments, _FORGOTTEN: kept}}


def _without_calls(event: dict[str, Any], response: Mapping[str, Any], gone: set[str]) -> dict[str, Any]:
    choices = response.get("choices")
    kept = [_choice(choice, gone) for choice in choices] if isinstance(choices, list) else choices
    call = {**(canonical.call_of(event) or {}), "model_response": {**response, "choices": kept}}
    made = call.get("total_calls_in_response")
    if isinstance(made, int):
        call["total_calls_in_response"] = max(1, made - len(gone))
    return {**event, canonical.CALL: call}


def _choice(choice: Any, gone: set[str]) -> Any:
    message = choice.get("message") if isinstance(choice, dict) else None
    calls = message.get("tool_calls") if isinstance(message, dict) else None
    if not isinstance(message, dict) or not isinstance(calls, list):
        return choice
    kept = [call for call in calls if not (isinstance(call, dict) and call.get("id") in gone)]
    return {**choice, "message": {**message, "tool_calls": kept}}


def _response(event: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The copy of its model's response that an event has."""
    response = (canonical.call_of(event) or {}).get("model_response")
    return response if isinstance(response, dict) else None


def _name(response: Mapping[str, Any]) -> str:
    """What tells one response from others: its id, else all of it."""
    id = response.get("id")
    return id if isinstance(id, str) and id else json.dumps(response, sort_keys=True)
