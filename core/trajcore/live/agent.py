"""The agent's loop: ask the model, carry out what it asks for, until there is someone else to act."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import Enum
from typing import Any, Final, Protocol

from trajcore.dialects import newevents
from trajcore.dialects.registry import default_dialect
from trajcore.dialects.replies import Call, said_anew
from trajcore.dialects.toolmap import ToolMap
from trajcore.errors import ModelUnavailable
from trajcore.events.actions import TaskTrackingAction
from trajcore.events.base import Action, Event
from trajcore.events.kinds import THINK, Source, action_kind
from trajcore.live import outcome, tasklist
from trajcore.live.asking import Settled
from trajcore.live.assembly import Cut
from trajcore.live.budget import Limit
from trajcore.live.callids import new_id
from trajcore.live.failures import cut_short
from trajcore.live.fitting import Fitting, NothingToCompact
from trajcore.live.messages.history import messages
from trajcore.live.messages.transcript import Message
from trajcore.live.model import ContextExceeded, Hearer, Model, Reply
from trajcore.live.stuck import Pattern, pattern_of
from trajcore.live.tools import BadToolCall, to_action

BAD_REPLIES: Final = 3
"""So many replies in a row that no action at all can be made of end the agent's turn."""

_ENOUGH: Final = f"After {BAD_REPLIES} such replies in a row, it is the user's turn."
_NOT_RUN: Final = ", in the middle of this call of {name}. It was not executed: make it again"
_LOST: Final = {
    Cut.LENGTH: f"Your reply was cut off at the limit of tokens{_NOT_RUN}, in smaller parts.",
    Cut.FILTERED: f"Your reply was ended by the content filter{_NOT_RUN}, or do without it.",
    Cut.BROKEN: f"Your reply broke off{_NOT_RUN}.",
}


class TurnEnd(Enum):
    """Why the agent stopped."""

    AWAITING_INPUT = "awaiting_input"
    """It asked the user, was refused, or made no sense several times; the last event says which."""
    FINISHED = "finished"
    """It called `finish`."""
    STEPS_SPENT = Limit.STEPS.value
    """It was asked as often as allowed."""
    STUCK = outcome.STUCK
    """It goes round in circles, and waits for the user's word."""
    COST_SPENT = Limit.COST.value
    """The dollars that it may cost are spent."""
    TIME_SPENT = Limit.TIME.value
    """The time that it may take is over."""


class Environment(Protocol):
    """The run that the agent works in. It owns the sandbox and the document."""

    def history(self) -> Sequence[Event]:
        """The events of this run as it is now, actual observations in place: read in another thread."""

    def add(self, event: dict[str, Any]) -> Event:
        """Append an event to the run, which gives it its id and timestamp; the typed event comes back."""

    async def confirm(self, action: dict[str, Any], call: Call) -> Settled:
        """What the user says of an action (`action` and `args`) before it enters the run."""

    def said_anew(self, response: dict[str, Any], call: Call) -> None:
        """The user has edited a call: what the run has of its response says so from now on."""

    async def execute(self, action: Action) -> None:
        """Carry out an action of the run and append its observation, with its cause and the action's
        tool_call_metadata.
        """

    def pending_messages(self) -> list[str]:
        """Take what the user has typed since the last call, in order, up to where they want a compaction."""

    def compaction_asked(self) -> str | None:
        """Take the wish for a compaction that is next in line: the user's words on it, or None."""


class Watch(Hearer, Protocol):
    """Told of what happens, for a screen."""

    def thinking(self) -> None:
        """The model is being asked."""

    def replied(self, reply: Reply) -> None:
        """The model's reply is complete; what comes of it enters the run after this."""

    def executing(self, event: Event) -> None:
        """An action is about to be carried out."""

    def stuck(self, pattern: Pattern) -> None:
        """The agent goes round in circles: it is not asked again before the user has had their say."""

    def making_room(self, text: str) -> None:
        """What the model does beside the dialogue; an empty text ends it."""

    def condensed(self, line: str) -> None:
        """A part of the conversation was summarised, as the line says."""


Spent = Callable[[], Limit | None]
"""Says, before each reply, what of a budget is spent."""

Prompt = Callable[[Sequence[Event]], Sequence[Message]]
"""Makes the messages that a model is shown of the events of a run; called in another thread."""


