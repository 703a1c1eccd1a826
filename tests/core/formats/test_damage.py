"""Damage stays where it is: what is whole is used, what is not is kept, and it is said where it breaks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import SPELLINGS, Spelling, message, ran, run
from trajcore.dialects.findings import Severity
from trajcore.errors import BadInput
from trajcore.formats.base import RowNeeded
from trajcore.formats.json.damaged import salvaged
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory

EVENTS: list[dict[str, Any]] = [
    message(0, "naïve “quotes” 🙂\n\\ end"),
    {**run(1, "ls"), "tool_call_metadata": {"tool_calls": [{"id": "a"}, {"id": "b"}, {"id": "c"}]}},
    ran(2, 1, "a [b], {c}", lines=[{"id": 1}, {"id": 2}]),
    message(3, "more"),
]


def torn(data: bytes, at: int, upto: int, instead: bytes = b"") -> bytes:
    return data[:at] + instead + data[upto:]


def replayed(trajectory: Trajectory) -> Session:
    async def play() -> Session:
        session = Session(trajectory, Settings(sandbox="recorded"))
        session.resume()
        await session.idle()
        return session

    return asyncio.run(play())


def ids(trajectory: Trajectory) -> list[int | None]:
    return trajectory.outline.ids


# Lists


@given(st.sampled_from(SPELLINGS), st.integers(1, 2), st.data())
def test_of_a_list_with_a_torn_event_all_others_are_there(
    spelling: Spelling, which: int, choose: st.DataObject
) -> None:
    whole = Trajectory.from_bytes(spelling.written(EVENTS))
    span = whole.layout.spans[which]
    at = choose.draw(st.integers(span.begin + 1, span.end - 1))
    data = torn(whole.to_bytes(), at, span.end)
    trajectory = Trajectory.from_bytes(data)
    assert ids(trajectory) == [number if number != which else None for number in range(4)]
    assert list(trajectory.damaged) == [which]
    assert trajectory.to_bytes() == data


@given(st.sampled_from(SPELLINGS), st.booleans(), st.data())
def test_a_list_that_was_cut_off_opens_up_to_the_cut(
    spelling: Spelling, wrapped: bool, choose: st.DataObject
) -> None:
    data = spelling.written({"id": 7, "trajectory": EVENTS, "more": 1} if wrapped else EVENTS)
    spans = Trajectory.from_bytes(data).layout.spans
    cut = choose.draw(st.integers(spans[0].end, spans[-1].end))
    trajectory = Trajectory.from_bytes(data[:cut])
    count = sum(span.end <= cut for span in spans)
    assert ids(trajectory) == list(range(count))
    assert "ends too early" in trajectory.faults[0]
    assert trajectory.to_bytes() == data[:cut]
    trajectory.insert(count, [message(None, "new")])
    trajectory.set_value(0, ("message",), "edited")
    assert Trajectory.from_bytes(trajectory.to_bytes()).data(count)["message"] == "new"
    while trajectory.undo():
        pass
    assert trajectory.to_bytes() == data[:cut]


def test_a_file_cut_off_before_an_event_is_whole_is_refused_with_the_reason(tmp_path: Path) -> None:
    data = json.dumps(EVENTS, indent=2, ensure_ascii=False).encode()
    path = tmp_path / "cut.json"
    for length in range(Trajectory.from_bytes(data).layout.spans[0].end):
        path.write_bytes(data[:length])
        with pytest.raises(BadInput) as caught:
            Trajectory.open(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
        reasons = ("is empty", "the file ends too early", "unexpected end of data", "not JSON (line")
        assert any(reason in str(caught.value) for reason in reasons), data[:length]


NOT_EVENTS = {
    "a list": (b"[[1]]", "a list, not an object"),
    "null": (b"null", "null, not an object"),
    "a number": (b"-1.5", "a number, not an object"),
    "NaN": (b"NaN", "a number, not an object"),
    "a string": (b'"x"', "a string, not an object"),
    "true": (b"true", "true, not an object"),
    "another encoding": (b'{"action": "caf\xe9"}', "no UTF-8"),
    "a key without a value": (b'{"id": 9, "source"}', "expecting ':' delimiter"),
    "garbage": (b"\x01\x02 }{ ][", "expecting value"),
}


@pytest.mark.parametrize(("text", "fault"), NOT_EVENTS.values(), ids=NOT_EVENTS)
def test_what_is_no_event_in_a_list_or_on_a_line_is_shown_as_damaged(text: bytes, fault: str) -> None:
    first, last = (json.dumps(event).encode() for event in (message(0), message(2)))
    for data in (b"[%b,\n %b,\n%b]" % (first, text, last), b"%b\n%b\n%b\n" % (first, text, last)):
        trajectory = Trajectory.from_bytes(data)
        assert ids(trajectory) == [0, None, 2]
        assert "line 2" in trajectory.damaged[1]
        assert fault in trajectory.damaged[1] or trajectory.layout.lines
        assert trajectory.as_stored(1) in text
        assert trajectory.head(1).kind == "?"
        assert trajectory.to_bytes() == data


def test_a_comma_too_many_is_said() -> None:
    for data, place in ((b"[%b,\n]", "line 1"), (b"[%b,,%b]", "line 1"), (b"[\n%b, , %b]", "line 2")):
        text = json.dumps(message(0)).encode()
        written = data % ((text,) * data.count(b"%b"))
        trajectory = Trajectory.from_bytes(written)
        assert "this comma" in trajectory.faults[0]
        assert place in trajectory.faults[0]
        assert trajectory.to_bytes() == written


BEHIND = {
    "a list": (b"%b", b"text stands behind the list"),
    "an object": (b'{"trajectory": %b, "id": 7}', b"text stands behind the object"),
    "an object that breaks": (b'{"trajectory": %b, "id": 7', b"delimiter"),
}


@pytest.mark.parametrize(("around", "fault"), BEHIND.values(), ids=BEHIND)
@pytest.mark.parametrize("text", [" junk\n", "\nTraceback (most recent call last):\n", "]", "\n[1]", "\n{}"])
@pytest.mark.parametrize("torn_too", [False, True])
def test_text_behind_a_whole_list_is_said_and_kept(
    around: bytes, fault: bytes, text: str, torn_too: bool
) -> None:
    data = around % json.dumps(EVENTS, indent=1).encode() + text.encode()
    if torn_too and around == b"%b" and text != "]":
        data = data.replace(b'"id": 1,', b'"id" 1,', 1)
    trajectory = Trajectory.from_bytes(data)
    assert ids(trajectory)[2:] == [2, 3]
    assert fault.decode() in trajectory.faults[-1]
    assert "line" in trajectory.faults[-1]
    assert trajectory.checking()()[-1].code == "cut-off"
    assert trajectory.to_bytes() == data
    trajectory.set_value(0, ("message",), "edited")
    trajectory.insert(4, [message(4, "new")])
    trajectory.delete([2])
    assert trajectory.to_bytes().endswith(text.encode())
    assert ids(Trajectory.from_bytes(trajectory.to_bytes()))[-2:] == [3, 4]
    while trajectory.undo():
        pass
    assert trajectory.to_bytes() == data


def test_a_log_behind_an_object_on_one_line_is_said_and_kept() -> None:
    row = json.dumps({"trajectory": EVENTS}).encode()
    for text in (b"Killed\n", b"Traceback\n  File\n", b"null\n"):
        data = row + b"\n" + text
        trajectory = Trajectory.from_bytes(data)
        assert ids(trajectory) == [0, 1, 2, 3]
        assert trajectory.faults == ("line 2, column 1: text stands behind the object.",)
        trajectory.set_value(0, ("message",), "edited")
        assert trajectory.to_bytes().endswith(b"}\n" + text)
        assert trajectory.undo()
        assert trajectory.to_bytes() == data
        assert len(Trajectory.from_bytes(data, row="0")) == 4
    with pytest.raises(RowNeeded):
        Trajectory.from_bytes(row + b'\n{"trajectory": [{"id": 1, "act\n')


def test_text_behind_a_list_of_no_events_makes_it_none() -> None:
    for data in (b"[1, 2]\njunk", b"[2025-01-01 10:00] up\n", b"[]\njunk", b'["a"] b'):
        with pytest.raises(BadInput):
            Trajectory.from_bytes(data)


# What is done with it


def damaged_list() -> Trajectory:
    data = json.dumps(EVENTS[:3]).encode()[:-1] + b', {"id": 7, "source": "user" "mess}, '
    return Trajectory.from_bytes(data + json.dumps(EVENTS[3:]).encode()[1:])


def test_a_replay_passes_over_what_is_damaged_and_says_so() -> None:
    session = replayed(damaged_list())
    assert session.at_end
    assert session.failure is None
    assert [event.get("id") for event in json.loads(b"".join(session.run.to_json()))] == [0, 1, 2, 3]


def test_what_is_damaged_answers_nothing() -> None:
    data = json.dumps([message(0), run(1, "ls")]).encode()[:-1] + b', {"observation": "run", "extr} ]'
    assert Trajectory.from_bytes(data).outline.answer_of == {}


def test_a_check_names_it_and_offers_to_delete_it() -> None:
    trajectory = damaged_list()
    (finding,) = [found for found in trajectory.checking()() if found.severity is Severity.ERROR]
    assert (finding.index, finding.code) == (3, "damaged")
    assert "line 1, column" in finding.text
    assert finding.repair is not None
    assert finding.repair.arguments == ("--delete", "#3")
    trajectory.delete([3])
    assert json.loads(trajectory.to_bytes()) == EVENTS
    cut = Trajectory.from_bytes(json.dumps(EVENTS).encode()[:-9])
    assert [found.code for found in cut.checking()() if found.code == "cut-off"] == ["cut-off"]


def test_it_moves_goes_and_comes_back_byte_for_byte_and_can_be_given_a_new_text() -> None:
    trajectory = damaged_list()
    before, torn_text = trajectory.to_bytes(), trajectory.as_stored(3)
    trajectory.move([3], -1)
    assert trajectory.to_bytes().count(torn_text) == 1
    trajectory.delete([trajectory.outline.ids.index(None)])
    assert torn_text not in trajectory.to_bytes()
    while trajectory.undo():
        pass
    assert trajectory.to_bytes() == before
    trajectory.replace_event(3, json.dumps(message(9, "mended")).encode())
    assert trajectory.damaged == {}
    assert json.loads(trajectory.to_bytes())[3]["message"] == "mended"
    trajectory.undo()
    assert trajectory.to_bytes() == before


EDITS: dict[str, Callable[[Trajectory], object]] = {
    "set": lambda trajectory: trajectory.set_value(3, ("id",), 1),
    "unset": lambda trajectory: trajectory.unset(3, ("id",)),
    "flip": lambda trajectory: trajectory.flip(3, "hidden"),
    "duplicate": lambda trajectory: trajectory.duplicate([3]),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_what_needs_its_fields_is_refused(edit: Callable[[Trajectory], object]) -> None:
    trajectory = damaged_list()
    before = trajectory.to_bytes()
    with pytest.raises(BadInput, match="event #3 is damaged"):
        edit(trajectory)
    assert trajectory.to_bytes() == before


# Event stores


def test_of_an_event_store_one_file_may_be_torn(tmp_path: Path) -> None:
    for event in EVENTS:
        (tmp_path / f"{event['id']}.json").write_text(json.dumps(event))
    for torn_text in (b"", b'{"id": 2, "obs', b"[1]", b'{"a": "\xff"}'):
        (tmp_path / "2.json").write_bytes(torn_text)
        trajectory = Trajectory.open(tmp_path)
        assert ids(trajectory) == [0, 1, None, 3]
        assert "2.json" in trajectory.damaged[2]
        trajectory.set_value(0, ("message",), torn_text.hex())
        trajectory.save()
        assert (tmp_path / "2.json").read_bytes() == torn_text
        one_file = Trajectory.open(tmp_path)
        one_file.save(tmp_path / "one.list")
        again = Trajectory.open(tmp_path / "one.list")
        assert [number for number in ids(again) if number is not None] == [0, 1, 3]
        assert torn_text.strip() in (tmp_path / "one.list").read_bytes()
    trajectory.replace_event(2, json.dumps(EVENTS[2]).encode())
    trajectory.save()
    assert json.loads((tmp_path / "2.json").read_bytes()) == EVENTS[2]


# Rows


def rows(tmp_path: Path, *lines: dict[str, Any] | bytes) -> Path:
    path = tmp_path / "output.jsonl"
    texts = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    path.write_bytes(b"\n".join(texts) + b"\n")
    return path


def row(id: str | int, events: Any = EVENTS, **fields: Any) -> dict[str, Any]:
    return {"instance_id": id, "history": events, **fields}


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_torn_row_leaves_the_others_usable(tmp_path: Path, place: int) -> None:
    lines: list[Any] = [row("a"), row("b"), row("c")]
    torn_line = json.dumps(lines[place]).encode()[:121]
    lines[place], column = torn_line, len(torn_line.decode()) + 1
    path = rows(tmp_path, *lines)
    for number, id in enumerate("abc"):
        for name in (str(number), id):
            if number != place:
                assert len(Trajectory.open(path, name)) == 4
                continue
            with pytest.raises(BadInput) as caught:
                Trajectory.open(path, name)
            said = (
                f"row {place} ({id}, line {place + 1}) is damaged (column {column}: the line ends too early)"
            )
            assert said in str(caught.value)
    with pytest.raises(RowNeeded) as needed:
        Trajectory.open(path)
    assert f"Damaged: line {place + 1} (column {column}" in str(needed.value)
    assert [bool(one.damage) for one in needed.value.rows] == [number == place for number in range(3)]
    other = Trajectory.open(path, str((place + 1) % 3))
    other.set_value(0, ("message",), "x")
    other.save()
    assert path.read_bytes().split(b"\n")[place] == torn_line


def test_a_failed_row_is_said_to_be_one(tmp_path: Path) -> None:
    failed = {"instance_id": "b", "history": None, "error": "Maximum retries\nreached"}
    path = rows(
        tmp_path, row("a"), failed, row("c", []), {"instance_id": "d", "error": "no"}, {"instance_id": "e"}
    )
    with path.open("a") as file:
        file.write(json.dumps(row("f")) + "\n")
    for number, said in ((1, "Maximum retries reached"), (2, "its history is empty"), (3, "no"), (4, "")):
        with pytest.raises(BadInput, match=rf"row {number} \(., line {number + 1}\) is a failed row.*{said}"):
            Trajectory.open(path, str(number))
    with pytest.raises(RowNeeded, match=r"holds 2 trajectories.*Failed, without a trajectory: 1, 2, 3, 4\."):
        Trajectory.open(path)


def test_a_file_of_failed_and_damaged_rows_alone_says_so(tmp_path: Path) -> None:
    path = rows(tmp_path, row("a", None, error="no"), b'{"instance_id": "b", "hist')
    with pytest.raises(BadInput, match=r"holds no trajectory\. Damaged: line 2 .*\. Failed, .*: 0\."):
        Trajectory.open(path)
    with pytest.raises(BadInput, match=r"row 0 \(a, line 1\) is a failed row.*: no\."):
        Trajectory.open(path, "0")


def test_a_number_is_an_index_and_an_id_can_be_said_to_be_one(tmp_path: Path) -> None:
    path = rows(tmp_path, row(1), row(0), row("2", EVENTS[:2]), row(7), row("id:x", EVENTS[:1]))
    assert [len(Trajectory.open(path, name)) for name in ("2", "id:2", "id:x", "id:id:x")] == [2, 2, 1, 1]
    trajectories = [Trajectory.open(path, name) for name in ("0", "id:1", "1", "id:0")]
    assert [one.layout.opening for one in trajectories[::2]] == [
        one.layout.opening for one in trajectories[1::2]
    ]
    with pytest.raises(BadInput, match=r"no row '7'.*--row id:7"):
        Trajectory.open(path, "7")
    with pytest.raises(RowNeeded, match=r"or its id: id:1, id:0, id:2, id:7, id:x\)"):
        Trajectory.open(path)


def test_a_repeated_id_is_refused_with_its_rows(tmp_path: Path) -> None:
    path = rows(tmp_path, row("a"), row("b"), row("a", EVENTS[:1]))
    with pytest.raises(BadInput, match=r"2 rows with the id 'a': pick one by its number: 0, 2\.") as caught:
        Trajectory.open(path, "a")
    assert caught.value.exit_code == 2
    assert len(Trajectory.open(path, "2")) == 1
    with pytest.raises(RowNeeded, match=r"or its id: 0, b, 2\)"):
        Trajectory.open(path)


# Hostile


@pytest.mark.parametrize("piece", [b"[1,", b'{"a":1,', b',{"":{"":[', b',{"b":', b",[[],", b',{"a":1}],'])
def test_what_is_damaged_without_end_takes_time_in_proportion(piece: bytes) -> None:
    # Twice as long takes about twice the time: many times the work would not end in the time of a test.
    data = b'[{"a":1},{"x' + piece * 100_000
    assert len(salvaged(data, 0).parts) >= 1
