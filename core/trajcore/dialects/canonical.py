"""The canonical event as a JSON object: the shape of OpenHands' events, in which all others are shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from trajcore.events.base import Observation

ARGUMENTS: Final = "args"
"""Where an action keeps the fields of its kind."""

WAITS: Final = "wait_for_response"
"""Of a message: whether it waits for the user."""

DETAILS: Final = "extras"
"""Where an observation keeps those beside its content."""

CALL: Final = "tool_call_metadata"
"""Where an event keeps the model's tool call that it belongs to."""

CALL_ID: Final = "tool_call_id"

METRICS: Final = "llm_metrics"
"""Where an action keeps what the model has come to so far."""


def inner(event: Mapping[str, Any]) -> str:
    """Where an event keeps the fields of its kind."""
    return ARGUMENTS if "action" in event else DETAILS


def own_fields(event: Mapping[str, Any]) -> tuple[tuple[str, ...], Mapping[str, Any]]:
    """The path of the fields of its kind, and what they hold; nothing where that is no object."""
    key = inner(event)
    fields = event.get(key)
    return (key,), fields if isinstance(fields, dict) else {}


def arguments(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """What an action was given; nothing where that is no object."""
    fields = event.get(ARGUMENTS)
    return fields if isinstance(fields, dict) else {}


def but_for_waiting(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event without its word on whether it waits for the user, which neither world nor model is told."""
    if not isinstance(event.get(ARGUMENTS), dict):
        return dict(event)
    told = {name: value for name, value in arguments(event).items() if name != WAITS}
    return {**event, ARGUMENTS: told}


def details(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """What an observation tells beside its content; nothing where that is no object."""
    fields = event.get(DETAILS)
    return fields if isinstance(fields, dict) else {}


def call_of(event: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The model's tool call that an event belongs to."""
    call = event.get(CALL)
    return call if isinstance(call, dict) else None


def call_id(event: Mapping[str, Any]) -> str | None:
    """The id of the model's tool call that an event belongs to."""
    name = (call_of(event) or {}).get(CALL_ID)
    return name if isinstance(name, str) else None


def exit_code(observation: Observation | None) -> int | None:
    """The exit code of a command's observation; None for anything else."""
    metadata = None if observation is None else getattr(observation.extras, "metadata", None)
    code = getattr(metadata, "exit_code", None)
    return code if isinstance(code, int) else None


def told_exit_code(observation: Observation) -> int | None:
    """The exit code where the event itself tells it; None where the model of its kind has put one in."""
    metadata = getattr(observation.extras, "metadata", None)
    told = "exit_code" in getattr(metadata, "model_fields_set", ())
    return exit_code(observation) if told else None


def action(kind: str, source: str, call: Mapping[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """An action of these fields, without id and time."""
    made: dict[str, Any] = {"source": source, "action": kind, ARGUMENTS: fields}
    return made if call is None else {**made, CALL: dict(call)}


def observation(
    kind: str, source: str, content: str, call: Mapping[str, Any] | None = None, **details: Any
) -> dict[str, Any]:
    """An observation of this content and these details, without id and time."""
    made: dict[str, Any] = {"source": source, "observation": kind, "content": content, DETAILS: details}
    return made if call is None else {**made, CALL: dict(call)}
