"""The kinds of events: each is read into its class, with OpenHands' defaults; nothing is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajcore.dialects.openhands_v0.wire import head_of, parse, read_head
from trajcore.events import actions, observations
from trajcore.events.base import Action, Observation

# OpenHands 0.62: the fields that an action must have, and what the others are by default.
SR = {"security_risk": -1}
T = {"thought": ""}
CONFIRMED = {"confirmation_state": "confirmed"}
ACTIONS: dict[str, tuple[type[Action], dict[str, Any], dict[str, Any]]] = {
    "system": (
        actions.SystemAction,
        {"content": "You are"},
        {"tools": None, "openhands_version": None, "agent_class": None},
    ),
    "message": (
        actions.MessageAction,
        {"content": "hi"},
        {"file_urls": None, "image_urls": None, "wait_for_response": False, **SR},
    ),
    "run": (
        actions.RunAction,
        {"command": "ls"},
        {"is_input": False, "blocking": False, "is_static": False, "cwd": None, "hidden": False}
        | {**T, **CONFIRMED, **SR},
    ),
    "run_ipython": (
        actions.RunIpythonAction,
        {"code": "1"},
        {"include_extra": True, "kernel_init_code": "", **T, **CONFIRMED, **SR},
    ),
    "read": (
        actions.ReadAction,
        {"path": "/a"},
        {"start": 0, "end": -1, "impl_source": "default", "view_range": None, **T, **SR},
    ),
    "write": (actions.WriteAction, {"path": "/a", "content": "x"}, {"start": 0, "end": -1, **T, **SR}),
    "edit": (
        actions.EditAction,
        {"path": "/a"},
        {
            "command": "",
            "file_text": None,
            "old_str": None,
            "new_str": None,
            "insert_line": None,
            "content": "",
        }
        | {"start": 1, "end": -1, "impl_source": "oh_aci", **T, **SR},
    ),
    "browse": (actions.BrowseAction, {"url": "u"}, {"return_axtree": False, **T, **SR}),
    "browse_interactive": (
        actions.BrowseInteractiveAction,
        {"browser_actions": "noop()"},
        {"browsergym_send_msg_to_user": "", "return_axtree": False, **T, **SR},
    ),
    "call_tool_mcp": (actions.McpAction, {"name": "fetch"}, {"arguments": {}, **T, **SR}),
    "think": (actions.ThinkAction, {}, T),
    "finish": (actions.FinishAction, {}, {"final_thought": "", "outputs": {}, **T}),
    "reject": (actions.RejectAction, {}, {"outputs": {}, **T}),
    "find_files": (actions.FindFilesAction, {"pattern": "*.py"}, {"path": None, **T}),
    "search_files": (actions.SearchFilesAction, {"pattern": "x"}, {"path": None, "include": None, **T}),
    "apply_patch": (actions.ApplyPatchAction, {"patch": "*** Begin Patch"}, T),
    "call_tool": (actions.CallToolAction, {"name": "oracle"}, {"arguments": {}, **T}),
    "foreign_call": (actions.ForeignCallAction, {"name": "Read"}, {}),
    "hook": (actions.HookAction, {"name": "Stop"}, {"command": ""}),
    "program_log": (actions.LogAction, {"name": "TokenEvent"}, {}),
    "delegate": (actions.DelegateAction, {"agent": "BrowsingAgent", "inputs": {"task": "t"}}, T),
    "recall": (actions.RecallAction, {"recall_type": "knowledge"}, {"query": "", **T}),
    "change_agent_state": (actions.ChangeAgentStateAction, {"agent_state": "paused"}, T),
    "condensation": (
        actions.CondensationAction,
        {"forgotten_event_ids": [1, 2]},
        {
            "forgotten_events_start_id": None,
            "forgotten_events_end_id": None,
            "summary": None,
            "summary_offset": None,
        },
    ),
    "condensation_request": (actions.CondensationRequestAction, {}, {}),
    "task_tracking": (actions.TaskTrackingAction, {}, {"command": "view", "task_list": [], **T}),
    "loop_recovery": (actions.LoopRecoveryAction, {}, {"option": 1}),
    "null": (actions.NullAction, {}, {}),
}
METADATA = {"exit_code": -1, "pid": -1, "username": None, "hostname": None, "working_dir": None}
METADATA |= {"py_interpreter_path": None, "prefix": "", "suffix": ""}
OBSERVATIONS: dict[str, tuple[type[Observation], dict[str, Any], dict[str, Any]]] = {
    "run": (observations.RunObservation, {"command": "ls"}, {"metadata": METADATA, "hidden": False}),
    "run_ipython": (observations.RunIpythonObservation, {"code": "1"}, {"image_urls": None}),
    "browse": (
        observations.BrowseObservation,
        {"url": "u", "trigger_by_action": "browse"},
        {"error": False, "screenshot_path": None},
    ),
    "read": (observations.ReadObservation, {"path": "/a"}, {"impl_source": "default"}),
    "write": (observations.WriteObservation, {"path": "/a"}, {}),
    "edit": (
        observations.EditObservation,
        {"path": "/a"},
        {"prev_exist": False, "old_content": None, "new_content": None, "diff": None}
        | {"impl_source": "llm_based_edit"},
    ),
    "delegate": (observations.DelegateObservation, {"outputs": {"content": "x"}}, {}),
    "find_files": (observations.FindFilesObservation, {}, {}),
    "search_files": (observations.SearchFilesObservation, {}, {}),
    "apply_patch": (observations.ApplyPatchObservation, {}, {}),
    "call_tool": (observations.CallToolObservation, {}, {}),
    "think": (observations.ThinkObservation, {}, {}),
    "task_tracking": (observations.TaskTrackingObservation, {"command": "view", "task_list": []}, {}),
    "mcp": (observations.McpObservation, {"name": "fetch", "arguments": {"a": 1}}, {}),
    "recall": (observations.RecallObservation, {"recall_type": "knowledge"}, {"microagent_knowledge": []}),
    "error": (observations.ErrorObservation, {}, {"error_id": ""}),
    "user_rejected": (observations.UserRejectedObservation, {}, {}),
    "agent_state_changed": (
        observations.AgentStateChangedObservation,
        {"agent_state": "running"},
        {"reason": ""},
    ),
    "condense": (observations.CondenseObservation, {}, {}),
    "download": (observations.DownloadObservation, {"file_path": "/a"}, {}),
    "loop_detection": (observations.LoopDetectionObservation, {}, {}),
    "success": (observations.SuccessObservation, {}, {}),
    "null": (observations.NullObservation, {}, {}),
}


def dumped(event: Any) -> Any:
    return event.model_dump(mode="json", exclude_unset=True)


@pytest.mark.parametrize("kind", ACTIONS)
def test_every_kind_of_action_has_a_class_and_the_defaults_of_openhands(kind: str) -> None:
    cls, given_args, defaults = ACTIONS[kind]
    data = {"id": 3, "source": "agent", "action": kind, "args": given_args}
    parsed = parse(data)
    assert parsed.problems == ()
    assert type(parsed.event) is cls
    assert dumped(parsed.event) == data
    assert parsed.event.model_dump(mode="json")["args"] == {**given_args, **defaults}


@pytest.mark.parametrize("kind", OBSERVATIONS)
def test_every_kind_of_observation_has_a_class_and_the_defaults_of_openhands(kind: str) -> None:
    cls, given_extras, defaults = OBSERVATIONS[kind]
    data = {
        "id": 4,
        "cause": 3,
        "source": "agent",
        "observation": kind,
        "content": "text",
        "extras": given_extras,
    }
    parsed = parse(data)
    assert parsed.problems == ()
    assert type(parsed.event) is cls
    assert dumped(parsed.event) == data
    assert parsed.event.model_dump(mode="json")["extras"] == {**given_extras, **defaults}


def test_no_class_is_missing_from_these_tables() -> None:
    assert {cls for cls, _, _ in ACTIONS.values()} == set(actions.ACTIONS)
    assert {cls for cls, _, _ in OBSERVATIONS.values()} == set(observations.OBSERVATIONS)


def test_every_event_that_openhands_writes_comes_back_as_it_was(recordings: dict[str, Path]) -> None:
    for event in json.loads(recordings["all_event_types_v0.62.json"].read_bytes()):
        parsed = parse(event)
        assert parsed.problems == (), event
        assert dumped(parsed.event) == event
        assert not isinstance(parsed.event, actions.UnknownAction | observations.UnknownObservation)


def test_fields_of_the_future_are_kept() -> None:
    data = {
        "id": 1,
        "action": "run",
        "args": {"command": "ls", "shell": "fish"},
        "colour": "red",
        "tool_call_metadata": {
            "function_name": "f",
            "tool_call_id": "c",
            "new": 1,
            "total_calls_in_response": 1,
        },
    }
    parsed = parse(data)
    assert parsed.problems == ()
    assert dumped(parsed.event) == data


@pytest.mark.parametrize("kind", ["summarize", "add_task", "initialize", "kill", "talk", "push", "", "run "])
def test_actions_of_an_unknown_kind_are_kept_as_they_came(kind: str) -> None:
    data = {"id": 1, "source": "agent", "action": kind, "args": {"what": ["ever"]}}
    parsed = parse(data)
    assert parsed.problems == ()
    assert isinstance(parsed.event, actions.UnknownAction)
    assert dumped(parsed.event) == data


def test_observations_of_an_unknown_kind_are_kept_as_they_came() -> None:
    data = {"id": 1, "observation": "microagent", "content": "x", "extras": {"trigger": "git"}}
    parsed = parse(data)
    assert parsed.problems == ()
    assert isinstance(parsed.event, observations.UnknownObservation)
    assert dumped(parsed.event) == data


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"action": "run", "args": {}}, "args.command"),
        ({"action": "run", "args": {"command": ["ls"]}}, "args.command"),
        ({"action": "run", "args": {"command": "ls", "is_input": "perhaps"}}, "args.is_input"),
        (
            {"action": "message", "args": {"content": "x", "wait_for_response": "soon"}},
            "args.wait_for_response",
        ),
        ({"action": "message", "args": {"content": "x", "image_urls": [1]}}, "args.image_urls.0"),
        ({"action": "edit", "args": {"path": "/a", "insert_line": "two"}}, "args.insert_line"),
        ({"action": "read", "args": {"path": None}}, "args.path"),
        ({"action": "run", "id": "x", "args": {"command": "ls"}}, "id"),
        ({"action": "run", "source": 5, "args": {"command": "ls"}}, "source"),
        ({"action": "run", "timeout": "long", "args": {"command": "ls"}}, "timeout"),
        (
            {"observation": "run", "content": "", "extras": {"metadata": {"exit_code": "one"}}},
            "extras.metadata.exit_code",
        ),
        ({"observation": "run", "content": 5, "extras": {}}, "content"),
        ({"observation": "run", "cause": [], "content": "", "extras": {}}, "cause"),
    ],
)
def test_a_field_that_does_not_fit_is_named_with_its_path_and_the_event_is_kept(
    data: dict[str, Any], path: str
) -> None:
    parsed = parse(data)
    assert [problem.split(":")[0] for problem in parsed.problems] == [path]
    assert head_of(data).kind == (data.get("action") or data.get("observation"))


def test_several_faults_are_all_named() -> None:
    parsed = parse({"action": "write", "args": {"path": 1}})
    assert [problem.split(":")[0] for problem in parsed.problems] == ["args.path", "args.content"]


# Older dialects


def args_of(data: dict[str, Any]) -> dict[str, Any]:
    parsed = parse(data)
    assert parsed.problems == ()
    return dict(dumped(parsed.event)["args"])


def extras_of(data: dict[str, Any]) -> dict[str, Any]:
    parsed = parse(data)
    assert parsed.problems == ()
    return dict(dumped(parsed.event)["extras"])


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        ("run", {"command": "ls", "keep_prompt": True}, {"command": "ls"}),
        ("finish", {"task_completed": "partial", "thought": "x"}, {"thought": "x"}),
        (
            "run",
            {"command": "ls", "is_confirmed": "rejected"},
            {"command": "ls", "confirmation_state": "rejected"},
        ),
        (
            "run_ipython",
            {"code": "1", "is_confirmed": "confirmed"},
            {"code": "1", "confirmation_state": "confirmed"},
        ),
        ("message", {"content": "x", "images_urls": ["u"]}, {"content": "x", "image_urls": ["u"]}),
        ("message", {"content": "x", "timestamp": "2024"}, {"content": "x"}),
        ("call_tool_mcp", {"name": "f", "arguments": '{"a": 1}'}, {"name": "f", "arguments": '{"a": 1}'}),
        ("recall", {"query": "x"}, {"query": "x"}),
        (
            "edit",
            {"path": "/a", "content": "draft"},
            {"path": "/a", "content": "draft", "impl_source": "llm_based_edit"},
        ),
        (
            "edit",
            {
                "path": "/a",
                "translated_ipython_code": "print(file_editor(**{'command': 'create', 'file_text': 'x'}))",
            },
            {"path": "/a", "command": "create", "file_text": "x"},
        ),
        (
            "read",
            {
                "path": "/a",
                "translated_ipython_code": "print(file_editor(**{'command': 'view', 'path': '/b'}))",
            },
            {"path": "/b"},
        ),
        ("read", {"path": "/a", "translated_ipython_code": ""}, {"path": "/a"}),
    ],
)
def test_older_spellings_of_arguments_are_read_as_todays(
    kind: str, old: dict[str, Any], new: dict[str, Any]
) -> None:
    data = {"action": kind, "args": old}
    before = json.dumps(data)
    assert args_of(data) == new
    assert json.dumps(data) == before, "the event itself is not touched"


def test_exit_codes_of_2024_are_found_where_they_are_today() -> None:
    old = {"command": "ls", "exit_code": 2, "command_id": 17, "interpreter_details": "python"}
    assert extras_of({"observation": "run", "content": "", "extras": old}) == {
        "command": "ls",
        "metadata": {"exit_code": 2, "pid": 17},
    }


def test_what_an_old_edit_answered_is_kept_beside_its_diff() -> None:
    old = {"path": "/a", "formatted_output_and_error": "File created"}
    assert extras_of({"observation": "edit", "content": "diff", "extras": old}) == old


def test_code_in_a_recording_is_read_as_a_literal_and_never_run(tmp_path: Path) -> None:
    bait = tmp_path / "bait"
    for code in (
        f"print(file_editor(**dict(command=open({str(bait)!r}, 'w').write('x'))))",
        f"print(file_editor(**{{'command': __import__('pathlib').Path({str(bait)!r}).touch()}}))",
        "print(file_editor(**{1: 2}))",
        "print(file_editor(**[]))",
        "print(file_editor(**" + "(" * 5000 + "))",
        "print(file_editor(**" + "-" * 100_000 + "1))",
        "print(file_editor(**{'a': 'b'}",
        "file_editor(**{'command': 'create'})",
        "print(file_editor(**{'a': '\0'}))",
    ):
        assert args_of({"action": "edit", "args": {"path": "/a", "translated_ipython_code": code}}) == {
            "path": "/a"
        }
    assert not bait.exists()


def test_a_missing_content_is_an_empty_one() -> None:
    assert parse({"observation": "null", "content": None}).event.content == ""  # type: ignore[attr-defined]


# Whatever a file may hold

_NASTY = [
    "cls",
    "self",
    "_fields_set",
    "values",
    "model_config",
    "__class__",
    "__init__",
    "model_dump",
    "model_fields",
]
_NAMES = st.sampled_from(_NASTY) | st.sampled_from(
    [
        "id",
        "timestamp",
        "source",
        "message",
        "cause",
        "timeout",
        "tool_call_metadata",
        "llm_metrics",
        "content",
        "args",
        "extras",
        "command",
        "path",
        "metadata",
        "exit_code",
        "wait_for_response",
        "translated_ipython_code",
        "tool_call_id",
        "function_name",
        "model_response",
        "action",
        "observation",
        "success",
        "code",
        "a:b",
    ]
)
_KIND_NAMES = st.sampled_from([*ACTIONS, *OBSERVATIONS, "unheard_of", ""])
_JUNK = st.recursive(
    st.sampled_from([None, True, 0, -1, 2**70, 1.5, float("nan"), "", "x", "ERROR:\n", "\ud800", "\x1b[2J"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=8,
)


@st.composite
def junk_events(draw: st.DrawFn) -> dict[str, Any]:
    event = draw(st.dictionaries(_NAMES, _JUNK, max_size=6))
    side = draw(st.sampled_from(["action", "observation", None]))
    if side:
        event[side] = draw(_KIND_NAMES | _JUNK)
    if draw(st.booleans()):
        event[draw(st.sampled_from(["args", "extras"]))] = draw(st.dictionaries(_NAMES, _JUNK, max_size=4))
    return event


@given(junk_events())
def test_no_object_makes_reading_fail(data: dict[str, Any]) -> None:
    before = json.dumps(data)
    parsed = parse(data)
    assert isinstance(parsed.event, Action if "action" in data else Observation)
    assert isinstance(parsed.event.id, int | None)
    assert isinstance(parsed.event.cause, int | None)
    if isinstance(parsed.event, Observation):
        assert isinstance(parsed.event.content, str)
    assert all("\n" not in problem for problem in parsed.problems)
    assert json.dumps(data) == before


@given(junk_events())
def test_no_object_is_without_a_head_and_the_fast_reader_agrees_with_the_slow(data: dict[str, Any]) -> None:
    head = read_head(json.dumps(data).encode())
    for name in ("id", "source", "action", "observation", "cause", "exit_code", "tool_call_id"):
        assert getattr(head, name) == getattr(head_of(data), name), name
    assert isinstance(head.kind, str)
    assert head.type in ("action", "observation")
    assert isinstance(head.wait_for_response, bool | None)
    assert isinstance(head.failed_edit, bool)
    summary = head.summary()
    assert len(summary) <= 200
    assert len(summary.splitlines()) <= 1


@pytest.mark.parametrize(
    ("event", "summary"),
    [
        ({"action": "message", "args": {"content": "\n\n  first\nsecond"}}, "first"),
        ({"action": "run", "args": {"command": "ls -l"}}, "ls -l"),
        ({"action": "run", "args": {"command": "C-c", "is_input": True}}, "⌨ C-c"),
        ({"action": "edit", "args": {"path": "/a.py", "command": "create"}}, "/a.py  create"),
        (
            {
                "action": "edit",
                "args": {
                    "path": "/a",
                    "translated_ipython_code": "print(file_editor(**{'command': 'insert'}))",
                },
            },
            "/a  insert",
        ),
        ({"action": "finish", "args": {"final_thought": "done", "thought": "hm"}}, "done"),
        ({"action": "browse", "args": {"url": "u"}}, "u"),
        ({"action": "condensation", "args": {"summary": "s"}}, "s"),
        ({"observation": "run", "content": "out\nmore", "extras": {"command": "ls"}}, "out"),
        (
            {"observation": "agent_state_changed", "content": "x", "extras": {"agent_state": "paused"}},
            "paused",
        ),
        ({"action": "unheard_of", "args": {"x": 1}}, ""),
    ],
)
def test_a_row_says_what_an_event_is_about(event: dict[str, Any], summary: str) -> None:
    assert head_of(event).summary() == summary


def test_an_exit_code_is_found_in_either_place_and_only_on_commands() -> None:
    assert head_of({"observation": "run", "extras": {"metadata": {"exit_code": 3}}}).exit_code == 3
    assert head_of({"observation": "run", "extras": {"exit_code": 4}}).exit_code == 4
    assert head_of({"observation": "run", "extras": {}}).exit_code is None
    assert head_of({"observation": "read", "extras": {"exit_code": 4}}).exit_code is None
