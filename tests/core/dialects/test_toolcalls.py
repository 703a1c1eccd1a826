"""Both copies: an edited action also changes the tool call that a model will see, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from documents import SPELLINGS, Spelling, called, message, ran, run, same_json
from trajcore.trajectory import Trajectory


def acted(kind: str, args: dict[str, Any], arguments: Any, content: Any = None, **fields: Any) -> list[Any]:
    """A message, an action with its tool call, and its observation."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    metadata = called("c1", "r1", arguments=text, content=content)
    action = {
        "id": 1,
        "source": "agent",
        "action": kind,
        "tool_call_metadata": metadata,
        "args": args,
        **fields,
    }
    return [message(0), action, ran(2, 1, tool_call_metadata=metadata), message(3)]


def call(trajectory: Trajectory, index: int, number: int = 0) -> dict[str, Any]:
    function = choice(trajectory, index)["message"]["tool_calls"][number]["function"]
    return (
        function["arguments"]
        if isinstance(function["arguments"], dict)
        else json.loads(function["arguments"])
    )


def choice(trajectory: Trajectory, index: int) -> dict[str, Any]:
    found: dict[str, Any] = trajectory.data(index)["tool_call_metadata"]["model_response"]["choices"][0]
    return found


def opened(events: list[Any]) -> Trajectory:
    return Trajectory.from_bytes(json.dumps(events).encode())


EDITOR = {"path": "/w/a", "command": "str_replace", "old_str": "a", "new_str": "b", "insert_line": 3}
CASES: list[tuple[str, dict[str, Any], dict[str, Any], str, Any, dict[str, Any]]] = [
    ("run", {"command": "ls"}, {"command": "ls", "x": 1}, "command", "pwd é", {"command": "pwd é", "x": 1}),
    ("run", {"is_input": False}, {"is_input": "false"}, "is_input", True, {"is_input": "true"}),
    ("run", {"is_input": False}, {"is_input": False}, "is_input", True, {"is_input": True}),
    ("run", {"is_input": False}, {"command": "ls"}, "is_input", True, {"command": "ls"}),
    ("run", {"hidden": False}, {"command": "ls"}, "hidden", True, {"command": "ls"}),
    ("run", {"security_risk": 0}, {"security_risk": "LOW"}, "security_risk", 2, {"security_risk": "HIGH"}),
    ("run", {"security_risk": 0}, {"security_risk": "LOW"}, "security_risk", -1, {"security_risk": "LOW"}),
    ("run_ipython", {"code": "1"}, {"code": "1"}, "code", "2", {"code": "2"}),
    ("edit", EDITOR, EDITOR, "old_str", "c\nd", {**EDITOR, "old_str": "c\nd"}),
    ("edit", EDITOR, {**EDITOR, "insert_line": "3"}, "insert_line", 4, {**EDITOR, "insert_line": "4"}),
    ("edit", EDITOR, EDITOR, "new_str", None, {k: v for k, v in EDITOR.items() if k != "new_str"}),
    ("read", {"path": "/a"}, {"path": "/a", "x": 1}, "path", "/b", {"path": "/b", "x": 1}),
    ("read", {"view_range": [1, 2]}, {"view_range": [1, 2]}, "view_range", [3, -1], {"view_range": [3, -1]}),
    ("write", {"path": "/a", "content": "x"}, {"file_text": "x"}, "content", "y", {"file_text": "y"}),
    ("browse", {"url": "http://a"}, {"code": "goto('http://a')"}, "url", "http://b", {"code": "goto('http://b')"}),
    ("browse_interactive", {"browser_actions": "a"}, {"code": "a"}, "browser_actions", "b", {"code": "b"}),
    ("finish", {"final_thought": "x"}, {"message": "x"}, "final_thought", "y", {"message": "y"}),
    ("finish", {"task_completed": "true"}, {"task_completed": "true"}, "task_completed", "false",
     {"task_completed": "false"}),
    ("think", {"thought": "x"}, {"thought": "x"}, "thought", "y", {"thought": "y"}),
    ("task_tracking", {"task_list": []}, {"task_list": []}, "task_list", [{"id": "1"}],
     {"task_list": [{"id": "1"}]}),
    ("delegate", {"inputs": {"task": "a"}}, {"task": "a"}, "inputs", {"task": "b", "c": 1}, {"task": "b"}),
    ("call_tool_mcp", {"arguments": {"a": 1, "b": 2}}, {"a": 1, "b": 2}, "arguments", {"b": 3, "c": 4},
     {"b": 3, "c": 4}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "args", "arguments", "field", "value", "expected"), CASES, ids=str)
