"""Has what a model is shown fit its context.

Old results are sent with their ends alone, as long as that is enough. Where it is not, the model is asked for
a summary of the oldest part, which enters the run as a condensation: it is saved, replays, and can be gone
back before.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from trajcore.dialects.toolmap import ToolMap
from trajcore.errors import ModelUnavailable
from trajcore.events.base import Event
from trajcore.events.parse import parse
from trajcore.live.context import size_of
from trajcore.live.messages.shortening import long_results, shortened
from trajcore.live.messages.spans import Spans, spans_of
from trajcore.live.messages.transcript import Message
from trajcore.live.model import ContextExceeded, Model
from trajcore.live.summary import HEADING, request

if TYPE_CHECKING:
    from trajcore.live.agent import Environment, Prompt, Watch

_SHORTEN_TO: Final = 0.8
"""Of the room: what is shortened changes the beginning of every request, so it is not done at each step."""
_SUMMARISE_TO: Final = 0.5
_WORTH: Final = 0.25
"""Of the room: a summary that would give less is asked for only where nothing else helps."""
_LONGEST_SUMMARY: Final = 6_000
"""Characters; less where the context is small."""
_SUMMARY_SHARE: Final = 8
_INSTRUCTIONS: Final = 2_000
"""Characters that what is asked for a summary has beside the conversation."""

_UNDER_WAY: Final = "the model summarises the oldest part of the conversation"
_SHORTENED: Final = (
    "The context of {model} is nearly full: of {results} only head and tail are sent (the run keeps all)."
)
_SUMMARISED: Final = (
    "{count} events of the conversation are summarised for {model} (~{before:,} → ~{after:,} tokens): "
    "they stay in the run, and going back before event {id} undoes it."
)
_TOO_LONG: Final = (
    "The history does not fit the context of {model} (~{tokens:,} of {window:,} tokens), shortened and "
    "summarised as far as it can be: go live from an earlier event, or use another model."
)
_NO_SUMMARY: Final = (
    "The model {model} gave no summary that is shorter than the conversation: nothing is changed."
)
_NOTHING: Final = "There is nothing to compact yet: a summary would be no shorter than the conversation."


class NothingToCompact(ModelUnavailable):
    """A summary would not be shorter than what it stands for."""


@dataclass(frozen=True)
class _Shown:
    """What a model is to be shown, and how many characters that is, with its tools."""

    messages: Sequence[Message]
    size: int
    short: frozenset[str] = frozenset()
    """The calls whose results are shortened in it."""


@dataclass(frozen=True)
class _Plan:
    """Which part is to be summarised, and what would be shown then."""

    spans: Spans
    cut: int
    made: _Shown


class _Quiet:
    """Hears a summary, which is no part of the dialogue."""

    def __init__(self, watch: Watch) -> None:
        self.retrying = watch.retrying
        self.warned = watch.warned

    def text(self, delta: str) -> None:
        """Nobody reads it."""

    def thought(self, delta: str) -> None:
        """Nobody reads it."""

    def call(self, place: int, name: str, delta: str) -> None:
        """It has no tools."""


class Fitting:
    """Makes the messages of each request of a model."""

    def __init__(
        self,
        model: Model,
        environment: Environment,
        watch: Watch,
        prompt: Prompt,
        tools: Callable[[], ToolMap],
        *,
        condenses: Callable[[], bool] = lambda: True,
    ) -> None:
        """`tools` is asked what the model is offered.

        `condenses`: whether what `prompt` makes of events leaves out what a condensation has forgotten.
        """
        self.model = model
        """Whose requests these are."""
        self._environment = environment
        self._watch = watch
        self._prompt = prompt
        self._tools = tools
        self._condenses = condenses
        self._short: frozenset[str] = frozenset()
        """The calls whose results were sent shortened the last time."""

    async def messages(self) -> Sequence[Message]:
        """What the model is shown next.

        Raises `ContextExceeded` where it is told how large the context is and this cannot be made to fit, and
        `ModelUnavailable` where it cannot be summarised.
        """
        await self.model.look_up()
        shown = await self._show()
        if not self._fits(shown.size):
            less = self._shorten(shown)
            shown = less if self._fits(less.size) else await self._squeezed(shown)
        self.model.context.asks(shown.size)
        self._check(shown)
        self._tell_shortened(shown.short)
        return shown.messages

    async def refused(self, messages: Sequence[Message]) -> Sequence[Message] | None:
        """What to show in place of messages that the provider found too long; None where that is no less.

        Raises as `messages` does.
        """
        less = await self.messages()
        return less if size_of(less) < size_of(messages) else None

    async def compact(self, words: str) -> None:
        """Have the oldest part summarised, as the user asks, perhaps with `words` on how.

        Raises `NothingToCompact`, `ModelUnavailable`.
        """
        await self.model.look_up()
        shown = await self._show()
        goal = int(self.model.context.expects(shown.size) * _SUMMARISE_TO)
        line = await self._summarise(shown, goal, words, lambda made: made.size < shown.size)
        if not line:
            raise NothingToCompact(_NOTHING)
        self._watch.condensed(line)

    async def _show(self) -> _Shown:
        return await asyncio.to_thread(self._show_events, self._environment.history())

    def _show_events(self, history: Sequence[Event]) -> _Shown:
        messages = self._prompt(history)
        return _Shown(messages, size_of(messages, self._tools().schemas()))

    def _fits(self, size: int) -> bool:
        budget = self.model.context.budget
        return budget is None or self.model.context.expects(size) <= budget

    def _check(self, shown: _Shown) -> None:
        """Raises `ContextExceeded` where there is no room for it, not even with a short reply."""
        context, model = self.model.context, self.model.settings.model
        if context.window is not None and context.tokens > context.window:
            line = _TOO_LONG.format(model=model, tokens=context.tokens, window=context.window)
            raise ContextExceeded(line)

    # Shortening

    def _shorten(self, shown: _Shown, *, new_ones: bool = False) -> _Shown:
        """The oldest results with their ends alone, as many as are needed; those that were before stay so."""
        context, goal = self.model.context, self._goal(shown, _SHORTEN_TO)
        results = [one for one in long_results(shown.messages) if new_ones or not one.is_new]
        short = {one.call: one.saved for one in results if one.call in self._short}
        size = shown.size - sum(short.values())
        over = not self._fits(size)
        for one in results:
            if not over or context.expects(size) <= goal:
                break
            if one.call not in short:
                short[one.call] = one.saved
                size -= one.saved
        return _Shown(shortened(shown.messages, short), size, frozenset(short))

    def _tell_shortened(self, short: frozenset[str]) -> None:
        """Say that results are sent shortened, where these are more than before."""
        if short - self._short:
            results = f"{len(short)} result{'s' * (len(short) > 1)}"
            self._watch.warned(_SHORTENED.format(model=self.model.settings.model, results=results))
        self._short = short

    def _room(self, shown: _Shown) -> tuple[int, int]:
        """What a request has always, its tools and how it begins, in tokens; and the room behind that."""
        context = self.model.context
        always = context.expects(size_of(shown.messages[:2], self._tools().schemas()))
        return always, max((context.budget or 0) - always, 0)

    def _goal(self, shown: _Shown, share: float) -> int:
        """So many tokens are to be left where only a share of the room is to be taken."""
        always, room = self._room(shown)
        return always + int(room * share)

    # Summarising

    async def _squeezed(self, shown: _Shown) -> _Shown:
        """What is shown once the oldest part is summarised, where that helps, or all results cut."""
        goal, worth = self._goal(shown, _SHORTEN_TO), self._room(shown)[1] * _WORTH
        all_cut, expects = self._shorten(shown, new_ones=True), self.model.context.expects

        def is_worth_it(made: _Shown) -> bool:
            least, limit = expects(_least(made)), self.model.context.limit or 0
            if least <= goal:
                return expects(_least(shown)) - least >= worth or not self._fits(all_cut.size)
            return least <= limit < expects(all_cut.size)  # the room is small, but it goes on

        line = await self._summarise(shown, self._goal(shown, _SUMMARISE_TO), "", is_worth_it)
        if line:
            shown = await self._show()
            self._watch.condensed(line)
        if self._fits(shown.size):
            return shown
        less = self._shorten(shown)
        return less if self._fits(less.size) else self._shorten(shown, new_ones=True)

    async def _summarise(
        self, shown: _Shown, goal: int, words: str, is_worth_it: Callable[[_Shown], bool]
    ) -> str:
        """Have the oldest part summarised, so that at most `goal` tokens are left, or as few as can be.

        The answer says what was done; it is empty where that is not worth it. Raises `ModelUnavailable`, also
        where what comes is no help.
        """
        history = self._environment.history()
        most = self._most(shown)
        longest = min(_LONGEST_SUMMARY, most // _SUMMARY_SHARE)
        plan = await asyncio.to_thread(self._planned, history, goal, longest)
        if plan is None or not is_worth_it(plan.made):
            return ""
        summary = await self._asked(plan, most, words, longest)
        event = plan.spans.condensation(plan.cut, f"{HEADING} {summary}")
        made = await asyncio.to_thread(self._show_events, _with(history, event))
        if made.size >= shown.size:
            raise ContextExceeded(_NO_SUMMARY.format(model=self.model.settings.model))
        context = self.model.context
        before, after = context.expects(shown.size), context.expects(made.size)
        context.asks(made.size)
        added = self._environment.add(event)
        count = len(plan.spans.events(plan.cut))
        return _SUMMARISED.format(
            count=count, model=self.model.settings.model, before=before, after=after, id=added.id
        )

    def _planned(self, history: Sequence[Event], goal: int, longest: int) -> _Plan | None:
        """Which part is to be summarised: the least that leaves at most `goal` tokens; None: there is none.

        A summary that is as long as it may be stands for it.
        """
        spans, expects = spans_of(history), self.model.context.expects
        if not spans.cuts or not self._condenses():
            return None

        def made(cut: int) -> _Shown:
            return self._show_events(_with(history, spans.condensation(cut, "x" * longest)))

        at = bisect_left(spans.cuts, True, key=lambda cut: expects(made(cut).size) <= goal)
        cut = spans.cuts[min(at, len(spans.cuts) - 1)]
        return _Plan(spans, cut, made(cut))

    def _most(self, shown: _Shown) -> int:
        """How many characters a request may have: where nobody says, as many as this one has."""
        context = self.model.context
        return shown.size if context.budget is None else min(shown.size, context.characters(context.budget))

    async def _asked(self, plan: _Plan, most: int, words: str, longest: int) -> str:
        """The summary that the model gives, asked in `most` characters. Raises `ModelUnavailable`."""
        room = max(most - _INSTRUCTIONS - len(words), _INSTRUCTIONS)
        part = plan.spans.events(plan.cut)
        asked = await asyncio.to_thread(request, part, self._tools(), words, room, longest)
        self._watch.making_room(_UNDER_WAY)
        reply = await self.model.reply(asked, (), _Quiet(self._watch), aside=True)
        self._watch.making_room("")
        text = reply.text.strip()
        if not text:
            raise ModelUnavailable(_NO_SUMMARY.format(model=self.model.settings.model))
        return text if reply.cut is None else reply.cut.marked(text)


def _least(shown: _Shown) -> int:
    """The characters of it with every long result shortened."""
    return shown.size - sum(one.saved for one in long_results(shown.messages))


def _with(history: Sequence[Event], event: dict[str, Any]) -> Sequence[Event]:
    """The history, as it is once an event has been added."""
    return [*history, parse(event).event]
