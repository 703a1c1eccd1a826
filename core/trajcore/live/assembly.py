"""One reply of a model, put together from the pieces in which it comes.

What providers leave out is made good: ids of calls that are missing, too long or those of an earlier call,
and places of calls that are all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from trajcore.dialects.replies import json_object
from trajcore.live.callids import new_id, short_id

Piece = dict[str, Any]
"""A frame of `trajcore.live.serving`, as plain data; every key may be missing.

`head` has the `id`, `model` and `created` of the response. `text` and `thinking` are more of either, `blocks`
signed thoughts as Anthropic has them, `calls` more of calls (`index`, `id`, `name`, `arguments`, `fields`),
`fields` what the provider says beside it all. `usage` is all of it so far, with `cost` in dollars and the
context `window`. `finish` is the reason to stop that is told of, `ended` the last one, None where none was.
"""


class Cut(Enum):
    """Why a reply is not whole. The values say so where its text is kept."""

    LENGTH = "[The reply was cut off here: it had reached the limit of tokens.]"
    FILTERED = "[The reply was ended here by the provider's content filter.]"
    BROKEN = "[The reply broke off here.]"
    """Nobody has said that this was its end."""
    INTERRUPTED = "[The reply was interrupted here by the user.]"

    def marked(self, text: str) -> str:
        """The text so far, and that it is not all."""
        return f"{text.rstrip()}\n\n{self.value}"


_CUTS: Final = {
    None: Cut.BROKEN,
    "length": Cut.LENGTH,
    "max_tokens": Cut.LENGTH,
    "content_filter": Cut.FILTERED,
}
"""By the reason to stop; with any other a reply is whole."""


_NO_USAGE: Final = {"completion_tokens": 0, "prompt_tokens": 0, "total_tokens": 0}


@dataclass(frozen=True)
class CallPiece:
    """More of the arguments of a call: its place in the reply, and its name as far as it is known."""

    place: int
    name: str
    text: str


@dataclass
class _Call:
    name: str = ""
    id: str = ""
    arguments: list[str] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return _joined(self.arguments)

    @property
    def complete(self) -> bool:
        ends = bool(self.arguments) and self.arguments[-1].rstrip().endswith("}")
        return ends and json_object(self.text) is not None


class Assembly:
    """The reply as far as it has come."""

    def __init__(self) -> None:
        self.usage: dict[str, Any] = {}
        self.cost = 0.0
        self.window = 0
        self.length = 0
        """Characters of all that was said, thought and called."""
        self.pieces = 0
        self.finish: str | None = None
        self._head: dict[str, Any] = {}
        self._text: list[str] = []
        self._thinking: list[str] = []
        self._blocks: list[dict[str, Any]] = []
        self._block: list[str] = []
        """The text of a thought whose signature is still to come."""
        self._fields: dict[str, Any] = {}
        self._calls: list[_Call] = []
        self._places: dict[int, int] = {}
        """Which call is being written at which index of the provider's."""

    @property
    def text(self) -> str:
        """What was said."""
        return _joined(self._text)

    @property
    def cut(self) -> Cut | None:
        """Why the reply is not whole; None where it is."""
        return _CUTS.get(self.finish)

    @property
    def has_whole_calls(self) -> bool:
        """Whether it calls tools, and each call is complete."""
        return bool(self._calls) and all(call.complete for call in self._calls)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said, thought or called in it."""
        return not self._calls and not any(text.strip() for text in (*self._text, *self._thinking))

    def add(self, piece: Piece) -> list[CallPiece]:
        """Take the next piece; what it adds to which call is answered."""
        self.pieces += 1
        self._head.update(piece.get("head", {}))
        self._fields.update(piece.get("fields", {}))
        for parts, name in ((self._text, "text"), (self._thinking, "thinking")):
            if piece.get(name):
                parts.append(piece[name])
                self.length += len(piece[name])
        for block in piece.get("blocks", ()):
            self._add_block(block)
        if "usage" in piece:
            self.usage = piece["usage"]
            self.cost, self.window = piece.get("cost", 0.0), piece.get("window", 0)
        self.finish = piece.get("ended", piece.get("finish", self.finish))
        return [self._add_call(call) for call in piece.get("calls", ())]

    def _add_block(self, block: dict[str, Any]) -> None:
        """Anthropic signs its thoughts: the text comes in pieces, and the signature ends it."""
        if block.get("type") == "redacted_thinking":
            self._blocks.append({"type": "redacted_thinking", "data": block.get("data")})
            return
        if block.get("thinking"):
            self._block.append(block["thinking"])
        if block.get("signature"):
            text = _joined(self._block)
            self._blocks.append({"type": "thinking", "thinking": text, "signature": block["signature"]})
            self._block = []

    def _add_call(self, piece: dict[str, Any]) -> CallPiece:
        index, name = piece.get("index") or 0, piece.get("name") or ""
        place = self._places.get(index)
        if place is None or self._begins(self._calls[place], piece):
            place = self._places[index] = len(self._calls)
            self._calls.append(_Call())
        call = self._calls[place]
        if name and not call.arguments and name != call.name:
            call.name += name
        call.id = call.id or piece.get("id") or ""
        call.fields.update(piece.get("fields") or {})
        text = piece.get("arguments") or ""
        if text:
            call.arguments.append(text)
            self.length += len(text)
        return CallPiece(place, call.name, text)

    def _begins(self, call: _Call, piece: dict[str, Any]) -> bool:
        """Whether a piece begins another call at the index of one: there are servers that count none.

        Others repeat name and id with every piece, or make up another id for each.
        """
        name, id = piece.get("name"), piece.get("id")
        if not name or not call.name or (id and id == call.id):
            return False
        if id and call.id:
            return True
        return bool(call.arguments) and (name != call.name or call.complete)

    def response(self, taken: Iterable[str] = ()) -> dict[str, Any]:
        """The whole reply, as OpenHands stores it with each action. Ids of its calls are none of `taken`."""
        message: dict[str, Any] = {"content": self.text, "role": "assistant"}
        message["tool_calls"] = self._tool_calls(set(taken)) or None
        message["function_call"] = None
        if self._blocks:
            message["thinking_blocks"] = self._blocks
        if self._thinking:
            message["reasoning_content"] = _joined(self._thinking)
        if self._fields:
            message["provider_specific_fields"] = self._fields
        return {
            "id": self._head.get("id") or f"chatcmpl-{new_id()}",
            "created": self._head.get("created") or 0,
            "model": self._head.get("model") or "",
            "object": "chat.completion",
            "system_fingerprint": None,
            "choices": [{"finish_reason": self.finish, "index": 0, "message": message}],
            "usage": self.usage or dict(_NO_USAGE),
        }

    def _tool_calls(self, taken: set[str]) -> list[dict[str, Any]]:
        return [_tool_call(call, _own_id(call.id, taken)) for call in self._calls]


def _joined(parts: Iterable[str]) -> str:
    """The parts as one text, also where a character of two halves (UTF-16) was cut between them."""
    text = "".join(parts)
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _own_id(id: str, taken: set[str]) -> str:
    """An id that the results of no other call go by."""
    own = short_id(id) if id and id not in taken else new_id()
    own = own if own not in taken else new_id()
    taken.update((id, own))
    return own


def _tool_call(call: _Call, id: str) -> dict[str, Any]:
    function = {"arguments": call.text or "{}", "name": call.name}
    data: dict[str, Any] = {"function": function, "id": id, "type": "function"}
    return {**data, "provider_specific_fields": call.fields} if call.fields else data
