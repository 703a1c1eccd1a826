"""New canonical events, as OpenHands 0.62 has them: the one place where events come into being.

What a file keeps of them is its dialect's affair. Ids and times are given by that, and by a run to its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from trajcore.errors import BadInput
from trajcore.events import kinds
from trajcore.events.kinds import ACTION_KINDS, Source

if TYPE_CHECKING:
    from trajcore.dialects.replies import Call
    from trajcore.events.base import Observation

EventObject = dict[str, Any]

THOUGHT_LOGGED: Final = "Your thought has been logged."
"""What OpenHands answers to `think`."""

REJECTED: Final = "Action has been rejected by the user! Waiting for further user input."
"""What OpenHands answers to an action that the user refused (`openhands/runtime/base.py`, 0.62)."""

NOT_CARRIED_OUT: Final = "Stop button pressed. The action has not been executed."
"""What OpenHands answers to an action that waited when the user stopped it."""

_CONFIRMED: Final = "confirmation_state"
_NOT_CARRIED_OUT_ID: Final = "AGENT_ERROR$ERROR_ACTION_NOT_EXECUTED_STOPPED"

_EMPTY: Final[Mapping[type, Any]] = {str: "", int: 0, dict: {}, list: []}


# The text that OpenHands derives from an event's fields.

_ACTION_TEXTS: Final[Mapping[str, str]] = {
    kinds.MESSAGE: "{content}",
    kinds.SYSTEM: "{content}",
    kinds.RUN: "Running command: {command}",
    kinds.RUN_IPYTHON: "Running Python code interactively: {code}",
    kinds.READ: "Reading file: {path}",
    kinds.WRITE: "Writing file: {path}",
    kinds.BROWSE: "I am browsing the URL: {url}",
    kinds.THINK: "I am thinking...: {thought}",
}
_OBSERVATION_TEXTS: Final[Mapping[str, str]] = {
    kinds.RUN: "Command `{command}` executed with exit code {metadata[exit_code]}.",
    kinds.RUN_IPYTHON: "Code executed in IPython cell.",
    kinds.READ: "I read the file {path}.",
    kinds.WRITE: "I wrote to the file {path}.",
    kinds.EDIT: "I edited the file {path}.",
}
"""Where a kind is not here, the observation's content."""


def action_message(kind: str, args: Mapping[str, Any]) -> str | None:
    """The `message` that OpenHands derives from an action; None where it derives none."""
    if kind == kinds.FINISH:
        return str(args.get("thought") or "All done! What's next on the agenda?")
    if kind == kinds.TASK_TRACKING:
        return _tasks_text(args.get("task_list"))
    text = _ACTION_TEXTS.get(kind)
    return None if text is None else text.format_map(_Filled(args))


def _tasks_text(tasks: object) -> str:
    count = len(tasks) if isinstance(tasks, list) else 0
    return f"Managing {count} task item{'s' * (count != 1)}." if count else "Clearing the task list."


def observation_message(kind: str, content: str, extras: Mapping[str, Any]) -> str:
    """The `message` that OpenHands derives from an observation."""
    text = _OBSERVATION_TEXTS.get(kind)
    return content if text is None else text.format_map(extras)


class _Filled(dict[str, Any]):
    """Arguments of which those that are not there are empty."""

    def __missing__(self, key: str) -> str:
        return ""


def retold(event: Mapping[str, Any]) -> EventObject:
    """A copy of an action with the `message` that OpenHands derives from its arguments."""
    args = event.get("args")
    text = action_message(str(event.get("action")), args) if isinstance(args, Mapping) else None
    return dict(event) if text is None else {**event, "message": text}


# Actions.


def new_action(kind: str, **args: Any) -> EventObject:
    """An action without id and timestamp; arguments that are not given have their defaults.

    Raises `BadInput` for a kind that is none.
    """
    from trajcore.events.actions import ACTIONS

    cls = next((cls for cls in ACTIONS if cls.model_fields["action"].default == kind), None)
    if cls is None:
        known = ", ".join(row.name for row in ACTION_KINDS)
        raise BadInput(f"there is no kind of action {kind!r}: the kinds are {known}.")
    model: Any = cls.model_fields["args"].annotation
    missing = {
        name: _EMPTY.get(info.annotation, "")
        for name, info in model.model_fields.items()
        if info.is_required() and name not in args
    }
    written = model(**missing, **args).model_dump()
    source = Source.USER if kind == kinds.MESSAGE else Source.AGENT
    return retold({"source": source.value, "message": "", "action": kind, "args": written})


def new_command(text: str) -> EventObject:
    """A shell command of the agent, without id and timestamp."""
    return new_action(kinds.RUN, command=text)


def message(
    text: str, source: Source, *, wait_for_response: bool = False, metrics: Mapping[str, Any] | None = None
) -> EventObject:
    """A `message`; `metrics` is what it cost, where a model said it."""
    event: EventObject = {"source": source.value, "message": text, "action": kinds.MESSAGE}
    if metrics is not None:
        event["llm_metrics"] = metrics
    event["args"] = {
        "content": text,
        "file_urls": None,
        "image_urls": None,
        "wait_for_response": wait_for_response,
        "security_risk": -1,
    }
    return event


