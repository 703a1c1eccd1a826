"""What OpenAI and Anthropic answer with a refusal: whether a request keeps to the rules of its provider."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
IMAGE = re.compile(r"https?://|data:image/(png|jpeg|gif|webp);base64,")
LONGEST_ID = 40
BODY = {
    "max_completion_tokens", "max_tokens", "messages", "model", "parallel_tool_calls", "reasoning_effort",
    "seed", "stop", "stream", "stream_options", "temperature", "tool_choice", "tools", "top_p", "user",
}  # fmt: skip
KEYS = {
    "system": {"role", "content", "name"},
    "developer": {"role", "content", "name"},
    "user": {"role", "content", "name"},
    "assistant": {"role", "content", "name", "tool_calls", "refusal"},
    "tool": {"role", "content", "tool_call_id"},
}


OPENAI = re.compile(r"(gpt|o\d|chatgpt)\b")
THOUGHTS = {"assistant": {"reasoning_content"}}
"""What servers that speak OpenAI's language take beside, but OpenAI itself does not."""


def problems(path: str, body: dict[str, Any]) -> list[str]:
    """What is wrong with a request, by where it goes to."""
    if path.partition("?")[0].endswith("/messages"):
        return list(_anthropic(body))
    return list(_openai(body)) if path.endswith("/chat/completions") else []


def _openai(body: dict[str, Any]) -> Iterator[str]:
    yield from (f"unknown key {key}" for key in body if key not in BODY)
    if not body.get("messages"):
        yield "there are no messages"
    names = [tool["function"]["name"] for tool in body.get("tools") or ()]
    if len(set(names)) < len(names):
        yield "two tools of one name"
    waiting: list[str] = []
    for place, message in enumerate(body.get("messages") or ()):
        at, role = f"messages[{place}]", message.get("role")
        if role not in KEYS:
            yield f"{at}: no such role {role!r}"
            continue
        keys = KEYS[role] | (set() if OPENAI.match(str(body.get("model"))) else THOUGHTS.get(role, set()))
        yield from (f"{at}: unknown key {key}" for key in message if key not in keys)
        if role == "tool":
            if message.get("tool_call_id") not in waiting:
                yield f"{at}: answers no call that waits: {message.get('tool_call_id')!r}"
            else:
                waiting.remove(message["tool_call_id"])
        elif waiting:
            yield f"{at}: {waiting} were not answered"
            waiting = []
        yield from _content(at, message)
        if "tool_calls" in message:
            yield from _calls(at, message["tool_calls"])
            waiting += [call.get("id") for call in message["tool_calls"]]
    if waiting:
        yield f"{waiting} are not answered at the end"


def _content(at: str, message: dict[str, Any]) -> Iterator[str]:
    content = message.get("content")
    if content is None and not message.get("tool_calls"):
        yield f"{at}: no content"
    if content is not None and not isinstance(content, str | list):
        yield f"{at}: content is {type(content).__name__}"
    if content == []:
        yield f"{at}: content is empty"
    for part in content if isinstance(content, list) else ():
        if part.get("type") == "text":
            if not isinstance(part.get("text"), str):
                yield f"{at}: text is none"
        elif part.get("type") != "image_url" or message["role"] != "user":
            yield f"{at}: {part.get('type')} in {message['role']}"
        elif not IMAGE.match(part["image_url"]["url"]):
            yield f"{at}: no image is {part['image_url']['url'][:40]}"


def _calls(at: str, calls: Sequence[dict[str, Any]]) -> Iterator[str]:
    if not calls:
        yield f"{at}: tool_calls is empty"
    for call in calls:
        id, function = call.get("id"), call.get("function") or {}
        if call.get("type") != "function":
            yield f"{at}: a call of type {call.get('type')!r}"
        if not isinstance(id, str) or not 0 < len(id) <= LONGEST_ID:
            yield f"{at}: no id is {id!r}"
        if not NAME.fullmatch(str(function.get("name"))):
            yield f"{at}: no name is {function.get('name')!r}"
        if not _is_object(function.get("arguments")):
            yield f"{at}: no arguments are {function.get('arguments')!r}"


def _is_object(text: object) -> bool:
    try:
        return isinstance(text, str) and isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _anthropic(body: dict[str, Any]) -> Iterator[str]:
    messages = body.get("messages") or [{"role": "", "content": []}]
    if "max_tokens" not in body:
        yield "max_tokens is missing"
    if messages[0]["role"] != "user":
        yield "the first message is not the user's"
    if json.dumps(body).count('"cache_control"') > 4:
        yield "more than four cache marks"
    waiting: list[str] = []
    seen: set[str] = set()
    for place, message in enumerate(messages):
        at, blocks = f"messages[{place}]", message["content"]
        blocks = blocks if isinstance(blocks, list) else [{"type": "text", "text": blocks}]
        results = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
        if sorted(results) != sorted(waiting):
            yield f"{at}: {waiting} are answered with {results}"
        uses = [block for block in blocks if block["type"] == "tool_use"]
        waiting = [block["id"] for block in uses]
        yield from (f"{at}: {id} twice" for id in waiting if id in seen)
        yield from (f"{at}: no id is {id}" for id in waiting if not re.fullmatch(r"[a-zA-Z0-9_-]+", id))
        seen.update(waiting)
        yield from (f"{at}: input is no object" for block in uses if not isinstance(block["input"], dict))
        if any(block["type"] == "text" and not block["text"].strip() for block in blocks):
            yield f"{at}: an empty text"
    if waiting:
        yield f"{waiting} are not answered at the end"
