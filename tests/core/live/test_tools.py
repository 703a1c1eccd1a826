"""From tool calls to actions."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajcore.dialects.openhands_v0.tools import TOOL_MAP
from trajcore.events.parse import parse
from trajcore.live.tools import BadToolCall, to_action
from trajcore.masking import MASK

TOOLS = TOOL_MAP.schemas()


def made(name: str, **arguments) -> dict:
    return to_action(TOOL_MAP, name, json.dumps(arguments))


def test_the_tools_are_openhands_own():
    assert [tool["function"]["name"] for tool in TOOLS] == [
        "execute_bash",
        "execute_ipython_cell",
        "str_replace_editor",
        "think",
        "task_tracker",
        "finish",
    ]


def test_a_tool_that_is_switched_off_is_refused_with_those_that_are_on():
    some = TOOL_MAP.with_only(["execute_bash", "finish"])
    assert [tool["function"]["name"] for tool in some.schemas()] == ["execute_bash", "finish"]
    with pytest.raises(BadToolCall, match=r"think is switched off\. The tools are: execute_bash, finish\."):
        to_action(some, "think", '{"thought": "hm"}')
    assert some.names == TOOL_MAP.names == tuple(tool["function"]["name"] for tool in TOOLS)


def test_what_a_task_lacks_is_filled_in_as_openhands_does():
    action = made("task_tracker", command="plan", task_list=[{"title": "a", "status": "done"}, {}])
    assert action["action"] == "task_tracking"
    assert action["args"]["task_list"] == [
        {"id": "task-1", "title": "a", "status": "done", "notes": ""},
        {"id": "task-2", "title": "Untitled task", "status": "todo", "notes": ""},
    ]
    assert made("task_tracker", command="view")["args"]["task_list"] == []


def test_a_cell_has_all_arguments_of_openhands():
    action = made("execute_ipython_cell", code="1 + 1", security_risk="LOW")
    assert action["action"] == "run_ipython"
    assert (action["args"]["code"], action["args"]["security_risk"]) == ("1 + 1", 0)


def test_timeout_makes_the_command_blocking():
    action = made("execute_bash", command="make", timeout=90)
    assert action["timeout"] == 90
    assert action["args"]["blocking"] is True
    assert "timeout" not in made("execute_bash", command="make")


@pytest.mark.parametrize(
    ("given_value", "expected"), [("true", True), ("false", False), (True, True), (False, False)]
)
def test_is_input_may_be_text_or_a_flag(given_value, expected):
    assert made("execute_bash", command="C-c", is_input=given_value)["args"]["is_input"] is expected


def test_view_is_a_read():
    action = made("str_replace_editor", command="view", path="/a", view_range=[1, "5"])
    assert action["action"] == "read"
    assert action["args"]["view_range"] == [1, 5]


def test_other_editor_commands_are_edits():
    action = made("str_replace_editor", command="insert", path="/a", insert_line="3", new_str="x")
    assert action["action"] == "edit"
    assert (action["args"]["insert_line"], action["args"]["new_str"]) == (3, "x")


def test_risk_is_kept():
    assert made("execute_bash", command="rm -r /", security_risk="HIGH")["args"]["security_risk"] == 2
    assert made("execute_bash", command="ls")["args"]["security_risk"] == -1


def test_every_action_is_a_typed_event():
    for action in (
        made("execute_bash", command="ls", timeout=5),
        made("str_replace_editor", command="view", path="/a"),
        made("str_replace_editor", command="undo_edit", path="/a"),
        made("think", thought="hm"),
        made("execute_ipython_cell", code="1"),
        made("task_tracker", command="plan", task_list=[]),
        made("finish", message="ok"),
    ):
        assert not parse({"source": "agent", **action}).problems


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("execute_bash", "{", "not JSON"),
        ("execute_bash", "[1]", "must be a JSON object"),
        ("execute_bash", "", "needs the argument command"),
        ("execute_bash", '{"command": null}', "needs the argument command"),
        ("execute_bash", '{"command": 3}', "must be a string"),
        ("execute_bash", '{"command": "ls", "cwd": "/"}', "no argument cwd"),
        ("execute_bash", '{"command": "ls", "timeout": "soon"}', "must be a number"),
        ("execute_bash", '{"command": "ls", "timeout": -1}', "must be a number"),
        ("execute_bash", '{"command": "ls", "is_input": "maybe"}', "one of true, false"),
        ("str_replace_editor", '{"command": "delete", "path": "/a"}', "one of view, create"),
        ("str_replace_editor", '{"command": "insert", "path": "/a", "insert_line": 1.5}', "an integer"),
        ("str_replace_editor", '{"command": "view", "path": "/a", "view_range": "1-3"}', "an array"),
        ("str_replace_editor", '{"command": "view", "path": "/a", "lines": 3}', "no argument lines"),
        ("execute_ipython_cell", "{}", "needs the argument code"),
        ("task_tracker", '{"command": "plan"}', "needs the argument task_list"),
        ("task_tracker", '{"command": "plan", "task_list": [3]}', r"task_list\[0\] of .* must be an object"),
        (
            "task_tracker",
            '{"command": "plan", "task_list": [{"status": "x"}]}',
            "status of task_tracker must be one of",
        ),
        ("task_tracker", '{"command": "plan", "task_list": [{"by": 1}]}', r"no argument task_list\[0\].by"),
        ("teleport", "{}", "no tool 'teleport'"),
    ],
)
def test_bad_calls_say_what_to_do_better(name, text, expected):
    with pytest.raises(BadToolCall, match=expected):
        to_action(TOOL_MAP, name, text)


JSON = st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5), st.lists)
NAMES = st.sampled_from(
    ["command", "path", "timeout", "is_input", "insert_line", "view_range", "thought", "message"]
)


@given(st.sampled_from([tool["function"]["name"] for tool in TOOLS]), st.dictionaries(NAMES, JSON) | JSON)
def test_no_arguments_break_it(name, arguments):
    try:
        action = to_action(TOOL_MAP, name, json.dumps(arguments))
    except BadToolCall:
        return
    assert not parse({"source": "agent", **action}).problems


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("execute_bash", {"command": f"curl -H 'Authorization: {MASK}' host"}),
        ("execute_bash", {"command": f"{MASK}", "is_input": "true"}),
        ("str_replace_editor", {"command": "create", "path": "/a", "file_text": f"key = {MASK}"}),
        ("str_replace_editor", {"command": "view", "path": f"/{MASK}"}),
    ],
)
def test_what_stands_for_a_secret_is_not_carried_out_in_its_place(name: str, arguments: dict):
    for text in (json.dumps(arguments), json.dumps(arguments).replace("<", "\\u003c")):
        with pytest.raises(BadToolCall, match=f"not executed: {MASK} in its argument .* stands for a secret"):
            to_action(TOOL_MAP, name, text)


def test_what_is_only_said_may_name_the_mask():
    assert made("think", thought=f"the key is {MASK}")["action"] == "think"
    assert made("finish", message=f"the key is {MASK}")["action"] == "finish"
