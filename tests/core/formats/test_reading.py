"""Opening a file: nothing in it is lost, and what is no trajectory is refused in one plain line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import NOT_QUITE_JSON, Text, documents, same_json
from hostile import ODD, odd_file
from trajcore.errors import BadInput
from trajcore.trajectory import Trajectory


@given(documents())
def test_a_file_that_is_opened_and_written_unchanged_is_byte_identical(text: Text) -> None:
    assert Trajectory.from_bytes(text.data).to_bytes() == text.data


@given(documents(NOT_QUITE_JSON))
def test_what_only_python_calls_json_is_kept_too(text: Text) -> None:
    assert Trajectory.from_bytes(text.data).to_bytes() == text.data


@given(documents(NOT_QUITE_JSON))
def test_every_event_is_found_with_its_own_bytes_and_values(text: Text) -> None:
    trajectory = Trajectory.from_bytes(text.data)
    assert [trajectory.raw(index).strip() for index in range(len(trajectory))] == [
        event.encode() for event in text.events
    ]
    for index, event in enumerate(json.loads(text.data.decode("utf-8-sig"))):
        assert same_json(trajectory.data(index), event)


@given(documents(NOT_QUITE_JSON))
def test_heads_and_typed_events_can_be_had_of_every_event(text: Text) -> None:
    trajectory = Trajectory.from_bytes(text.data)
    for index in range(len(trajectory)):
        assert trajectory.head(index).kind == trajectory.outline.kinds[index]
        assert trajectory.parsed(index).event is not None


def test_real_recordings_are_kept_byte_for_byte(recordings: dict[str, Path]) -> None:
    for name in ("basic.json", "basic_gui_mode.json", "ponyc_4595.json", "all_event_types_v0.62.json"):
        data = recordings[name].read_bytes()
        assert Trajectory.open(recordings[name]).to_bytes() == data, name


def test_events_of_real_recordings_have_no_problems(recordings: dict[str, Path]) -> None:
    for name in ("basic.json", "basic_gui_mode.json", "basic_interactions.json", "ponyc_4595.json"):
        trajectory = Trajectory.open(recordings[name])
        assert [trajectory.parsed(index).problems for index in range(len(trajectory))] == [()] * len(
            trajectory
        )


def test_a_pipe_is_refused_with_the_way_in_that_pipes_have(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(BadInput, match=r"trajtui replay -"):
        Trajectory.open(pipe)


BAD = {
    "nothing at all": (b"", "is empty"),
    "only white space": (b" \n\t ", "is empty"),
    "only a BOM": (b"\xef\xbb\xbf", "is empty"),
    "an empty list": (b"[]", "no events"),
    "words": (b"hello there", "not JSON (line 1, column 1)"),
    "a comma too few": (b'[\n {"action": "run"}\n  {"action": "run"}]', "not JSON (line 3, column 3)"),
    "single quotes": (b"[{'action': 'run'}]", "not JSON (line 1, column 3)"),
    "a raw line break in a string": (b'[{"action": "ru\nn"}]', "not JSON (line 1"),
    "an object": (b'{"events": [], "x": 1}', "found an object with the keys 'events', 'x'"),
    "an empty object": (b"{}", "found an empty object"),
    "a number": (b"17", "found a number"),
    "a string": (b'"[]"', "found a string"),
    "true": (b"true", "found true or false"),
    "null": (b"null", "found null"),
    "not a number": (b"NaN", "found a number"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "binary"),
    "UTF-16": (
        "[{}]".encode("utf-16"),
        "is UTF-16, and JSON is UTF-8: convert it (iconv -f UTF-16 -t UTF-8)",
    ),
    "Latin-1": ('[{"action": "run",\n"message": "caf\u00e9"}]'.encode("latin-1"), "not valid UTF-8 (line 2)"),
    "objects that are no events": (b'[{"role": "user"}, {"role": "assistant"}]', "not a trajectory"),
    "numbers alone": (b"[1, -1.5]", "event #0 (line 1, column 2: a number, not an object)"),
    "a deep nest": (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
    "a deep nest in an event": (
        b'[{"action": "run", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}]",
        "nested too deeply",
    ),
}


@pytest.mark.parametrize(("data", "expected"), BAD.values(), ids=BAD)
def test_what_is_no_trajectory_is_refused_in_one_line_that_names_the_file(
    tmp_path: Path, data: bytes, expected: str
) -> None:
    path = tmp_path / "some file.json"
    path.write_bytes(data)
    with pytest.raises(BadInput) as caught:
        Trajectory.open(path)
    assert_one_line(caught.value, path)
    assert expected in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"nowhere\.json: no such file") as caught:
        Trajectory.open(tmp_path / "nowhere.json")
    assert_one_line(caught.value, tmp_path / "nowhere.json")


def test_a_directory_without_events_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is a directory with no events") as caught:
        Trajectory.open(tmp_path)
    assert_one_line(caught.value, tmp_path)
    (tmp_path / "0.json").write_text("{}")
    with pytest.raises(BadInput, match="is not a trajectory") as caught:
        Trajectory.open(tmp_path)
    assert_one_line(caught.value, tmp_path)
    (tmp_path / "0.json").write_text('{"action": ')
    with pytest.raises(BadInput, match=r"0\.json is not JSON \(line 1, column \d+\)"):
        Trajectory.open(tmp_path)


def test_a_path_through_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput) as caught:
        Trajectory.open(tmp_path / "file" / "inside.json")
    assert_one_line(caught.value, tmp_path)


def test_a_number_of_any_length_is_kept_and_does_no_harm() -> None:
    # Python refuses to convert such a number; OpenHands never writes one, but a file may hold it.
    long = b"9" * 5000
    data = b'[{"id": 0, "action": "run", "args": {"command": "true"}, "x": ' + long + b"}]"
    trajectory = Trajectory.from_bytes(data)
    assert trajectory.to_bytes() == data
    assert trajectory.head(0).kind == "run"
    assert trajectory.data(0)["args"] == {"command": "true"}
    trajectory.set_value(0, ("args", "hidden"), True)
    assert trajectory.to_bytes() == data.replace(b'"true"}', b'"true", "hidden": true}')


@given(st.binary(max_size=60))
def test_no_bytes_whatever_make_it_fail_in_any_other_way(data: bytes) -> None:
    try:
        Trajectory.from_bytes(data, "junk")
    except BadInput as error:
        assert_one_line(error, Path("junk"))


@given(documents(), st.data())
def test_no_damage_to_a_trajectory_makes_it_fail_in_any_other_way(text: Text, choose: st.DataObject) -> None:
    at = choose.draw(st.integers(0, len(text.data)))
    upto = choose.draw(st.integers(at, len(text.data)))
    data = text.data[:at] + choose.draw(st.binary(max_size=3)) + text.data[upto:]
    try:
        assert Trajectory.from_bytes(data, "damaged").to_bytes() == data
    except BadInput as error:
        assert_one_line(error, Path("damaged"))


def test_what_a_file_holds_does_not_swamp_the_message() -> None:
    with pytest.raises(BadInput) as caught:
        Trajectory.from_bytes(json.dumps({"k" * 100_000: 1}).encode(), "wide.json")
    assert len(str(caught.value)) < 500


def assert_one_line(error: BadInput, path: Path) -> None:
    assert str(path) in str(error)
    assert "\n" not in str(error)
    assert error.exit_code == 2


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_recording_is_not_waited_for(tmp_path: Path, kind: str) -> None:
    with pytest.raises(BadInput, match=r"is no regular file|is larger than|is a binary file|no events in it"):
        Trajectory.open(odd_file(tmp_path / "demo.json", kind))


@pytest.mark.parametrize("kind", ODD)
def test_nor_is_it_inside_of_an_event_store(tmp_path: Path, kind: str) -> None:
    odd_file(tmp_path / "0.json", kind)
    with pytest.raises(BadInput, match=r"0\.json is (no regular file|larger than|a binary file)"):
        Trajectory.open(tmp_path)


@pytest.mark.parametrize("kind", ODD)
def test_nor_beside_one(tmp_path: Path, kind: str) -> None:
    odd_file(tmp_path / "other", kind)
    with pytest.raises(BadInput, match="no events in it"):
        Trajectory.open(tmp_path)
