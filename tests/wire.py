"""The bytes of a scripted reply, as providers send them: chunks of OpenAI's, events of Anthropic's."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

PIECE = 7
"""Characters in one streamed delta."""


@dataclass(frozen=True)
class Call:
    """A tool call; `arguments` may be any text, to stand for a model that writes bad JSON."""

    name: str
    arguments: dict[str, Any] | str = field(default_factory=dict)
    id: str | None = None

    @property
    def text(self) -> str:
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments)


@dataclass(frozen=True)
class Answer:
    """One reply. From `status` 400 on, `error` is its message. `hang` stops after the text, `drop` hangs up.

    `raw` is sent in place of a reply, and `refusal` in place of the JSON of an error. `delay` seconds pass
    before the first byte, `pause` after each delta.

    `thinking` comes before the text. `finish` is the reason to stop that is told of; an empty one is told of
    by nobody. How calls come: `ids` ("", "missing", "null", "empty"), all at `one_index`, their arguments
    `interleaved`, or each call whole. How bytes come: `cut` so many at a time, `crlf` at the ends of lines,
    `comments` between events, `unescaped` characters. `usage` comes "last", "with_finish", "each" or not at
    all. `breaks`: an error in the middle of the stream; `closes`: it just ends there, cleanly.
    """

    text: str = ""
    calls: Sequence[Call] = ()
    delay: float = 0.0
    pause: float = 0.0
    status: int = 200
    error: str = "scripted failure"
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    drop: bool = False
    raw: str | None = None
    refusal: dict[str, Any] | None = None
    prompt_tokens: int = 100
    completion_tokens: int = 20
    thinking: str = ""
    thinking_key: str = "reasoning_content"
    finish: str | None = None
    ids: str = ""
    one_index: bool = False
    interleaved: bool = False
    whole_calls: bool = False
    cut: int = 0
    crlf: bool = False
    comments: bool = False
    unescaped: bool = False
    usage: str = "last"
    cost: float | None = None
    breaks: str = ""
    closes: bool = False
    piece: int = PIECE

    @staticmethod
    def of(data: dict[str, Any]) -> Answer:
        """The answer that a script's JSON object describes."""
        calls = tuple(Call(**call) for call in data.get("calls", ()))
        return Answer(**{**data, "calls": calls})

    @property
    def reason(self) -> str | None:
        """The reason to stop."""
        if self.finish is not None:
            return self.finish or None
        return "tool_calls" if self.calls else "stop"

    @property
    def ends_early(self) -> bool:
        """Whether what ends a reply never comes."""
        return self.hang or self.drop or self.closes or bool(self.breaks)


def chunks(answer: Answer, response_id: str, model: str, *, usage: bool = False) -> Iterator[dict[str, Any]]:
    """The streamed form of OpenAI: thoughts and text in pieces, calls in fragments, the reason to stop."""
    for delta in _deltas(answer, response_id):
        more = {"usage": _usage(answer)} if answer.usage == "each" else {}
        yield {**_chunk(response_id, model, delta, None), **more}
    if answer.breaks:
        yield {"error": {"message": answer.breaks, "type": "server_error", "code": "server_error"}}
    if answer.ends_early:
        return
    if answer.reason:
        more = {"usage": _usage(answer)} if answer.usage == "with_finish" else {}
        yield {**_chunk(response_id, model, {}, answer.reason), **more}
    if usage and answer.usage == "last":
        yield {**_chunk(response_id, model, {}, None), "choices": [], "usage": _usage(answer)}


def _deltas(answer: Answer, response_id: str) -> Iterator[dict[str, Any]]:
    yield {"role": "assistant", "content": ""}
    for piece in pieces(answer.thinking, answer.piece):
        yield {answer.thinking_key: piece}
    for piece in pieces(answer.text, answer.piece):
        yield {"content": piece}
    streams = [list(_fragments(answer, place, response_id)) for place in range(len(answer.calls))]
    if answer.interleaved:
        longest = max(map(len, streams), default=0)
        turns = ([stream[turn] for stream in streams if turn < len(stream)] for turn in range(longest))
        streams = list(turns)
    for stream in streams:
        for fragment in stream:
            yield {"tool_calls": [fragment]}


def _fragments(answer: Answer, place: int, response_id: str) -> Iterator[dict[str, Any]]:
    call, index = answer.calls[place], 0 if answer.one_index else place
    id = {"": call_id(call, response_id, place), "null": None, "empty": ""}
    opening: dict[str, Any] = {"index": index, "type": "function"}
    if answer.ids != "missing":
        opening["id"] = id[answer.ids]
    begun = call.text if answer.whole_calls else ""
    yield {**opening, "function": {"name": call.name, "arguments": begun}}
    for piece in () if answer.whole_calls else pieces(call.text, answer.piece):
        yield {"index": index, "function": {"arguments": piece}}


