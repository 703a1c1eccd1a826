"""Short ways to write events in tests."""

from __future__ import annotations

import json
from typing import Any

from trajcore.events.base import Event
from trajcore.events.parse import parse


def typed(*events: dict[str, Any]) -> list[Event]:
    return [parse(event).event for event in events]


def action(kind: str, number: int | None = None, source: str | None = "agent", **args: Any) -> dict[str, Any]:
    event: dict[str, Any] = {} if number is None else {"id": number}
    if source is not None:
        event["source"] = source
    return {**event, "action": kind, "args": args}


def user(text: str, number: int | None = None, **args: Any) -> dict[str, Any]:
    return action("message", number, "user", content=text, **args)


def agent(text: str, number: int | None = None, **args: Any) -> dict[str, Any]:
    return action("message", number, content=text, **args)


def observed(
    kind: str, content: str = "", cause: int | None = None, source: str = "agent", **extras: Any
) -> dict[str, Any]:
    event: dict[str, Any] = {"source": source} | ({} if cause is None else {"cause": cause})
    return {**event, "observation": kind, "content": content, "extras": extras}


def response(reply_id: str, text: str | None, *calls: tuple[str, str, Any]) -> dict[str, Any]:
    """A model's reply with calls given as (id, tool, arguments)."""
    tool_calls = [
        {
            "id": call_id,
            "type": "function",
            "function": {"name": name, "arguments": args if isinstance(args, str) else json.dumps(args)},
        }
        for call_id, name, args in calls
    ]
    message = {"role": "assistant", "content": text, "tool_calls": tool_calls, "function_call": None}
    return {"id": reply_id, "choices": [{"index": 0, "finish_reason": "tool_calls", "message": message}]}


def called(event: dict[str, Any], call_id: str, reply: dict[str, Any]) -> dict[str, Any]:
    """The event with its tool_call_metadata."""
    calls = reply["choices"][0]["message"]["tool_calls"]
    name = next((call["function"]["name"] for call in calls if call["id"] == call_id), "?")
    metadata = {
        "function_name": name,
        "tool_call_id": call_id,
        "model_response": reply,
        "total_calls_in_response": len(calls),
    }
    return {**event, "tool_call_metadata": metadata}