def of_events(history: Sequence[Event]) -> Sequence[Message]:
    """The messages that the events themselves amount to."""
    return messages(history, system=None)


async def work(
    model: Model,
    environment: Environment,
    watch: Watch,
    spent: Spent | None,
    prompt: Prompt = of_events,
    tools: Callable[[], ToolMap] | None = None,
    fitting: Fitting | None = None,
) -> TurnEnd:
    """Let the model act until it asks the user, finishes, or what it may come to is `spent`.

    Messages typed meanwhile are delivered between two replies, when every call of the last has its result;
    they keep the agent going where it would have stopped. Raises `ModelUnavailable`, and what
    `Environment.execute` raises. Cancelling leaves no half event: a reply enters the run when it is complete,
    and of one that is interrupted or breaks off what it had said, marked as that.
    What the user refuses is in the run, is not carried out, and ends the turn unless they say why.
    Before each reply it is looked whether the agent is stuck (`trajcore.live.stuck`), by what has come since
    the user's last message and in this turn.
    `tools` is asked before each reply what the model is offered; by default it is what OpenHands offers.
    `fitting` has what the model is shown fit its context.
    """
    tools = tools or (lambda: default_dialect().tools)
    fitting = fitting or Fitting(model, environment, watch, prompt, tools)
    turn = _Turn(model, environment, watch, fitting, tools)
    while True:
        await turn.deliver()
        limit = spent() if spent is not None else None
        if limit is not None:
            return TurnEnd(limit.value)
        ending = await turn.step()
        if ending is not None and not await turn.deliver():
            return ending