def body(answer: Answer, data: dict[str, Any] | str, event: str = "") -> bytes:
    """An event of a stream, as this server writes it."""
    end = "\r\n" if answer.crlf else "\n"
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=not answer.unescaped)
    comment = f": keep-alive{end}{end}" if answer.comments else ""
    name = f"event: {event}{end}" if event else ""
    return f"{comment}{name}data: {text}{end}{end}".encode()


def openai_stream(answer: Answer, response_id: str, model: str, *, usage: bool) -> Iterator[bytes]:
    """All events of a stream of OpenAI's."""
    for chunk in chunks(answer, response_id, model, usage=usage):
        yield body(answer, chunk)
    if not answer.ends_early:
        yield body(answer, "[DONE]")


def anthropic_stream(answer: Answer, response_id: str, model: str) -> Iterator[bytes]:
    """All events of a stream of Anthropic's; a thought's signature is `signature-of-` the response's id."""
    for kind, data in _anthropic_events(answer, response_id, model):
        yield body(answer, {"type": kind, **data}, kind)


def _anthropic_events(answer: Answer, response_id: str, model: str) -> Iterator[tuple[str, dict[str, Any]]]:
    usage = {"input_tokens": answer.prompt_tokens, "output_tokens": 1}
    message = {"id": response_id, "type": "message", "role": "assistant", "model": model, "content": [],
               "stop_reason": None, "stop_sequence": None, "usage": usage}  # fmt: skip
    yield "message_start", {"message": message}
    for index, (block, deltas) in enumerate(_blocks(answer, response_id)):
        yield "content_block_start", {"index": index, "content_block": block}
        for delta in deltas:
            yield "content_block_delta", {"index": index, "delta": delta}
        yield "content_block_stop", {"index": index}
    if answer.breaks:
        yield "error", {"error": {"type": "overloaded_error", "message": answer.breaks}}
    if answer.ends_early:
        return
    reasons = {
        "stop": "end_turn",
        "tool_calls": "tool_use",
        "length": "max_tokens",
        "content_filter": "refusal",
    }
    delta = {"stop_reason": reasons.get(answer.reason or ""), "stop_sequence": None}
    yield "message_delta", {"delta": delta, "usage": {"output_tokens": answer.completion_tokens}}
    yield "message_stop", {}


def _blocks(answer: Answer, response_id: str) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    if answer.thinking:
        deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces(answer.thinking)]
        signed = {"type": "signature_delta", "signature": f"signature-of-{response_id}"}
        yield {"type": "thinking", "thinking": "", "signature": ""}, [*deltas, signed]
    if answer.text:
        yield (
            {"type": "text", "text": ""},
            [{"type": "text_delta", "text": piece} for piece in pieces(answer.text)],
        )
    for place, call in enumerate(answer.calls):
        block = {"type": "tool_use", "id": call_id(call, response_id, place), "name": call.name, "input": {}}
        yield block, [{"type": "input_json_delta", "partial_json": piece} for piece in pieces(call.text)]


def completion(answer: Answer, response_id: str, model: str) -> dict[str, Any]:
    """The whole form of an answer."""
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None}
    if answer.calls:
        message["tool_calls"] = [
            {
                "id": call_id(call, response_id, index),
                "type": "function",
                "function": {"name": call.name, "arguments": call.text},
            }
            for index, call in enumerate(answer.calls)
        ]
    choice = {"index": 0, "message": message, "finish_reason": answer.reason}
    head = {"id": response_id, "object": "chat.completion", "created": 1_760_000_000, "model": model}
    return {**head, "choices": [choice], "usage": _usage(answer)}


def _chunk(response_id: str, model: str, delta: dict[str, Any], finish: str | None) -> dict[str, Any]:
    return {
        "id": response_id,
        "object": "chat.completion.chunk",
        "created": 1_760_000_000,
        "model": model,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }


def _usage(answer: Answer) -> dict[str, Any]:
    total = answer.prompt_tokens + answer.completion_tokens
    tokens = {"prompt_tokens": answer.prompt_tokens, "completion_tokens": answer.completion_tokens}
    cost = {} if answer.cost is None else {"cost": answer.cost}
    return {**tokens, "total_tokens": total, **cost}


def call_id(call: Call, response_id: str, index: int) -> str:
    """The id of a call: its own, or one that is made of the response's."""
    return call.id or f"call_{response_id.rpartition('-')[2]}_{index}"


def pieces(text: str, size: int = PIECE) -> Iterator[str]:
    """A text in pieces."""
    return (text[start : start + size] for start in range(0, len(text), size))
