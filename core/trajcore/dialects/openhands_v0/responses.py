"""Which response of a model an event belongs to, read fast."""

from __future__ import annotations

import msgspec


class _Named(msgspec.Struct, gc=False):
    id: str | None = None


class _Message(msgspec.Struct, gc=False):
    tool_calls: list[_Named] | None = None


class _Choice(msgspec.Struct, gc=False):
    message: _Message | None = None


class ModelResponse(msgspec.Struct, gc=False):
    """What is read of a model's response."""

    id: str | None = None
    choices: list[_Choice] | None = None


class _Answered(msgspec.Struct, gc=False):
    model_response: ModelResponse | None = None


class _Responded(msgspec.Struct, gc=False):
    tool_call_metadata: _Answered | None = None


Response = tuple[str, tuple[str | None, ...]]
"""What tells one response of a model from others: its id, and the ids of its tool calls."""

_decoder = msgspec.json.Decoder(_Responded)


def response_of(raw: msgspec.Raw | bytes) -> Response | None:
    """The response that an event's tool call is part of, as far as the event tells."""
    try:
        metadata = _decoder.decode(raw).tool_call_metadata
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    response = metadata.model_response if metadata else None
    if response is None or not response.id:
        return None
    calls = (
        call
        for choice in response.choices or ()
        if choice.message is not None
        for call in choice.message.tool_calls or ()
    )
    return response.id, tuple(call.id for call in calls)
