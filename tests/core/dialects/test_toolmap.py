"""The tool map: the same in every direction."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trajcore.dialects.openhands_v0.tools import TOOL_MAP
from trajcore.dialects.toolmap import Tool
from trajcore.events import kinds
from trajcore.events.actions import ACTIONS
from trajcore.events.parse import parse
from trajcore.live.messages.history import messages
from trajcore.live.tools import to_action
from trajcore.trajectory import Trajectory

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
OF_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "string": TEXT,
    "integer": st.integers(0, 1000),
    "number": st.integers(1, 600) | st.floats(0.5, 600),
    "array": st.lists(st.integers(-1, 500), min_size=2, max_size=2),
}


def value_of(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema["type"] == "object":
        return st.fixed_dictionaries({key: value_of(one) for key, one in schema["properties"].items()})
    if schema.get("items", {}).get("type") == "object":
        return st.lists(value_of(schema["items"]), max_size=2)
    return OF_TYPE[schema["type"]]


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A call as a model may make it, with none of the parameters that its command has no use for."""
    function = draw(st.sampled_from(TOOL_MAP.schemas()))["function"]
    properties, required = function["parameters"]["properties"], function["parameters"]["required"]
    given = {name: draw(value_of(properties[name])) for name in required}
    row = next(row for row in TOOL_MAP if row.name == function["name"] and fits(row, given))
    for one in row.parameters:
        wanted = one.name in row.required or draw(st.booleans())
        if one.name not in given and one.schema is not None and wanted:
            given[one.name] = draw(value_of(one.schema))
    return function["name"], given


def fits(row: Tool, given: dict[str, Any]) -> bool:
    return row.makes is not None and all(given.get(name) == value for name, value in row.given.items())


@given(calls())
def test_an_action_said_as_a_call_is_that_action(call: tuple[str, dict[str, Any]]) -> None:
    name, arguments = call
    action = to_action(TOOL_MAP, name, json.dumps(arguments))
    parsed = parse({"source": "agent", **action})
    assert not parsed.problems
    said = TOOL_MAP.call_of(parsed.event)
    assert said is not None
    assert said.name == name
    assert to_action(TOOL_MAP, said.name, json.dumps(said.arguments)) == action


@pytest.mark.parametrize("row", TOOL_MAP, ids=lambda row: f"{row.name}-{row.kind}")
def test_the_fields_of_a_row_are_those_of_the_kind(row: Tool) -> None:
    model = next(model for model in ACTIONS if model.model_fields["action"].default == row.kind)
    args: Any = model.model_fields["args"].annotation
    named = {row.named_by, row.whole, row.copied} - {""}
    # Once written by OpenHands, dropped by it on load: only a call of then has it.
    named |= {one.place for one in row.parameters if not one.beside} - {"task_completed"}
    assert named <= set(args.model_fields)
    if row.makes is not None:
        assert set(row.makes) == set(args.model_fields)


def test_every_action_that_is_answered_as_a_tool_has_a_row() -> None:
    rows = {row.kind for row in TOOL_MAP}
    own = [row for row in kinds.ACTION_KINDS if row.insertable]  # what V1 alone has is no tool of V0's
    expected = {row.name for row in own if row.asks_the_world or row.name in kinds.LOCAL}
    assert expected <= rows


def test_a_tool_that_is_offered_tells_of_every_parameter() -> None:
    for tool in TOOL_MAP.schemas():
        parameters = tool["function"]["parameters"]
        assert set(parameters["required"]) <= set(parameters["properties"])
        rows = [row for row in TOOL_MAP if row.name == tool["function"]["name"]]
        assert any(row.makes is not None for row in rows)


EDITS = st.sampled_from([
    (kinds.RUN, "command", TEXT),
    (kinds.RUN, "is_input", st.booleans()),
    (kinds.RUN_IPYTHON, "code", TEXT),
    (kinds.READ, "path", TEXT),
    (kinds.READ, "view_range", OF_TYPE["array"]),
    (kinds.WRITE, "content", TEXT),
    (kinds.EDIT, "old_str", TEXT),
    (kinds.EDIT, "insert_line", OF_TYPE["integer"]),
    (kinds.THINK, "thought", TEXT),
    (kinds.BROWSE_INTERACTIVE, "browser_actions", TEXT),
    (kinds.TASK_TRACKING, "command", st.sampled_from(["view", "plan"])),
])  # fmt: skip

BEFORE: dict[str, dict[str, Any]] = {
    kinds.RUN: {"command": "ls", "is_input": False},
    kinds.RUN_IPYTHON: {"code": "1"},
    kinds.READ: {"path": "/a", "view_range": [1, 2], "impl_source": "oh_aci"},
    kinds.WRITE: {"path": "/a", "content": "x"},
    kinds.EDIT: {"path": "/a", "command": "insert", "old_str": "a", "new_str": "b", "insert_line": 1},
    kinds.THINK: {"thought": "hm"},
    kinds.BROWSE_INTERACTIVE: {"browser_actions": "click('1')"},
    kinds.TASK_TRACKING: {"command": "plan", "task_list": []},
}


@settings(max_examples=60, deadline=None)
@given(EDITS, st.data())
def test_after_an_edit_the_call_that_a_model_is_shown_says_what_the_action_says(
    edit: tuple[str, str, st.SearchStrategy[Any]], data: st.DataObject
) -> None:
    kind, name, values = edit
    trajectory = recorded(kind, BEFORE[kind])
    trajectory.set_value(0, ("args", name), data.draw(values))
    shown, args = shown_call(trajectory), trajectory.data(0)["args"]
    parameter = TOOL_MAP.parameter_of(kind, name)
    assert parameter is not None
    event: Any = parse(trajectory.data(0)).event
    said = TOOL_MAP.call_of(event)
    assert said is not None
    assert shown == {**shown, **said.compared}
    assert shown[parameter.name] == parameter.of(event, "")
    if parameter.said is None:
        assert shown[parameter.name] == args[name]


def recorded(kind: str, args: dict[str, Any]) -> Trajectory:
    """An action with the call that it came from, and nothing else."""
    action = {"id": 0, "source": "agent", "message": "", "action": kind, "args": args}
    event: Any = parse(action).event
    said = TOOL_MAP.call_of(event)
    assert said is not None
    function = {"name": said.name, "arguments": json.dumps(said.arguments)}
    message = {"content": None, "tool_calls": [{"id": "c1", "type": "function", "function": function}]}
    action["tool_call_metadata"] = {
        "function_name": said.name,
        "tool_call_id": "c1",
        "model_response": {"id": "r1", "choices": [{"message": message}]},
        "total_calls_in_response": 1,
    }
    return Trajectory.from_bytes(json.dumps([action]).encode())


def shown_call(trajectory: Trajectory) -> dict[str, Any]:
    shown = messages([parse(trajectory.data(0)).event], system=None)
    (made,) = (message for message in shown if message.get("tool_calls"))
    arguments: dict[str, Any] = json.loads(made["tool_calls"][0]["function"]["arguments"])
    return arguments