def condensation(forgotten: Sequence[int], summary: str, offset: int, *, as_range: bool) -> EventObject:
    """Events, by their ids, that a model is shown no more; `summary` stands for them, behind `offset` others.

    `as_range`: no other event so far has an id between the first and the last of them.
    """
    args = {
        "forgotten_event_ids": None if as_range else list(forgotten),
        "forgotten_events_start_id": min(forgotten) if as_range else None,
        "forgotten_events_end_id": max(forgotten) if as_range else None,
        "summary": summary,
        "summary_offset": offset,
    }
    return {
        "source": Source.AGENT.value,
        "message": f"Summary: {summary}",
        "action": kinds.CONDENSATION,
        "args": args,
    }


def user_message(text: str) -> EventObject:
    """What the user typed."""
    return message(text, Source.USER)


_NOTE: Final = ("[The user ", "]")


def note(text: str) -> str:
    """What a model is told of the user, who did not say it: the text of a message of theirs, in brackets.

    An agent's own program has no other kind of event that it would show its model: it loads, shows and
    replays this as what the user typed. `text` goes on behind "The user".
    """
    return f"{_NOTE[0]}{text}{_NOTE[1]}"


def is_note(text: str) -> bool:
    """Whether the text of a user's message is such a note, as far as that can be told."""
    return text.startswith(_NOTE[0]) and text.endswith(_NOTE[1])


def tool_action(
    action: EventObject,
    call: Call,
    response: Mapping[str, Any],
    calls: int,
    thought: str,
    metrics: Mapping[str, Any],
) -> EventObject:
    """The event of one tool call of a model's response, which made so many `calls`.

    `action` comes from the tool map; `thought` is what the model said beside the call.
    """
    thoughts = (thought, action["args"].get("thought", ""))
    args = {**action["args"], "thought": "\n".join(text for text in thoughts if text)}
    event = {
        "source": Source.AGENT.value,
        "message": action_message(action["action"], args) or "",
        "action": action["action"],
        "tool_call_metadata": _call_metadata(call, response, calls),
        "llm_metrics": metrics,
        "args": args,
    }
    return {**event, "timeout": action["timeout"]} if "timeout" in action else event


def _call_metadata(call: Call, response: Mapping[str, Any], calls: int) -> EventObject:
    return {
        "function_name": call.name,
        "tool_call_id": call.id,
        "model_response": response,
        "total_calls_in_response": calls,
    }


# Observations.


def observation_event(actual: Observation, action: Mapping[str, Any]) -> EventObject:
    """What came back for `action` in this run, without id and timestamp."""
    dumped = actual.model_dump()
    event = answer(action, actual.observation, actual.content, dumped["extras"])
    if dumped.get("success") is not None:
        event["success"] = dumped["success"]
    return event


def answer(action: Mapping[str, Any], kind: str, content: str, extras: Mapping[str, Any]) -> EventObject:
    """An observation that answers an action, without id and timestamp."""
    event: EventObject = {
        "source": action.get("source", Source.AGENT.value),
        "message": observation_message(kind, content, extras),
    }
    if action.get("id") is not None:
        event["cause"] = action["id"]
    event["observation"] = kind
    if action.get("tool_call_metadata") is not None:
        event["tool_call_metadata"] = action["tool_call_metadata"]
    return {**event, "content": content, "extras": extras}


def thought_logged(action: Mapping[str, Any], id: int | None) -> EventObject:
    """The answer to `think`, an action that got this id."""
    return answer({**action, "id": id}, kinds.THINK, THOUGHT_LOGGED, {})


def tasks_told(action: Mapping[str, Any], id: int | None, content: str, tasks: list[Any]) -> EventObject:
    """The answer to `task_tracking`, an action that got this id: its text, and the list beside it."""
    details = {"command": action["args"]["command"], "task_list": tasks}
    return answer({**action, "id": id}, kinds.TASK_TRACKING, content, details)


def refused(action: Mapping[str, Any]) -> EventObject:
    """An action as it is when the user has refused it: OpenHands says so of those that can say it."""
    args = action["args"]
    return {**action, "args": {**args, _CONFIRMED: "rejected"}} if _CONFIRMED in args else dict(action)


def rejected(action: Mapping[str, Any], id: int | None) -> EventObject:
    """The answer to an action that the user has refused, which got this id."""
    return answer({**action, "id": id}, kinds.USER_REJECTED, REJECTED, {})


def not_carried_out(action: Mapping[str, Any], id: int | None) -> EventObject:
    """The answer to an action that waited for the user's word when they interrupted the agent."""
    return answer({**action, "id": id}, kinds.ERROR, NOT_CARRIED_OUT, {"error_id": _NOT_CARRIED_OUT_ID})


def bad_call(text: str, call: Call, response: Mapping[str, Any], calls: int) -> EventObject:
    """The result of a tool call that no action could be made of, of a response that made so many `calls`."""
    return error(text, {"tool_call_metadata": _call_metadata(call, response, calls)})


def error(text: str, action: Mapping[str, Any] | None = None) -> EventObject:
    """The answer to an action that cannot be carried out, or to a reply that no action could be made of."""
    return answer(action or {}, kinds.ERROR, text, {"error_id": ""})
