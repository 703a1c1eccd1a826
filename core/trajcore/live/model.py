"""The model: one streamed reply at a time, asked in a process of its own (`trajcore.live.modelprocess`)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from trajcore.dialects.replies import Call, content_text
from trajcore.errors import ModelUnavailable
from trajcore.live.abilities import Abilities, abilities_of
from trajcore.live.assembly import Assembly, CallPiece, Cut, Piece
from trajcore.live.context import Context, size_of
from trajcore.live.failures import NO_END, SILENT, Failure, failure_of
from trajcore.live.modelprocess import MODELS, Frame, Gone, ModelProcess
from trajcore.live.modelsettings import ModelSettings
from trajcore.live.prompted import CallInText, with_call
from trajcore.live.request import Request, request_of, thinkers
from trajcore.live.usage import Usage
from trajcore.masking import MaskedStream, hide, known

NO_MODEL: Final = "No model is configured: pass --model, set LLM_MODEL, or [llm] model in config.toml"

_EMPTY: Final = (
    "The model {model} sent an empty reply. Try again; if it stays so, check the base URL (most end in /v1)."
)
_ENDLESS: Final = "The model {model} does not end its reply: it was given up. Try again, or another model."
_NOT_SAID: Final = (
    "The provider of {model} does not say when a reply is complete: one whose calls are whole passes for it."
)
_LONGEST: Final = 16 << 20
"""Characters of a reply: more than fifty times what any model can say at once."""
_MOST_PIECES: Final = 500_000
"""Pieces in which it comes: an endless one may hold nothing that is counted."""
_LEFT_OUT: Final = "{model} does not take {names}: left out of its requests."
_GRACE: Final = 60.0
"""So many seconds longer than a provider its process is waited for: it has a library to import."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long a model is waited for, in seconds, and how often it is asked again. Waits double."""

    timeout: float = 300.0
    """Between one sign of life and the next."""
    connect: float = 20.0
    attempts: int = 4
    first_wait: float = 2.0
    shortest_wait: float = 0.0
    longest_wait: float = 60.0
    """Of our own accord; a provider may ask for more."""
    longest_asked: float = 600.0

    def wait(self, failed: int, asked: float | None) -> float:
        """How long to wait after so many failures; at least what the provider asked for."""
        own = min(self.longest_wait, max(self.shortest_wait, self.first_wait * 2 ** min(failed - 1, 64)))
        return float(max(asked or 0.0, own))


_OF_PATIENCE: Final = {
    "timeout": "timeout",
    "num_retries": "attempts",
    "retry_multiplier": "first_wait",
    "retry_min_wait": "shortest_wait",
    "retry_max_wait": "longest_wait",
}
"""What of a model's settings says how long it is waited for."""


def patience_of(settings: ModelSettings) -> Patience:
    """How patient the user wants to be."""
    said = {ours: getattr(settings, name) for name, ours in _OF_PATIENCE.items()}
    return replace(Patience(), **{ours: value for ours, value in said.items() if value is not None})


@dataclass(frozen=True)
class Reply:
    """What the model said. `response` is the whole of it, as OpenHands stores it with each action; `usage` is
    of this reply alone, and `cut` why it is not whole.
    """

    text: str
    tool_calls: tuple[Call, ...]
    response: dict[str, Any]
    usage: Usage
    cut: Cut | None = None


class Hearer(Protocol):
    """Told of a reply while it comes. Nothing of it holds a secret."""

    def text(self, delta: str) -> None:
        """More of the model's text."""

    def thought(self, delta: str) -> None:
        """More of what the model thinks before it answers."""

    def call(self, place: int, name: str, delta: str) -> None:
        """More of the arguments of a call, by its place in the reply; `name` as far as it is known."""

    def retrying(self, line: str) -> None:
        """The model is asked again; what came of this reply so far is void."""

    def warned(self, line: str) -> None:
        """What the user should know of this reply."""


class ContextExceeded(ModelUnavailable):
    """The request is too long for the model."""


