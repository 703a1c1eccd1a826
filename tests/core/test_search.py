"""Find and replace: over what actions say, with a preview, as one step."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import called, message, ran, run
from trajcore.errors import BadInput
from trajcore.search import matches, replace
from trajcore.trajectory import Trajectory

METADATA = {"tool_call_metadata": called("c", "r", arguments='{"command": "cd /old && ls /old"}')}
EVENTS: list[dict[str, Any]] = [
    message(0, "look in /old, please"),
    run(1, "cd /old && ls /old", **METADATA),
    ran(2, 1, "/old/a", **METADATA),
    {"id": 3, "action": "edit", "args": {"path": "/old/a", "file_text": "one\ntwo\n", "old_str": None}},
]


def opened(events: list[Any] | None = None) -> Trajectory:
    return Trajectory.from_bytes(json.dumps(EVENTS if events is None else events).encode())


def test_every_place_is_shown_with_what_stands_around_it() -> None:
    found = matches(opened(), "/old")
    assert [(match.index, match.field, match.start, match.end) for match in found] == [
        (0, "content", 8, 12),
        (1, "command", 3, 7),
        (1, "command", 14, 18),
        (3, "path", 0, 4),
    ]
    assert (found[1].before, found[1].text, found[1].after) == ("cd ", "/old", " && ls /old")
    assert found[1].path == ("args", "command")


def test_what_was_found_is_replaced_as_one_step_in_both_copies() -> None:
    trajectory = opened()
    before = trajectory.to_bytes()
    edit = replace(trajectory, matches(trajectory, "/old"), r"/new\1")
    assert edit.label == r"replace “/old” by “/new\1” in 4 places of 3 events"
    assert edit.touched == (0, 1, 2, 3)
    assert trajectory.data(0)["args"]["content"] == r"look in /new\1, please"
    assert trajectory.data(2)["content"] == "/old/a"
    for index in (1, 2):
        response = trajectory.data(index)["tool_call_metadata"]["model_response"]
        arguments = json.loads(response["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"])
        assert arguments["command"] == r"cd /new\1 && ls /new\1"
    trajectory.undo()
    assert trajectory.to_bytes() == before


def test_some_of_the_places_can_be_left_out() -> None:
    trajectory = opened()
    found = matches(trajectory, "/old", fields=["command"])
    replace(trajectory, found[1:], "/new")
    assert trajectory.data(1)["args"]["command"] == "cd /old && ls /new"
    assert [match.index for match in matches(trajectory, "/old", indices=[0, 3])] == [0, 3]


def test_a_regular_expression_has_groups_and_lines() -> None:
    trajectory = opened()
    found = matches(trajectory, r"^(\w)(\w+)$", regex=True)
    assert [match.text for match in found] == ["one", "two"]
    replace(trajectory, found, r"\2-\1")
    assert trajectory.data(3)["args"]["file_text"] == "ne-o\nwo-t\n"


def test_without_a_regular_expression_nothing_is_special_and_capitals_may_not_count() -> None:
    trajectory = opened([message(0, "a.b A.B axb")])
    assert [match.text for match in matches(trajectory, "a.b")] == ["a.b"]
    assert [match.text for match in matches(trajectory, "a.b", case=False)] == ["a.b", "A.B"]


def test_flattened_and_older_events_are_searched_too() -> None:
    code = "print(file_editor(**{'command': 'create', 'path': '/a', 'file_text': 'old'}))"
    events = [
        {"action": "run", "command": "old", "thought": ""},
        {"action": "edit", "args": {"path": "/a", "translated_ipython_code": code}},
        {"action": "delegate", "args": {"agent": "B", "inputs": {"task": "the old task"}}},
    ]
    trajectory = opened(events)
    replace(trajectory, matches(trajectory, "old"), "new")
    assert trajectory.data(0)["command"] == "new"
    assert trajectory.modern(1)["args"]["file_text"] == "new"
    assert trajectory.data(2)["args"]["inputs"]["task"] == "the new task"


@pytest.mark.parametrize("pattern", ["(", "[", "*", "(?P<a", "a{99999999999}"])
def test_a_bad_pattern_is_said_in_one_line(pattern: str) -> None:
    with pytest.raises(BadInput, match="is no regular expression") as caught:
        matches(opened(), pattern, regex=True)
    assert "\n" not in str(caught.value)


def test_a_pattern_that_never_ends_is_given_up_and_said() -> None:
    trajectory = opened([{"action": "run", "args": {"command": "a" * 60 + "b"}}])
    with pytest.raises(BadInput, match="takes too long"):
        matches(trajectory, "(?:a|aa)+(?:a|aa)+c", regex=True)


def test_what_cannot_be_done_is_said() -> None:
    trajectory = opened()
    with pytest.raises(BadInput, match="empty"):
        matches(trajectory, "")
    with pytest.raises(BadInput, match="no text field nothing"):
        matches(trajectory, "a", fields=["nothing"])
    with pytest.raises(BadInput, match="nothing was found"):
        replace(trajectory, [], "x")
    with pytest.raises(BadInput, match="can't be used as a replacement"):
        replace(trajectory, matches(trajectory, "o", regex=True), r"\7")
    found = matches(trajectory, "/old")
    trajectory.set_value(0, ("args", "content"), "")
    with pytest.raises(BadInput, match="search again"):
        replace(trajectory, found, "x")
    trajectory.delete([1, 3])
    with pytest.raises(BadInput, match="search again"):
        replace(trajectory, found[3:], "x")
    assert len(trajectory.history) == 2


@given(st.text(max_size=30), st.text(min_size=1, max_size=3), st.text(max_size=3))
def test_it_is_the_replacement_of_strings(text: str, old: str, new: str) -> None:
    trajectory = opened([message(0, text)])
    found = matches(trajectory, old)
    assert len(found) == text.count(old)
    if found:
        replace(trajectory, found, new)
        assert trajectory.data(0)["args"]["content"] == text.replace(old, new)
