"""An event of V1 as a canonical event: what it says, in the spelling that all agents are shown in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from trajcore.dialects import canonical
from trajcore.dialects.openhands_v1.blocks import risk_of
from trajcore.dialects.openhands_v1.said import ECHOES, OTHER, Said, observed, said_by
from trajcore.dialects.openhands_v1.wire import Key, images_of, texts_of
from trajcore.events.kinds import (
    AGENT_STATE_CHANGED,
    CHANGE_AGENT_STATE,
    CONDENSATION,
    CONDENSATION_REQUEST,
    ERROR,
    FOREIGN_CALL,
    HOOK,
    LOG,
    MESSAGE,
    SYSTEM,
    THINK,
    USER_REJECTED,
)  # fmt: skip

Record = Mapping[str, Any]

STATES: Final[Mapping[str, str]] = {"PauseEvent": "paused", "InterruptEvent": "interrupted"}
"""What the user has asked the agent to be, by kind."""

OURS: Final = "trajtui-"
"""How the ids of replies begin that no model has given: of what the user put in."""

UNANSWERED: Final = "unanswered"
"""The argument that says of a call that nothing came back, and that it must not be made by itself."""

NUDGE: Final = (
    "Your last response did not include a function call or a message. "
    "Please use a tool to proceed with the task."
)
"""What the program says where a reply was empty."""

_ENVELOPE: Final = frozenset({"id", "timestamp", "source", "parent_id", "kind"})


def kind_of(key: Key) -> tuple[str | None, str | None]:
    """The kind of action, or else of observation, of an event of V1; neither for what is no event."""
    kind, (inner, command) = key.kind, key.inner
    if not kind:
        return None, None
    if kind == "ActionEvent":
        return said_by(inner, {"command": command}).kind if key.action is not None else OTHER.kind, None
    if kind == "ObservationEvent":
        return None, observed(inner, {"command": command})
    return _ACTIONS.get(kind) or (None if kind in _OBSERVATIONS else LOG), _OBSERVATIONS.get(kind)


_ACTIONS: Final[Mapping[str, str]] = {
    "SystemPromptEvent": SYSTEM,
    "MessageEvent": MESSAGE,
    "Condensation": CONDENSATION,
    "CondensationRequest": CONDENSATION_REQUEST,
    **dict.fromkeys(STATES, CHANGE_AGENT_STATE),
    "HookExecutionEvent": HOOK,
    "ACPToolCallEvent": FOREIGN_CALL,
}
_OBSERVATIONS: Final[Mapping[str, str]] = {
    "AgentErrorEvent": ERROR,
    "ConversationErrorEvent": ERROR,
    "UserRejectObservation": USER_REJECTED,
    "ConversationStateUpdateEvent": AGENT_STATE_CHANGED,
}


def said_of(record: Record) -> Said:
    """How the action of a record is said; one that was never parsed is a call of whatever tool."""
    action = record.get("action")
    if not isinstance(action, dict):
        return OTHER
    return said_by(str(action.get("kind") or ""), action)


def canonical_event(record: Record, *, waits: bool = False) -> dict[str, Any]:
    """The event, with its time and its id; `waits`: nothing came behind it in its turn."""
    kind = record.get("kind")
    made = _BY_KIND.get(kind, _log)(record) if isinstance(kind, str) else {}
    if waits and made.get("action") == MESSAGE:
        made[canonical.ARGUMENTS][canonical.WAITS] = True
    head = {"timestamp": record["timestamp"]} if isinstance(record.get("timestamp"), str) else {}
    return {**head, **made}


def _call(record: Record) -> dict[str, Any] | None:
    call = record.get("tool_call_id")
    if not isinstance(call, str):
        return None
    return {"function_name": str(record.get("tool_name") or ""), canonical.CALL_ID: call}


def _source(record: Record) -> str:
    source = record.get("source")
    return "environment" if source == "hook" or not isinstance(source, str) else source


def _without_nulls(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _action(record: Record) -> dict[str, Any]:
    said, action = said_of(record), record.get("action")
    given: dict[str, Any] = dict(said.given)
    if said.tool:
        given[said.tool] = str(record.get("tool_name") or "")
    if isinstance(action, dict):
        for name, value in action.items():
            if name != "kind" and value is not None and (name != "timeout" or said.within):
                _put(given, said.place(name), value)
    elif said.within:
        given[said.within] = arguments_of(record)
    thought = texts_of(record.get("thought"))
    if said.kind == THINK:
        given |= {"said": thought} if thought else {}
    else:
        given["thought"] = thought
    given |= _without_nulls({key: record.get(key) for key in _BESIDE_ACTION})
    given |= _without_nulls({"security_risk": risk_of(record.get("security_risk"))})
    made = canonical.action(said.kind, _source(record), _call(record), **given)
    timeout = action.get("timeout") if isinstance(action, dict) else None
    return {**made, "timeout": timeout} if timeout is not None and not said.within else made


_BESIDE_ACTION: Final = ("reasoning_content", "summary")


def arguments_of(record: Record) -> dict[str, Any] | str:
    """What a tool call was given: an object, or the text where that is none."""
    call = record.get("tool_call")
    text = call.get("arguments") if isinstance(call, dict) else None
    try:
        found = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return str(text)
    return found if isinstance(found, dict) else str(text or "")


def _put(given: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for key in path[:-1]:
        inside = given.setdefault(key, {})
        if not isinstance(inside, dict):
            return
        given = inside
    given[path[-1]] = value


def _observation(record: Record) -> dict[str, Any]:
    found = record.get("observation")
    observation = found if isinstance(found, dict) else {}
    kind = str(observation.get("kind") or "")
    echoed = {name for name, kinds in ECHOES.items() if kind in kinds}
    details = {
        name: value
        for name, value in observation.items()
        if name not in {"kind", "content", *echoed} and value is not None
    }
    images = images_of(observation.get("content"))
    if images:
        details["image_urls"] = images
    extended = texts_of(record.get("extended_content"))
    if extended:
        details["extended_content"] = extended
    return canonical.observation(
        observed(kind, observation), "agent", texts_of(observation.get("content")), _call(record), **details
    )


def _message(record: Record) -> dict[str, Any]:
    message = record.get("llm_message")
    said = message if isinstance(message, dict) else {}
    fields: dict[str, Any] = {"content": texts_of(said.get("content"))}
    if images := images_of(said.get("content")):
        fields["image_urls"] = images
    fields[canonical.WAITS] = False
    if extended := texts_of(record.get("extended_content")):
        fields["extended_content"] = extended
    skills = record.get("activated_skills")
    fields |= {"activated_skills": skills} if skills else {}
    fields |= _without_nulls(
        {"reasoning_content": said.get("reasoning_content"), "sender": record.get("sender")}
    )
    return canonical.action(MESSAGE, _source(record), None, **fields)


def _system(record: Record) -> dict[str, Any]:
    def text(key: str) -> str | None:
        found = record.get(key)
        return found.get("text") if isinstance(found, dict) and isinstance(found.get("text"), str) else None

    tools = record.get("tools")
    fields: dict[str, Any] = {
        "content": text("system_prompt") or "",
        "dynamic_context": text("dynamic_context"),
        "tools": tools if isinstance(tools, list) else None,
    }
    return canonical.action(SYSTEM, _source(record), None, **_without_nulls(fields))


def _error(record: Record) -> dict[str, Any]:
    return canonical.observation(
        ERROR, "agent", str(record.get("error") or ""), _call(record),
        **_without_nulls({"classification": record.get("classification")}),
    )  # fmt: skip


def _conversation_error(record: Record) -> dict[str, Any]:
    details = _without_nulls({key: record.get(key) for key in ("code", "classification")})
    return canonical.observation(ERROR, "environment", str(record.get("detail") or ""), None, **details)


def _rejected(record: Record) -> dict[str, Any]:
    return canonical.observation(
        USER_REJECTED, "environment", str(record.get("rejection_reason") or ""), _call(record),
        **_without_nulls({"rejection_source": record.get("rejection_source")}),
    )  # fmt: skip


def _state_update(record: Record) -> dict[str, Any]:
    key, value = record.get("key"), record.get("value")
    state = value if isinstance(value, str) else str(key)
    return canonical.observation(
        AGENT_STATE_CHANGED, "environment", "", None, agent_state=state, key=key, value=value
    )


def _condensation(record: Record) -> dict[str, Any]:
    names = ("forgotten_event_ids", "summary", "summary_offset")
    fields = _without_nulls({name: record.get(name) for name in names})
    return canonical.action(CONDENSATION, _source(record), None, **fields)


def _others(record: Record, *taken: str) -> dict[str, Any]:
    return _without_nulls({key: record[key] for key in record if key not in _ENVELOPE and key not in taken})


def _hook(record: Record) -> dict[str, Any]:
    told = _others(record, "hook_event_type", "hook_command", "name", "command")
    fields = {"name": record.get("hook_event_type") or "", "command": record.get("hook_command") or ""}
    return canonical.action(HOOK, "environment", None, **fields, **told)


def _foreign_call(record: Record) -> dict[str, Any]:
    title, told = str(record.get("title") or ""), _others(record, "title", "name")
    return canonical.action(FOREIGN_CALL, _source(record), None, name=title, **told)


def _state(record: Record) -> dict[str, Any]:
    return canonical.action(CHANGE_AGENT_STATE, "user", None, agent_state=STATES[record["kind"]])


def _request(record: Record) -> dict[str, Any]:
    return canonical.action(CONDENSATION_REQUEST, _source(record), None)


def _log(record: Record) -> dict[str, Any]:
    kind = str(record.get("kind"))
    return canonical.action(LOG, _source(record), None, name=kind, **_others(record, "name"))


_BY_KIND: Final = {
    "ActionEvent": _action,
    "ObservationEvent": _observation,
    "MessageEvent": _message,
    "SystemPromptEvent": _system,
    "AgentErrorEvent": _error,
    "ConversationErrorEvent": _conversation_error,
    "UserRejectObservation": _rejected,
    "ConversationStateUpdateEvent": _state_update,
    "Condensation": _condensation,
    "CondensationRequest": _request,
    "HookExecutionEvent": _hook,
    "ACPToolCallEvent": _foreign_call,
    **dict.fromkeys(STATES, _state),
}
