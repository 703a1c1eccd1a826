"""Calls without results, results without calls, and tool calls that do not fit together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from trajcore.dialects.findings import Delete, Finding, Insert, Repair, Set, Severity
from trajcore.dialects.openhands_v0.checks.skeleton import Key, Skeleton
from trajcore.events.kinds import ERROR, FINISH, LOCAL, NULL, REJECT, RESULTS, STEPS, Source, action_kind

_MISSING: Final = "There is no result of this action: it was not carried out, or what came back was lost."
_NOT_EXECUTED: Final = "AGENT_ERROR$ERROR_ACTION_NOT_EXECUTED_STOPPED"


def check_calls(skeleton: Skeleton) -> Iterator[Finding]:
    """Faults between actions and their results, and between both and the model's tool calls."""
    yield from _calls_without_results(skeleton)
    yield from _results_without_calls(skeleton)
    yield from _tool_calls(skeleton)
    yield from _responses(skeleton)


def _calls_without_results(skeleton: Skeleton) -> Iterator[Finding]:
    answered = set(skeleton.links.answers.values())
    # A result that stands before its action is a finding of its own.
    named = {key.cause for key in skeleton.keys if key.action is None and key.cause is not None}
    last = max((index for index, key in enumerate(skeleton.keys) if _acts(key)), default=-1)
    for index, key in enumerate(skeleton.keys):
        if not _expects_a_result(key) or index in answered or key.id in named:
            continue
        if skeleton.is_yet_to_be_played(index):
            continue
        # A recording may just end here: that is how an interrupted run looks.
        severity = Severity.ERROR if index < last else Severity.WARNING
        text = f"no result: nothing answers this {key.kind}"
        yield Finding(
            index, skeleton.name(index), "no-result", text, severity, _missing_result(skeleton, index, key)
        )


def _acts(key: Key) -> bool:
    if key.action is None or key.source == Source.ENVIRONMENT.value:
        return False
    return key.kind != NULL and not action_kind(key.kind).system_prompt


def _expects_a_result(key: Key) -> bool:
    if key.action is None or key.source == "environment":
        return False
    if key.args is not None and key.args.confirmation_state == "awaiting_confirmation":
        return False
    return key.kind in STEPS or (key.kind in LOCAL and key.tool_call_id is not None)


def _missing_result(skeleton: Skeleton, index: int, key: Key) -> Repair | None:
    """The error that OpenHands itself puts behind an action that was not carried out."""
    if key.id is None and key.tool_call_id is None:
        return None
    event: dict[str, Any] = {"source": key.source or "agent", "message": _MISSING}
    if key.id is not None:
        event = {"id": skeleton.fresh_id_behind(index), **event, "cause": key.id}
    event["observation"] = ERROR
    metadata = skeleton.data(index).get("tool_call_metadata")
    if metadata is not None:
        event["tool_call_metadata"] = metadata
    event["content"] = _MISSING
    event["extras"] = {"error_id": _NOT_EXECUTED}
    return skeleton.repair("put an error behind it that says so", Insert(index, event))


def _results_without_calls(skeleton: Skeleton) -> Iterator[Finding]:
    for index, key in enumerate(skeleton.keys):
        if key.action is not None or key.kind not in RESULTS or index in skeleton.links.answers:
            continue
        if key.cause is not None and key.cause >= 0:
            continue  # Its cause is a finding already.
        text = f"no call: this {key.kind} result answers no action"
        repair = skeleton.repair("delete it", Delete(index))
        yield Finding(index, skeleton.name(index), "no-call", text, repair=repair)


def _tool_calls(skeleton: Skeleton) -> Iterator[Finding]:
    for index, key in enumerate(skeleton.keys):
        action = skeleton.links.answers.get(index)
        if action is None or key.tool_call_id is None:
            continue
        asked = skeleton.keys[action].tool_call_id
        if asked is not None and asked != key.tool_call_id:
            text = f"it is the result of tool call {key.tool_call_id}, and its action made {asked}"
            step = Set(index, ("tool_call_metadata", "tool_call_id"), asked)
            repair = skeleton.repair(f"let it name {asked}", step)
            yield Finding(index, skeleton.name(index), "tool-call-differs", text, repair=repair)


def _responses(skeleton: Skeleton) -> Iterator[Finding]:
    first: dict[str, int] = {}
    responses: dict[tuple[str, ...], int] = {}
    faulty: set[str] = set()
    """Calls that became no action: an error says why."""
    ended: set[tuple[str, ...]] = set()
    """Responses one of whose calls ended the run: those behind it are not carried out."""
    for index, key in enumerate(skeleton.keys):
        call = key.tool_call_id
        if call and key.kind == ERROR and index not in skeleton.links.answers:
            faulty.add(call)
        if key.action is None or not call:
            continue
        name, of_response = skeleton.name(index), key.calls_of_response
        if of_response and call not in of_response:
            text = f"tool call {call} is not among the calls of the response it came from"
            yield Finding(index, name, "tool-call-unknown", text)
        earlier = first.setdefault(call, index)
        if earlier != index and not _was_asked_again(skeleton.keys[earlier]):
            text = f"event {skeleton.name(earlier)} has the tool call {call} too"
            yield Finding(index, name, "tool-call-repeated", text, Severity.WARNING)
        responses.setdefault(of_response, index)
        if key.kind in (FINISH, REJECT):
            ended.add(of_response)
    for calls, index in responses.items():
        lost = [call for call in calls if call not in first and call not in faulty]
        if lost and calls not in ended:
            text = f"its response made {len(calls)} tool calls; nothing stands for {', '.join(lost[:3])}"
            yield Finding(index, skeleton.name(index), "tool-call-lost", text, Severity.WARNING)


def _was_asked_again(key: Key) -> bool:
    """An action that waits for the user's confirmation comes a second time when it has it."""
    return key.args is not None and key.args.confirmation_state == "awaiting_confirmation"
