"""Editing the sequence: what belongs together stays together, ids keep their meaning, bytes their style."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import SPELLINGS, Spelling, Text, called, documents, message, ran, run
from sequences import Edited, edit_at_random
from trajcore.document import structure
from trajcore.document.edits import Edit, inverse
from trajcore.errors import BadInput, FileChanged
from trajcore.trajectory import Trajectory


def flat(*events: dict[str, Any], spelling: Spelling | None = None) -> Trajectory:
    return Trajectory.from_bytes((spelling or Spelling()).written(list(events)))


def ids(trajectory: Trajectory) -> list[int | None]:
    return trajectory.outline.ids


def delegate(id: int) -> dict[str, Any]:
    args = {"agent": "BrowsingAgent", "inputs": {"task": "look"}, "thought": ""}
    return {"id": id, "source": "agent", "action": "delegate", "args": args}


def delegated(id: int, cause: int) -> dict[str, Any]:
    fields = {"observation": "delegate", "content": "", "extras": {"outputs": {}}}
    return {"id": id, "source": "agent", "cause": cause, **fields}


def parallel(first: int, response: str = "r1") -> list[dict[str, Any]]:
    """Two calls of one response, and then their results."""
    one, two = f"{response}-a", f"{response}-b"
    calls = {name: {"tool_call_metadata": called(name, response, one, two)} for name in (one, two)}
    return [
        run(first, "one", **calls[one]),
        run(first + 1, "two", **calls[two]),
        ran(first + 2, first, **calls[one]),
        ran(first + 3, first + 1, **calls[two]),
    ]


TWO_STEPS = (message(0), run(1, "git push"), ran(2, 1), run(3, "ls"), ran(4, 3), message(5))


# What belongs together


def test_an_action_and_what_answers_it_are_one_unit_and_anything_else_is_alone() -> None:
    trajectory = flat(*TWO_STEPS)
    units = [trajectory.unit_of(index) for index in range(6)]
    assert units == [(0,), (1, 2), (1, 2), (3, 4), (3, 4), (5,)]


def test_the_calls_of_one_response_and_their_results_are_one_unit() -> None:
    trajectory = flat(message(0), *parallel(1), *parallel(5, "r2"))
    assert trajectory.unit_of(2) == (1, 2, 3, 4)
    assert trajectory.unit_of(8) == (5, 6, 7, 8)


def test_the_same_response_id_of_different_responses_joins_nothing() -> None:
    first = run(0, tool_call_metadata=called("a", "same"))
    trajectory = flat(first, ran(1, 0), run(2, tool_call_metadata=called("b", "same")), ran(3, 2))
    assert trajectory.unit_of(0) == (0, 1)


def test_a_delegation_is_a_unit_with_all_inside_whose_own_units_are_inside() -> None:
    trajectory = flat(message(0), delegate(1), run(2), ran(3, 2), delegated(4, 1), message(5))
    assert trajectory.unit_of(1) == trajectory.unit_of(4) == (1, 2, 3, 4)
    assert trajectory.unit_of(2) == (2, 3)
    assert [trajectory.legal_place(at) for at in range(7)] == [0, 1, 2, 4, 4, 5, 6]


def test_an_acknowledgement_belongs_to_its_message_but_a_far_event_that_names_it_does_not() -> None:
    state = {
        "id": 1,
        "source": "environment",
        "observation": "agent_state_changed",
        "content": "",
        "extras": {},
    }
    null = {"source": "environment", "observation": "null", "content": "", "extras": {}}
    near = flat(message(0), state, {"id": 2, "cause": 0, **null}, message(3))
    assert near.unit_of(0) == (0, 2)
    far = flat(message(0), run(1), ran(2, 1), {"id": 3, "cause": 0, **null})
    assert far.unit_of(0) == (0,)


def test_the_two_sides_of_a_pair_are_one_unit() -> None:
    null = {"observation": "null", "content": "", "extras": {}}
    trajectory = Trajectory.from_bytes(json.dumps([[message(0), null], [run(2), None]]).encode())
    assert trajectory.unit_of(0) == (0, 1)
    assert trajectory.unit_of(2) == (2,)


def test_the_unit_follows_edits_of_what_decides_it() -> None:
    trajectory = flat(run(0), run(1), ran(2, 1))
    trajectory.set_value(2, ("cause",), 0)
    assert trajectory.unit_of(2) == (0, 2)
    trajectory.undo()
    assert trajectory.unit_of(2) == (1, 2)


# Inserting


def test_a_new_event_gets_what_its_neighbours_have_and_it_lacks() -> None:
    events = [{"id": n, "timestamp": "2025-01-01T00:00:00", **message(None)} for n in (3, 7)]
    trajectory = flat(*events)
    edit = trajectory.insert(1, [{"action": "message", "args": {"content": "and now?"}}])
    assert edit.touched == (1,)
    assert edit.label == "insert message 8 `and now?`"
    new = trajectory.data(1)
    assert list(new) == ["id", "timestamp", "source", "action", "args"]
    assert (new["id"], new["source"]) == (8, "user")
    assert new["timestamp"] > "2026"


def test_a_file_without_ids_and_times_gets_none() -> None:
    trajectory = flat({"action": "message", "content": "x", "wait_for_response": False})
    trajectory.insert(1, [{"action": "message", "content": "y"}])
    assert trajectory.data(1) == {"action": "message", "content": "y"}


def test_ids_that_are_there_are_never_given_again() -> None:
    condensation = {"forgotten_events_start_id": 1, "forgotten_events_end_id": 40}
    named = {"id": 3, "source": "agent", "action": "condensation", "args": condensation}
    trajectory = flat(message(0), named, ran(4, 60))
    trajectory.insert(1, [message(None)])
    assert ids(trajectory) == [0, 61, 3, 4]
    last = flat(message(0), message(9))
    last.delete([1])
    last.insert(1, [message(None)])
    assert ids(last) == [0, 10]


def test_events_that_come_with_ids_of_their_own_keep_their_links() -> None:
    trajectory = flat(message(0), message(1))
    trajectory.insert(2, [run(0), ran(1, 0), run(50), ran(51, 50)])
    assert ids(trajectory) == [0, 1, 2, 3, 50, 51]
    assert trajectory.outline.answers == {3: 2, 5: 4}


def test_what_would_separate_a_unit_goes_to_the_nearest_legal_place_and_says_so() -> None:
    trajectory = flat(message(0), *parallel(1))
    edit = trajectory.insert(2, [message(None)])
    assert edit.touched == (1,)
    assert edit.note == "placed behind event 0: what belongs together is not separated."
    trajectory.undo()
    assert trajectory.insert(4, [message(None)]).touched == (5,)
    assert trajectory.insert(0, [message(None)]).note == ""


@pytest.mark.parametrize(
    ("at", "events", "fault"),
    [
        (7, [message(None)], "there is no place #7"),
        (-1, [message(None)], "there is no place #-1"),
        (0, [], "nothing to insert"),
        (0, [{"id": 3}], "'action' or an 'observation'"),
        (0, [[1]], "'action' or an 'observation'"),
        (0, [{"action": "message", "x": {1, 2}}], "no JSON"),
    ],
)
def test_what_cannot_be_inserted_is_refused_in_words(at: int, events: Any, fault: str) -> None:
    trajectory = flat(*TWO_STEPS)
    before = trajectory.to_bytes()
    with pytest.raises(BadInput, match=fault):
        trajectory.insert(at, events)
    assert trajectory.to_bytes() == before
    assert not trajectory.history


@pytest.mark.parametrize("spelling", SPELLINGS, ids=str)
@pytest.mark.parametrize("at", [0, 1, 3])
def test_a_file_looks_as_if_it_had_been_written_with_the_new_event(spelling: Spelling, at: int) -> None:
    events = [message(0, "gö"), message(1, "ü"), message(2, "ß")]
    trajectory = Trajectory.from_bytes(spelling.written(events))
    trajectory.insert(at, [message(None, "日本")])
    events.insert(at, {**message(3, "日本")})
    assert trajectory.to_bytes() == spelling.written(events)
    trajectory.delete([at])
    del events[at]
    assert trajectory.to_bytes() == spelling.written(events)


@pytest.mark.parametrize("spelling", SPELLINGS, ids=str)
def test_beside_a_single_event_the_style_is_found_too(spelling: Spelling) -> None:
    for at in (0, 1):
        trajectory = Trajectory.from_bytes(spelling.written([message(0, "é")]))
        trajectory.insert(at, [message(None, "è")])
        both = [message(0, "é")]
        both.insert(at, message(1, "è"))
        assert trajectory.to_bytes() == spelling.written(both)


@pytest.mark.parametrize("spelling", SPELLINGS, ids=str)
@pytest.mark.parametrize("at", [0, 2, 4])
def test_pairs_stay_pairs(spelling: Spelling, at: int) -> None:
    pairs: list[list[Any]] = [[run(0, "é"), ran(1, 0)], [run(2), ran(3, 2)]]
    trajectory = Trajectory.from_bytes(spelling.written(pairs))
    trajectory.insert(at, [message(None), run(7), ran(8, 7), {"observation": "null", "content": ""}])
    new = [[message(4), None], [run(7), ran(8, 7)]]
    single = {"id": 9, "source": "environment", "observation": "null", "content": ""}
    pairs[at // 2 : at // 2] = [*new, [None, single]]
    assert trajectory.to_bytes() == spelling.written(pairs)
    trajectory.delete([at, at + 1, at + 3])
    del pairs[at // 2 : at // 2 + 3]
    assert trajectory.to_bytes() == spelling.written(pairs)


def test_a_row_stays_one_line_and_the_others_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "output.jsonl"
    lines = [json.dumps({"instance_id": name, "history": list(TWO_STEPS), "z": 1}) for name in "abc"]
    path.write_text("\n".join(lines) + "\n")
    trajectory = Trajectory.open(path, "b")
    trajectory.insert(6, [message(None, "two\nlines\u2028")])
    trajectory.delete([0])
    trajectory.save()
    after = path.read_text().split("\n")
    assert [after[0], after[2], after[3]] == [lines[0], lines[2], ""]
    history = [*TWO_STEPS[1:], message(6, "two\nlines\u2028")]
    assert after[1] == json.dumps({"instance_id": "b", "history": history, "z": 1})


# Deleting


def test_a_call_is_deleted_with_its_result_and_no_id_or_cause_changes() -> None:
    trajectory = flat(*TWO_STEPS)
    edit = trajectory.delete([2])
    assert edit.label == "delete run 1 `git push` with its observation"
    assert [trajectory.data(index) for index in range(4)] == [TWO_STEPS[0], *TWO_STEPS[3:]]
    assert [trajectory.index_of_uid(uid) for uid in range(6)] == [0, None, None, 1, 2, 3]
    assert edit.touched == ()
    assert edit.touched_before == (1, 2)


def test_several_are_deleted_in_one_step() -> None:
    trajectory = flat(*TWO_STEPS)
    assert trajectory.delete([5, 0, 1]).label == "delete 4 events (0 to 5)"
    assert ids(trajectory) == [3, 4]
    trajectory.undo()
    assert ids(trajectory) == [0, 1, 2, 3, 4, 5]


def test_the_last_event_is_not_deleted() -> None:
    trajectory = flat(run(0), ran(1, 0))
    with pytest.raises(BadInput, match="at least one event"):
        trajectory.delete([0])
    nameless = flat(message(0), {"id": 1, "x": 2})
    with pytest.raises(BadInput, match="no event with an 'action'"):
        nameless.delete([0])
    with pytest.raises(BadInput, match="no event with an 'action'"):
        nameless.unset(0, ("action",))
    assert len(nameless) == 2
    assert not nameless.modified


# Moving


def test_a_unit_moves_over_one_unit_at_a_time() -> None:
    trajectory = flat(*TWO_STEPS)
    edit = trajectory.move([1], 1)
    assert ids(trajectory) == [0, 3, 4, 1, 2, 5]
    assert edit.label == "move run 1 `git push` with its observation down"
    assert [trajectory.index_of_uid(uid) for uid in range(6)] == [0, 3, 4, 1, 2, 5]
    assert list(trajectory.uids) == [0, 3, 4, 1, 2, 5]
    trajectory.move([4], -1)
    assert ids(trajectory) == [0, 1, 2, 3, 4, 5]
    trajectory.move([0], 2)
    assert ids(trajectory) == [1, 2, 3, 4, 0, 5]
    with pytest.raises(BadInput, match="can't be moved further down"):
        trajectory.move([5], 1)
    with pytest.raises(BadInput, match="can't be moved further up"):
        trajectory.move([1], -1)


def test_events_that_are_apart_come_together() -> None:
    trajectory = flat(*TWO_STEPS)
    trajectory.move_to([0, 5], 3)
    assert ids(trajectory) == [1, 2, 0, 5, 3, 4]
    assert [trajectory.index_of_uid(uid) for uid in range(6)] == [2, 0, 1, 4, 5, 3]
    trajectory.undo()
    assert ids(trajectory) == [0, 1, 2, 3, 4, 5]


def test_a_move_between_what_belongs_together_goes_near_it_and_says_so() -> None:
    trajectory = flat(*TWO_STEPS)
    edit = trajectory.move_to([5], 2)
    assert ids(trajectory) == [0, 1, 2, 5, 3, 4]
    assert edit.note
    with pytest.raises(BadInput, match="is there already"):
        trajectory.move_to([3], 4)


@pytest.mark.parametrize("spelling", SPELLINGS, ids=str)
def test_after_a_move_the_file_is_as_if_it_had_been_written_so(spelling: Spelling) -> None:
    events = list(TWO_STEPS)
    trajectory = Trajectory.from_bytes(spelling.written(events))
    trajectory.move([1], 1)
    assert trajectory.to_bytes() == spelling.written([events[at] for at in (0, 3, 4, 1, 2, 5)])
    trajectory.move_to([5], 0)
    assert trajectory.to_bytes() == spelling.written([events[at] for at in (5, 0, 3, 4, 1, 2)])


def test_separators_of_events_that_stay_neighbours_do_not_change() -> None:
    events = [f'{{"id":{number},"action":"message"}}' for number in range(4)]
    text = f"[ {events[0]}  ,{events[1]},\n\n{events[2]}, {events[3]} ]"
    trajectory = Trajectory.from_bytes(text.encode())
    trajectory.delete([3])
    assert trajectory.to_bytes().decode() == text.replace(f", {events[3]}", "")
    trajectory.undo()
    trajectory.delete([0])
    assert trajectory.to_bytes().decode() == text.replace(f"{events[0]}  ,", "")
    trajectory.undo()
    trajectory.insert(4, [{"action": "message"}])
    assert trajectory.to_bytes().decode().startswith(text.removesuffix(" ]"))


# Copying


def test_a_copy_has_ids_and_calls_of_its_own_that_pair_as_the_original_did() -> None:
    trajectory = flat(message(0), *parallel(1), message(9))
    edit = trajectory.duplicate([3])
    assert edit.touched == (5, 6, 7, 8)
    assert ids(trajectory) == [0, 1, 2, 3, 4, 10, 11, 12, 13, 9]
    copies = [trajectory.data(index) for index in range(5, 9)]
    assert [copy.get("cause") for copy in copies] == [None, None, 10, 11]
    metadata = [copy["tool_call_metadata"] for copy in copies]
    calls = [data["tool_call_id"] for data in metadata]
    assert calls[:2] == calls[2:]
    assert not {*calls} & {"r1-a", "r1-b"}
    assert all(call.startswith("r1-") for call in calls)
    for data in metadata:
        made = data["model_response"]["choices"][0]["message"]["tool_calls"]
        assert [call["id"] for call in made] == calls[:2]
    responses = {data["model_response"]["id"] for data in metadata}
    assert len(responses) == 1
    assert "r1" not in responses
    assert trajectory.unit_of(1) == (1, 2, 3, 4)
    assert trajectory.unit_of(5) == (5, 6, 7, 8)


def test_a_copy_is_written_like_its_original() -> None:
    text = '[{"action":"message",  "id" : 4.0e0, "x": 1.50},\n\t{ "id":7,"action":"message","y":"\\u00e9é" }]'
    trajectory = Trajectory.from_bytes(text.encode())
    trajectory.duplicate([1])
    assert trajectory.raw(2).decode() == '{ "id":8,"action":"message","y":"\\u00e9é" }'


# Directories of events


@pytest.fixture
def store(tmp_path: Path) -> Path:
    for event in TWO_STEPS:
        (tmp_path / f"{event['id']}.json").write_text(json.dumps(event) + "\n")
    return tmp_path


def files(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_in_a_directory_appending_makes_a_file_and_deleting_removes_files(store: Path) -> None:
    before = files(store)
    trajectory = Trajectory.open(store)
    trajectory.insert(6, [message(None, "more")])
    trajectory.delete([1])
    trajectory.save()
    after = files(store)
    assert set(after) == {"0.json", "3.json", "4.json", "5.json", "6.json"}
    assert after["6.json"] == json.dumps(message(6, "more")).encode() + b"\n"
    assert all(after[name] == before[name] for name in ("0.json", "3.json", "4.json", "5.json"))
    assert ids(Trajectory.open(store)) == [0, 3, 4, 5, 6]
    while trajectory.undo():
        pass
    trajectory.save()
    assert files(store) == before


@pytest.mark.parametrize(
    "edit",
    [lambda it: it.insert(1, [message(None)]), lambda it: it.move([1], 1), lambda it: it.duplicate([0])],
)
def test_a_directory_cannot_keep_another_order_but_a_file_can(
    store: Path, edit: Callable[[Trajectory], Edit]
) -> None:
    before = files(store)
    trajectory = Trajectory.open(store)
    edit(trajectory)
    with pytest.raises(BadInput, match=r"in the order of their ids.*save as"):
        trajectory.save()
    assert files(store) == before
    with tempfile.TemporaryDirectory() as name:
        path = trajectory.save(Path(name) / "one.json")
        again = Trajectory.open(path)
        assert [again.raw(index) for index in range(len(again))] == [
            trajectory.raw(index) for index in range(len(trajectory))
        ]
    assert files(store) == before


def test_a_file_of_a_directory_that_came_or_changed_meanwhile_is_not_overwritten(store: Path) -> None:
    trajectory = Trajectory.open(store)
    trajectory.insert(6, [message(None)])
    (store / "6.json").write_text("{}")
    with pytest.raises(FileChanged, match=r"6\.json"):
        trajectory.save()
    assert (store / "6.json").read_text() == "{}"
    trajectory.undo()
    trajectory.delete([5])
    (store / "5.json").write_text("{} ")
    with pytest.raises(FileChanged, match=r"5\.json"):
        trajectory.save()
    trajectory.save(overwrite=True)
    assert not (store / "5.json").exists()


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["append", "delete", "set", "move", "insert", "undo", "redo", "save"]),
        st.integers(0, 9),
    ),
    max_size=12,
)


@given(STEPS)
def test_whatever_is_saved_in_a_directory_is_what_the_directory_then_holds(
    steps: list[tuple[str, int]],
) -> None:
    with tempfile.TemporaryDirectory() as name:
        store = Path(name)
        for event in TWO_STEPS:
            (store / f"{event['id']}.json").write_text(json.dumps(event) + "\n")
        before = files(store)
        trajectory = Trajectory.open(store)
        for step, number in (*steps, ("save", 0)):
            _step(trajectory, step, number % len(trajectory))
        while trajectory.undo():
            pass
        trajectory.save()
        assert files(store) == before


def _step(trajectory: Trajectory, step: str, index: int) -> None:
    raws = [trajectory.raw(at) for at in range(len(trajectory))]
    try:
        match step:
            case "append":
                trajectory.insert(len(trajectory), [message(None)])
            case "insert":
                trajectory.insert(index, [message(None)])
            case "delete":
                trajectory.delete([index])
            case "set":
                trajectory.set_value(index, ("x",), "é")
            case "move":
                trajectory.move([index], 1)
            case "undo":
                trajectory.undo()
            case "redo":
                trajectory.redo()
            case "save":
                assert trajectory.path is not None
                before = files(trajectory.path)
                try:
                    trajectory.save()
                except BadInput:
                    assert files(trajectory.path) == before
                    raise
                again = Trajectory.open(trajectory.path)
                assert [again.raw(at) for at in range(len(again))] == raws
                assert not trajectory.modified
    except BadInput:
        assert [trajectory.raw(at) for at in range(len(trajectory))] == raws


# History


def test_the_history_can_be_read_and_gone_back_and_forth_in() -> None:
    trajectory = flat(*TWO_STEPS)
    states = [trajectory.to_bytes()]
    for edit in (
        lambda: trajectory.set_value(0, ("args", "content"), "hi"),
        lambda: trajectory.delete([1]),
        lambda: trajectory.insert(0, [message(None, "first")]),
    ):
        edit()
        states.append(trajectory.to_bytes())
    labels = [edit.label for edit in trajectory.history]
    assert labels == [
        'content = "hi" in event 0',
        "delete run 1 `git push` with its observation",
        "insert message 6 `first`",
    ]
    for at in (0, 2, 1, 3, 3):
        trajectory.revert_to(at)
        assert trajectory.to_bytes() == states[at]
        assert len(trajectory.history) == at
        assert [edit.label for edit in (*trajectory.history, *reversed(trajectory.undone))] == labels
    with pytest.raises(BadInput):
        trajectory.revert_to(4)


def test_an_edit_of_another_document_is_not_made_again() -> None:
    trajectory, other = flat(*TWO_STEPS), flat(*TWO_STEPS[:4], message(8))
    for edit in (trajectory.delete([3]), trajectory.set_value(0, ("args", "content"), "x")):
        assert json.loads(json.dumps(edit.to_data())) == edit.to_data()
    for data in ({}, {"changes": 1}, *({**trajectory.history[0].to_data(), "changes": [bad]} for bad in BAD)):
        with pytest.raises(BadInput):
            other.apply_data(data)
    with pytest.raises(BadInput, match="another state"):
        other.apply_data(trajectory.history[0].to_data())
    assert not other.history


BAD: list[Any] = [
    1,
    {},
    {"event": 99, "at": 0, "removed": [0, 0], "inserted": ""},
    {"event": -1, "at": 0, "removed": [0, 0], "inserted": ""},
    {"event": 0, "at": 0, "removed": [5, 1], "inserted": "x"},
    {"place": 0, "removed": [99, 0], "inserted": [], "moved": None, "gap": 0, "gaps_removed": [0, 0]},
]


# All of it


EVENTS = [
    message(0, "gö"),
    *parallel(1),
    delegate(5),
    run(6),
    message(7),
    ran(8, 6),
    delegated(9, 5),
    message(10),
]
CONTAINERS: dict[str, Callable[[list[Any]], Any]] = {
    "list": lambda events: events,
    "wrapper": lambda events: {"a": "é", "trajectory": events, "z": [1]},
    "without ids": lambda events: [
        {key: value for key, value in event.items() if key not in ("id", "cause")} for event in events
    ],
    "pairs": lambda events: [
        [one, other] for one, other in zip(events[::2], [*events[1::2], None], strict=False)
    ],
    "mixed": lambda events: [
        [events[0], None],
        *events[1:3],
        [None, *events[3:4]],
        [],
        *([events[4:6]] if events[4:6] else []),
        *events[6:],
    ],
}


@given(st.sampled_from(SPELLINGS), st.sampled_from(sorted(CONTAINERS)), st.integers(1, 11), st.data())
def test_any_edits_follow_the_laws(
    spelling: Spelling, container: str, count: int, data: st.DataObject
) -> None:
    edited = Edited(spelling.written(CONTAINERS[container](EVENTS[:count])))
    for _ in range(data.draw(st.integers(1, 6))):
        edit_at_random(edited, data)
    edited.finish()


@given(documents(), st.data())
def test_any_edits_follow_the_laws_however_odd_the_spelling(text: Text, data: st.DataObject) -> None:
    edited = Edited(text.data)
    for _ in range(data.draw(st.integers(1, 6))):
        edit_at_random(edited, data)
    edited.finish()


@given(st.sampled_from(SPELLINGS), st.data())
def test_any_edits_of_real_recordings_follow_the_laws(
    recordings: dict[str, Path], spelling: Spelling, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(recordings)))
    events = json.loads(recordings[name].read_bytes())
    begin = data.draw(st.integers(0, max(0, len(events) - 12)))
    edited = Edited(spelling.written(events[begin : begin + 12]))
    for _ in range(data.draw(st.integers(1, 4))):
        edit_at_random(edited, data)
    edited.finish()


@pytest.mark.parametrize("spelling", SPELLINGS, ids=str)
def test_every_real_recording_is_edited_in_every_spelling(
    recordings: dict[str, Path], spelling: Spelling
) -> None:
    for path in recordings.values():
        edited = Edited(spelling.written(json.loads(path.read_bytes())))
        last = len(edited.trajectory) - 1
        edited.edit(lambda it: it.insert(2, [message(None, "é")]), None)
        edited.edit(lambda it: it.delete([it.legal_place(0)]), None)
        edited.edit(lambda it, last=last: it.duplicate([last // 2]), None)  # type: ignore[misc]
        edited.edit(lambda it: it.move([0], 2), None)
        edited.finish()


@given(st.data())
def test_the_inverse_of_an_edit_takes_it_back(data: st.DataObject) -> None:
    trajectory = flat(*EVENTS)
    original = trajectory.to_bytes()
    edited = Edited(original)
    for _ in range(3):
        edit_at_random(edited, data)
    edits = edited.trajectory.history
    states = []
    for edit in edits:
        states.append(trajectory.uids)
        trajectory.apply_data(edit.to_data())
    was = {uid: uid for uid in trajectory.uids}
    for edit in reversed(edits):
        trajectory.apply_data(json.loads(json.dumps(inverse(edit).to_data())))
        for before, now in zip(states.pop(), trajectory.uids, strict=True):
            assert was.setdefault(now, before) == before
    assert trajectory.to_bytes() == original


def test_a_copy_of_an_edited_document_reads_its_events_before_it_is_edited() -> None:
    trajectory = flat(*TWO_STEPS)
    trajectory.delete([5])
    copy = trajectory._document.copied()
    structure.delete(copy, [1])
    assert copy.outline.ids == [0, 3, 4]
    assert [copy.data(index)["id"] for index in range(len(copy))] == [0, 3, 4]
    assert ids(trajectory) == [0, 1, 2, 3, 4]


def test_what_is_read_later_is_what_was_there_at_first() -> None:
    events = [message(number) for number in range(1500)]
    trajectory = flat(*events)
    assert not trajectory.all_read
    trajectory.delete([1499])
    trajectory.insert(1499, [{"action": "message", "source": "user", "args": {"content": "on"}}])
    assert ids(trajectory)[-2:] == [1498, 1500]
