"""OpenHands V1: its laws, and what its kinds, branches and copies come to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from conformance.dialect import DialectLaws
from conversations import (
    answer,
    call,
    event_id,
    failed,
    hung,
    lines,
    message,
    old,
    other,
    prompt,
    ran,
    run,
    state,
    talk,
    unlinked,
)  # fmt: skip
from trajcore.dialects.base import Dialect
from trajcore.dialects.openhands_v1.dialect import OpenHandsV1
from trajcore.dialects.openhands_v1.events import NUDGE
from trajcore.errors import BadInput
from trajcore.trajectory import Trajectory

FIRST = run(2, "true")
OTHERS = [
    prompt(),
    message(1, "user", "go"),
    FIRST,
    ran(3, FIRST, "", 1),
    other(4, "user", "PauseEvent"),
    other(5, "environment", "Condensation", forgotten_event_ids=[event_id(2)], summary="s", summary_offset=1),
    other(6, "agent", "MadeUpEvent", what={"deep": [1]}),
    other(7, "hook", "HookExecutionEvent", hook_event_type="Stop", hook_command="x.sh", success=True),
    call(8, "add", "MCPToolAction", data={"a": 2}, given={"a": 2, "summary": "add"}),
    call(9, "task", "TaskAction", prompt="Count.", subagent_type="general-purpose"),
    call(10, "browser_navigate", "BrowserNavigateAction", url="http://a"),
    call(11, "odd", "OddAction", what="x"),
]


class TestOpenHandsV1(DialectLaws):
    """Lines, lists and the rows of benchmarks, of old and of new versions."""

    dialect: Dialect = OpenHandsV1()
    samples: Mapping[str, bytes] = {
        "a state before the events": lines(state(13), *talk()),
        "of 1.21": lines(*unlinked(talk())),
        "of 1.0": json.dumps([old(event) for event in talk()]).encode(),
        "a row": json.dumps(
            {"instance_id": "a", "history": [{**one, "parent_id": None} for one in talk()]}
        ).encode(),
        "other kinds": lines(*OTHERS),
    }


def opened(*records: Mapping[str, Any]) -> Trajectory:
    return Trajectory.from_bytes(lines(*records))


def test_events_are_what_all_agents_are_shown_in() -> None:
    trajectory = opened(*talk())
    assert trajectory.outline.kinds == [
        *("system", "message", "run", "read", "run", "read", "run", "user_rejected", "call_tool", "error"),
        *("finish", "message", "message"),
    ]
    assert trajectory.outline.answers == {4: 2, 5: 3, 7: 6, 9: 8}
    assert trajectory.unit_of(3) == (2, 3, 4, 5)
    assert trajectory.data(2)["args"]["thought"] == "First."
    assert trajectory.head(4).exit_code == 0
    assert trajectory.head(12).wait_for_response
    assert trajectory.resolve(event_id(3)) == 3


def test_only_the_active_branch_is_there_and_what_hangs_beside_it() -> None:
    first, second = run(2, "echo first"), hung(run(4, "echo second"), 1)
    hook = hung(
        other(6, "hook", "HookExecutionEvent", hook_event_type="PreToolUse", action_id=event_id(2)), 1
    )
    log = [
        prompt(),
        message(1, "user", "go"),
        first,
        ran(3, first, "first"),
        second,
        ran(5, second, "second"),
        hook,
    ]
    assert said(opened(state(5), *log)) == ["second"]
    assert said(opened(state(3), *log)) == ["first"]
    assert opened(state(3), *log).outline.kinds[-1] == "hook"
    assert "hook" not in opened(state(5), *log).outline.kinds
    assert said(opened(state(None), *log[:-1])) == ["second"]
    assert said(opened(state(77), *log[:-1])) == ["second"]


def said(trajectory: Trajectory) -> list[str]:
    contents = (trajectory.data(at) for at in range(len(trajectory)))
    return [event["content"] for event in contents if event.get("observation") == "run"]


def test_a_circle_and_a_parent_that_is_not_there_open_too() -> None:
    log = talk()[:5]
    circle = [log[0], hung(log[1], 3), *log[2:]]
    assert len(opened(*circle)) >= 3
    assert len(opened(*log[:2], hung(log[2], 88), *log[3:])) == 5


def test_an_edit_is_found_in_every_copy() -> None:
    trajectory = opened(*talk())
    trajectory.set_value(2, ("args", "command"), 'echo "ü"')
    assert b"echo one" not in trajectory.to_bytes().replace(b'"text":"one"', b"")
    found = [json.loads(line) for line in trajectory.to_bytes().splitlines()]
    assert found[2]["action"]["command"] == found[4]["observation"]["command"] == 'echo "ü"'
    assert json.loads(found[2]["tool_call"]["arguments"])["command"] == 'echo "ü"'
    trajectory.set_value(10, ("args", "final_thought"), "Well.")
    assert b"It is done" not in trajectory.to_bytes()


def test_an_exit_code_is_the_same_wherever_it_stands() -> None:
    trajectory = opened(*talk())
    trajectory.set_value(4, ("extras", "metadata", "exit_code"), 7)
    observation = json.loads(trajectory.to_bytes().splitlines()[4])["observation"]
    assert (observation["exit_code"], observation["metadata"]["exit_code"]) == (7, 7)
    assert observation["metadata"]["suffix"] == "\n[The command completed with exit code 7.]"
    assert trajectory.head(4).exit_code == 7


def test_a_summary_that_was_made_of_the_call_follows_it_and_no_other_does() -> None:
    trajectory = opened(*talk())
    trajectory.set_value(2, ("args", "command"), "pwd")
    assert "pwd" in trajectory.data(2)["args"]["summary"]
    trajectory.set_value(2, ("args", "summary"), "looking around")
    trajectory.set_value(2, ("args", "command"), "ls")
    assert trajectory.data(2)["args"]["summary"] == "looking around"


def test_what_never_ran_is_not_executed() -> None:
    trajectory = opened(*talk(), refused_too := run(14, "ls"), failed(15, refused_too, "interrupted"))
    for at in (6, 13):
        answered = trajectory.outline.answer_of[at]
        treated = trajectory.dialect.treatment(
            trajectory.parsed(at).event,
            trajectory.parsed(answered).event,  # type: ignore[arg-type]
        )
        assert treated.service.value == "recorded"


def test_a_call_without_a_result_is_not_made_but_one_that_is_put_in_is() -> None:
    trajectory = opened(*talk(), run(14, "echo never"))
    at = trajectory.resolve(event_id(14))
    trajectory.insert(len(trajectory), [{"source": "agent", "action": "run", "args": {"command": "pwd"}}])
    services = [
        trajectory.dialect.treatment(trajectory.parsed(index).event, None).service.value  # type: ignore[arg-type]
        for index in (at, at + 1)
    ]
    assert services == ["skip", "execute"]


def test_a_turn_ends_where_the_agent_speaks_but_for_an_empty_reply() -> None:
    trajectory = opened(
        prompt(), message(1, "user", "go"), message(2, "agent", ""), message(3, "environment", NUDGE),
        message(4, "agent", "What now?"), message(5, "user", "Go on"),
    )  # fmt: skip
    assert [bool(trajectory.head(at).wait_for_response) for at in range(1, 6)] == [
        False,
        False,
        False,
        True,
        False,
    ]


def test_answers_of_other_tools_have_their_kinds() -> None:
    glob = call(2, "glob", "GlobAction", pattern="*.py")
    found = answer(
        3, glob, "GlobObservation", "a.py", files=["a.py"], pattern="*.py", search_path="/w", truncated=False
    )
    trajectory = opened(prompt(), message(1, "user", "go"), glob, found)
    assert trajectory.outline.kinds[2:] == ["find_files", "find_files"]
    trajectory.set_value(2, ("args", "pattern"), "*.md")
    assert b"*.py" not in trajectory.to_bytes()


def test_the_branches_of_a_tree_can_be_switched_between() -> None:
    first, second = run(2, "echo first"), hung(run(4, "echo second"), 1)
    log = [
        prompt(),
        message(1, "user", "go"),
        first,
        ran(3, first, "first"),
        second,
        ran(5, second, "second"),
    ]
    trajectory = opened(state(5), *log)
    original = trajectory.to_bytes()
    assert [(one.name, one.active) for one in trajectory.own_branches] == [
        (event_id(3), False),
        (event_id(5), True),
    ]
    trajectory.switch(event_id(3))
    assert said(trajectory) == ["first"]
    assert said(Trajectory.from_bytes(trajectory.to_bytes())) == ["first"]
    trajectory.undo()
    assert (trajectory.to_bytes(), said(trajectory)) == (original, ["second"])
    with pytest.raises(BadInput, match="no branch that ends with event"):
        trajectory.switch(event_id(2))
    with pytest.raises(BadInput, match=r"has no base_state\.json"):
        opened(*log).switch(event_id(3))


def log_of(trajectory: Trajectory) -> list[dict[str, Any]]:
    return [json.loads(line) for line in trajectory.to_bytes().splitlines()]


def is_one_chain(records: list[dict[str, Any]]) -> bool:
    """Whether each event hangs on the one before it, and the state names the last."""
    own, *events = records
    ids = [event["id"] for event in events]
    parents = [event.get("parent_id") for event in events]
    return parents[0] in (None, "__root__") and parents[1:] == ids[:-1] and own["leaf_event_id"] == ids[-1]


def test_events_that_come_go_and_move_take_their_places_in_the_chain() -> None:
    trajectory = opened(state(13), *talk())
    assert is_one_chain(log_of(trajectory))
    command = {"source": "agent", "action": "run", "args": {"command": "pwd", "thought": "Where?"}}
    result = {
        "source": "agent",
        "observation": "run",
        "content": "/",
        "extras": {"metadata": {"exit_code": 0}},
    }
    for edit in (
        lambda: trajectory.insert(2, [command, result]),
        lambda: trajectory.insert(len(trajectory), [command, result]),
        lambda: trajectory.delete([len(trajectory) - 1]),
        lambda: trajectory.delete([0]),
        lambda: trajectory.duplicate([2]),
        lambda: trajectory.move([1], 1),
    ):
        edit()
        assert is_one_chain(log_of(trajectory)), edit
    while trajectory.undo():
        assert is_one_chain(log_of(trajectory))
    assert trajectory.to_bytes() == lines(state(13), *talk())


def test_what_is_put_in_is_a_call_in_both_copies_and_its_result() -> None:
    trajectory = opened(state(13), *talk())
    command = {"source": "agent", "action": "run", "args": {"command": "pwd", "thought": "Where?"}}
    result = {
        "source": "agent",
        "observation": "run",
        "content": "/",
        "extras": {"metadata": {"exit_code": 3}},
    }
    trajectory.insert(2, [command, result])
    action, observation = log_of(trajectory)[3:5]
    assert action["action"] == {"command": "pwd", "is_input": False, "reset": False, "kind": "TerminalAction"}
    assert json.loads(action["tool_call"]["arguments"])["command"] == "pwd"
    assert action["tool_call"]["id"] == action["tool_call_id"] == observation["tool_call_id"]
    assert observation["action_id"] == action["id"]
    assert observation["observation"]["exit_code"] == observation["observation"]["metadata"]["exit_code"] == 3
    assert trajectory.outline.answers[3] == 2


def test_a_log_of_before_1_31_gets_no_parents_and_one_of_1_0_its_own_names() -> None:
    trajectory = opened(*[old(event) for event in talk()])
    trajectory.insert(2, [{"source": "agent", "action": "run", "args": {"command": "pwd"}}])
    made = log_of(trajectory)[2]
    assert "parent_id" not in made
    assert next(iter(made)) == next(iter(made["action"])) == "kind"
    assert made["action"]["kind"] == "ExecuteBashAction"
    trajectory.delete([1])
    assert all("parent_id" not in record for record in log_of(trajectory))


def test_what_hangs_on_an_event_that_goes_hangs_on_what_is_before_it() -> None:
    first, second = run(2, "echo first"), hung(run(4, "echo second"), 1)
    log = [
        prompt(),
        message(1, "user", "go"),
        first,
        ran(3, first, "first"),
        second,
        ran(5, second, "second"),
    ]
    trajectory = opened(state(3), *log)
    trajectory.delete([1])
    assert [event.get("parent_id") for event in log_of(trajectory)[1:]] == [
        None, event_id(0), event_id(2), event_id(0), event_id(4)
    ]  # fmt: skip


def test_what_was_wrong_stays_as_it_was_until_it_is_repaired() -> None:
    log = talk()
    broken = [log[0], log[1], hung(log[2], 88), *log[3:]]
    trajectory = opened(state(13), *broken)
    trajectory.set_value(1, ("args", "content"), "x")
    trajectory.delete([len(trajectory) - 1])
    assert log_of(trajectory)[3]["parent_id"] == event_id(88)