class _Failed(Exception):
    """An attempt has failed."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.line)
        self.failure = failure


class Model:
    """A configured model, what it has cost (`usage`), and how full its `context` is."""

    def __init__(
        self, settings: ModelSettings, patience: Patience | None = None, process: ModelProcess = MODELS
    ) -> None:
        self.settings = settings
        self.usage = Usage()
        self.context = Context(settings.max_input_tokens, settings.max_output_tokens)
        self.part = ""
        """What the model had said when the last reply was interrupted, or broke off."""
        self._patience = patience or patience_of(settings)
        self._process = process
        self._abilities: Abilities | None = None
        self._ends_unsaid = False
        """Whether the last reply ended without a word that it was complete, and was asked for again."""
        self._told: set[str] = set()
        hide(*settings.secrets)

    def use(self, settings: ModelSettings) -> None:
        """Be another model, or the same asked otherwise, from the next request on. What was spent stays."""
        usage = self.usage
        Model.__init__(self, settings, process=self._process)
        self.usage = replace(usage, window=0)

    async def look_up(self) -> None:
        """Find out what is known of the model, also how large its context is where no setting says: once.

        What keeps it from being found out, the first request says.
        """
        if self._abilities is None and self.settings.model:
            with suppress(ModelUnavailable):
                self._abilities = await self._known(())

    async def reply(
        self,
        messages: Sequence[dict[str, Any]],
        tools: Sequence[dict[str, Any]],
        hearer: Hearer,
        *,
        aside: bool = False,
    ) -> Reply:
        """Ask the model once; `hearer` is told of what comes as it comes.

        What may pass (rate limits, timeouts, failing servers) is tried again: the hearer is told in one line.
        Raises `ModelUnavailable`, of which `ContextExceeded` is one. Cancelling closes the connection. Either
        way `part` is what had come.

        `aside`: it is no part of the conversation: it costs, and is no reply of the agent.
        """
        self.part = ""
        if not self.settings.model:
            raise ModelUnavailable(NO_MODEL)
        request = await self.request(messages, tools)
        size = await asyncio.to_thread(size_of, messages, tools)
        taken = {call.get("id") for message in messages for call in message.get("tool_calls") or ()}
        failed = 0
        while True:
            try:
                reply = await self._attempt(request, taken, hearer, aside=aside)
                break
            except _Failed as attempt:
                failed += 1
                if attempt.failure.too_long and not aside:
                    self.context.refused(size)
                await self._wait(failed, attempt.failure, hearer)
        if not aside:
            said, usage = size_of([reply.response["choices"][0]["message"]]), reply.usage
            self.context.answered(size, said, usage.prompt_tokens, usage.completion_tokens)
        return reply

    async def request(self, messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]]) -> Request:
        """What this model is sent of a prompt and tools. Raises `ModelUnavailable`."""
        others = thinkers(messages)
        if self._abilities is None or not others <= self._abilities.asked:
            self._abilities = await self._known(others)
        return await asyncio.to_thread(request_of, messages, tools, self._abilities)

    async def _known(self, others: Collection[str]) -> Abilities:
        """What is known of the model, and whose thoughts of `others` it takes."""
        model = str(self.settings.model)
        frame = {"others": sorted(others), "settings": self._settings()}
        try:
            async with aclosing(self._process.ask(frame, "about")) as frames:
                answer = await self._next(frames) or {}
        except TimeoutError:
            raise ModelUnavailable(SILENT.format(model=model)) from None
        except Gone as gone:
            raise ModelUnavailable(str(gone)) from None
        if "failed" in answer:
            raise ModelUnavailable(failure_of(answer["failed"], model, self.settings.base_url, known()).line)
        told = answer["about"]
        self.context.window = self.context.window or told["context"] or None
        return abilities_of(told, self.settings)

    def _settings(self) -> Frame:
        patience = {"timeout": self._patience.timeout, "connect": self._patience.connect}
        return {**self.settings.as_data(), **patience}

    async def _wait(self, failed: int, failure: Failure, hearer: Hearer) -> None:
        """Wait until the model can be asked again. Raises `ModelUnavailable` where it is not to be."""
        if failure.too_long:
            raise ContextExceeded(failure.line) from None
        if not failure.transient or failed >= self._patience.attempts:
            raise ModelUnavailable(failure.line) from None
        seconds = self._patience.wait(failed, failure.wait)
        if seconds > self._patience.longest_asked:
            raise ModelUnavailable(f"{failure.line} It wants to be left alone for {seconds:g} s.") from None
        left = f"attempt {failed + 1} of {self._patience.attempts}"
        stop = "" if failure.line.endswith((".", "!", "?")) else "."
        hearer.retrying(f"{failure.line}{stop} Asking again in {seconds:g} s ({left}).")
        await asyncio.sleep(seconds)

    async def _attempt(self, request: Request, taken: set[str], hearer: Hearer, *, aside: bool) -> Reply:
        """One request, and the reply to it. Raises `_Failed`, `ModelUnavailable`."""
        reply = Assembly()
        try:
            await self._hear(request, reply, hearer)
        except BaseException:
            self._broke_off(reply)
            raise
        return await self._finished(request, reply, taken, hearer, aside=aside)

    async def _hear(self, request: Request, reply: Assembly, hearer: Hearer) -> None:
        model, speaking = str(self.settings.model), _Speaking(hearer, request.prompted)
        question = {"messages": request.messages, "tools": request.tools, "stop": request.stop}
        try:
            async with aclosing(self._process.ask({**question, "settings": self._settings()})) as frames:
                while (frame := await self._next(frames)) is not None:
                    if "failed" in frame:
                        raise _Failed(failure_of(frame["failed"], model, self.settings.base_url, known()))
                    if "left_out" in frame:
                        self._tell_once(
                            _LEFT_OUT.format(model=model, names=", ".join(frame["left_out"])), hearer
                        )
                        continue
                    speaking.hear(frame, reply.add(frame))
                    if reply.length > _LONGEST or reply.pieces > _MOST_PIECES:
                        raise ModelUnavailable(_ENDLESS.format(model=model))
        except TimeoutError:
            raise _Failed(Failure(SILENT.format(model=model), transient=True)) from None
        except Gone as gone:
            raise ModelUnavailable(str(gone)) from None
        finally:
            speaking.end()

    async def _next(self, frames: AsyncGenerator[Frame, None]) -> Frame | None:
        """The next frame. Raises `TimeoutError` where the process is silent longer than a provider may be."""
        async with asyncio.timeout(self._patience.timeout + self._patience.connect + _GRACE):
            return await anext(frames, None)

    def _broke_off(self, reply: Assembly) -> None:
        """Keep what was said, and paid for."""
        self.part = known().text(reply.text) or self.part
        self.usage = self.usage.plus({"usage": reply.usage}, reply.cost, reply.window, whole=False)

    async def _finished(
        self, request: Request, reply: Assembly, taken: set[str], hearer: Hearer, *, aside: bool
    ) -> Reply:
        model, cut = str(self.settings.model), reply.cut
        if (
            reply.is_empty
            and cut not in (Cut.LENGTH, Cut.FILTERED)
            and not reply.usage.get("completion_tokens")
        ):
            raise ModelUnavailable(_EMPTY.format(model=model))
        if cut is Cut.BROKEN and reply.has_whole_calls:
            cut = None
            self._tell_once(_NOT_SAID.format(model=model), hearer)
        elif cut is Cut.BROKEN and not self._ends_unsaid:
            self._ends_unsaid = True
            self._broke_off(reply)
            raise _Failed(Failure(NO_END.format(model=model), transient=True))
        self._ends_unsaid &= cut is Cut.BROKEN
        response = await asyncio.to_thread(_whole_response, request, reply, taken, whole=cut is None)
        window = self.context.window = self.context.window or reply.window or None
        self.usage = self.usage.plus(response, reply.cost, window or 0, whole=not aside)
        usage = Usage().plus(response, reply.cost, window or 0)
        return replace(_reply(response, usage), cut=cut)

    def _tell_once(self, line: str, hearer: Hearer) -> None:
        if line not in self._told:
            self._told.add(line)
            hearer.warned(line)


class _Speaking:
    """Tells a hearer of the pieces of a reply, each sort masked by itself."""

    def __init__(self, hearer: Hearer, prompted: bool) -> None:
        """`prompted`: a call comes in the text."""
        self._hearer = hearer
        self._in_text = CallInText(hearer) if prompted else None
        self._text = MaskedStream(known(), hearer.text if self._in_text is None else self._in_text.text)
        self._thinking = MaskedStream(known(), hearer.thought)
        self._calls: list[MaskedStream] = []
        self._names: list[str] = []

    def hear(self, piece: Piece, calls: Sequence[CallPiece]) -> None:
        """Tell of a piece, and of what of it belongs to which call."""
        if "thinking" in piece:
            self._thinking.write(piece["thinking"])
        if "text" in piece:
            self._text.write(piece["text"])
        for call in calls:
            self._call(call)

    def _call(self, piece: CallPiece) -> None:
        begins = piece.place == len(self._calls)
        if begins:
            place = piece.place
            self._calls.append(
                MaskedStream(known(), lambda text: self._hearer.call(place, self._names[place], text))
            )
            self._names.append(piece.name)
        self._names[piece.place] = piece.name
        if begins and not piece.text:
            self._hearer.call(piece.place, piece.name, "")
        self._calls[piece.place].write(piece.text)

    def end(self) -> None:
        """Tell of what was held back."""
        for stream in (self._thinking, self._text, *self._calls):
            stream.end()
        if self._in_text is not None:
            self._in_text.end()


def _whole_response(request: Request, reply: Assembly, taken: set[str], *, whole: bool) -> dict[str, Any]:
    """The response, without secrets, with the call of its text where it can have no other."""
    response: dict[str, Any] = known().tree(reply.response(taken))
    if request.prompted and not response["choices"][0]["message"]["tool_calls"]:
        return with_call(response, request.offered, whole=whole)
    return response


async def close_connections() -> None:
    """Close the connections to providers that are kept open, for example when a session ends."""
    await MODELS.close_connections()


def _reply(response: dict[str, Any], usage: Usage) -> Reply:
    message = response["choices"][0]["message"]
    calls = (
        Call(call["id"], call["function"]["name"], call["function"]["arguments"])
        for call in message["tool_calls"] or ()
    )
    return Reply(content_text(message["content"]), tuple(calls), response, usage)
