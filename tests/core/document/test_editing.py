"""Editing: one value changes, every other byte stays, and every edit can be taken back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import JSON_VALUES, Hole, Text, documents, holes, message, ran, run, same_json
from trajcore.errors import BadInput
from trajcore.trajectory import Trajectory

JSON_OBJECTS = st.dictionaries(st.text(max_size=3), JSON_VALUES, max_size=4)


def flat(*events: dict[str, Any]) -> Trajectory:
    return Trajectory.from_bytes(json.dumps(list(events)).encode())


@given(holes(), JSON_VALUES)
def test_an_edit_changes_the_bytes_of_the_value_and_no_other(hole: Hole, value: Any) -> None:
    trajectory = Trajectory.from_bytes(hole.data)
    trajectory.set_value(hole.index, hole.path, value)
    result = trajectory.to_bytes()
    assert result.startswith(hole.before)
    assert result.endswith(hole.after)
    written = result[len(hole.before) : len(result) - len(hole.after)]
    assert same_json(json.loads(written), value)


@given(holes(), JSON_VALUES)
def test_an_edit_of_the_text_is_the_same_edit_of_the_values(hole: Hole, value: Any) -> None:
    trajectory = Trajectory.from_bytes(hole.data)
    trajectory.set_value(hole.index, hole.path, value)
    expected = json.loads(hole.data)
    container = expected[hole.index]
    for part in hole.path[:-1]:
        container = container[part]
    container[hole.path[-1]] = value
    assert same_json(json.loads(trajectory.to_bytes()), expected)


@given(documents(), JSON_VALUES)
def test_a_missing_field_is_added_and_nothing_else_happens(text: Text, value: Any) -> None:
    trajectory = Trajectory.from_bytes(text.data)
    index = len(trajectory) - 1
    trajectory.set_value(index, ("a new field",), value)
    expected = json.loads(text.data.decode("utf-8-sig"))
    expected[index]["a new field"] = value
    assert same_json(json.loads(trajectory.to_bytes().decode("utf-8-sig")), expected)
    assert list(trajectory.data(index))[-1] == "a new field"


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ('{"content": "x"}', '{"content": "x", "new": true}'),
        ('{"content":"x","b":1}', '{"content":"x","b":1,"new":true}'),
        ('{ "content" : "x" }', '{ "content" : "x", "new" : true }'),
        ('{\n    "content": "x"\n}', '{\n    "content": "x",\n    "new": true\n}'),
        (
            '{\r\n\t"content": "x",\r\n\t"b": 1\r\n}',
            '{\r\n\t"content": "x",\r\n\t"b": 1,\r\n\t"new": true\r\n}',
        ),
        ("{}", '{"new": true}'),
    ],
    ids=["one line", "compact", "airy", "indented", "tabs and CRLF", "empty"],
)
def test_a_missing_field_is_added_in_the_style_of_its_siblings(args: str, expected: str) -> None:
    trajectory = Trajectory.from_bytes(f'[{{"action": "message", "args": {args}}}]'.encode())
    trajectory.set_value(0, ("args", "new"), True)
    assert trajectory.to_bytes() == f'[{{"action": "message", "args": {expected}}}]'.encode()


def test_text_is_escaped_where_the_event_escapes_it_and_written_out_where_it_does() -> None:
    plain = Trajectory.from_bytes(b'[{"action": "message", "message": "caf\\u00e9"}]')
    plain.set_value(0, ("message",), "naïve")
    assert plain.to_bytes() == b'[{"action": "message", "message": "na\\u00efve"}]'
    written = Trajectory.from_bytes('[{"action": "message", "message": "café"}]'.encode())
    written.set_value(0, ("message",), "naïve")
    assert written.to_bytes() == '[{"action": "message", "message": "naïve"}]'.encode()


def test_half_a_character_is_written_as_the_escape_that_it_came_from() -> None:
    trajectory = Trajectory.from_bytes('[{"action": "message", "message": "café"}]'.encode())
    trajectory.set_value(0, ("message",), "\ud800é")
    assert json.loads(trajectory.to_bytes())[0]["message"] == "\ud800é"


def test_of_a_repeated_key_the_last_one_is_edited_which_is_the_one_that_counts() -> None:
    trajectory = Trajectory.from_bytes(b'[{"action": "run", "x": 1, "x": 2}]')
    trajectory.set_value(0, ("x",), 3)
    assert trajectory.to_bytes() == b'[{"action": "run", "x": 1, "x": 3}]'


@pytest.mark.parametrize(
    "path",
    [
        ("nowhere", "deeper"),
        ("args", "command", "deeper"),
        ("list", 5),
        ("list", "key"),
        ("args", 0),
        ("list", -1),
    ],
    ids=str,
)
def test_a_path_that_leads_nowhere_is_named(path: tuple[str | int, ...]) -> None:
    trajectory = flat({**run(4), "list": [1]})
    before = trajectory.to_bytes()
    with pytest.raises(BadInput) as caught:
        trajectory.set_value(0, path, True)
    assert str(caught.value) == f"event 4 has no {'.'.join(map(str, path))}."
    assert trajectory.to_bytes() == before
    assert not trajectory.modified
    assert trajectory.undo() is None


def test_several_fields_are_one_step() -> None:
    trajectory = flat(message(0), run(1))
    before = trajectory.to_bytes()
    edit = trajectory.set_values(1, [(("args", "command"), "ls"), (("source",), "user")])
    assert edit.label == 'command = "ls", source = "user" in event 1'
    assert trajectory.data(1) == run(1, "ls", source="user")
    with pytest.raises(BadInput, match=r"event 1 has no x\.y"):
        trajectory.set_values(1, [(("source",), "agent"), (("x", "y"), 1)])
    assert trajectory.data(1)["source"] == "user"
    trajectory.undo()
    assert trajectory.to_bytes() == before
    assert trajectory.undo() is None


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ('{"action": "run", "x": 1, "y": 2}', ("x",), '{"action": "run", "y": 2}'),
        ('{"action": "run", "x": 1, "y": 2}', ("y",), '{"action": "run", "x": 1}'),
        ('{\n "x" : 1,\n "action" : "run"\n}', ("x",), '{\n "action" : "run"\n}'),
        ('{"x":1,"action":"run","x":2,"x":3}', ("x",), '{"action":"run"}'),
        ('{"action": "run", "args": { "x": 1 }}', ("args", "x"), '{"action": "run", "args": {}}'),
        ('{"action": "run", "l": [1,  2, 3]}', ("l", 1), '{"action": "run", "l": [1, 3]}'),
        ('{"action": "run", "l": [1,  2, 3]}', ("l", 0), '{"action": "run", "l": [2, 3]}'),
    ],
)
def test_a_field_is_removed_with_one_separator(text: str, path: tuple[str | int, ...], expected: str) -> None:
    trajectory = Trajectory.from_bytes(f"[{text}]".encode())
    edit = trajectory.unset(0, path)
    assert trajectory.raw(0).decode() == expected
    assert edit.label == f"remove {path[-1]} from event #0"
    trajectory.undo()
    assert trajectory.raw(0).decode() == text


def test_what_is_no_json_or_no_field_is_refused() -> None:
    trajectory = flat(run(1))
    for change in (
        lambda: trajectory.set_value(0, ("x",), {1, 2}),
        lambda: trajectory.set_value(0, (), 1),
        lambda: trajectory.unset(0, ("x",)),
        lambda: trajectory.unset(0, ()),
        lambda: trajectory.unset(0, ("source", "x")),
        lambda: trajectory.set_value(1, ("x",), 1),
    ):
        with pytest.raises(BadInput):
            change()
    assert not trajectory.modified


TYPED = [
    ('{"action": "run", "x": 1}', '{\n  "action": "run",\n  "x": 1\n}', '{"action": "run", "x": 1}'),
    ('{"action":"run","x":1.50}', '{"action": "run", "x": 1.50, "y": [1, {}]}',
     '{"action":"run","x":1.50,"y":[1,{}]}'),
    ('{"action":"run","x":1.50}', '{"action": "run", "x": 1.5}', '{"action":"run","x":1.5}'),
    ('{"action": "run", "x": "\\u00e9"}', '{"action": "run", "x": "é"}', '{"action": "run", "x": "\\u00e9"}'),
    ('{"action": "run", "x": "\\u00e9"}', '{"action": "run", "x": "ü"}', '{"action": "run", "x": "\\u00fc"}'),
    ('{"action": "run", "x": "é"}', '{"action": "run", "x": "ü"}', '{"action": "run", "x": "ü"}'),
    ('{"x":  1,\t"action": "run","y":2}', '{"y": 2, "action": "run"}', '{"y":2,\t"action": "run"}'),
    ('{"action": "run", "l": [1,  2.0, 3]}', '{"action": "run", "l": [1, 2.0, 2.5, 3]}',
     '{"action": "run", "l": [1,  2.0,  2.5,  3]}'),
    ('{\n  "action": "run",\n  "a": {\n    "a": 1\n  }\n}', '{"action": "run", "a": {"a": 1, "b": [[1]]}}',
     '{\n  "action": "run",\n  "a": {\n    "a": 1,\n    "b": [\n      [\n        1\n      ]\n    ]\n  }\n}'),
    ('{"action": "run", "x": {}}', '{"action": "run", "x": {"y": 1}}', '{"action": "run", "x": {"y": 1}}'),
    ('{"x": 1, "action": "run", "x": 2}', '{"x": 3, "action": "run"}', '{"x": 3, "action": "run"}'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "typed", "expected"), TYPED)
def test_a_typed_event_is_written_in_the_style_of_the_old_and_what_is_equal_stays(
    text: str, typed: str, expected: str
) -> None:
    trajectory = Trajectory.from_bytes(f"[{text}]".encode())
    trajectory.replace_event(0, typed.encode())
    assert trajectory.raw(0).decode() == expected
    trajectory.undo()
    assert trajectory.raw(0).decode() == text


@given(documents(), JSON_OBJECTS)
def test_a_typed_event_says_what_was_typed(text: Text, members: dict[str, Any]) -> None:
    trajectory = Trajectory.from_bytes(text.data)
    event = {**members, "action": "run"}
    trajectory.replace_event(0, json.dumps(event, indent=5, ensure_ascii=False).encode(errors="replace"))
    typed = json.loads(json.dumps(event, ensure_ascii=False).encode(errors="replace"))
    assert same_json(trajectory.data(0), typed)
    assert list(trajectory.data(0)) == list(typed)


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        (b"", "empty"),
        (b"[1]", "expected an object, found a list"),
        (b'{"action": "run"', r"not JSON \(line 1, column 17\)"),
        (b'{"action":\n "run" "x"}', "line 2"),
        (b'{"action": "\xff"}', "not valid UTF-8"),
        (b'{"x": 1}', "no event with an 'action'"),
        (b"[" * 100000, "nested too deeply"),
    ],
)
def test_what_is_typed_wrong_is_said_with_its_place(typed: bytes, fault: str) -> None:
    trajectory = flat(run(1))
    before = trajectory.to_bytes()
    with pytest.raises(BadInput, match=fault):
        trajectory.replace_event(0, typed)
    assert trajectory.to_bytes() == before


def test_an_event_that_is_not_valid_can_be_mended() -> None:
    trajectory = Trajectory.from_bytes(b'[{"action": "run", "args": {"command": 3}}, {"x": 1}]')
    assert trajectory.parsed(0).problems
    trajectory.set_value(0, ("args", "command"), "ls")
    assert not trajectory.parsed(0).problems
    trajectory.move([1], -1)
    trajectory.delete([0])
    assert trajectory.to_bytes() == b'[{"action": "run", "args": {"command": "ls"}}]'


def test_what_is_shown_of_an_event_follows_its_edits() -> None:
    trajectory = flat(message(0, wait_for_response=True))
    assert trajectory.head(0).wait_for_response is True
    edit = trajectory.set_value(0, ("args", "wait_for_response"), False)
    assert edit.label == "wait_for_response = false in event 0"
    assert trajectory.head(0).wait_for_response is False
    assert trajectory.parsed(0).event.args.wait_for_response is False  # type: ignore[attr-defined]
    assert trajectory.edited == {0}
    trajectory.undo()
    assert trajectory.head(0).wait_for_response is True
    assert trajectory.edited == frozenset()


@pytest.mark.parametrize(
    ("index", "path", "value"),
    [
        (0, ("id",), 70),
        (3, ("cause",), 0),
        (3, ("cause",), 99),
        (2, ("id",), 0),
        (3, ("observation",), "null"),
        (1, ("source",), "user"),
        (2, ("action",), "message"),
        (2, ("tool_call_metadata",), {"tool_call_id": "b"}),
    ],
    ids=str,
)
def test_the_skeleton_after_an_edit_is_that_of_the_file_it_makes(
    index: int, path: tuple[str | int, ...], value: Any
) -> None:
    trajectory = flat(
        run(0), ran(1, 0), run(2), ran(3, 2), ran(4, None, tool_call_metadata={"tool_call_id": "b"})
    )
    original = skeleton(trajectory)
    trajectory.set_value(index, path, value)
    assert skeleton(trajectory) == skeleton(Trajectory.from_bytes(trajectory.to_bytes()))
    trajectory.undo()
    assert skeleton(trajectory) == original


def skeleton(trajectory: Trajectory) -> dict[str, Any]:
    outline = trajectory.outline
    found = {
        name: getattr(outline, name) for name in ("ids", "kinds", "sources", "is_action", "by_id", "last_id")
    }
    return {**found, "answers": outline.answers, "answer_of": outline.answer_of}


MOVES = st.lists(
    st.one_of(
        st.tuples(
            st.just("edit"),
            st.integers(0, 2),
            st.sampled_from([("message",), ("args", "content"), ("args", "wait_for_response"), ("new",)]),
            st.sampled_from([True, False, "x", None, ["é"]]),
        ),
        st.sampled_from([("undo",), ("undo",), ("redo",), ("save",)]),
    ),
    max_size=25,
)


@given(MOVES)
def test_undo_and_redo_go_through_the_same_states_as_a_history_would(
    tmp_path_factory: pytest.TempPathFactory, moves: list[tuple[Any, ...]]
) -> None:
    path = tmp_path_factory.mktemp("undo") / "t.json"
    original = json.dumps([message(0), message(1), message(2)], indent=1).encode()
    path.write_bytes(original)
    trajectory = Trajectory.open(path)
    history: list[tuple[object, bytes]] = [(object(), original)]
    at, saved = 0, history[0][0]
    for move in moves:
        match move:
            case ("edit", index, where, value):
                trajectory.set_value(index, where, value)
                del history[at + 1 :]
                history.append((object(), trajectory.to_bytes()))
                at += 1
            case ("undo",):
                assert (trajectory.undo() is None) == (at == 0)
                at = max(0, at - 1)
            case ("redo",):
                assert (trajectory.redo() is None) == (at == len(history) - 1)
                at = min(len(history) - 1, at + 1)
            case ("save",):
                trajectory.save()
                saved = history[at][0]
                assert path.read_bytes() == history[at][1]
        assert trajectory.to_bytes() == history[at][1]
        assert trajectory.modified == (history[at][0] is not saved)
    while trajectory.undo():
        pass
    assert trajectory.to_bytes() == original
    assert trajectory.edited == frozenset()


def test_events_are_named_by_id_or_by_index_where_ids_are_missing_or_repeated() -> None:
    trajectory = flat(message(5), message(None), message(5), message(0))
    assert [trajectory.label(index) for index in range(4)] == ["5", "#1", "#2", "0"]
    assert [trajectory.resolve(name) for name in ("5", "#1", "#2", "0", " #0 ")] == [0, 1, 2, 3, 0]


@pytest.mark.parametrize("name", ["", "#", "4", "#4", "-1", "#-1", "x", "1.0", "５", "##1", "9" * 5000])
def test_an_event_that_is_not_there_is_refused_in_words(name: str) -> None:
    with pytest.raises(BadInput, match="has no event"):
        flat(message(5)).resolve(name)
