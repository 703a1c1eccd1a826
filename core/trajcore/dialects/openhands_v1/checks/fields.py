"""Faults in what events say: kinds, tools, keys and statuses that make the SDK refuse the conversation."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from trajcore.dialects.changes import Rewritten
from trajcore.dialects.examined import Stage
from trajcore.dialects.findings import Severity
from trajcore.dialects.openhands_v1.checks import known
from trajcore.dialects.openhands_v1.checks.case import ACTION, PROMPT, Case, fresh_id, repair, several
from trajcore.dialects.openhands_v1.wire import SOURCES
from trajcore.formats.json.edit import with_value, without_value
from trajcore.formats.json.merge import merged
from trajcore.formats.json.reading import as_object
from trajcore.formats.json.style import style_of

_Path = tuple[str | int, ...]
SHELF: Final = "ConversationStateUpdateEvent"
"""An event that no program reads anything out of, and that may hold any value."""
_KEY: Final = "kept_event"
_CONTENTS: Final[tuple[_Path, ...]] = (
    ("thought",), ("extended_content",), ("llm_message", "content"), ("observation", "content"),
)  # fmt: skip
_SINGLE: Final[tuple[_Path, ...]] = (("system_prompt",), ("dynamic_context",))


def check_fields(case: Case) -> None:
    """Each event by the table of its kind."""
    own = _own_kinds(case)
    for record in case.records:
        if case.is_damaged(record):
            continue
        kind = case.data(record).get("kind")
        table = known.EVENTS.get(kind) if isinstance(kind, str) else None
        if table is None:
            what = f"kind of event {str(kind)[:60]!r}" if kind else "event without a kind"
            text = f"OpenHands knows no {what}"
            case.fault(record, "unknown-kind", text, Stage.FIELDS, _shelved(case, record))
            continue
        _keys(case, record, (), table.known, f"{kind}")
        _source(case, record, str(kind))
        _missing(case, record, str(kind), table)
        _blocks(case, record)
        if kind == ACTION:
            _action(case, record, own)
        elif kind == "ObservationEvent":
            _observation(case, record, own)
        elif kind == PROMPT:
            _tools(case, record, own)


def _own_kinds(case: Case) -> set[str]:
    """Kinds of tools of the user's own: declared with the system prompt, and in use."""
    used = {case.key(record).inner[0] for record in case.records}
    found: set[str] = set()
    for record in case.records:
        listed = case.data(record).get("tools") if case.key(record).kind == PROMPT else None
        for tool in listed if isinstance(listed, list) else ():
            named = _kinds_of(tool)
            if named & used - set(known.ACTIONS) - set(known.OBSERVATIONS):
                found |= named
    return found


def _kinds_of(tool: Any) -> set[str]:
    if not isinstance(tool, dict):
        return set()
    named = (tool.get(key) for key in ("kind", "action_type", "observation_type"))
    return {kind for kind in named if isinstance(kind, str)}


def _shelved(case: Case, record: int) -> Any:
    """The same as an event that is kept and not read."""
    text, data = case.text(record), case.data(record)
    made: dict[str, Any] = {
        "id": data["id"] if isinstance(data.get("id"), str) else fresh_id(text.hex()),
        "timestamp": str(data.get("timestamp") or ""),
        "source": "environment",
    }
    if isinstance(data.get("parent_id"), str):
        made["parent_id"] = data["parent_id"]
    made |= {"key": _KEY, "value": data}
    is_first = next(iter(data), "") == "kind"
    made = {"kind": SHELF, **made} if is_first else {**made, "kind": SHELF}
    written = style_of(text, ascii_only=text.isascii()).written(made)
    return repair(f"keep it whole in a {SHELF}, of which nothing is read", [Rewritten(record, written)])


def _keys(
    case: Case, record: int, path: _Path, names: frozenset[str], where: str, code: str = "unknown-key"
) -> None:
    inside: Any = case.data(record)
    for part in path:
        inside = inside[part]
    unknown = [key for key in inside if key not in names]
    if not unknown:
        return
    text = case.text(record)
    for key in unknown:
        text = without_value(text, (*path, key))
    said = f"{where} has no {several(unknown)}: OpenHands refuses what it does not know"
    mend = repair(f"take {several(unknown)} out", [Rewritten(record, text)])
    case.fault(record, code, said, Stage.FIELDS, mend)


