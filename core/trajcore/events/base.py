"""What every event carries: the envelope of OpenHands V0 (reference: OpenHands 0.62, `event_to_dict`)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class Wire(BaseModel):
    """A JSON object as it is written: fields we know are typed, the others are kept as they came."""

    model_config = ConfigDict(extra="allow", protected_namespaces=())


class ToolCallMetadata(Wire):
    """The model's reply that an action came from; several actions of one reply share `model_response`."""

    function_name: str = ""
    tool_call_id: str = ""
    total_calls_in_response: int = 1
    model_response: dict[str, Any] | None = None


class Event(Wire):
    """One entry of a trajectory. `cause` names the action that an observation answers."""

    id: int | None = None
    timestamp: str | None = None
    source: str | None = None
    message: str | None = None
    cause: int | None = None
    tool_call_metadata: ToolCallMetadata | None = None
    llm_metrics: dict[str, Any] | None = None
    timeout: float | None = None


class Args(Wire):
    """The arguments of an action."""


class Extras(Wire):
    """The details of an observation beside its text."""


class Action(Event):
    """Something the agent, the user or the environment did or asked for."""

    action: str
    args: Args


class Observation(Event):
    """What came back."""

    observation: str
    content: str = ""
    extras: Extras