class _Turn:
    def __init__(
        self,
        model: Model,
        environment: Environment,
        watch: Watch,
        fitting: Fitting,
        tools: Callable[[], ToolMap],
    ) -> None:
        self._model = model
        self._environment = environment
        self._watch = watch
        self._fitting = fitting
        self._offer = tools
        self._tools = tools()
        """What the reply that comes, or came last, may call."""
        self._bad_replies = 0
        self._begun = len(environment.history())

    async def deliver(self) -> bool:
        """Put what the user typed into the run, and do what they ask for; says whether they said anything."""
        said = self._deliver_messages()
        while (words := self._environment.compaction_asked()) is not None:
            try:
                await self._fitting.compact(words)
            except NothingToCompact as nothing:
                self._watch.warned(str(nothing))
            said = self._deliver_messages() or said
        return said

    def _deliver_messages(self) -> bool:
        pending = self._environment.pending_messages()
        for text in pending:
            self._environment.add(newevents.user_message(text))
        if pending:
            self._bad_replies = 0
        return bool(pending)

    async def step(self) -> TurnEnd | None:
        history = self._environment.history()
        stuck = await asyncio.to_thread(pattern_of, history[self._begun :])
        if stuck is not None:
            self._watch.stuck(stuck)
            return TurnEnd.STUCK
        reply = self._with_call_in_text(await self._reply())
        self._watch.replied(reply)
        if reply.cut is not None:
            self._watch.warned(cut_short(reply.cut, self._model.settings))
        if reply.tool_calls:
            return await self._act(reply)
        if reply.text.strip():
            self._say(reply.text if reply.cut is None else reply.cut.marked(reply.text), reply)
        elif reply.cut is None:
            return self._bad("Your reply was empty. Call a tool, or say something to the user.")
        return TurnEnd.AWAITING_INPUT

    async def _reply(self) -> Reply:
        """Ask the model. What it had said when it was interrupted, or broke off, enters the run."""
        self._watch.thinking()
        self._tools = self._offer()
        shown = await self._fitting.messages()
        try:
            return await self._ask(shown)
        except ContextExceeded:
            less = await self._fitting.refused(shown)
            if less is None:
                raise
        return await self._ask(less)

    async def _ask(self, shown: Sequence[Message]) -> Reply:
        try:
            offered = self._tools.schemas() if self._tools.in_text is None else []
            return await self._model.reply(shown, offered, self._watch)
        except (asyncio.CancelledError, ModelUnavailable) as error:
            cut = Cut.BROKEN if isinstance(error, ModelUnavailable) else Cut.INTERRUPTED
            if self._model.part.strip():
                self._say(cut.marked(self._model.part))
            raise

    def _with_call_in_text(self, reply: Reply) -> Reply:
        """A reply with the call that it has in its text, where the agent's models say theirs so."""
        in_text = self._tools.in_text
        found = in_text(reply.text) if in_text is not None and reply.cut is None else None
        if found is None or reply.tool_calls:
            return reply
        call = Call(new_id(), found.name, json.dumps(found.arguments))
        return replace(reply, text=found.thought, tool_calls=(call,))

    def _say(self, text: str, reply: Reply | None = None, *, waits: bool = True) -> None:
        """Put the agent's word into the run; `waits`: for the user's."""
        metrics = self._metrics(reply)
        self._environment.add(newevents.message(text, Source.AGENT, wait_for_response=waits, metrics=metrics))

    async def _act(self, reply: Reply) -> TurnEnd | None:
        """Carry out the calls of a reply in their order; what is wrong with one is the result of that one."""
        asked = [(call, self._asked(call, reply)) for call in reply.tool_calls]
        if all(isinstance(action, BadToolCall) for _, action in asked):
            return self._refuse(reply, asked)
        self._bad_replies = 0
        thought, response = reply.text, reply.response
        for call, action in asked:
            if isinstance(action, BadToolCall):
                self._fault(call, str(action), reply, response)
                continue
            settled = await self._environment.confirm(action, call)
            if settled.call is not call:
                action = to_action(self._tools, call.name, settled.call.arguments)
                response = said_anew(response, settled.call)
                self._environment.said_anew(response, settled.call)
            event = newevents.tool_action(
                action, settled.call, response, len(reply.tool_calls), thought, self._metrics(reply)
            )
            ending = await self._carry_out(event, settled)
            if ending is not None:
                return ending
            thought = ""
        return None

    def _asked(self, call: Call, reply: Reply) -> dict[str, Any] | BadToolCall:
        """The action that a call asks for, or why there is none."""
        try:
            return to_action(self._tools, call.name, call.arguments)
        except BadToolCall as fault:
            if reply.cut is None or call.parsed():
                return fault
            return BadToolCall(_LOST[reply.cut].format(name=call.name))

    def _refuse(
        self, reply: Reply, asked: Sequence[tuple[Call, dict[str, Any] | BadToolCall]]
    ) -> TurnEnd | None:
        """No action at all can be made of a reply: its text is kept, and each call gets its fault."""
        if reply.text.strip():
            said = reply.text if reply.cut is None else reply.cut.marked(reply.text)
            self._say(said, reply, waits=False)
        self._bad_replies += 1
        ending = TurnEnd.AWAITING_INPUT if self._bad_replies >= BAD_REPLIES else None
        for place, (call, fault) in enumerate(asked, 1):
            is_last = ending is not None and place == len(asked)
            self._fault(call, f"{fault} {_ENOUGH}" if is_last else str(fault), reply, reply.response)
        return ending

    def _fault(self, call: Call, text: str, reply: Reply, response: dict[str, Any]) -> None:
        """What is wrong with a call goes back as its result."""
        self._environment.add(newevents.bad_call(text, call, response, len(reply.tool_calls)))

    def _metrics(self, reply: Reply | None) -> dict[str, Any]:
        return self._model.usage.metrics(str(reply.response.get("id") or "") if reply else "")

    async def _carry_out(self, action: dict[str, Any], settled: Settled) -> TurnEnd | None:
        if settled.refused:
            action = newevents.refused(action)
        kind, event = action_kind(action["action"]), self._environment.add(action)
        if settled.refused:
            self._environment.add(newevents.rejected(action, event.id))
            return TurnEnd.AWAITING_INPUT
        if settled.stopped is not None:
            self._environment.add(newevents.not_carried_out(action, event.id))
            raise settled.stopped
        if kind.ends_run:
            return TurnEnd.FINISHED
        if kind.name == THINK:
            self._environment.add(newevents.thought_logged(action, event.id))
        elif isinstance(event, TaskTrackingAction):
            told = tasklist.answer(event, self._environment.history(), self._tools.tasks)
            self._environment.add(newevents.tasks_told(action, event.id, *told))
        elif isinstance(event, Action):
            self._watch.executing(event)
            await self._environment.execute(event)
        return None

    def _bad(self, text: str) -> TurnEnd | None:
        """Nothing was said or called in a reply."""
        self._bad_replies += 1
        ending = TurnEnd.AWAITING_INPUT if self._bad_replies >= BAD_REPLIES else None
        self._environment.add(newevents.error(text if ending is None else f"{text} {_ENOUGH}"))
        return ending
