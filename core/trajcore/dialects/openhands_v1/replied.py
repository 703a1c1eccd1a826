"""What of a live model's reply an event was made of: what its own program writes down of that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from trajcore.dialects import canonical
from trajcore.dialects.replies import content_text
from trajcore.dialects.shapes import object_in, objects_in
from trajcore.events.kinds import THINK


class Said(Struct, frozen=True):
    """A call, as the model wrote it; all of it is empty where no model did.

    `calls` are the ids of all calls of the reply. What was said and thought is that of its first call alone.
    """

    reply: str = ""
    name: str = ""
    arguments: str = ""
    calls: frozenset[str] = frozenset()
    text: str = ""
    reasoning: str = ""
    blocks: tuple[dict[str, Any], ...] = ()

    @staticmethod
    def of(event: Mapping[str, Any]) -> Said:
        """The call that an event is of, or answers."""
        call = canonical.call_of(event) or {}
        response = object_in(call, "model_response")
        message = next((object_in(choice, "message") for choice in objects_in(response, "choices")), {})
        calls = objects_in(message, "tool_calls")
        own = canonical.call_id(event)
        at = next((at for at, one in enumerate(calls) if one.get("id") == own), None)
        name = str(call.get("function_name") or "")
        if at is None:
            return Said(name=name if response else "")
        function = object_in(calls[at], "function")
        said = Said(
            str(response.get("id") or ""), name, str(function.get("arguments") or ""),
            frozenset(str(one.get("id")) for one in calls),
        )  # fmt: skip
        if at:
            return said
        reasoning = message.get("reasoning_content")
        return Said(
            said.reply, said.name, said.arguments, said.calls, content_text(message.get("content")),
            reasoning if isinstance(reasoning, str) else "",
            tuple(map(dict, objects_in(message, "thinking_blocks"))),
        )  # fmt: skip


def thought_of(kind: str, given: Mapping[str, Any]) -> str:
    """What the model said beside a call; of a thought, which is an argument itself, `said`."""
    thought = given.get("said") if kind == THINK else given.get("thought")
    return thought if isinstance(thought, str) else ""


def reply_in_metrics(event: Mapping[str, Any]) -> str:
    """The id of the reply that a message of the model's is."""
    reply = object_in(object_in(event, canonical.METRICS), "accumulated_token_usage").get("response_id")
    return reply if isinstance(reply, str) else ""
