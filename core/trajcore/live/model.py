"""The model: one streamed reply at a time, through litellm. The only module that names litellm.

litellm takes seconds to import, prints, logs, fetches price lists and reads `.env` files: it is imported at
the first reply, in a thread, with all of that turned off.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import uuid
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any, Final

from trajcore.dialects.replies import Call, content_text
from trajcore.errors import ModelUnavailable
from trajcore.live.background import BackgroundLoop, lasting, tell
from trajcore.live.failures import Failure, failure_of
from trajcore.live.modelsettings import ModelSettings
from trajcore.live.usage import Usage
from trajcore.masking import MaskedStream, hide, known

NO_MODEL: Final = "No model is configured: pass --model, set LLM_MODEL, or [llm] model in config.toml"

_ENVIRONMENT: Final = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
    "LITELLM_LOCAL_BLOG_POSTS": "True",
    "LITELLM_MODE": "PRODUCTION",
    "DISABLE_AIOHTTP_TRANSPORT": "True",
}
_QUIET: Final = {"suppress_debug_info": True, "telemetry": False, "disable_aiohttp_transport": True}
_CACHED: Final = [{"location": "message", "role": "system"}, {"location": "message", "index": -1}]
"""Up to where Anthropic is to keep the prompt: without these marks every step pays for all of it again."""
_LOGGERS: Final = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy", "openai", "httpx", "httpcore")
_EMPTY: Final = (
    "The model {model} sent an empty reply. Try again; if it stays so, check the base URL (most end in /v1)."
)
_ENDLESS: Final = "The model {model} does not end its reply: it was given up. Try again, or another model."
_LONGEST: Final = 16 << 20
"""Characters of a reply: more than fifty times what any model can say at once."""
_MOST_PIECES: Final = 500_000
"""Pieces in which it comes; each takes some kilobytes until the reply is whole."""

_background: Final = BackgroundLoop()
"""Where litellm is called: it would keep the event loop of a screen from its work."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long a model is waited for, in seconds, and how often it is asked again. Waits double."""

    timeout: float = 300.0
    """Between one sign of life and the next."""
    connect: float = 20.0
    attempts: int = 4
    first_wait: float = 2.0
    longest_wait: float = 60.0

    def wait(self, failed: int, asked: float | None) -> float:
        """How long to wait after so many failures; at least what the provider asked for."""
        return float(min(self.longest_wait, max(asked or 0.0, self.first_wait * 2 ** (failed - 1))))


@dataclass(frozen=True)
class Reply:
    """What the model said. `response` is the whole of it, as OpenHands stores it with each action; `usage` is
    of this reply alone.
    """

    text: str
    tool_calls: tuple[Call, ...]
    response: dict[str, Any]
    usage: Usage


class Model:
    """A configured model, and what it has cost (`usage`)."""

    def __init__(self, settings: ModelSettings, patience: Patience | None = None) -> None:
        self.settings = settings
        self.usage = Usage()
        self._patience = patience or Patience()
        hide(*settings.secrets)

    async def reply(
        self,
        messages: Sequence[dict[str, Any]],
        tools: Sequence[dict[str, Any]],
        on_text: Callable[[str], None],
        on_retry: Callable[[str], None] | None = None,
    ) -> Reply:
        """Ask the model once; its text goes to `on_text` as it comes.

        What may pass (rate limits, timeouts, failing servers) is tried again: `on_retry` is told in one
        line, and the text so far is void. Raises `ModelUnavailable`. Cancelling closes the connection.
        """
        if not self.settings.model:
            raise ModelUnavailable(NO_MODEL)
        litellm = await _library()
        for failed in range(1, self._patience.attempts + 1):
            try:
                here = asyncio.get_running_loop()
                ask = partial(self._asked, litellm, messages, tools, partial(tell, here, on_text))
                return await _background.run(ask)
            except litellm.openai.OpenAIError as error:
                failure = failure_of(error, self.settings.model, self.settings.base_url, known())
                if not failure.transient or failed == self._patience.attempts:
                    raise ModelUnavailable(failure.line) from None
            await self._wait(failed, failure, on_retry)
        raise ModelUnavailable(NO_MODEL)

    async def _wait(self, failed: int, failure: Failure, on_retry: Callable[[str], None] | None) -> None:
        seconds = self._patience.wait(failed, failure.wait)
        if on_retry is not None:
            left = f"attempt {failed + 1} of {self._patience.attempts}"
            on_retry(f"{failure.line} Asking again in {seconds:g} s ({left}).")
        await asyncio.sleep(seconds)

    async def _asked(self, litellm: ModuleType, *request: Any) -> Reply:
        try:
            return await self._ask(litellm, *request)
        except asyncio.CancelledError:
            # A reply that had just begun to come is held by the library alone: its connection goes with all.
            await _closed()
            raise

    async def _ask(
        self,
        litellm: ModuleType,
        messages: Sequence[dict[str, Any]],
        tools: Sequence[dict[str, Any]],
        on_text: Callable[[str], None],
    ) -> Reply:
        stream = await litellm.acompletion(
            messages=known().tree(list(messages)),
            tools=list(tools) or None,
            stream=True,
            stream_options={"include_usage": True},
            timeout=litellm.httpx.Timeout(self._patience.timeout, connect=self._patience.connect),
            max_retries=0,
            num_retries=0,
            drop_params=True,
            **self._where(litellm),
        )
        chunks: list[Any] = []
        masked = MaskedStream(known(), on_text)
        length = 0
        async with aclosing(stream):
            async for chunk in stream:
                chunks.append(chunk)
                length += _length(chunk)
                if length > _LONGEST or len(chunks) > _MOST_PIECES:
                    raise ModelUnavailable(_ENDLESS.format(model=self.settings.model))
                masked.write(_delta(chunk))
        masked.end()
        return self._finished(litellm, chunks, messages)

    def _where(self, litellm: ModuleType) -> dict[str, Any]:
        settings = self.settings
        model, key = settings.model or "", settings.api_key
        provider = _provider(litellm, model)
        if settings.base_url and provider in (None, "openai"):
            # Servers that speak OpenAI's language give their models plain names, and many need no key.
            model = model if provider else f"openai/{model}"
            key = key or os.environ.get("OPENAI_API_KEY") or "none"
        options: dict[str, Any] = {
            "api_key": key,
            "base_url": settings.base_url,
            "temperature": settings.temperature,
        }
        if provider == "anthropic":
            options["cache_control_injection_points"] = _CACHED
        return {"model": model, **{name: value for name, value in options.items() if value is not None}}

    def _finished(self, litellm: ModuleType, chunks: list[Any], messages: Sequence[dict[str, Any]]) -> Reply:
        _name_calls(chunks, messages)
        built = litellm.stream_chunk_builder(chunks, messages=list(messages))
        response: dict[str, Any] = built.model_dump(mode="json", warnings=False) if built is not None else {}
        response = known().tree(response)
        cost, window = _price(litellm, self._where(litellm)["model"], built)
        before = self.usage.completion_tokens
        self.usage = self.usage.plus(response, cost, window)
        reply = _reply(response, Usage().plus(response, cost, window))
        if not reply.text and not reply.tool_calls and self.usage.completion_tokens == before:
            raise ModelUnavailable(_EMPTY.format(model=self.settings.model))
        return reply


