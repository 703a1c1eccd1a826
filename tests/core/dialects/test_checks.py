"""Checking a recording: what is found, what is left alone, and that a repair mends what it is offered for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import documents, message, ran, run
from trajcore.dialects.findings import Delete, Finding, Insert, RepairStep, Set, Severity, Unset
from trajcore.dialects.openhands_v0.checks.all import check
from trajcore.trajectory import Trajectory

SAMPLES = sorted((Path(__file__).resolve().parents[3] / "sample_trajectories").glob("*.json"))


def checked(events: list[Any]) -> list[Finding]:
    return check([json.dumps(event).encode() for event in events])


def codes(events: list[Any]) -> list[tuple[int, str]]:
    return [(finding.index, finding.code) for finding in checked(events)]


def the_only(events: list[Any]) -> Finding:
    (finding,) = checked(events)
    return finding


def tool(call: str, *of_response: str) -> dict[str, Any]:
    """The metadata of a tool call, one of those of its response."""
    calls = [
        {"id": id, "type": "function", "function": {"name": "x", "arguments": "{}"}}
        for id in of_response or (call,)
    ]
    response = {"id": "r", "choices": [{"message": {"role": "assistant", "tool_calls": calls}}]}
    return {
        "tool_call_metadata": {
            "function_name": "x",
            "tool_call_id": call,
            "model_response": response,
            "total_calls_in_response": len(calls),
        }
    }


def mended(events: list[Any], steps: tuple[RepairStep, ...]) -> list[Any]:
    """The events after a repair, made with plain Python."""
    events = json.loads(json.dumps(events))
    for step in steps:
        match step:
            case Set(index, path, value):
                inside = events[index]
                for part in path[:-1]:
                    inside = inside[part]
                inside[path[-1]] = value
            case Unset(index, path):
                inside = events[index]
                for part in path[:-1]:
                    inside = inside[part]
                del inside[path[-1]]
            case Delete(index):
                del events[index]
            case Insert(after, event):
                events.insert(after + 1, event)
    return events


CLEAN: list[dict[str, Any]] = [message(0), run(1, "ls"), ran(2, 1), message(3, "done", "agent")]

FAULTY: dict[str, tuple[list[Any], list[tuple[int, str]]]] = {
    "a repeated id": ([message(0), message(1), message(1)], [(2, "duplicate-id")]),
    "a repeated id of an action": (
        [message(0), run(1), ran(2, 1), run(1), ran(4, 1)],
        [(3, "duplicate-id")],
    ),
    "a missing id": ([message(0), message(None), message(7)], [(1, "missing-id")]),
    "an id that is no number": (
        [message(0), {**message(1), "id": "one"}],
        [(1, "invalid-field")],
    ),
    "ids that go back": ([message(0), message(9), message(4)], [(2, "id-order")]),
    "a cause that is not there, and an action that fits": (
        [message(0), run(1), ran(2, 99)],
        [(2, "dangling-cause")],
    ),
    "a cause that is not there, and a tool call that fits": (
        [message(0), run(1, **tool("a")), message(2), ran(3, 99, **tool("a"))],
        [(3, "dangling-cause")],
    ),
    "a cause that is not there, and nothing that fits": (
        [message(0), ran(2, 99)],
        [(1, "dangling-cause")],
    ),
    "an error with a cause that is not there": (
        [message(0), {"id": 1, "observation": "error", "content": "x", "extras": {}, "cause": 99}],
        [(1, "dangling-cause")],
    ),
    "a cause that is no action": (
        [message(0), run(1), ran(2, 1), {**ran(3, 2), "observation": "error"}],
        [(3, "cause-no-action")],
    ),
    "a result that names no cause, where others do": (
        [message(0), run(1), ran(2, 1), run(3), ran(4, None), run(5), ran(6, -1)],
        [(4, "missing-cause"), (6, "missing-cause")],
    ),
    "a result before its action": (
        [message(0), ran(2, 5), run(5), message(6)],
        [(1, "early-result")],
    ),
    "an action without a result in the middle": (
        [message(0), run(1), message(2), run(3), ran(4, 3)],
        [(1, "no-result")],
    ),
    "a tool call without a result": (
        [message(0), run(1, **tool("a")), message(2)],
        [(1, "no-result")],
    ),
    "a result without an action": ([message(0), ran(1, None)], [(1, "no-call")]),
    "a result of another tool call": (
        [message(0), run(1, **tool("a")), ran(2, 1, **tool("b"))],
        [(2, "tool-call-differs")],
    ),
    "a tool call that its response did not make": (
        [message(0), run(1, **tool("a", "b")), ran(2, 1)],
        [(1, "tool-call-lost"), (1, "tool-call-unknown")],
    ),
    "a tool call that nothing stands for": (
        [message(0), run(1, **tool("a", "a", "b")), ran(2, 1)],
        [(1, "tool-call-lost")],
    ),
    "a tool call twice": (
        [message(0), run(1, **tool("a")), ran(2, 1), run(3, **tool("a")), ran(4, 3)],
        [(3, "tool-call-repeated")],
    ),
    "a condensation of what is not there": (
        [
            message(0),
            message(1),
            {"id": 2, "action": "condensation", "args": {"forgotten_event_ids": [1, 77]}},
        ],
        [(2, "condensation-ids")],
    ),
    "a condensation of a range that is not there": (
        [
            message(0),
            {
                "id": 1,
                "action": "condensation",
                "args": {"forgotten_events_start_id": 5, "forgotten_events_end_id": 10**15},
            },
        ],
        [(1, "condensation-ids")],
    ),
    "a delegation that nothing closes": (
        [message(0), {"id": 1, "action": "delegate", "args": {"agent": "X", "inputs": {}}}, message(2)],
        [(1, "open-delegation")],
    ),
    "an unknown kind": ([message(0), {"id": 1, "action": "dance", "args": {}}], [(1, "unknown-kind")]),
    "an object that is no event": ([message(0), {"id": 1, "note": "x"}], [(1, "no-event")]),
    "a flag that is a text": (
        [{**message(0), "args": {"content": "x", "wait_for_response": "perhaps"}}],
        [(0, "invalid-field")],
    ),
    "a field that is missing": (
        [message(0), {"id": 1, "action": "run", "args": {}}, ran(2, 1)],
        [(1, "invalid-field")],
    ),
    "a field deep inside": (
        [message(0), run(1), {**ran(2, 1), "extras": {"command": "x", "metadata": {"exit_code": "none"}}}],
        [(2, "invalid-field")],
    ),
}
"""By what is wrong: the events, and what is found."""


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert checked(CLEAN) == []


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_nothing_is_found_in_the_samples(path: Path) -> None:
    trajectory = Trajectory.open(path)
    assert check([trajectory.raw(index) for index in range(len(trajectory))]) == []


@pytest.mark.parametrize("name", FAULTY)
def test_each_fault_is_found_and_no_other(name: str) -> None:
    events, expected = FAULTY[name]
    assert sorted(codes(events)) == sorted(expected)


@pytest.mark.parametrize("name", FAULTY)
def test_a_repair_mends_what_it_was_offered_for_and_breaks_nothing_else(name: str) -> None:
    events, _ = FAULTY[name]
    before = checked(events)
    for finding in before:
        if finding.repair is None:
            continue
        # A fresh id may be higher than the one behind it, which is no fault but told.
        after = [found for found in checked(mended(events, finding.repair.steps)) if found.code != "id-order"]
        assert len(after) < len(before), finding.repair.words
        assert {other.code for other in after} <= {other.code for other in before}


def test_a_fresh_id_is_taken_from_between_the_neighbours_where_there_is_room() -> None:
    finding = the_only([message(0), message(None), message(7)])
    assert finding.repair is not None
    assert finding.repair.arguments == ("--set", "#1:id=1")
    full = the_only([message(0), message(None), message(1)])
    assert full.repair is not None
    assert full.repair.arguments == ("--set", "#1:id=2")


def test_two_repairs_never_give_out_the_same_id() -> None:
    found = checked([message(0), message(0), message(0), message(None), message(9)])
    given_out = [step.value for finding in found if finding.repair for step in finding.repair.steps]
    assert len(given_out) == len(set(given_out)) == 3


def test_a_repeated_id_of_an_action_is_mended_in_its_result_too() -> None:
    finding = the_only([message(0), run(1), ran(2, 1), run(1), ran(4, 1)])
    assert finding.repair is not None
    assert finding.repair.arguments == ("--set", "#3:id=3", "--set", "4:cause=3")


def test_what_a_deleted_or_changed_field_is_named_is_what_edit_takes() -> None:
    orphan = the_only([message(0), ran(2, 99)])
    assert orphan.repair is not None
    assert orphan.repair.arguments == ("--delete", "2")
    flag = the_only([{**message(0), "args": {"content": "x", "wait_for_response": "perhaps"}}])
    assert flag.repair is not None
    assert flag.repair.arguments == ("--set", "0:args.wait_for_response=false")
    assert flag.text.startswith("args.wait_for_response: input should be a valid boolean")


def test_the_inserted_result_names_the_call_and_keeps_the_models_side_of_it() -> None:
    events = [message(0), run(1, **tool("a")), message(2)]
    finding = the_only(events)
    assert finding.repair is not None
    inserted = mended(events, finding.repair.steps)[2]
    assert inserted["observation"] == "error"
    assert inserted["cause"] == 1
    assert inserted["tool_call_metadata"] == events[1]["tool_call_metadata"]


def test_an_action_at_the_end_of_an_interrupted_recording_is_only_a_warning() -> None:
    assert the_only([message(0), run(1)]).severity is Severity.WARNING
    assert the_only([message(0), run(1), message(2)]).severity is Severity.ERROR


def test_what_waited_for_confirmation_and_came_again_is_no_fault() -> None:
    waiting = run(1, **tool("a"))
    waiting["args"]["confirmation_state"] = "awaiting_confirmation"
    confirmed = run(2, **tool("a"))
    assert checked([message(0), waiting, confirmed, ran(3, 2, **tool("a"))]) == []


def test_a_recording_without_ids_lacks_none() -> None:
    assert checked([message(None), run(None), ran(None, None), message(None)]) == []


@given(documents())
def test_anything_that_opens_can_be_checked(text: Any) -> None:
    trajectory = Trajectory.from_bytes(text.data)
    count = len(trajectory)
    for finding in check([trajectory.raw(index) for index in range(count)]):
        assert 0 <= finding.index < count
        assert finding.text


@given(st.lists(st.sampled_from([event for events, _ in FAULTY.values() for event in events]), max_size=8))
def test_any_mixture_of_faults_is_checked_and_every_repair_can_be_made(events: list[Any]) -> None:
    for finding in checked(events):
        if finding.repair is not None:
            assert checked(mended(events, finding.repair.steps)) is not None
            assert len(finding.repair.arguments) >= 2
