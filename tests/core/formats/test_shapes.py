"""Every shape in which OpenHands and its tools keep a trajectory."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajcore.errors import BadInput
from trajcore.formats.base import RowNeeded
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory

EVENTS: list[dict[str, Any]] = [
    {"id": 0, "source": "user", "action": "message", "args": {"content": "gö", "wait_for_response": False}},
    {"id": 1, "source": "agent", "action": "run", "args": {"command": "ls"}},
    {
        "id": 2,
        "source": "agent",
        "observation": "run",
        "cause": 1,
        "content": "a",
        "extras": {"command": "ls"},
    },
]
FLATTENED: list[dict[str, Any]] = [
    {
        "content": "go",
        "images_urls": None,
        "wait_for_response": False,
        "action": "message",
        "action_risk": None,
    },
    {"command": "ls", "thought": "look", "action": "run", "is_confirmed": "confirmed"},
    {"content": "a", "command_id": -1, "command": "ls", "exit_code": 3, "observation": "run"},
    {"outputs": {}, "thought": "done", "action": "finish"},
]


def kinds(trajectory: Trajectory) -> list[str]:
    return [trajectory.head(index).kind for index in range(len(trajectory))]


def test_the_answer_of_the_rest_interface_is_a_trajectory_and_keeps_its_bytes() -> None:
    for written in (
        json.dumps({"trajectory": EVENTS}),
        json.dumps({"é": [1], "trajectory": EVENTS, "after": {"x": 1}}, indent=3, ensure_ascii=False),
    ):
        trajectory = Trajectory.from_bytes(written.encode())
        assert kinds(trajectory) == ["message", "run", "run"]
        assert [trajectory.data(index) for index in range(3)] == EVENTS
        assert trajectory.to_bytes() == written.encode()
        trajectory.set_value(0, ("args", "wait_for_response"), True)
        changed = json.loads(trajectory.to_bytes())
        assert changed["trajectory"][0]["args"]["wait_for_response"] is True
        assert changed | {"trajectory": None} == json.loads(written) | {"trajectory": None}


def page(events: list[Any], more: bool) -> dict[str, Any]:
    return {"events": events, "has_more": more}


PAGES = {
    "one": json.dumps(page(EVENTS, False)),
    "a line each": "".join(json.dumps(page(EVENTS[at : at + 1], at < 2)) + "\n" for at in range(3)),
    "one behind the other": "".join(
        json.dumps(page(EVENTS[at : at + 1], at < 2), indent=1) for at in range(3)
    ),
    "a list": json.dumps([page(EVENTS[:2], True), page([], True), page(EVENTS[2:], False)], indent=2),
}


@pytest.mark.parametrize("written", PAGES.values(), ids=PAGES)
def test_the_pages_of_the_rest_interface_are_a_trajectory_in_their_order(written: str) -> None:
    trajectory = Trajectory.from_bytes(written.encode())
    assert [trajectory.data(index) for index in range(3)] == EVENTS
    assert trajectory.faults == ()
    assert trajectory.to_bytes() == written.encode()
    for gone in range(2):  # the call and its result go together
        trajectory.delete([gone])
        left = Trajectory.from_bytes(trajectory.to_bytes())
        assert left.outline.ids == ([1, 2] if gone == 0 else [0])
        trajectory.insert(0, [EVENTS[0]])
        assert Trajectory.from_bytes(trajectory.to_bytes()).layout.format == "pages"
        while trajectory.undo():
            pass
        assert trajectory.to_bytes() == written.encode()


def test_that_the_last_page_has_more_is_said() -> None:
    written = json.dumps(page(EVENTS[:2], True)) + "\n" + json.dumps(page(EVENTS[2:], True)) + "\n"
    trajectory = Trajectory.from_bytes(written.encode())
    assert trajectory.faults == ("its last page says that there are more events (has_more).",)
    assert [finding.code for finding in trajectory.checking()()] == ["cut-off"]


def test_a_torn_page_has_what_is_whole_of_it() -> None:
    first, last = json.dumps(page(EVENTS[:2], True)), json.dumps(page(EVENTS[2:], False))
    trajectory = Trajectory.from_bytes(f"{first[:-40]}\n{last}\n".encode())
    assert trajectory.outline.ids == [0, None, 2]
    assert list(trajectory.damaged) == [1]
    trajectory = Trajectory.from_bytes(f"{first}\n{last[:-40]}\n".encode())
    assert trajectory.outline.ids == [0, 1]
    assert "ends too early" in trajectory.faults[0]


def test_a_page_that_breaks_behind_its_events_is_said_to() -> None:
    first, last = json.dumps(page(EVENTS[:2], True)), json.dumps(page(EVENTS[2:], False))
    data = (first.partition(', "has_more')[0] + last).encode()
    trajectory = Trajectory.from_bytes(data)
    assert trajectory.outline.ids == [0, 1]
    assert "delimiter" in trajectory.faults[0]
    assert trajectory.to_bytes() == data
    data = f"{first}\n{last}\n".replace('"has_more": true', '"has_more" true').encode()
    trajectory = Trajectory.from_bytes(data)
    assert trajectory.outline.ids[:2] == [0, 1]
    assert trajectory.outline.ids[3:] == [event["id"] for event in EVENTS[2:]]
    assert list(trajectory.damaged) == [2]


def test_one_event_a_line_is_a_trajectory_and_keeps_its_bytes() -> None:
    written = "".join(f"{json.dumps(event)}\n" for event in EVENTS).encode()
    trajectory = Trajectory.from_bytes(written)
    assert [trajectory.data(index) for index in range(3)] == EVENTS
    assert trajectory.to_bytes() == written
    trajectory.insert(1, [{**EVENTS[0], "id": 7}])
    lines = trajectory.to_bytes().splitlines(keepends=True)
    assert [lines[0], *lines[2:]] == written.splitlines(keepends=True)
    assert json.loads(lines[1])["id"] == 7


def rows_file(tmp_path: Path, *histories: list[Any]) -> Path:
    path = tmp_path / "output.jsonl"
    rows = [{"instance_id": f"task-{n}", "history": history} for n, history in enumerate(histories)]
    path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    return path


def test_a_row_is_picked_by_number_or_id(tmp_path: Path) -> None:
    path = rows_file(tmp_path, EVENTS, EVENTS[:1])
    assert len(Trajectory.open(path, "0")) == len(Trajectory.open(path, "task-0")) == 3
    assert len(Trajectory.open(path, "1")) == len(Trajectory.open(path, "task-1")) == 1
    with pytest.raises(BadInput, match="no row 'task-2'"):
        Trajectory.open(path, "task-2")


def test_several_rows_ask_for_one(tmp_path: Path) -> None:
    with pytest.raises(RowNeeded, match="--row") as caught:
        Trajectory.open(rows_file(tmp_path, EVENTS, EVENTS))
    assert [row.id for row in caught.value.rows] == ["task-0", "task-1"]


def test_an_edit_of_a_row_leaves_the_other_rows_alone(tmp_path: Path) -> None:
    path = rows_file(tmp_path, EVENTS, EVENTS)
    before = path.read_text().splitlines()
    trajectory = Trajectory.open(path, "1")
    trajectory.set_value(1, ("args", "command"), "pwd")
    trajectory.save()
    after = path.read_text().splitlines()
    assert after[0] == before[0]
    assert json.loads(after[1])["history"][1]["args"]["command"] == "pwd"


def test_a_single_row_needs_no_picking(tmp_path: Path) -> None:
    assert len(Trajectory.open(rows_file(tmp_path, EVENTS))) == 3


def test_pairs_are_taken_apart(tmp_path: Path) -> None:
    null = {"observation": "null", "content": "", "extras": {}}
    pairs = [[EVENTS[0], null], [EVENTS[1], EVENTS[2]], [EVENTS[1], None]]
    for written in (json.dumps(pairs), json.dumps({"instance_id": "x", "history": pairs})):
        trajectory = Trajectory.from_bytes(written.encode())
        assert kinds(trajectory) == ["message", "null", "run", "run", "run"]
        assert trajectory.outline.answer_of[2] == 3
        assert trajectory.to_bytes() == written.encode()


def test_flattened_events_are_read_as_if_they_were_nested() -> None:
    written = json.dumps(FLATTENED).encode()
    trajectory = Trajectory.from_bytes(written)
    assert trajectory.to_bytes() == written
    assert [trajectory.head(index).summary() for index in range(4)] == ["go", "ls", "a", "done"]
    assert trajectory.head(2).exit_code == 3
    assert trajectory.outline.answer_of == {1: 2}
    assert not any(trajectory.parsed(index).problems for index in range(4))
    run = trajectory.parsed(1).event
    assert (run.args.command, run.args.confirmation_state) == ("ls", "confirmed")  # type: ignore[attr-defined]


def test_an_event_store_is_read_in_the_order_of_its_ids(tmp_path: Path) -> None:
    directory = tmp_path / "events"
    directory.mkdir()
    for id in (10, 2, 0):
        event = {"id": id, "source": "agent", "action": "think", "args": {"thought": str(id)}}
        (directory / f"{id}.json").write_text(json.dumps(event))
    (tmp_path / "metadata.json").write_text("{}")
    for place in (tmp_path, directory):
        trajectory = Trajectory.open(place)
        assert trajectory.outline.ids == [0, 2, 10]


def test_only_the_file_of_an_edited_event_is_written(tmp_path: Path) -> None:
    for event in EVENTS:
        (tmp_path / f"{event['id']}.json").write_text(json.dumps(event, indent=1) + "\n")
    before = {path.name: (path.read_bytes(), path.stat().st_ino) for path in tmp_path.iterdir()}
    trajectory = Trajectory.open(tmp_path)
    trajectory.set_value(0, ("args", "wait_for_response"), True)
    trajectory.save()
    after = {path.name: (path.read_bytes(), path.stat().st_ino) for path in tmp_path.iterdir()}
    assert {name for name in after if after[name] != before[name]} == {"0.json"}
    assert after["0.json"][0] == before["0.json"][0].replace(b"false", b"true")
    trajectory.undo()
    trajectory.save()
    assert (tmp_path / "0.json").read_bytes() == before["0.json"][0]


def test_the_real_recordings_lose_no_event(recordings: dict[str, Path]) -> None:
    counts = {
        "flattened_2024.json": 8,
        "pairs_2024.json": 12,
        "all_event_types_v0.62.json": 42,
        "ponyc_4595.json": 49,
    }
    for name, count in counts.items():
        trajectory = Trajectory.open(recordings[name])
        assert len(trajectory) == count
        assert trajectory.to_bytes() == recordings[name].read_bytes()


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
KINDS = st.sampled_from(
    ["run", "message", "edit", "delegate", "summarize", "add_task", "null", "microagent", "é"]
)
ANY_EVENT = st.fixed_dictionaries(
    {},
    optional={
        "id": st.integers(-1, 9) | JUNK,
        "source": st.sampled_from(["agent", "user", "environment"]) | JUNK,
        "action": KINDS | JUNK,
        "observation": KINDS | JUNK,
        "args": JUNK,
        "extras": JUNK,
        "content": JUNK,
        "cause": st.integers(0, 9) | JUNK,
        "command": JUNK,
        "tool_call_metadata": JUNK,
    },
)
SHAPES = st.sampled_from(["list", "trajectory", "history", "pairs"])


@given(st.lists(ANY_EVENT, min_size=1, max_size=6), SHAPES, st.sampled_from([None, 2]))
def test_any_mix_of_shapes_and_junk_is_read_or_refused_in_words(
    events: list[dict[str, Any]], shape: str, indent: int | None
) -> None:
    pairs = [events[at : at + 2] for at in range(0, len(events), 2)]
    value = {
        "list": events,
        "trajectory": {"trajectory": events},
        "history": {"history": events},
        "pairs": pairs,
    }
    written = json.dumps(value[shape], indent=indent).encode()
    try:
        trajectory = Trajectory.from_bytes(written)
    except BadInput:
        return
    assert len(trajectory) == len(events)
    assert trajectory.to_bytes() == written
    asyncio.run(_played(trajectory))


async def _played(trajectory: Trajectory) -> None:
    session = Session(trajectory, Settings(sandbox="recorded"))
    session.resume()
    await session.idle()
    assert session.at_end
    assert session.failure is None
    assert len(session.run) == len(trajectory)
    json.loads(b"".join(session.run.to_json()))


def test_every_real_recording_replays_to_its_end_as_recorded(recordings: dict[str, Path]) -> None:
    store = next(iter(recordings.values())).parent / "event_store_5920ba22"
    for path in (*recordings.values(), store):
        asyncio.run(_played(Trajectory.open(path)))
