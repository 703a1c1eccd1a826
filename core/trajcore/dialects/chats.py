"""Chat messages in all their shapes: what a model was sent and answered, whoever asked it."""

from __future__ import annotations

from typing import Any, Final

from trajcore.dialects.shapes import (
    Object,
    Objects,
    has_texts,
    mostly,
    object_in,
    objects_among,
    objects_in,
    word,
)
from trajcore.formats import peek

_ROLES: Final = frozenset(
    {"system", "developer", "user", "assistant", "tool", "function", "human", "ai", "gpt", "model", "exit"}
    | {"reasoning", "tool_call", "tool_output", "tool_response", "function_call", "observation", "answer"}
)
_SAID: Final = ("content", "tool_calls", "function_call", "text", "parts")
_ITEMS: Final = frozenset(
    {"message", "reasoning", "function_call", "function_call_output", "custom_tool_call", "compaction"}
    | {"custom_tool_call_output", "local_shell_call", "local_shell_call_output", "web_search_call"}
    | {"computer_call", "computer_call_output", "image_generation_call", "mcp_call", "tool_search_call"}
)
_BLOCKS: Final = frozenset({"tool_use", "tool_result", "thinking", "redacted_thinking", "server_tool_use"})


def is_message(record: object) -> bool:
    """One message: who speaks, and what is said, called or answered."""
    if not isinstance(record, dict):
        return False
    return word(record, "role") in _ROLES and any(key in record for key in _SAID)


def texts(message: Object) -> list[str]:
    """The texts of a message's content."""
    content = message.get("content")
    if isinstance(content, str):
        return [content]
    return [block["text"] for block in objects_in(message, "content") if has_texts(block, "text")]


def is_item(record: Object) -> bool:
    """An item of the Responses interface."""
    kind = word(record, "type")
    return kind in _ITEMS and (kind != "message" or "role" in record)


def are_messages(records: Objects) -> bool:
    """Messages in a list of their own."""
    return mostly(records, is_message)


def are_anthropic(records: Objects) -> bool:
    """Messages with the blocks that Anthropic's interface has."""
    blocks = (block for record in records for block in objects_in(record, "content"))
    return are_messages(records) and any(word(block, "type") in _BLOCKS for block in blocks)


def is_anthropic(record: Object) -> bool:
    """A request to Anthropic's interface, or an object with such messages."""
    messages = objects_in(record, "messages")
    if are_anthropic(messages):
        return True
    request = "max_tokens" in record and "system" in record
    return are_messages(messages) and (request or "anthropic_version" in record)


def are_items(records: Objects) -> bool:
    """Items of the Responses interface, messages among them."""
    return any(map(is_item, records)) and mostly(records, lambda one: is_item(one) or is_message(one))


def is_responses(record: Object) -> bool:
    """A request to the Responses interface, or its answer."""
    return any(are_items(objects_in(record, key)) for key in ("input", "output"))


def are_sharegpt_turns(records: Objects) -> bool:
    """What was said by turns, as ShareGPT has it."""
    return mostly(records, lambda turn: has_texts(turn, "from", "value"))


def is_sharegpt(record: Object) -> bool:
    """A conversation, as ShareGPT has it."""
    return any(are_sharegpt_turns(objects_in(record, key)) for key in ("conversations", "conversation"))


def is_openai(record: Object) -> bool:
    """A request, a logged request with its reply, a row of a data set."""
    request = object_in(record, "request")
    return any(are_messages(objects_in(one, "messages")) for one in (record, request))


def is_row_of_messages(record: Object) -> bool:
    """Messages under whatever key, or as JSON in a string."""
    return any(
        are_messages(objects_among(value if isinstance(value, list) else _quoted(value)))
        for value in record.values()
    )


def _quoted(value: object) -> list[Any]:
    """The members of a list that a string holds as JSON."""
    if not isinstance(value, str) or not value.lstrip().startswith("["):
        return []
    return peek.members(value.lstrip().encode("utf-8", "replace"))
