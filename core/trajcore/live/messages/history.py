"""From the events of a run to the messages a model is sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from trajcore.dialects.registry import default_dialect
from trajcore.dialects.replies import Call, RecordedReply, Thoughts, call_id, recorded_reply
from trajcore.dialects.toolmap import ToolMap
from trajcore.events.actions import (
    DelegateAction,
    FinishAction,
    MessageAction,
    ReadAction,
    RejectAction,
    RunAction,
    SystemAction,
    ThinkAction,
)
from trajcore.events.base import Action, Event, Observation
from trajcore.events.observations import RecallObservation
from trajcore.live.messages.calls import call_for
from trajcore.live.messages.pairing import is_fault, pair
from trajcore.live.messages.pictures import addresses, pictures_of
from trajcore.live.messages.results import NOT_EXECUTED, cut, recall_text, result_text
from trajcore.live.messages.system import system_prompt
from trajcore.live.messages.transcript import Answered, Message, Transcript
from trajcore.live.messages.view import Seen, visible

_FORGOTTEN = "(The result was left out when the conversation was condensed.)"


def messages(events: Sequence[Event], *, system: str | None, tools: ToolMap | None = None) -> list[Message]:
    """OpenAI-style messages for the model that takes over after `events`.

    `system` replaces the recorded system prompt; without either there is a short one of our own. Every
    tool call is answered directly after the message that made it, exactly once. `tools` says how actions are
    told as calls; by default as OpenHands does. Never raises.
    """
    return _History(events, default_dialect().tools if tools is None else tools).told(system)


class _History:
    def __init__(self, events: Sequence[Event], tools: ToolMap) -> None:
        self._events = events
        self._tools = tools
        self._seen = visible(events)
        self._positions = {seen.position for seen in self._seen}
        self._pairs = pair(events)
        self._faults = {
            position
            for position, event in enumerate(events)
            if is_fault(event) and position not in self._pairs.owner and recorded_reply(event) is not None
        }
        """Where a call of a model became no action, but an error that says why."""
        self._recorded_calls = {
            (reply.id, call_id(event))
            for position, event in enumerate(events)
            if (isinstance(event, Action) or position in self._faults)
            and (reply := recorded_reply(event)) is not None
        }
        self._told: set[int] = set()
        self._thought: set[str] = set()
        """The replies whose thoughts were told, by their ids."""
        self._knowledge: set[str] = set()
        self._transcript = Transcript()

    def told(self, system: str | None) -> list[Message]:
        for index, seen in enumerate(self._seen):
            if seen.position not in self._told:
                self._tell(index, seen)
        return self._transcript.finished(self._system(system), self._opening())

    def _system(self, given: str | None) -> str:
        return given or system_prompt(self._events, self._tools.offered).text

    def _opening(self) -> str:
        """The task, where a condensation has dropped it."""
        for position, event in enumerate(self._events):
            if isinstance(event, MessageAction) and event.source != "agent":
                return "" if position in self._positions else event.args.content
        return ""

    def _tell(self, index: int, seen: Seen) -> None:
        match seen.event:
            case SystemAction():
                return
            case MessageAction() as event:
                self._message(event)
            case FinishAction() | RejectAction() as event:
                self._transcript.assistant(_parting_words(event))
            case Action() as event if event.source == "user":
                self._transcript.user(_done_by_user(event))
            case Action() as event:
                call = call_for(event, seen.position, self._tools)
                if call is None:
                    self._transcript.assistant(_in_plain_text(event))
                else:
                    self._calls(index, seen, call)
            case Observation() if seen.position in self._faults:
                self._calls(index, seen, None)
            case Observation() as event:
                self._free_observation(seen.position, event)

    def _message(self, event: MessageAction) -> None:
        if event.source == "agent":
            self._transcript.assistant(event.args.content)
        else:
            self._transcript.user(event.args.content, addresses(event.args.image_urls))

    def _free_observation(self, position: int, observation: Observation) -> None:
        """An observation that answers no tool call: told as text, unless its action is not to be seen."""
        owner = self._pairs.owner.get(position)
        if isinstance(observation, RecallObservation):
            self._transcript.user(recall_text(observation, self._knowledge))
        elif owner is not None and owner in self._positions:
            by_user = isinstance(self._events[owner], RunAction) and self._events[owner].source == "user"
            opening = "Observed result of command executed by user:\n" if by_user else ""
            self._transcript.user(opening + result_text(observation), pictures_of(observation))
        elif owner is None and not call_id(observation) and observation.content:
            self._transcript.user(result_text(observation), pictures_of(observation))

    def _calls(self, index: int, seen: Seen, call: Call | None) -> None:
        """One reply of the model with all its calls, and their results wherever in the run they came.

        `seen` is its first event: an action with its `call`, or the fault of a call that became no action.
        """
        reply = recorded_reply(seen.event)
        first = call_id(seen.event) if call is None else call.id
        members, faults = self._others_of(index, first, reply)
        if call is None:
            faults[first] = seen.position
        else:
            members[first] = (seen, call)
        self._told |= {member.position for member, _ in members.values()}.union(faults.values())
        answered: list[Answered] = []
        for said in reply.calls if reply else (call,) if call else ():
            if said.id in members:
                member, said = members.pop(said.id)
                answered.append(self._answered(said, member.position))
            elif said.id in faults:
                answered.append(self._said_at(said, faults.pop(said.id)))
            elif reply and (reply.id, said.id) not in self._recorded_calls:
                self._recorded_calls.add((reply.id, said.id))
                answered.append(Answered(said, NOT_EXECUTED))
        spoken = _spoken(seen.event, reply)
        told = call is None and self._transcript.has_said(spoken)
        self._transcript.calls("" if told else spoken, answered, self._thoughts(reply))

    def _thoughts(self, reply: RecordedReply | None) -> Thoughts | None:
        """What stands before the calls of a reply, the first time that it is told."""
        if reply is None or reply.id in self._thought:
            return None
        self._thought.update([reply.id] if reply.id else [])
        return reply.thoughts

    def _others_of(
        self, index: int, first: str, reply: RecordedReply | None
    ) -> tuple[dict[str, tuple[Seen, Call]], dict[str, int]]:
        """The further actions from the same reply, up to the agent's next act that came from another, and the
        faults of those of its calls that became no action; both by the id of the call.
        """
        members: dict[str, tuple[Seen, Call]] = {}
        faults: dict[str, int] = {}
        if reply is None or not reply.id:
            return members, faults
        for later in range(index + 1, len(self._seen)):
            seen = self._seen[later]
            event = seen.event
            if seen.position in self._faults and _of(reply, event):
                faults.setdefault(call_id(event), seen.position)
            if not isinstance(event, Action) or event.source == "user":
                continue
            call = call_for(event, seen.position, self._tools)
            own = _of(reply, event) and not isinstance(event, FinishAction)
            if not own or call is None or call.id == first or call.id in members:
                break
            members[call.id] = (seen, call)
        return members, faults

    def _answered(self, call: Call, action: int) -> Answered:
        answer = self._pairs.answer.get(action)
        if answer is None:
            return Answered(call, NOT_EXECUTED)
        self._told.add(answer)
        return self._said_at(call, answer)

    def _said_at(self, call: Call, position: int) -> Answered:
        """What came back of a call, by its position in the run."""
        observation = self._events[position]
        if position not in self._positions or not isinstance(observation, Observation):
            return Answered(call, _FORGOTTEN)
        return Answered(call, result_text(observation), pictures_of(observation))


def _of(reply: RecordedReply, event: Event) -> bool:
    """Whether an event came from a reply."""
    own = recorded_reply(event)
    return own is not None and own.id == reply.id


def _thought(event: Event) -> str:
    thought = getattr(event.args, "thought", "") if isinstance(event, Action) else ""
    return thought if isinstance(thought, str) else ""


def _spoken(event: Event, reply: RecordedReply | None) -> str:
    """The text beside the calls: as recorded, unless the first action's thought was edited."""
    thought = "" if isinstance(event, ThinkAction) else _thought(event)
    if reply is None:
        return thought
    leads = bool(reply.calls) and reply.calls[0].id == call_id(event)
    return thought if leads and thought.strip() and thought.strip() != reply.text.strip() else reply.text