def _source(case: Case, record: int, kind: str) -> None:
    source = case.data(record).get("source")
    if source is None or source in SOURCES:
        return
    right = known.SOURCES.get(kind, "environment")
    if kind == "MessageEvent":
        message = case.data(record).get("llm_message")
        right = "agent" if isinstance(message, dict) and message.get("role") == "assistant" else "user"
    mend = repair(f"set it to {right}", [_with(case, record, ("source",), right)])
    text = f"OpenHands knows no source {str(source)[:40]!r}"
    case.fault(record, "source", text, Stage.FIELDS, mend)


def _missing(case: Case, record: int, kind: str, table: known.Fields) -> None:
    """Fields that have to be there: made of others where they say the same, else the event is kept apart."""
    data = case.data(record)
    missing = [key for key in table.required if data.get(key) is None]
    if kind == "MessageEvent" and data.get("source") is None:
        missing.append("source")
    if not missing:
        return
    text: bytes | None = case.text(record)
    for key in missing:
        value = _derived(kind, key, data)
        text = None if value is None or text is None else with_value(text, (key,), value)
    mend = (
        _shelved(case, record)
        if text is None
        else repair(f"add {several(missing)}", [Rewritten(record, text)])
    )
    said = f"it has no {several(missing)}, without which OpenHands takes no {kind}"
    case.fault(record, "missing-field", said, Stage.FIELDS, mend)


def _derived(kind: str, key: str, data: Mapping[str, Any]) -> Any:
    call = data.get("tool_call")
    named = call if isinstance(call, dict) else {}
    match key:
        case "thought" | "tools":
            return []
        case "tool_name":
            return named.get("name")
        case "tool_call_id":
            return named.get("id")
        case "llm_response_id":
            return fresh_id("reply", data.get("id"))
        case "source":
            message = data.get("llm_message")
            role = message.get("role") if isinstance(message, dict) else None
            return "agent" if role == "assistant" else "user"
    return None


def _blocks(case: Case, record: int) -> None:
    """Texts of contents with keys that they do not have."""
    data = case.data(record)
    for path in (*_CONTENTS, *_SINGLE):
        found = _at(data, path)
        places = (
            [((*path, at), block) for at, block in enumerate(found)]
            if isinstance(found, list)
            else [(path, found)]
        )
        for place, block in places:
            if isinstance(block, dict) and block.get("type", "text") == "text":
                where = f"a text in {path[-1]}"
                _keys(case, record, place, known.BLOCK, where, "unknown-block-key")


def _at(data: Any, path: _Path) -> Any:
    for part in path:
        data = data.get(part) if isinstance(data, dict) else None
    return data


def _unregistered(case: Case, kind: str, own: set[str]) -> tuple[str, Severity]:
    """Why a kind of a tool is refused: of one's own it is taken where its module is imported."""
    if kind in own:
        text = f"{kind} is no tool of OpenHands' own: only a program that has imported it takes this"
        return text, Severity.WARNING
    return f"OpenHands knows no {kind}", Severity.ERROR


def _action(case: Case, record: int, own: set[str]) -> None:
    data = case.data(record)
    action = data.get("action")
    if action is None:
        return
    kind = action.get("kind") if isinstance(action, dict) else None
    table = known.ACTIONS.get(kind) if isinstance(kind, str) else None
    without = partial(without_value, case.text(record))
    words = "take the parsed action out: the call itself stays, and is not carried out again"
    if table is None:
        text, severity = _unregistered(case, str(kind)[:60], own)
        mend = repair(words, [Rewritten(record, without(("action",)))])
        case.fault(record, "unknown-action", text, Stage.FIELDS, mend, severity=severity)
        return
    _keys(case, record, ("action",), table.known, f"{kind}")
    missing = [key for key in table.required if action.get(key) is None]
    if not missing or (missing == ["command"] and str(kind).startswith("ExecuteBash")):
        return
    given = as_object(str(_at(data, ("tool_call", "arguments")) or "").encode())
    text = f"{kind} has no {several(missing)}"
    if all(isinstance(given.get(key), str | int | list) for key in missing):
        written = case.text(record)
        for key in missing:
            written = with_value(written, ("action", key), given[key])
        mend = repair(f"add {several(missing)} as the call says", [Rewritten(record, written)])
    else:
        mend = repair(words, [Rewritten(record, without(("action",)))])
    case.fault(record, "missing-field", text, Stage.FIELDS, mend)


