"""Chat messages in the making: whatever is put in, the sequence of roles that comes out is legal."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from trajcore.dialects.replies import Call, Thoughts
from trajcore.live.callids import short_id

Message = dict[str, Any]
Content = str | list[dict[str, Any]]

SYSTEM: Final = "system"
"""Whose word the system prompt is."""
USER: Final = "user"
ASSISTANT: Final = "assistant"
BLOCKS: Final = "thinking_blocks"
REASONING: Final = "reasoning_content"
THOUGHTS: Final = (BLOCKS, REASONING)
"""Where a message of the assistant has what it thought, as litellm names it."""
MODEL: Final = "model"
"""Who thought that: taken off before anything is sent, with the thoughts where another provider is asked."""

BEGIN: Final = "(The conversation begins with the assistant.)"
GO_ON: Final = "Please continue."
"""What nobody said, where a provider wants somebody to."""

_PICTURES: Final = "What came with the result of {name} ({id}):"


@dataclass(frozen=True)
class Answered:
    """A call, its result, and the addresses of the pictures that came with that."""

    call: Call
    result: str
    pictures: Sequence[str] = ()


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
            last["content"] = joined(last["content"], content)

    def assistant(self, text: str) -> None:
        """Something the model said."""
        text = _encodable(text)
        last = self._last("assistant")
        if text.strip() and last is not None:
            last["content"] = joined(last["content"], text)
        elif text.strip():
            self._messages.append({"role": "assistant", "content": text})

    def has_said(self, text: str) -> bool:
        """Whether the last that the model said has this text in it."""
        last = self._last("assistant")
        return last is not None and isinstance(last["content"], str) and text.strip() in last["content"]

    def calls(self, text: str, answered: Sequence[Answered], thoughts: Thoughts | None = None) -> None:
        """What the model said while calling tools, each call with its result; at least one.

        `thoughts` is what it thought before that. Pictures follow as the user's: no result can have them
        everywhere.
        """
        self.assistant(text)
        message = self._last("assistant")
        if message is None:
            message = {"role": "assistant", "content": None}
            self._messages.append(message)
        message.update(_told_thoughts(thoughts))
        message["tool_calls"] = []
        came: list[tuple[str, Sequence[str]]] = []
        for one in answered:
            unique = self._unique(one.call.id)
            call = _tool_call(one.call.renamed(unique))
            message["tool_calls"].append(call)
            self._messages.append({"role": "tool", "tool_call_id": unique, "content": _encodable(one.result)})
            came.append((_PICTURES.format(name=call["function"]["name"], id=unique), one.pictures))
        for words, pictures in came:
            if pictures:
                self.user(words, pictures)

    def finished(self, system: str, opening: str) -> list[Message]:
        """All messages after the system prompt. A model that would speak first is given `opening`, and one
        that has just spoken is asked to continue.
        """
        if self._messages and self._messages[0]["role"] != "user":
            self._messages.insert(0, {"role": "user", "content": _encodable(opening) or BEGIN})
        if self._last("assistant") is not None:
            self.user(GO_ON)
        return [{"role": SYSTEM, "content": _encodable(system)}, *self._messages]

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


def _told_thoughts(thoughts: Thoughts | None) -> Message:
    if thoughts is None:
        return {}
    told = {BLOCKS: list(thoughts.blocks)} if thoughts.blocks else {REASONING: _encodable(thoughts.text)}
    return {MODEL: thoughts.model, **told}


def _tool_call(call: Call) -> dict[str, Any]:
    name = re.sub(r"[^A-Za-z0-9_-]", "_", call.name)[:64] or "tool"
    arguments = call.arguments if call.parsed() is not None else json.dumps({"arguments": call.arguments})
    return {"id": call.id, "type": "function", "function": {"name": name, "arguments": _encodable(arguments)}}


def joined(first: Content, second: Content) -> Content:
    """The contents of two messages as that of one."""
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
