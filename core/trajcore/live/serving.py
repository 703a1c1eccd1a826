"""What the process of `modelprocess` runs: requests come in, pieces of replies go out, a JSON line each.

The only module that names litellm, which takes seconds to import, prints, logs, fetches price lists and
tokenizers, and reads `.env` files: it is imported here with all of that turned off, away from the pipes.

In: `{"ask": N, "messages": […], "tools": […], "stop": […], "settings": {…}}`,
`{"check": N, "settings": {…}}`, `{"about": N, "others": […], "settings": {…}}`, `{"wait": N}`,
`{"cancel": N}`, `{"close": N}`; `others` are names of other models.

Out: pieces (`trajcore.live.assembly.Piece`) with `to` for the N, and last of all one with `ended` (the reason
to stop, null where none came), `checked` (what a model lacks to be asked: `key`, `provider`, or nothing that
is known), `about` (what is known of a model, as `trajcore.live.abilities.about` has it, with the size of its
`context` in tokens, 0 where it is not known), `failed` (what `trajcore.live.failures` words), `cancelled`,
`closed` or `ready`. Its input ends when the program does, however that ends; it ends then, whatever it is at.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import threading
import warnings
from collections.abc import Callable, Coroutine, Iterator
from contextlib import aclosing
from functools import partial
from types import ModuleType
from typing import Any, BinaryIO, Final

from trajcore.live.abilities import about
from trajcore.live.arguments import arguments, lacking
from trajcore.live.lasting import lasting

Frame = dict[str, Any]

_ENVIRONMENT: Final = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
    "LITELLM_LOCAL_BLOG_POSTS": "True",
    "LITELLM_MODE": "PRODUCTION",
    "DISABLE_AIOHTTP_TRANSPORT": "True",
}
_QUIET: Final = {
    "suppress_debug_info": True,
    "telemetry": False,
    "disable_aiohttp_transport": True,
    "disable_hf_tokenizer_download": True,
    # It would put each reply together a second time, and count what was not counted for it.
    "stream_chunk_builder": lambda *_, **__: None,
}
_LOGGERS: Final = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy", "openai", "httpx", "httpcore")


# Requests


class Server:
    """Answers requests, several at a time."""

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._closing = asyncio.Lock()
        self._stale = False
        """Whether a connection may be open that nobody holds any more."""

    async def run(self) -> None:
        """Answer until the input ends, and the process with it."""
        self._loop = asyncio.get_running_loop()
        self._library = asyncio.ensure_future(asyncio.to_thread(library))
        threading.Thread(target=self._read, daemon=True).start()
        await self._loop.create_future()

    def _read(self) -> None:
        try:
            for line in self._incoming:
                self._loop.call_soon_threadsafe(self._take, json.loads(line))
        finally:
            os._exit(0)

    def _take(self, frame: Frame) -> None:
        if "ask" in frame:
            self._begin(frame["ask"], self._answer(frame["ask"], frame))
        elif "check" in frame:
            self._begin(frame["check"], self._check(frame["check"], frame))
        elif "about" in frame:
            self._begin(frame["about"], self._about(frame["about"], frame))
        elif "wait" in frame:
            self._begin(frame["wait"], self._wait(frame["wait"]))
        elif "close" in frame:
            self._begin(frame["close"], self._close(frame["close"]))
        elif frame["cancel"] in self._tasks:
            self._tasks[frame["cancel"]].cancel()
        else:
            self._tell(frame["cancel"], {"cancelled": True})

    def _begin(self, number: int, work: Coroutine[Any, Any, None]) -> None:
        self._tasks[number] = asyncio.create_task(work)
        self._tasks[number].add_done_callback(partial(self._settle, number))

    def _settle(self, number: int, task: asyncio.Task[None]) -> None:
        del self._tasks[number]
        if task.cancelled():
            self._tell(number, {"cancelled": True})
        elif (error := task.exception()) is not None:
            self._tell(number, {"failed": facts(error)})
        if self._stale and not self._tasks:
            self._begin(0, self._closed())

    def _tell(self, number: int, frame: Frame) -> None:
        try:
            self._outgoing.write(json.dumps({"to": number, **frame}).encode() + b"\n")
            self._outgoing.flush()
        except OSError:  # nobody reads
            os._exit(0)

    async def _answer(self, number: int, request: Frame) -> None:
        litellm = await asyncio.shield(self._library)
        async with self._closing:
            pass
        try:
            await answer(litellm, request, partial(self._tell, number))
        except asyncio.CancelledError:
            # A reply that had just begun to come is held by the library alone: its connection goes with all.
            await self._let_go()
            raise

    async def _check(self, number: int, request: Frame) -> None:
        litellm = await asyncio.shield(self._library)
        self._tell(number, {"checked": lacking(litellm, request["settings"])})

    async def _about(self, number: int, request: Frame) -> None:
        litellm, settings = await asyncio.shield(self._library), request["settings"]
        model = arguments(litellm, settings)[0]["model"]
        told = await asyncio.to_thread(about, litellm, settings, model, request["others"])
        self._tell(number, {"about": {**told, "context": context_of(litellm, model)}})

    async def _wait(self, number: int) -> None:
        await asyncio.shield(self._library)
        self._tell(number, {"ready": True})

    async def _close(self, number: int) -> None:
        await self._let_go()
        self._tell(number, {"closed": True})

    async def _let_go(self) -> None:
        """Close the connections that the library keeps, now or as soon as nobody else uses them."""
        self._stale = True
        if len(self._tasks) == 1:
            await self._closed()

    async def _closed(self) -> None:
        self._stale = False
        if self._library.done() and self._library.exception() is None:
            litellm = self._library.result()
            async with self._closing:
                await litellm.close_litellm_async_clients()
                litellm.in_memory_llm_clients_cache.flush_cache()


# Replies


async def answer(litellm: ModuleType, request: Frame, tell: Callable[[Frame], None]) -> None:
    """Tell the pieces of a reply as they come, what it all cost, and at last why it ended."""
    settings = request["settings"]
    given, left_out = arguments(litellm, settings)
    if left_out:
        tell({"left_out": left_out})
    stream = await litellm.acompletion(
        **{
            **given,
            "messages": request["messages"],
            "tools": request["tools"] or None,
            "stop": request.get("stop") or None,
            "stream": True,
            "stream_options": {"include_usage": True},
            "timeout": litellm.httpx.Timeout(settings["timeout"], connect=settings["connect"]),
            "max_retries": 0,
            "num_retries": 0,
        }
    )
    bill, head = _Bill(litellm, given["model"], stream, settings), Frame()
    finish: str | None = None
    async with aclosing(stream):
        try:
            async for chunk in stream:
                piece = piece_of(chunk)
                finish = piece.get("finish", finish)
                news = {name: value for name, value in _head(chunk).items() if head.get(name) != value}
                head.update(news)
                piece |= {"head": news} if news else {}
                piece |= bill.first(chunk)
                if piece:
                    tell(piece)
        finally:
            tell(bill.whole())
    tell({"ended": finish if _was_told(stream, finish) else None})


def _was_told(stream: Any, finish: str | None) -> bool:
    """Whether the provider has said why the reply ended: litellm makes up a reason where it did not."""
    told = (
        getattr(stream, name, finish) for name in ("received_finish_reason", "intermittent_finish_reason")
    )
    return any(told)


def _head(chunk: Any) -> Frame:
    return {name: value for name in ("id", "model", "created") if (value := getattr(chunk, name, None))}


def piece_of(chunk: Any) -> Frame:
    """What a chunk of litellm's has of a reply."""
    choices = getattr(chunk, "choices", None)
    if not choices:
        return {}
    delta = choices[0].delta
    found = {
        "text": _text(getattr(delta, "content", None)),
        "thinking": _text(getattr(delta, "reasoning_content", None)),
        "blocks": [_plain(block) for block in getattr(delta, "thinking_blocks", None) or ()],
        "calls": [_call(call) for call in getattr(delta, "tool_calls", None) or ()],
        "fields": _without_parts(_plain(getattr(delta, "provider_specific_fields", None) or {})),
        "finish": choices[0].finish_reason,
    }
    return {name: value for name, value in found.items() if value}


