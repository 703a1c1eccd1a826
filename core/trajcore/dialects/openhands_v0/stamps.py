"""What new events get: ids behind all others, a time, a source, and tool calls of their own."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from trajcore.errors import BadInput
from trajcore.events.kinds import Source, action_kind, observation_kind
from trajcore.formats.json.edit import with_value
from trajcore.formats.json.reading import as_object

_STAMPED: Final = ("id", "timestamp", "source")
_NAMED_LISTS: Final = ("forgotten_event_ids",)
_NAMED: Final = ("forgotten_events_start_id", "forgotten_events_end_id")
_PREFIX: Final = re.compile(r"[A-Za-z0-9]{1,12}[-_]")


def is_id(value: object) -> bool:
    """Whether a value can be the id of an event."""
    return isinstance(value, int) and not isinstance(value, bool)


def named_by_condensation(data: Mapping[str, Any]) -> int:
    """The highest id that a condensation names, or -1: no new event may come to be meant by it."""
    args = data.get("args")
    if not isinstance(args, dict):
        return -1
    listed = [number for key in _NAMED_LISTS if isinstance(args.get(key), list) for number in args[key]]
    return max((int(number) for number in (*listed, *map(args.get, _NAMED)) if is_id(number)), default=-1)


def stamped(
    events: Sequence[Mapping[str, Any]], models: Sequence[Mapping[str, Any]], next_id: int | None
) -> list[dict[str, Any]]:
    """New events with the fields that `models`, events near their place, have and they lack.

    Each gets an id from `next_id` on, unless it has a higher one of its own; a cause that names one of
    them follows it. Raises `BadInput` for what is no event.
    """
    ids: dict[int, int] = {}
    made = []
    for event in events:
        if not isinstance(event, Mapping) or not (event.get("action") or event.get("observation")):
            raise BadInput("a new event is a JSON object with an 'action' or an 'observation'.")
        stamps, own = _stamps(event, models), event.get("id")
        if next_id is not None:
            number = max(next_id, own) if isinstance(own, int) and is_id(own) else next_id
            next_id = number + 1
            if isinstance(own, int):
                ids[own] = number
            stamps["id"] = number
        order = _order(models)
        front = {key: stamps[key] for key in sorted(stamps, key=order)}
        made.append({**front, **{key: value for key, value in event.items() if key not in front}})
    for event in made:
        if event.get("cause") in ids and is_id(event["cause"]):
            event["cause"] = ids[event["cause"]]
    return made


def _stamps(event: Mapping[str, Any], models: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    stamps = {key: event[key] for key in _STAMPED if key in event}
    times = [model["timestamp"] for model in models if isinstance(model.get("timestamp"), str)]
    if times:
        stamps.setdefault("timestamp", _now(times[0]))
    if any("source" in model for model in models):
        stamps.setdefault("source", _source(event))
    return stamps


def _source(event: Mapping[str, Any]) -> str:
    action, observation = event.get("action"), event.get("observation")
    of = action_kind(action).source if isinstance(action, str) else None
    if of is not Source.USER and isinstance(observation, str):
        of = observation_kind(observation).source
    return (of or Source.AGENT).value


def _now(model: str) -> str:
    """The time now, as the file writes its times: local as a rule, UTC where they say so."""
    if model.endswith(("Z", "+00:00")):
        now = datetime.now(UTC).isoformat()
        return now.removesuffix("+00:00") + "Z" if model.endswith("Z") else now
    return datetime.now().isoformat()


def _order(models: Sequence[Mapping[str, Any]]) -> Callable[[str], int]:
    keys = next((list(model) for model in models if "id" in model), None) or list(_STAMPED)
    return lambda key: keys.index(key) if key in keys else len(keys) + _STAMPED.index(key)


def copied(raws: Sequence[bytes], next_id: int) -> list[bytes]:
    """Copies of events that belong together: with ids, tool calls and responses of their own."""
    events = [as_object(raw) for raw in raws]
    ids: dict[int, int] = {}
    for event in events:
        number = event.get("id")
        if isinstance(number, int) and is_id(number) and number not in ids:
            ids[number] = next_id
            next_id += 1
    names = _Names()
    made = []
    for raw, event in zip(raws, events, strict=True):
        for key in ("id", "cause"):
            number = event.get(key)
            if is_id(number) and number in ids:
                raw = with_value(raw, (key,), ids[number])
        metadata = event.get("tool_call_metadata")
        for path, name in _names_in(metadata) if isinstance(metadata, dict) else ():
            raw = with_value(raw, ("tool_call_metadata", *path), names.other(name))
        made.append(raw)
    return made


class _Names:
    """A new name for each old one, the same at each mention."""

    def __init__(self) -> None:
        self._new: dict[str, str] = {}

    def other(self, name: str) -> str:
        """The new name, which begins as the old one does."""
        prefix = _PREFIX.match(name)
        return self._new.setdefault(name, (prefix[0] if prefix else "") + secrets.token_hex(12))


def _names_in(metadata: dict[str, Any]) -> list[tuple[tuple[str | int, ...], str]]:
    """Where the metadata of a tool call names a call or a response, and the name."""
    found: list[tuple[tuple[str | int, ...], Any]] = [(("tool_call_id",), metadata.get("tool_call_id"))]
    response = metadata.get("model_response")
    if isinstance(response, dict):
        found.append((("model_response", "id"), response.get("id")))
        for path, call in calls_in(response):
            found.append((("model_response", *path, "id"), call.get("id")))
    return [(path, name) for path, name in found if isinstance(name, str) and name]


def calls_in(response: Mapping[str, Any]) -> list[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """The tool calls of a model's response, and where in it they are."""
    found = []
    choices = response.get("choices")
    for number, choice in enumerate(choices if isinstance(choices, list) else ()):
        message = choice.get("message") if isinstance(choice, dict) else None
        calls = message.get("tool_calls") if isinstance(message, dict) else None
        for at, call in enumerate(calls if isinstance(calls, list) else ()):
            if isinstance(call, dict):
                path: tuple[str | int, ...] = ("choices", number, "message", "tool_calls", at)
                found.append((path, call))
    return found