def _observation(case: Case, record: int, own: set[str]) -> None:
    data = case.data(record)
    observation = data.get("observation")
    kind = observation.get("kind") if isinstance(observation, dict) else None
    table = known.OBSERVATIONS.get(kind) if isinstance(kind, str) else None
    if observation is None:
        return  # it is missing, and was found to be
    if table is None:
        text, severity = _unregistered(case, str(kind)[:60], own)
        made, lost = _plain(case, record, observation)
        losing = f", without {several(lost)}" if lost else ""
        words = f"make it an MCPToolObservation with the same content{losing}"
        mend = repair(words, [Rewritten(record, merged(case.text(record), data, made))])
        case.fault(record, "unknown-observation", text, Stage.FIELDS, mend, severity=severity)
        return
    _keys(case, record, ("observation",), table.known, f"{kind}")
    missing = [key for key in table.required if key not in observation and key != "command"]
    is_editor = str(kind).endswith(("EditorObservation", "TrackerObservation"))
    if is_editor and observation.get("command") is None:
        missing.append("command")
    if missing:
        asked = _asked(case, data.get("action_id"))
        written = case.text(record)
        for key in missing:
            default = [] if key in known.LISTS else data.get(key) or ""
            written = with_value(written, ("observation", key), asked.get(key, default))
        mend = repair(f"add {several(missing)}", [Rewritten(record, written)])
        text = f"{kind} has no {several(missing)}"
        case.fault(record, "missing-field", text, Stage.FIELDS, mend)


def _plain(case: Case, record: int, observation: Any) -> tuple[dict[str, Any], list[str]]:
    """The event with an observation that is always known, and which fields that has no place for."""
    data = case.data(record)
    was = observation if isinstance(observation, dict) else {"content": str(observation)}
    content = was.get("content")
    if isinstance(content, str) or content is None:
        content = [{"type": "text", "text": content or ""}]
    made = {
        "content": content,
        "is_error": was.get("is_error") is True,
        "tool_name": str(data.get("tool_name") or ""),
        "kind": "MCPToolObservation",
    }
    return {**data, "observation": made}, [key for key in was if key not in made]


def _asked(case: Case, id: Any) -> Mapping[str, Any]:
    """The fields of the action with an id."""
    record = case.tree.record(id if isinstance(id, str) else None)
    action = case.data(record).get("action") if record is not None else None
    return action if isinstance(action, dict) else {}


def _tools(case: Case, record: int, own: set[str]) -> None:
    """Tools that are listed with the system prompt: what a model is offered comes from elsewhere."""
    listed = case.data(record).get("tools")
    if not isinstance(listed, list):
        return
    for at, tool in enumerate(listed):
        for text, severity in _refused(case, tool, own):
            written = without_value(case.text(record), ("tools", at))
            name = str(tool.get("kind"))[:60]
            words = f"take {name} off the list: OpenHands offers models the tools of its own agent"
            mend = repair(words, [Rewritten(record, written)])
            case.fault(record, "unknown-tool", text, Stage.FIELDS, mend, severity=severity)


def _refused(case: Case, tool: Any, own: set[str]) -> Iterator[tuple[str, Severity]]:
    """Why a tool is refused; of 1.0 and 1.1 tools have no kind, and are not read."""
    if not isinstance(tool, dict) or not isinstance(tool.get("kind"), str):
        return
    kind, action, result = tool["kind"], tool.get("action_type"), tool.get("observation_type")
    if kind in known.RETIRED:
        since = known.RETIRED[kind]
        yield (
            f"OpenHands {since} and later have no {kind}, and refuse a conversation with it",
            Severity.WARNING,
        )
    elif kind not in known.TOOLS:
        yield _unregistered(case, kind[:60], own)
    elif isinstance(action, str) and action not in known.ACTIONS:
        if kind not in ("MCPToolDefinition", "ClientTool"):
            yield _unregistered(case, action[:60], own)
    elif isinstance(result, str) and result not in known.OBSERVATIONS:
        yield _unregistered(case, result[:60], own)


def _with(case: Case, record: int, path: _Path, value: Any) -> Rewritten:
    return Rewritten(record, with_value(case.text(record), path, value))


def read_json(text: object) -> tuple[bool, Any]:
    """Whether a text is JSON, and what it says."""
    try:
        return True, json.loads(str(text))
    except (ValueError, RecursionError):
        return False, None
