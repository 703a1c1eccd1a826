"""Faults between calls and results: calls that would be carried out again, copies that say other things."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from trajcore.dialects.changes import Inserted, Rewritten
from trajcore.dialects.examined import Stage
from trajcore.dialects.findings import Severity
from trajcore.dialects.openhands_v1.checks import known
from trajcore.dialects.openhands_v1.checks.case import (
    ACTION,
    ANSWERS,
    ERROR,
    MESSAGE,
    PROMPT,
    Case,
    fresh_id,
    repair,
    several,
    short,
)
from trajcore.dialects.openhands_v1.checks.fields import read_json
from trajcore.dialects.openhands_v1.said import FINISHED
from trajcore.dialects.openhands_v1.tree import BESIDE, ROOT
from trajcore.dialects.openhands_v1.wire import texts_of
from trajcore.formats.json.edit import with_value, without_value
from trajcore.formats.json.style import style_of

NEVER_RAN: Final = "Tool call interrupted before completion. The conversation was paused."
"""What OpenHands itself answers a call with that did not come to an end."""
_TOLD: Final = frozenset({ACTION, MESSAGE, PROMPT, *ANSWERS})
"""Kinds that a model is shown."""
_ONLY_SAID: Final = frozenset({"security_risk", "summary"})


def check_calls(case: Case) -> None:
    """What of the active branch would be carried out, and what of it no model could be shown."""
    if case.main:
        _unanswered(case)
    _answers(case)
    _thoughts(case)
    for record in case.records:
        if case.key(record).kind == ACTION:
            _copies(case, record)
        elif case.key(record).kind == "ObservationEvent":
            _whole_text(case, record)


def _unanswered(case: Case) -> None:
    """Calls that OpenHands takes for such as are still to be carried out."""
    path = case.tree.active
    actions, calls = set[str | None](), set[str | None]()
    open_calls: list[int] = []
    for record in reversed(path):
        key = case.key(record)
        if key.kind in ("ObservationEvent", "UserRejectObservation"):
            actions.add(key.action_id)
        elif key.kind == ERROR:
            calls.add(key.tool_call_id)
        elif (
            key.kind == ACTION
            and key.action is not None
            and key.id not in actions
            and key.tool_call_id not in calls
        ):
            open_calls.insert(0, record)
    if _waits(case, path, open_calls):
        return
    for record in open_calls:
        key = case.key(record)
        text = f"nothing answers this call of {key.tool_name}: OpenHands carries it out when it goes on"
        if key.inner[0] == "FinishAction":
            words = "put the result behind it that it has"
        else:
            words = "put an error behind it that says that it did not come to its end"
        inserted = Inserted(_behind(case, record), (_answer(case, record),))
        case.fault(record, "no-result", text, Stage.CALLS, repair(words, [inserted], follow=True))


def _waits(case: Case, path: Sequence[int], calls: Sequence[int]) -> bool:
    """Whether the user is being asked about just these calls."""
    state = case.log.state
    status = None if state is None else case.key(state).execution_status
    last = [record for record in path if case.key(record).kind not in BESIDE][-len(calls) :] if calls else []
    return status == "waiting_for_confirmation" and last == list(calls)


def _behind(case: Case, record: int) -> int:
    """The place behind the calls of a reply and those of their results that stand there."""
    reply = case.key(record).llm_response_id
    calls = {
        case.key(at).tool_call_id
        for at in case.records
        if case.key(at).kind == ACTION and case.key(at).llm_response_id == reply
    }
    at = record
    while at + 1 in case.log.keys and at + 1 != case.log.state:
        key = case.key(at + 1)
        is_own = key.llm_response_id == reply or (key.kind in ANSWERS and key.tool_call_id in calls)
        if not is_own and key.kind not in (*BESIDE, "SecurityAnalysisEvent"):
            break
        at += 1
    while at > record and case.key(at).kind in BESIDE:
        at -= 1
    return at + 1


def _answer(case: Case, record: int) -> bytes:
    """The event that answers a call: an error, or what `finish` has in itself."""
    text, data, key = case.text(record), case.data(record), case.key(record)
    finished = key.inner[0] == "FinishAction"
    made: dict[str, Any] = {
        "id": fresh_id("answer", key.id),
        "timestamp": data.get("timestamp") or "",
        "source": "environment" if finished else "agent",
        **({"parent_id": ROOT} if case.has_parents else {}),
        "tool_name": key.tool_name,
        "tool_call_id": key.tool_call_id,
    }
    is_first = next(iter(data), "") == "kind"

    def of_kind(kind: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {"kind": kind, **fields} if is_first else {**fields, "kind": kind}

    if finished:
        said = str(data["action"].get("message") or "")
        observation = {"content": [{"type": "text", "text": said}], "is_error": False}
        made |= {"observation": of_kind(FINISHED, observation), "action_id": key.id}
    else:
        made["error"] = NEVER_RAN
    event = of_kind("ObservationEvent" if finished else ERROR, made)
    return style_of(text, ascii_only=text.isascii()).written(event)


def _answers(case: Case) -> None:
    """Results that do not name the call that they are of, or are of none."""
    calls = {case.key(at).tool_call_id for at in case.records if case.key(at).kind == ACTION}
    answered: set[str | None] = set()
    active = set(case.tree.active)
    for record in case.records:
        key = case.key(record)
        if key.kind not in ANSWERS:
            continue
        action = case.tree.record(key.action_id)
        if action is not None and case.key(action).kind == ACTION:
            asked = case.key(action)
            own = case.data(action).get("tool_call")
            says = own.get("id") if isinstance(own, dict) else None
            if asked.tool_call_id != key.tool_call_id and says != key.tool_call_id:
                text = f"it names the call {short(key.tool_call_id)}, and its action is {asked.tool_call_id}"
                mend = repair(
                    f"let it name {asked.tool_call_id}",
                    [Rewritten(record, with_value(case.text(record), ("tool_call_id",), asked.tool_call_id))],
                )
                case.fault(record, "call-differs", text, Stage.CALLS, mend)
        elif key.tool_call_id not in calls:
            text = f"there is no call {short(key.tool_call_id)} that it could be the result of"
            case.fault(record, "no-call", text, Stage.CALLS, severity=Severity.WARNING)
        if key.tool_call_id in answered and record in active:
            text = f"call {short(key.tool_call_id)} has a result already, and no model is shown this one"
            case.fault(record, "second-result", text, Stage.CALLS, severity=Severity.WARNING)
        if record in active:
            answered.add(key.tool_call_id)


def _thoughts(case: Case) -> None:
    """Only the first call of a reply may have a thought: OpenHands stops at its next request else."""
    first: int | None = None
    for record in case.tree.active:
        key = case.key(record)
        if key.kind not in _TOLD:
            continue
        reply = None if first is None else case.key(first).llm_response_id
        if key.kind != ACTION or first is None or key.llm_response_id != reply:
            first = record if key.kind == ACTION else None
            continue
        thought = case.data(record).get("thought")
        if not thought:
            continue
        both = [*_listed(case.data(first).get("thought")), *_listed(thought)]
        changes = [
            Rewritten(first, with_value(case.text(first), ("thought",), both)),
            Rewritten(record, with_value(case.text(record), ("thought",), [])),
        ]
        text = f"a thought that is not with the first call of its reply, {case.told(first)}"
        mend = repair("put it behind that of the first call", changes)
        case.fault(record, "second-thought", text, Stage.CALLS, mend)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [{"type": "text", "text": str(value)}]


def _copies(case: Case, record: int) -> None:
    """A call is written down twice: what a model is shown, and what is carried out."""
    data = case.data(record)
    call = data.get("tool_call")
    if not isinstance(call, dict):
        return
    if call.get("id") != data.get("tool_call_id"):
        _call_ids(case, record, data, call)
    is_json, given = read_json(call.get("arguments"))
    place, fields = _carried_out(data.get("action"))
    if not is_json or not isinstance(given, dict):
        _no_arguments(case, record, call, fields)
        return
    differing = [] if fields is None else list(_differing(fields, given))
    if fields is None or not differing:
        return
    back = case.text(record)
    for key in differing:
        back = with_value(back, (*place, key), given[key])
    follow = {**given, **{key: fields[key] for key in differing}}
    text = f"a model is shown another {several(differing)} than is carried out"
    case.fault(
        record, "copies-differ", text, Stage.CALLS,
        repair("let the call say what is carried out", [_said(case, record, follow)]),
        repair("let what is carried out be what the call says", [Rewritten(record, back)]),
    )  # fmt: skip


def _carried_out(action: Any) -> tuple[tuple[str, ...], dict[str, Any] | None]:
    """Where what is carried out has its arguments, and these; None where nothing is."""
    if not isinstance(action, dict):
        return (), None
    if action.get("kind") == "MCPToolAction":
        inner = action.get("data")
        return ("action", "data"), inner if isinstance(inner, dict) else {}
    return ("action",), {key: value for key, value in action.items() if key != "kind"}


def _no_arguments(case: Case, record: int, call: Mapping[str, Any], fields: Mapping[str, Any] | None) -> None:
    """Arguments that are no JSON object."""
    text = f"the arguments of this call of {call.get('name')} are no JSON object: providers refuse them"
    words, written = "write them as they were carried out", fields
    if written is None:
        words = "keep them as OpenHands keeps arguments that cannot be read"
        written = {"_openhands_malformed_tool_call": True, "error": str(call.get("arguments"))}
    case.fault(record, "arguments", text, Stage.CALLS, repair(words, [_said(case, record, written)]))


def _said(case: Case, record: int, arguments: Mapping[str, Any]) -> Rewritten:
    text = json.dumps(arguments, ensure_ascii=False)
    return Rewritten(record, with_value(case.text(record), ("tool_call", "arguments"), text))


def _differing(fields: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[str]:
    """The arguments that say something else; a number or a list may be given as a text."""
    for key, value in fields.items():
        said = given.get(key)
        if key in _ONLY_SAID or said is None or value is None or value == said:
            continue
        if (
            (isinstance(value, str) and isinstance(said, str))
            or (isinstance(value, bool | int | float) and isinstance(said, bool | int | float))
            or (isinstance(value, list) and isinstance(said, list) and len(value) != len(said))
        ):
            yield key


def _call_ids(case: Case, record: int, data: Mapping[str, Any], call: Mapping[str, Any]) -> None:
    """The id that the result names is the right one, else that of the event."""
    own, inner = data.get("tool_call_id"), call.get("id")
    text = f"the id of the call is {short(str(own))} and {short(str(inner))}"
    named = {
        case.key(at).tool_call_id
        for at in case.records
        if case.key(at).kind in ANSWERS and case.key(at).action_id in (data.get("id"), None)
    }
    change: tuple[str, ...]
    if inner in named and own not in named:
        change, right = ("tool_call_id",), inner
    else:
        change, right = ("tool_call", "id"), own
    mend = repair(
        f"let it be {right} in both", [Rewritten(record, with_value(case.text(record), change, right))]
    )
    case.fault(record, "call-ids", text, Stage.CALLS, mend)


def _whole_text(case: Case, record: int) -> None:
    """The whole of a long result is written to a directory before the next request."""
    observation = case.data(record).get("observation")
    told = observation if isinstance(observation, dict) else {}
    place = told.get("full_output_save_dir")
    if not isinstance(place, str) or len(texts_of(told.get("content"))) <= known.CLIPPED:
        return
    if _can_be_made(place):
        return
    text = f"OpenHands writes the whole of this long result to {place[:80]} first, which cannot be made"
    written = without_value(case.text(record), ("observation", "full_output_save_dir"))
    mend = repair("take full_output_save_dir out: the result is clipped then", [Rewritten(record, written)])
    case.fault(record, "save-dir", text, Stage.CALLS, mend)


def _can_be_made(place: str) -> bool:
    """Whether there is such a directory that can be written to, or one could be made."""
    there = next((path for path in (Path(place), *Path(place).parents) if os.path.lexists(path)), None)
    if there is None or there == Path("/proc") or Path("/proc") in there.parents:
        return False
    return os.path.isdir(there) and os.access(there, os.W_OK | os.X_OK)