def _without_parts(fields: Frame) -> Frame:
    """What a provider says beside a reply, without what comes in parts that have places of their own."""
    return {name: value for name, value in fields.items() if name not in ("thinking_blocks", "citation")}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _call(call: Any) -> Frame:
    function = getattr(call, "function", None)
    arguments = getattr(function, "arguments", None)
    fields = {
        **(getattr(call, "provider_specific_fields", None) or {}),
        **(getattr(function, "provider_specific_fields", None) or {}),
    }
    return {
        "index": getattr(call, "index", 0),
        "id": _text(getattr(call, "id", None)),
        "name": _text(getattr(function, "name", None)),
        "arguments": arguments if isinstance(arguments, str) or not arguments else json.dumps(arguments),
        **({"fields": _plain(fields)} if fields else {}),
    }


def _plain(value: Any) -> Any:
    """JSON values of what may be a model of pydantic."""
    dumped = value.model_dump(mode="json") if hasattr(value, "model_dump") else value
    return json.loads(json.dumps(dumped, default=str))


# What it costs


class _Bill:
    """The usage that a provider tells of, in one chunk or in several, and its price."""

    def __init__(self, litellm: ModuleType, model: str, stream: Any, settings: Frame) -> None:
        self._litellm = litellm
        self._model = model
        self._settings = settings
        # The wrapper takes usage out of the chunks that it gives on, and keeps these as they were.
        kept = getattr(stream, "chunks", None)
        self._kept: list[Any] = kept if isinstance(kept, list) else []
        self._usage: Frame = {}

    def first(self, chunk: Any) -> Frame:
        """What is known for the first time with this chunk: all that is told of a reply that breaks off."""
        known = bool(self._usage)
        self._see(chunk)
        return {} if known or not self._usage else self.whole()

    def whole(self) -> Frame:
        """All of it so far; nothing where nothing was told."""
        self._see()
        if not self._usage:
            return {}
        total = (self._usage.get("prompt_tokens") or 0) + (self._usage.get("completion_tokens") or 0)
        usage = self._litellm.Usage(**{**self._usage, "total_tokens": total})
        cost, window = price(self._litellm, self._model, usage)
        cost = cost or _own_price(self._settings, self._usage)
        return {
            "usage": _plain(usage),
            "cost": cost,
            "window": self._settings["max_input_tokens"] or window,
        }

    def _see(self, *chunks: Any) -> None:
        for chunk in (*self._kept, *chunks):
            told = getattr(chunk, "usage", None)
            if told is not None:
                self._usage = merged(self._usage, _plain(told))
        del self._kept[:-2]  # The wrapper compares two; all were for a reply that is not made there.


