"""Chat messages in the making: whatever is put in, the sequence of roles that comes out is legal."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final

from trajcore.dialects.replies import Call
from trajcore.live.callids import short_id

Message = dict[str, Any]
Content = str | list[dict[str, Any]]

BEGIN: Final = "(The conversation begins with the assistant.)"
GO_ON: Final = "Please continue."
"""What nobody said, where a provider wants somebody to."""


class Transcript:
    """OpenAI-style messages. Neighbours of one role become one message; tool call ids are made unique, and
    short enough for every provider.
    """

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._used: set[str] = set()

    def user(self, text: str, image_urls: Sequence[str] = ()) -> None:
        """Something said to the model; nothing when there is neither text nor image."""
        text = _encodable(text)
        images = [{"type": "image_url", "image_url": {"url": url}} for url in image_urls]
        if not text.strip() and not images:
            return
        content: Content = [*_parts(text), *images] if images else text
        last = self._last("user")
        if last is None:
            self._messages.append({"role": "user", "content": content})
        else:
            last["content"] = _joined(last["content"], content)

    def assistant(self, text: str) -> None:
        """Something the model said."""
        text = _encodable(text)
        last = self._last("assistant")
        if text.strip() and last is not None:
            last["content"] = _joined(last["content"], text)
        elif text.strip():
            self._messages.append({"role": "assistant", "content": text})

    def calls(self, text: str, answered: Sequence[tuple[Call, str]]) -> None:
        """What the model said while calling tools, each call with its result; at least one."""
        self.assistant(text)
        message = self._last("assistant")
        if message is None:
            message = {"role": "assistant", "content": None}
            self._messages.append(message)
        message["tool_calls"] = []
        for call, result in answered:
            unique = self._unique(call.id)
            message["tool_calls"].append(_tool_call(call.renamed(unique)))
            self._messages.append({"role": "tool", "tool_call_id": unique, "content": _encodable(result)})

    def finished(self, system: str, opening: str) -> list[Message]:
        """All messages after the system prompt. A model that would speak first is given `opening`, and one
        that has just spoken is asked to continue.
        """
        if self._messages and self._messages[0]["role"] != "user":
            self._messages.insert(0, {"role": "user", "content": _encodable(opening) or BEGIN})
        if self._last("assistant") is not None:
            self.user(GO_ON)
        return [{"role": "system", "content": _encodable(system)}, *self._messages]

    def _last(self, role: str) -> Message | None:
        last = self._messages[-1] if self._messages else None
        return last if last and last["role"] == role else None

    def _unique(self, identifier: str) -> str:
        plain = _encodable(identifier) or "call"
        unique, number = short_id(plain), 1
        while unique in self._used:
            number += 1
            unique = short_id(f"{plain}_{number}")
        self._used.add(unique)
        return unique


def _tool_call(call: Call) -> dict[str, Any]:
    name = re.sub(r"[^A-Za-z0-9_-]", "_", call.name)[:64] or "tool"
    arguments = call.arguments if call.parsed() is not None else json.dumps({"arguments": call.arguments})
    return {"id": call.id, "type": "function", "function": {"name": name, "arguments": _encodable(arguments)}}


def _joined(first: Content, second: Content) -> Content:
    if isinstance(first, str) and isinstance(second, str):
        return f"{first}\n\n{second}"
    return _parts(first) + _parts(second)


def _parts(content: Content) -> list[dict[str, Any]]:
    if not isinstance(content, str):
        return content
    return [{"type": "text", "text": content}] if content.strip() else []


def _encodable(text: str) -> str:
    """`text` without lone surrogates, which no request can carry."""
    return text.encode("utf-8", "replace").decode("utf-8")