def _parting_words(event: FinishAction | RejectAction) -> str:
    reply = recorded_reply(event)
    texts = [_thought(event) or (reply.text if reply else "")]
    if isinstance(event, FinishAction):
        texts.append(event.args.final_thought)
    reason = event.args.outputs.get("reason") or event.args.outputs.get("content")
    texts.append(reason if isinstance(reason, str) else "")
    distinct = dict.fromkeys(text.strip() for text in texts if text.strip())
    return "\n\n".join(distinct) or "I have finished."


def _done_by_user(event: Action) -> str:
    if isinstance(event, RunAction):
        return f"User executed the command:\n{event.args.command}"
    if isinstance(event, ReadAction):
        return f"User requested to read file: {event.args.path}"
    return f"The user did this: {event.action} {_shown(event)}"


def _in_plain_text(event: Action) -> str:
    """What the agent did, where it can't be told as a tool call."""
    if isinstance(event, DelegateAction):
        task = event.args.inputs.get("task") or json.dumps(event.args.inputs, default=str)
        words = f"I'm asking {event.args.agent} for help with this task: {task}"
    else:
        words = f"[{event.action} {_shown(event)}]"
    return "\n\n".join(text for text in (_thought(event), words) if text)


def _shown(event: Action) -> str:
    arguments: dict[str, Any] = event.args.model_dump(mode="python", warnings=False)
    return cut(json.dumps({key: value for key, value in arguments.items() if key != "thought"}, default=str))