def test_a_field_and_its_parameter_change_together_on_every_copy_as_one_step(
    kind: str,
    args: dict[str, Any],
    arguments: dict[str, Any],
    field: str,
    value: Any,
    expected: dict[str, Any],
) -> None:
    trajectory = opened(acted(kind, args, arguments))
    before = trajectory.to_bytes()
    trajectory.set_value(1, ("args", field), value)
    assert trajectory.data(1)["args"][field] == value
    for index in (1, 2):
        assert same_json(call(trajectory, index), expected)
    assert len(trajectory.history) == 1
    trajectory.undo()
    assert trajectory.to_bytes() == before


def test_a_timeout_beside_the_arguments_is_followed() -> None:
    trajectory = opened(acted("run", {"command": "ls"}, {"command": "ls", "timeout": 5}, timeout=5))
    trajectory.set_value(1, ("timeout",), 7.5)
    assert call(trajectory, 2) == {"command": "ls", "timeout": 7.5}


def test_the_rest_of_the_arguments_keeps_its_text() -> None:
    text = '{"x": 1.50,"command":"ls" ,  "y":"\\u00e9"}'
    trajectory = opened(acted("run", {"command": "ls"}, text))
    trajectory.set_value(1, ("args", "command"), "pwd")
    function = choice(trajectory, 2)["message"]["tool_calls"][0]["function"]
    assert function["arguments"] == text.replace('"ls"', '"pwd"')


@pytest.mark.parametrize("spelling", SPELLINGS, ids=str)
def test_only_the_two_copies_change_in_the_file(spelling: Spelling) -> None:
    events = acted("run", {"command": "ls"}, {"command": "ls"})
    trajectory = Trajectory.from_bytes(spelling.written(events))
    trajectory.set_value(1, ("args", "command"), "pwd")
    expected = acted("run", {"command": "pwd"}, {"command": "pwd"})
    assert trajectory.to_bytes() == spelling.written(expected)


@pytest.mark.parametrize("arguments", ["", "[1]", "not json", "{"])
def test_arguments_that_are_no_object_are_left_alone(arguments: str) -> None:
    trajectory = opened(acted("run", {"command": "ls"}, arguments))
    other = trajectory.raw(2)
    trajectory.set_value(1, ("args", "command"), "pwd")
    assert trajectory.raw(2) == other


@pytest.mark.parametrize(
    "metadata",
    [None, 1, [], {}, {"tool_call_id": 3}, {"tool_call_id": "c1"},
     {"tool_call_id": "c1", "model_response": 2},
     {"tool_call_id": "c1", "model_response": {"choices": [1, {"message": {"tool_calls": [1, {"id": 1}]}}]}},
     {"tool_call_id": "c1", "model_response": {"id": 1, "choices": {"a": 1}}}],
    ids=str,
)  # fmt: skip
def test_metadata_of_any_shape_stops_no_edit(metadata: Any) -> None:
    trajectory = opened([run(0, "ls", tool_call_metadata=metadata), ran(1, 0, tool_call_metadata=metadata)])
    trajectory.set_value(0, ("args", "command"), "pwd")
    assert trajectory.data(0) == run(0, "pwd", tool_call_metadata=metadata)


def test_parallel_calls_keep_their_own_arguments_and_each_copy_of_the_response_follows() -> None:
    texts = [json.dumps({"command": name}) for name in ("one", "two")]
    calls = [{"id": f"c{at}", "function": {"name": "execute_bash", "arguments": texts[at]}} for at in (0, 1)]
    response = {"id": "r", "choices": [{"message": {"content": "both", "tool_calls": calls}}]}
    copies = [{"tool_call_metadata": {"tool_call_id": f"c{at}", "model_response": response}} for at in (0, 1)]
    first = {**run(0, "one", **copies[0])}
    first["args"]["thought"] = "both"
    trajectory = opened([first, run(1, "two", **copies[1]), ran(2, 0, **copies[0]), ran(3, 1, **copies[1])])
    trajectory.set_value(1, ("args", "command"), "2")
    trajectory.set_value(0, ("args", "thought"), "each")
    for index in range(4):
        assert [call(trajectory, index, at)["command"] for at in (0, 1)] == ["one", "2"]
        assert choice(trajectory, index)["message"]["content"] == "each"


def test_the_same_call_id_in_another_response_is_not_meant() -> None:
    def metadata(response: str) -> dict[str, Any]:
        return {"tool_call_metadata": called("toolu_01", response, arguments='{"command": "ls"}')}

    events = [run(0, "ls", **metadata("r1")), ran(1, 0), run(2, "ls", **metadata("r2")), ran(3, 2)]
    trajectory = opened(events)
    trajectory.set_value(2, ("args", "command"), "pwd")
    assert call(trajectory, 0) == {"command": "ls"}
    assert call(trajectory, 2) == {"command": "pwd"}


