"""Reading the model's reply that an action was recorded with. Any part of it may be missing or odd."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

if TYPE_CHECKING:
    from trajcore.events.base import Event


@dataclass(frozen=True)
class Call:
    """A tool call: `arguments` is the text of a JSON object."""

    id: str
    name: str
    arguments: str

    def renamed(self, call_id: str) -> Call:
        """The same call under another id."""
        return replace(self, id=call_id)

    def with_arguments(self, arguments: dict[str, Any]) -> Call:
        """The same call with other arguments."""
        return replace(self, arguments=json.dumps(arguments))

    def parsed(self) -> dict[str, Any] | None:
        """The arguments as an object, or None where they are not one."""
        return json_object(self.arguments)


class Thoughts(Struct, frozen=True):
    """What a model thought before it answered: in blocks that its provider has signed, or as plain text.

    `model` is who thought it, as the reply has it.
    """

    model: str
    blocks: tuple[dict[str, Any], ...] = ()
    text: str = ""


class RecordedReply(Struct, frozen=True):
    """What a model said in one go: its text, then its calls."""

    id: str
    text: str
    calls: tuple[Call, ...]
    thoughts: Thoughts | None = None

    def call(self, call_id: str) -> Call | None:
        """The call of that id."""
        return next((call for call in self.calls if call.id == call_id), None)


def said_anew(response: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """A model's response in which the call of that id has other arguments."""
    choices = [_with_call(choice, call) for choice in _list(response.get("choices"))]
    return {**response, "choices": choices}


def _with_call(choice: Any, call: Call) -> Any:
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict):
        return choice
    calls = [_corrected(one, call) for one in _list(message.get("tool_calls"))]
    return {**choice, "message": {**message, "tool_calls": calls}}


def _corrected(data: Any, call: Call) -> Any:
    own = _call(data)
    if own is None or own.id != call.id:
        return data
    return {**data, "function": {**data["function"], "arguments": call.arguments}}


def call_id(event: Event) -> str:
    """The id of the tool call that `event` belongs to, or an empty text."""
    return event.tool_call_metadata.tool_call_id if event.tool_call_metadata else ""


def recorded_reply(event: Event) -> RecordedReply | None:
    """The reply stored with `event`, if it holds the event's own call; None otherwise."""
    metadata = event.tool_call_metadata
    response = metadata.model_response if metadata else None
    if metadata is None or response is None:
        return None
    message = _first_message(response)
    calls = tuple(call for data in _list(message.get("tool_calls")) if (call := _call(data)) is not None)
    text, thoughts = content_text(message.get("content")), _thoughts(response, message)
    reply = RecordedReply(str(response.get("id") or ""), text, calls, thoughts)
    return reply if reply.call(metadata.tool_call_id) else None


def content_text(content: object) -> str:
    """The text of a message's content: a string, or the text parts of a list."""
    if isinstance(content, str):
        return content
    parts = (part.get("text") for part in _list(content) if isinstance(part, dict))
    return "\n".join(part for part in parts if isinstance(part, str))


def json_object(text: object) -> dict[str, Any] | None:
    """The object that `text` is the JSON of, or None."""
    try:
        value = json.loads(text) if isinstance(text, str) else text
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _thoughts(response: dict[str, Any], message: dict[str, Any]) -> Thoughts | None:
    """What can be given to a model again: blocks whole and signed, or else the text."""
    model, text = response.get("model"), message.get("reasoning_content")
    if not isinstance(model, str) or not model:
        return None
    blocks = tuple(block for one in _list(message.get("thinking_blocks")) if (block := _signed(one)))
    if blocks:
        return Thoughts(model, blocks)
    return Thoughts(model, text=text) if isinstance(text, str) and text.strip() else None


_SIGNED: Final = {"thinking": ("thinking", "signature"), "redacted_thinking": ("data",)}
"""What a block of each type must have; nothing else is given back."""


def _signed(block: Any) -> dict[str, Any] | None:
    names = _SIGNED.get(str(block.get("type")), ()) if isinstance(block, dict) else ()
    whole = bool(names) and all(isinstance(block.get(name), str) for name in names) and block[names[-1]]
    return {name: block[name] for name in ("type", *names)} if whole else None


def _first_message(response: dict[str, Any]) -> dict[str, Any]:
    choices = _list(response.get("choices"))
    message = choices[0].get("message") if choices and isinstance(choices[0], dict) else None
    return message if isinstance(message, dict) else {}


def _call(data: object) -> Call | None:
    function = data.get("function") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(function, dict):
        return None
    identifier, name, arguments = data.get("id"), function.get("name"), function.get("arguments")
    if not isinstance(identifier, str) or not identifier or not isinstance(name, str):
        return None
    return Call(identifier, name, arguments if isinstance(arguments, str) else json.dumps(arguments or {}))


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
