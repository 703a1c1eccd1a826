"""The ids of tool calls as every provider takes them."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from typing import Any, Final

LONGEST_ID: Final = 40
"""OpenAI refuses a whole request for an id that has more characters."""
_SIGNED: Final = "__thought__"
"""litellm puts a signature of Gemini's behind this, and takes it off again for everybody else."""


def new_id() -> str:
    """An id that no other call has."""
    return f"call_{uuid.uuid4().hex}"


def short_id(id: str) -> str:
    """An id itself, or, where it is too long, a short one that is always the same for it."""
    if len(id.partition(_SIGNED)[0]) <= LONGEST_ID:
        return id
    return f"call_{hashlib.sha256(id.encode('utf-8', 'replace')).hexdigest()[:32]}"


def with_short_ids(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Messages in which no call's id is too long; calls and their results are renamed alike."""
    return [_renamed(message) for message in messages]


def _renamed(message: dict[str, Any]) -> dict[str, Any]:
    renamed = dict(message)
    if isinstance(message.get("tool_call_id"), str):
        renamed["tool_call_id"] = short_id(message["tool_call_id"])
    if message.get("tool_calls"):
        renamed["tool_calls"] = [
            {**call, "id": short_id(call["id"])} if isinstance(call.get("id"), str) else call
            for call in message["tool_calls"]
        ]
    return renamed
