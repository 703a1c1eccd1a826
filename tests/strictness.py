"""What OpenAI and Anthropic answer with a refusal: whether a request keeps to the rules of its provider."""

from __future__ import annotations

import base64
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


SIGNATURES = {
    "image/png": b"\x89PNG",
    "image/jpeg": b"\xff\xd8\xff",
    "image/gif": b"GIF8",
    "image/webp": b"RIFF",
}
BLOCKS = {
    "user": {"text", "image", "tool_result"},
    "assistant": {"text", "tool_use", "thinking", "redacted_thinking"},
}
MOST_IMAGES = 100
TOOL = re.compile(r"[a-zA-Z0-9_-]{1,128}")


def _anthropic(body: dict[str, Any]) -> Iterator[str]:
    messages = body.get("messages") or [{"role": "", "content": []}]
    if "max_tokens" not in body:
        yield "max_tokens is missing"
    if messages[0]["role"] != "user":
        yield "the first message is not the user's"
    if json.dumps(body).count('"cache_control"') > 4:
        yield "more than four cache marks"
    system = body.get("system") or []
    if any(not block["text"].strip() for block in system if isinstance(system, list)):
        yield "an empty text in the system prompt"
    yield from _anthropic_tools(body.get("tools") or [], messages)
    waiting: list[str] = []
    seen: set[str] = set()
    images, last = 0, ""
    for place, message in enumerate(messages):
        at, role, blocks = f"messages[{place}]", message["role"], message["content"]
        blocks = blocks if isinstance(blocks, list) else [{"type": "text", "text": blocks}]
        if role == last:
            yield f"{at}: {role} twice in a row"
        last = role
        yield from _kinds(at, role, blocks)
        results = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
        if sorted(results) != sorted(waiting):
            yield f"{at}: {waiting} are answered with {results}"
        uses = [block for block in blocks if block["type"] == "tool_use"]
        waiting = [block["id"] for block in uses]
        yield from (f"{at}: {id} twice" for id in waiting if id in seen or waiting.count(id) > 1)
        yield from (f"{at}: no id is {id}" for id in waiting if not re.fullmatch(r"[a-zA-Z0-9_-]+", id))
        seen.update(waiting)
        yield from (f"{at}: input is no object" for block in uses if not isinstance(block["input"], dict))
        inner = [part for block in blocks for part in _parts(block.get("content"))]
        if any(part["type"] == "text" and not part["text"].strip() for part in [*blocks, *inner]):
            yield f"{at}: an empty text"
        shown = [part for part in [*blocks, *inner] if part["type"] == "image"]
        images += len(shown)
        yield from (f"{at}: {why}" for part in shown for why in _image(part.get("source") or {}))
    if waiting:
        yield f"{waiting} are not answered at the end"
    if images > MOST_IMAGES:
        yield f"{images} images"


def _parts(content: object) -> list[dict[str, Any]]:
    return content if isinstance(content, list) else []


def _anthropic_tools(tools: Sequence[dict[str, Any]], messages: Sequence[dict[str, Any]]) -> Iterator[str]:
    names = [tool["name"] for tool in tools]
    if len(set(names)) < len(names):
        yield "two tools of one name"
    yield from (f"no name is {name}" for name in names if not TOOL.fullmatch(name))
    called = any(part["type"] == "tool_use" for one in messages for part in _parts(one["content"]))
    if called and not tools:
        yield "tools are called and none is offered"


def _kinds(at: str, role: str, blocks: Sequence[dict[str, Any]]) -> Iterator[str]:
    """What may stand in a message of a role, and in which order."""
    if role not in BLOCKS:
        yield f"{at}: no such role {role!r}"
        return
    kinds = [block["type"] for block in blocks]
    if not kinds:
        yield f"{at}: content is empty"
    yield from (f"{at}: {kind} in {role}" for kind in kinds if kind not in BLOCKS[role])
    first = {"user": {"tool_result"}, "assistant": {"thinking", "redacted_thinking"}}[role]
    leading = [kind in first for kind in kinds]
    if leading != sorted(leading, reverse=True):
        yield f"{at}: {' and '.join(sorted(first))} come first"
    for block in blocks:
        if block["type"] == "thinking" and not block.get("signature"):
            yield f"{at}: a thought without its signature"
        if block["type"] == "redacted_thinking" and not block.get("data"):
            yield f"{at}: a redacted thought without its data"


def _image(source: dict[str, Any]) -> Iterator[str]:
    if source.get("type") == "url":
        if not str(source.get("url")).startswith("https://"):
            yield f"no image is at {source.get('url')}"
        return
    kind = source.get("media_type")
    if kind not in SIGNATURES:
        yield f"no image is {kind}"
        return
    try:
        data = base64.b64decode(str(source.get("data")), validate=True)
    except ValueError:
        yield "an image is no base64"
        return
    if not data.startswith(SIGNATURES[kind]):
        yield f"an image is not {kind}"
