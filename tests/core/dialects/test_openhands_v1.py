"""OpenHands V1: its laws, and what its kinds, branches and copies come to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

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
    inserts = None
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


def test_what_never_ran_is_not_executed() -> None:
    trajectory = opened(*talk(), refused_too := run(14, "ls"), failed(15, refused_too, "interrupted"))
    for at in (6, 13):
        answered = trajectory.outline.answer_of[at]
        treated = trajectory.dialect.treatment(
            trajectory.parsed(at).event,
            trajectory.parsed(answered).event,  # type: ignore[arg-type]
        )
        assert treated.service.value == "recorded"


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
