"""Trying a model: one small round trip for each thing that a session needs of it, as a session asks."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final

from trajcore.dialects.replies import Call
from trajcore.errors import ModelUnavailable
from trajcore.live.model import Model, Reply, patience_of
from trajcore.live.modelsettings import ModelSettings
from trajcore.live.readiness import check_model, check_settings
from trajcore.live.usage import Usage

NOT_TRIED: Final = ("a long conversation", "thinking", "the prompt's cache", "many requests in a minute")
"""What is not found out by a few small requests."""

_NUMBER: Final = "report_number"
_TOOLS: Final[list[dict[str, Any]]] = [
    {
        "type": "function",
        "function": {
            "name": _NUMBER,
            "description": "Reports one number.",
            "parameters": {
                "type": "object",
                "properties": {"number": {"type": "integer", "description": "The number to report."}},
                "required": ["number"],
            },
        },
    }
]
_RED: Final = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAIAAAAlC+aJAAAAS0lEQVR42u3PQQkAAAgAsetfWiP4FgYrsKZe"
    "S0BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEDgsqnc8OJg6Ln3AAAAAElFTkSuQmCC"
)
"""64 × 64 red pixels."""

_COUNT: Final = "Count from 1 to 20 in words, separated by commas. Write nothing else."
_CALL: Final = f"Call {_NUMBER} with the number 7. Write nothing else."
_CALLS: Final = f"Call {_NUMBER} three times in one reply: with 1, with 2 and with 3. Write nothing else."
_COLOUR: Final = "Which colour is this picture? Answer with one word."


@dataclass(frozen=True)
class Trial:
    """What came of trying one thing. `works` is None where it was not tried, and `said` then says why.

    `seconds` are those of the round trip, `first` those to its first piece (None: none came); `advice` says
    what to set where there is something.
    """

    what: str
    works: bool | None
    said: str
    seconds: float = 0.0
    first: float | None = None
    usage: Usage = field(default_factory=Usage)
    advice: str = ""


class _Hearer:
    """Hears a reply: how many pieces its text had, when the first of all came, what is to be known."""

    def __init__(self) -> None:
        self.begun = time.monotonic()
        self.texts = 0
        self.first: float | None = None
        self.notes: list[str] = []

    def _heard(self) -> None:
        if self.first is None:
            self.first = time.monotonic() - self.begun

    def text(self, delta: str) -> None:
        self._heard()
        self.texts += 1

    def thought(self, delta: str) -> None:
        self._heard()

    def call(self, place: int, name: str, delta: str) -> None:
        self._heard()

    def retrying(self, line: str) -> None:
        self.notes.append(line)

    def warned(self, line: str) -> None:
        self.notes.append(line)


class Trying:
    """Tries a model. `usage` and `notes` are of all round trips so far."""

    def __init__(self, settings: ModelSettings) -> None:
        self.settings = settings
        # Whether it sees is what is tried: of one that is not known, a session would not believe it.
        tried = replace(settings, disable_vision=bool(settings.disable_vision))
        self._model = Model(tried, replace(patience_of(settings), attempts=1))
        self._hearer = _Hearer()
        self.notes: list[str] = []
        """What there is to know besides, for example which settings the model does not take."""

    @property
    def usage(self) -> Usage:
        """What it has cost."""
        return self._model.usage

    async def trials(self) -> AsyncGenerator[Trial, None]:
        """Each trial, as it is done. Raises `ModelUnavailable` where the model cannot be had at all."""
        check_settings(self.settings)
        await check_model(self.settings)
        await self._model.look_up()  # loads the library, whose seconds are not the model's
        reply = await self._ask([_user(_COUNT)], tools=False)
        yield self._trial("answer", bool(reply.text.strip()), _shown(reply.text) or "it said nothing")
        pieces = self._hearer.texts
        yield self._trial(
            "streaming",
            pieces > 1,
            f"in {pieces} pieces"
            if pieces > 1
            else "the reply comes in one piece, and is shown when it is there",
            counted=False,
        )
        calls: tuple[Call, ...] = ()
        async for trial, made in self._tools():
            calls = made or calls
            yield trial
        yield await (self._parallel() if calls else _skipped("parallel calls"))
        yield await self._picture()

    async def _tools(self) -> AsyncGenerator[tuple[Trial, tuple[Call, ...]], None]:
        """A call, and what came back to it."""
        trial, reply = await self._round("tools", [_user(_CALL)], _called)
        if reply is None or not trial.works:
            yield (
                replace(
                    trial, advice=_instead("native_tool_calling = false", "take a model that calls tools")
                ),
                (),
            )
            yield await _skipped("results"), ()
            return
        yield trial, reply.tool_calls
        answered = [_user(_CALL), *_answered(reply)]
        yield (await self._round("results", answered, lambda reply: (True, "a result is taken")))[0], ()

    async def _parallel(self) -> Trial:
        return (await self._round("parallel calls", [_user(_CALLS)], _called_at_once))[0]

    async def _picture(self) -> Trial:
        asked = _user([{"type": "text", "text": _COLOUR}, {"type": "image_url", "image_url": {"url": _RED}}])
        trial, _ = await self._round("picture", [asked], _seen, tools=False)
        if not trial.works:
            advice = _instead("disable_vision = true", "leave pictures out of messages")
        else:
            sent = (await Model(self.settings).request([asked], ())).messages
            is_shown = any("image_url" in part for part in sent[0]["content"])
            advice = "" if is_shown else "it is not known to see: set disable_vision = false under [llm]"
        return replace(trial, advice=advice)

    async def _round(
        self,
        what: str,
        messages: list[dict[str, Any]],
        judge: Callable[[Reply], tuple[bool, str]],
        *,
        tools: bool = True,
    ) -> tuple[Trial, Reply | None]:
        """One round trip. A refusal is a trial that does not work."""
        try:
            reply = await self._ask(messages, tools=tools)
        except ModelUnavailable as error:
            return self._trial(what, False, str(error)), None
        return self._trial(what, *judge(reply)), reply

    async def _ask(self, messages: list[dict[str, Any]], *, tools: bool) -> Reply:
        self._hearer, self._before = _Hearer(), self.usage
        try:
            return await self._model.reply(messages, _TOOLS if tools else [], self._hearer)
        finally:
            self._seconds = time.monotonic() - self._hearer.begun
            self.notes += [note for note in self._hearer.notes if note not in self.notes]

    def _trial(self, what: str, works: bool, said: str, *, counted: bool = True) -> Trial:
        """What came of the last round trip; not `counted`: another trial has its seconds and its cost."""
        if not counted:
            return Trial(what, works, said)
        now, before = self.usage, self._before
        spent = replace(
            now,
            prompt_tokens=now.prompt_tokens - before.prompt_tokens,
            completion_tokens=now.completion_tokens - before.completion_tokens,
            cost=now.cost - before.cost,
            replies=now.replies - before.replies,
        )
        return Trial(what, works, said, self._seconds, self._hearer.first, spent)


def advice(usage: Usage) -> list[str]:
    """What else to set, by what the replies told and did not tell."""
    lines = []
    if not usage.cost:
        lines.append(
            "no price is known: for --max-cost set input_cost_per_token, output_cost_per_token under [llm]"
        )
    if not usage.window:
        lines.append("the size of its context is not known: set max_input_tokens under [llm]")
    return lines


async def _skipped(what: str) -> Trial:
    return Trial(what, None, "not tried, as it calls no tools")


def _user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def _answered(reply: Reply) -> list[dict[str, Any]]:
    """A reply with its calls, and a result for each."""
    calls = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in reply.tool_calls
    ]
    results = [{"role": "tool", "tool_call_id": call.id, "content": "reported"} for call in reply.tool_calls]
    return [{"role": "assistant", "content": reply.text or None, "tool_calls": calls}, *results]


def _numbers(reply: Reply) -> list[object]:
    """The numbers that were reported; None for each call that is none."""
    return [
        (call.parsed() or {}).get("number") if call.name == _NUMBER else None for call in reply.tool_calls
    ]


def _called(reply: Reply) -> tuple[bool, str]:
    numbers = _numbers(reply)
    if not numbers:
        return False, f"it calls no tool, and says: {_shown(reply.text) or 'nothing'}"
    made = [f"{call.name} {_shown(call.arguments)}" for call in reply.tool_calls]
    return 7 in numbers, "called as asked" if 7 in numbers else f"it calls otherwise: {', '.join(made)}"


def _called_at_once(reply: Reply) -> tuple[bool, str]:
    count = len([number for number in _numbers(reply) if number is not None])
    if count > 1:
        return True, f"{count} calls in one reply"
    return False, "it calls one tool a reply: that works, and takes more replies"


def _seen(reply: Reply) -> tuple[bool, str]:
    if "red" in reply.text.lower():
        return True, "seen"
    return False, f"it takes it, and does not see what is in it: {_shown(reply.text) or 'nothing'}"


def _shown(text: str) -> str:
    """The beginning of a text."""
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:59]}…"


def _instead(setting: str, otherwise: str) -> str:
    """Advice: a setting, where this version has it."""
    known = {one.name for one in fields(ModelSettings)}
    return f"set {setting} under [llm]" if setting.split(" ")[0] in known else otherwise