def merged(usage: Frame, more: Frame) -> Frame:
    """One usage of two: the later one counts, but nothing takes away what was told."""
    both = dict(usage)
    for name, value in more.items():
        if isinstance(value, dict) and isinstance(both.get(name), dict):
            both[name] = merged(both[name], value)
        elif value or name not in both:
            both[name] = value
    return both


def _own_price(settings: Frame, usage: Frame) -> float:
    """What the user says that so many tokens cost, in dollars."""
    of_input = (settings["input_cost_per_token"] or 0.0) * (usage.get("prompt_tokens") or 0)
    return float(
        of_input + (settings["output_cost_per_token"] or 0.0) * (usage.get("completion_tokens") or 0)
    )


def price(litellm: ModuleType, model: str, usage: Any) -> tuple[float, int]:
    """The cost of a reply in dollars, and the model's context window; 0 for what is not known.

    Where litellm knows no price, it is what the provider says that it was.
    """
    try:
        cost = litellm.completion_cost(litellm.ModelResponse(model=model, usage=usage), model=model)
    except (
        litellm.exceptions.ModelNotMappedError,
        litellm.openai.OpenAIError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
    ):
        cost = 0.0
    told = getattr(usage, "cost", None)
    told = told.get("total_cost") if isinstance(told, dict) else told
    own = float(told) if isinstance(told, int | float) else 0.0
    return float(cost or own), context_of(litellm, model)


def context_of(litellm: ModuleType, model: str) -> int:
    """How many tokens a model's context has, by the library's own table; 0 where it does not say."""
    entry = litellm.model_cost.get(model) or litellm.model_cost.get(model.partition("/")[2]) or {}
    window = entry.get("max_input_tokens")
    return window if isinstance(window, int) else 0


# What goes wrong


def facts(error: BaseException) -> Frame:
    """What `trajcore.live.failures` needs to know of an exception; nothing of it is shortened or masked."""
    chain = list(_causes(error))
    status = (_status(cause) for cause in reversed(chain))
    return {
        "kinds": [type(cause).__name__ for cause in chain],
        "status": next((one for one in status if one is not None), None),
        "text": str(error),
        "wait": next((one for cause in chain if (one := _retry_after(cause)) is not None), None),
    }


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exceptions from the last to the first."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = getattr(cause, "original_exception", None) or cause.__cause__ or cause.__context__


def _status(error: BaseException) -> int | None:
    """The HTTP status: the first exception has what was sent, later ones what the library makes of it."""
    status = getattr(error, "status_code", None) or getattr(
        getattr(error, "response", None), "status_code", None
    )
    return status if isinstance(status, int) else None


def _retry_after(error: BaseException) -> str | None:
    headers: Any = getattr(error, "litellm_response_headers", None)
    headers = headers or getattr(getattr(error, "response", None), "headers", None)
    value = headers.get("retry-after") if hasattr(headers, "get") else None
    return None if value is None else str(value)


# The process


def library() -> ModuleType:
    """litellm, which says nothing and asks nobody by itself. Raises `ImportError`."""
    os.environ.update(_ENVIRONMENT)
    with lasting():
        import litellm

    found: ModuleType = litellm
    for option, value in _QUIET.items():
        setattr(found, option, value)
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]
        logger.propagate = False
        logger.setLevel(logging.CRITICAL + 1)
    return found


def main() -> None:
    """Serve on standard input and output, where nothing else is read or written."""
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    warnings.simplefilter("ignore")
    asyncio.run(Server(incoming, outgoing).run())


if __name__ == "__main__":
    main()
