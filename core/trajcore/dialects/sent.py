"""Chat messages as a provider takes them: each call has its result behind it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Message = dict[str, Any]


def with_results(messages: Iterable[Message], missing: str) -> list[Message]:
    """Messages in which each call is answered; where nothing is recorded that answers one, by `missing`.

    A result that nothing asks for is said by the user, and two texts of one side in a row are one.
    """
    made: list[Message] = []
    waiting: list[str] = []
    for one in messages:
        if one["role"] != "tool":
            made += [_result(call, missing) for call in waiting]
            waiting = [call["id"] for call in one.get("tool_calls", ())]
        elif one["tool_call_id"] in waiting:
            waiting.remove(one["tool_call_id"])
        else:
            one = {"role": "user", "content": one["content"]}
        _append(made, one)
    return [*made, *(_result(call, missing) for call in waiting)]


def _result(call: str, content: str) -> Message:
    return {"role": "tool", "tool_call_id": call, "content": content}


def _append(messages: list[Message], one: Message) -> None:
    last = messages[-1] if messages else {}
    plain = isinstance(one["content"], str) and isinstance(last.get("content"), str)
    if plain and last.get("role") == one["role"] in ("user", "assistant") and not last.get("tool_calls"):
        messages[-1] = {**last, **one, "content": f"{last['content']}\n\n{one['content']}"}
    else:
        messages.append(one)