async def close_connections() -> None:
    """Close the connections that litellm keeps open, for example before the event loop ends."""
    if _imported.cache_info().currsize:
        await _background.run(_closed)
        await _background.stop()


async def _closed() -> None:
    litellm = _imported()
    await litellm.close_litellm_async_clients()
    litellm.in_memory_llm_clients_cache.flush_cache()


async def _library() -> ModuleType:
    """litellm, imported at the first call, off the event loop."""
    try:
        return await asyncio.to_thread(_imported)
    except ImportError as error:
        missing = f"litellm cannot be imported ({error}): reinstall trajtui with its dependencies."
        raise ModelUnavailable(missing) from None


@functools.cache
def _imported() -> ModuleType:
    os.environ.update(_ENVIRONMENT)
    with lasting():
        import litellm

    library: ModuleType = litellm
    for option, value in _QUIET.items():
        setattr(library, option, value)
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]
        logger.propagate = False
        logger.setLevel(logging.CRITICAL + 1)
    return library


def _provider(litellm: ModuleType, model: str) -> str | None:
    try:
        return str(litellm.get_llm_provider(model)[1])
    except litellm.BadRequestError:
        return None


def _price(litellm: ModuleType, model: str, response: Any) -> tuple[float, int]:
    """The cost of a response in dollars and the model's context window; 0 for what is not known."""
    entry = litellm.model_cost.get(model) or litellm.model_cost.get(model.partition("/")[2]) or {}
    window = entry.get("max_input_tokens") or entry.get("max_tokens") or 0
    try:
        cost = litellm.completion_cost(completion_response=response, model=model)
    except (
        litellm.exceptions.ModelNotMappedError,
        litellm.openai.OpenAIError,
        ValueError,
        KeyError,
        TypeError,
    ):
        cost = 0.0
    return float(cost or 0.0), window if isinstance(window, int) else 0


def _length(chunk: Any) -> int:
    """Characters of what a piece of a reply says or calls."""
    choices = getattr(chunk, "choices", None)
    calls = getattr(getattr(choices[0], "delta", None), "tool_calls", None) if choices else None
    functions = [getattr(call, "function", None) for call in calls or ()]
    return len(_delta(chunk)) + sum(len(getattr(one, "arguments", None) or "") for one in functions)


def _name_calls(chunks: Sequence[Any], messages: Sequence[dict[str, Any]]) -> None:
    """Give each call an id of its own where its provider left it out, or repeats that of an earlier call.

    Without one it would be lost when the reply is put together; with another's, results could be confused.
    """
    taken = {call.get("id") for message in messages for call in message.get("tool_calls") or ()}
    fragments: dict[tuple[int, int], list[Any]] = {}
    for chunk in chunks:
        for choice in getattr(chunk, "choices", None) or ():
            for call in getattr(getattr(choice, "delta", None), "tool_calls", None) or ():
                fragments.setdefault((choice.index, call.index), []).append(call)
    for calls in fragments.values():
        id = next((call.id for call in calls if call.id), None)
        if id is None or id in taken:
            id = f"call_{uuid.uuid4().hex}"
            for call in calls:
                call.id = id
        taken.add(id)


def _delta(chunk: Any) -> str:
    choices = getattr(chunk, "choices", None)
    content = getattr(getattr(choices[0], "delta", None), "content", None) if choices else None
    return content if isinstance(content, str) else ""


def _reply(response: dict[str, Any], usage: Usage) -> Reply:
    message = (response.get("choices") or [{}])[0].get("message") or {}
    calls = []
    for number, data in enumerate(message.get("tool_calls") or ()):
        data["id"] = data.get("id") or f"call_{response.get('id')}_{number}"
        function = data.get("function") or {}
        calls.append(
            Call(data["id"], str(function.get("name") or ""), str(function.get("arguments") or "{}"))
        )
    return Reply(content_text(message.get("content")), tuple(calls), response, usage)