def test_a_response_without_an_id_is_followed_within_the_unit() -> None:
    events = acted("run", {"command": "ls"}, {"command": "ls"})
    for event in events[1:3]:
        event["tool_call_metadata"]["model_response"].pop("id", None)
    trajectory = opened(events)
    trajectory.set_value(1, ("args", "command"), "pwd")
    assert call(trajectory, 2) == {"command": "pwd"}


def test_a_thought_is_what_the_model_said_beside_its_calls() -> None:
    for content in ("hm", [{"type": "text", "text": "hm"}]):
        trajectory = opened(acted("run", {"thought": "hm"}, {}, content))
        trajectory.set_value(1, ("args", "thought"), "aha")
        said = choice(trajectory, 2)["message"]["content"]
        assert said == ("aha" if isinstance(content, str) else [{"type": "text", "text": "aha"}])
    other = opened(acted("run", {"thought": "hm"}, {}, "something else"))
    other.set_value(1, ("args", "thought"), "aha")
    assert choice(other, 2)["message"]["content"] == "something else"


def test_a_thought_that_has_the_models_words_before_it_loses_them_in_the_call() -> None:
    trajectory = opened(acted("think", {"thought": "Well.\nhm"}, {"thought": "hm"}, "Well."))
    trajectory.set_value(1, ("args", "thought"), "Well.\naha")
    assert call(trajectory, 2) == {"thought": "aha"}
    assert choice(trajectory, 2)["message"]["content"] == "Well."


def test_the_name_of_an_mcp_tool_is_in_the_call_too() -> None:
    events = acted("call_tool_mcp", {"name": "execute_bash", "arguments": {}}, {})
    trajectory = opened(events)
    trajectory.set_value(1, ("args", "name"), "fetch")
    assert choice(trajectory, 2)["message"]["tool_calls"][0]["function"]["name"] == "fetch"


def test_the_editors_call_of_early_2025_says_what_the_fields_say() -> None:
    code = "print(file_editor(**{'command': 'create', 'path': '/a', 'file_text': 'x\\n'}))"
    edit = {"action": "edit", "args": {"path": "/a", "content": "", "translated_ipython_code": code}}
    trajectory = opened([edit])
    trajectory.set_value(0, ("args", "path"), "/b")
    assert trajectory.data(0)["args"]["translated_ipython_code"] == code.replace("'/a'", "'/b'")
    trajectory.set_value(0, ("args", "file_text"), "y")
    assert trajectory.modern(0)["args"]["file_text"] == "y"
    assert trajectory.modern(0)["args"]["path"] == "/b"


def test_the_derived_message_and_the_recorded_result_stay_what_they_are() -> None:
    events = acted("run", {"command": "ls"}, {"command": "ls"}, message="Running command: ls")
    trajectory = opened(events)
    trajectory.set_value(1, ("args", "command"), "pwd")
    assert trajectory.data(1)["message"] == "Running command: ls"
    observation = trajectory.data(2)
    del observation["tool_call_metadata"], events[2]["tool_call_metadata"]
    assert observation == events[2]


def test_a_whole_event_and_several_fields_are_followed_too() -> None:
    trajectory = opened(
        acted("run", {"command": "ls", "is_input": False}, {"command": "ls", "is_input": "false"})
    )
    event = trajectory.data(1)
    event["args"] = {"command": "y", "is_input": True}
    trajectory.replace_event(1, json.dumps(event, indent=7).encode())
    assert call(trajectory, 1) == call(trajectory, 2) == {"command": "y", "is_input": "true"}
    trajectory.set_values(1, [(("args", "command"), "n"), (("args", "is_input"), False)])
    assert call(trajectory, 1) == call(trajectory, 2) == {"command": "n", "is_input": "false"}
    assert len(trajectory.history) == 2


def test_in_real_recordings_every_command_and_path_is_followed(recordings: dict[str, Path]) -> None:
    trajectory = Trajectory.open(recordings["ponyc_4595.json"])
    before = trajectory.to_bytes()
    changed = 0
    for index in range(len(trajectory)):
        data = trajectory.data(index)
        field = {"run": "command", "read": "path", "edit": "old_str", "think": "thought"}.get(
            str(data.get("action"))
        )
        if field and "tool_call_metadata" in data:
            trajectory.set_value(index, ("args", field), "something else")
            for copy in trajectory.unit_of(index):
                assert call(trajectory, copy)[field] == "something else"
            changed += 1
    assert changed > 15
    while trajectory.undo():
        pass
    assert trajectory.to_bytes() == before
