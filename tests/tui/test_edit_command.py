"""`trajtui edit`: every operation, their order, every bad input, and where the result is written."""

from __future__ import annotations

import json
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from documents import documents, message, ran, run
from program import PROGRAM, SAMPLES, finish, say, trajtui, write
from trajtui.commands.edit import edit

EVENTS: list[dict[str, Any]] = [
    message(0, "look around"),
    run(1, "git status"),
    ran(2, 1, "clean"),
    say(3, "Shall I go on?", wait=True),
    message(4, "yes"),
    run(5, "git push"),
    ran(6, 5, "pushed"),
    finish(7),
]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write(tmp_path / "recording.json", EVENTS)


def edited(recording: Path, *arguments: str) -> list[dict[str, Any]]:
    """The events that come out of an edit."""
    out = recording.with_name("out.json")
    done = trajtui("edit", recording, "-o", out, *arguments)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    events: list[dict[str, Any]] = json.loads(out.read_bytes())
    return events


def ids(events: list[dict[str, Any]]) -> list[int]:
    return [event["id"] for event in events]


# Operations


def test_set_changes_one_line_of_the_file(recording: Path):
    out = recording.with_name("out.json")
    done = trajtui("edit", recording, "-o", out, "--set", "3:args.wait_for_response=false")
    assert (done.returncode, done.stderr) == (0, "")
    before, after = recording.read_text().splitlines(), out.read_text().splitlines()
    differing = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
    assert [pair[1].strip() for pair in differing] == ['"wait_for_response": false']


@pytest.mark.parametrize(
    ("place", "value"),
    [("args.command", "ls -l"), ("args.hidden", True), ("timeout", 1.5), ("args.extra", {"a": [1, None]})],
)
def test_set_takes_any_json_at_any_path(recording: Path, place: str, value: Any):
    events = edited(recording, "--set", f"1:{place}={json.dumps(value)}")
    inside: Any = events[1]
    for key in place.split("."):
        inside = inside[key]
    assert inside == value


def test_a_number_in_a_path_is_an_index_of_a_list_and_a_key_of_an_object(tmp_path: Path):
    event = message(0, "look", image_urls=["a", "b"], table={"1": "x", "a.b": "y"})
    path = write(tmp_path / "x.json", [event])
    settings_ = ('0:args.image_urls.1="c"', '0:args.table.1="z"', r'0:args.table.a\.b="w"')
    args = edited(path, *(word for one in settings_ for word in ("--set", one)))[0]["args"]
    assert args["image_urls"] == ["a", "c"]
    assert args["table"] == {"1": "z", "a.b": "w"}


def test_the_value_of_set_may_hold_what_separates(recording: Path):
    assert edited(recording, "--set", '1:args.command="a=b:c"')[1]["args"]["command"] == "a=b:c"


def test_an_edit_that_leaves_a_name_of_nothing_is_named(recording: Path):
    out = recording.with_name("out.json")
    for edits, said in (
        (("--set", "1:id=70"), "#2 (id 2)  error: its cause 1 is not in this recording"),
        (("--set", "2:cause=4711"), "#2 (id 2)  error: its cause 4711 is not in this recording"),
        (("--set", "1:id=5"), "#5 (id 5)  error: duplicate id: event #1 has the id 5 too"),
        (("--unset", "2:cause"), "#2 (id 2)  warning: it names no cause, where other results do"),
        (("--set", "2:cause=-1"), "#2 (id 2)  warning: it names no cause, where other results do"),
        (("--unset", "1:id"), "#1  warning: no id, where other events have one"),
    ):
        done = trajtui("edit", recording, "-o", out, *edits)
        assert done.returncode == 0
        assert f"trajtui: {said}" in done.stderr
    done = trajtui("edit", recording, "-o", out, "--set", "1:id=70", "--set", "2:cause=70")
    assert done.returncode == 0
    assert "error" not in done.stderr


def test_unset_removes_a_field(recording: Path):
    assert "file_urls" not in edited(recording, "--unset", "4:args.file_urls")[4]["args"]


def test_flip_turns_a_flag_over_also_one_that_is_not_written(recording: Path):
    events = edited(recording, "--flip", "3:wait_for_response", "--flip", "1:hidden")
    assert events[3]["args"]["wait_for_response"] is False
    assert events[1]["args"]["hidden"] is True


def test_delete_takes_the_observation_along(recording: Path):
    assert ids(edited(recording, "--delete", "5")) == [0, 1, 2, 3, 4, 7]


def test_inserted_events_stand_where_they_were_asked_for_with_ids_of_their_own(recording: Path):
    thought = json.dumps({"action": "think", "args": {"thought": "hm"}})
    events = edited(recording, "--insert-after", "0", thought, "--insert-before", "7", thought)
    assert [event.get("action") for event in events][1] == "think"
    assert [event.get("action") for event in events][-2:] == ["think", "finish"]
    assert ids(events) == [0, 8, 1, 2, 3, 4, 5, 6, 9, 7]


def test_messages_and_commands_are_inserted_from_plain_text(recording: Path):
    options = ("--message-after", "--message-before", "--command-after", "--command-before")
    events = edited(recording, *(word for option in options for word in (option, "4", option)))
    shown = [event["args"].get("command") or event["args"].get("content") for event in events[4:9]]
    assert shown == ["--message-before", "--command-before", "yes", "--command-after", "--message-after"]
    assert (events[4]["source"], events[4]["action"]) == ("user", "message")
    assert (events[7]["source"], events[7]["action"]) == ("agent", "run")


def test_what_is_inserted_after_an_action_stands_behind_its_observation(recording: Path):
    assert ids(edited(recording, "--message-after", "1", "well done")) == [0, 1, 2, 8, 3, 4, 5, 6, 7]


def test_an_event_moves_with_its_observation(recording: Path):
    assert ids(edited(recording, "--move", "5", "0")) == [0, 5, 6, 1, 2, 3, 4, 7]
    assert ids(edited(recording, "--move-after", "1", "4")) == [0, 3, 4, 1, 2, 5, 6, 7]
    assert ids(edited(recording, "--move-before", "5", "1")) == [0, 5, 6, 1, 2, 3, 4, 7]


def test_a_duplicate_has_ids_of_its_own(recording: Path):
    events = edited(recording, "--duplicate", "1")
    assert ids(events) == [0, 1, 2, 8, 9, 3, 4, 5, 6, 7]
    assert events[4]["cause"] == 8


def test_replace_goes_over_commands_and_messages(recording: Path):
    events = edited(recording, "--replace", "git", "hg")
    assert [events[1]["args"]["command"], events[5]["args"]["command"]] == ["hg status", "hg push"]


def test_replace_by_a_regular_expression_with_groups(recording: Path):
    events = edited(recording, "--regex", "--ignore-case", "--replace", r"GIT (\w+)", r"git \1 --quiet")
    assert events[5]["args"]["command"] == "git push --quiet"


def test_operations_are_made_in_the_order_typed_and_indices_count_at_that_point(recording: Path):
    events = edited(
        recording,
        *("--message-before", "0", "first"),
        *("--set", '#0:args.content="changed"'),
        *("--delete", "#1"),
        *("--set", '#0:args.content="changed again"'),
    )
    assert events[0]["args"]["content"] == "changed again"
    assert ids(events) == [8, 1, 2, 3, 4, 5, 6, 7]


def test_what_belongs_together_is_not_separated_and_that_is_said(recording: Path):
    out = recording.with_name("out.json")
    done = trajtui("edit", recording, "-o", out, "--message-before", "6", "in between")
    assert done.returncode == 0
    assert "placed" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert ids(json.loads(out.read_bytes())) in ([0, 1, 2, 3, 4, 8, 5, 6, 7], [0, 1, 2, 3, 4, 5, 6, 8, 7])


# Where it goes


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_without_an_edit_the_same_bytes_are_written(sample: Path, tmp_path: Path):
    out = tmp_path / "out.json"
    assert trajtui("edit", sample, "-o", out).returncode == 0
    assert out.read_bytes() == sample.read_bytes()


@settings(max_examples=60, deadline=None)
@given(text=documents())
def test_without_an_edit_any_file_is_written_as_it_was(text: Any, tmp_path_factory: pytest.TempPathFactory):
    directory = tmp_path_factory.mktemp("identity")
    path, out = directory / "in.json", directory / "out.json"
    path.write_bytes(text.data)
    nothing = {"output": str(out), "in_place": False, "diff": False, "row": None, "regex": False}
    edit(str(path), [], {**nothing, "ignore_case": False})
    assert out.read_bytes() == text.data


def test_standard_input_and_output(recording: Path):
    done = trajtui("edit", "-", "-o", "-", "--delete", "5", stdin=recording.read_bytes())
    assert (done.returncode, done.stderr) == (0, "")
    assert ids(json.loads(done.stdout)) == [0, 1, 2, 3, 4, 7]


def test_without_an_edit_standard_output_has_the_same_bytes(recording: Path):
    recording.write_bytes(b"\xef\xbb\xbf" + recording.read_bytes().replace(b"\n", b"\r\n") + b"\r\n ")
    done = subprocess.run([PROGRAM, "edit", recording, "-o", "-"], capture_output=True, check=True)
    assert done.stdout == recording.read_bytes()


def test_in_place_keeps_the_permissions(recording: Path):
    recording.chmod(0o640)
    assert trajtui("edit", recording, "--in-place", "--delete", "5").returncode == 0
    assert ids(json.loads(recording.read_bytes())) == [0, 1, 2, 3, 4, 7]
    assert stat.S_IMODE(recording.stat().st_mode) == 0o640


def test_the_input_can_be_named_as_the_output(recording: Path):
    done = trajtui(
        "edit", recording.name, "-o", f"./{recording.name}", "--delete", "5", directory=recording.parent
    )
    assert done.returncode == 0
    assert len(json.loads(recording.read_bytes())) == 6


def test_a_row_of_a_file_of_many_is_edited_and_the_others_stay(tmp_path: Path):
    rows = [json.dumps({"instance_id": name, "history": EVENTS}) for name in ("a", "b")]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(rows) + "\n")
    assert trajtui("edit", path, "--row", "b", "--in-place", "--delete", "5").returncode == 0
    first, second = path.read_text().splitlines()
    assert first == rows[0]
    assert len(json.loads(second)["history"]) == 6


def test_a_diff_shows_the_change_and_writes_nothing(recording: Path):
    before = recording.read_bytes()
    done = trajtui("edit", recording, "--diff", "--flip", "3:wait_for_response")
    assert done.returncode == 0
    changed = [
        line for line in done.stdout.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")
    ]
    assert [line.split() for line in changed] == [
        ["-", '"wait_for_response":', "true"],
        ["+", '"wait_for_response":', "false"],
    ]
    assert recording.read_bytes() == before


# Bad input

BAD: dict[str, tuple[tuple[str, ...], str]] = {
    "no such id": (("--delete", "99"), "has no event 99"),
    "no such index": (("--delete", "#99"), "has no event #99"),
    "no number": (("--delete", "first"), "has no event first"),
    "a negative number": (("--delete=-1",), "has no event -1"),
    "an empty id": (("--delete", ""), "has no event"),
    "set without a value": (("--set", "1:args.command"), "expected ID:PATH=JSON"),
    "set without a path": (("--set", '1="x"'), "expected ID:PATH"),
    "set with an empty path": (("--set", '1:="x"'), "expected ID:PATH"),
    "set with empty keys": (("--set", '1:args..command="x"'), "single dots"),
    "set to a bare word": (("--set", "1:args.command=ls"), "'1:args.command=\"text\"'"),
    "set to nothing": (("--set", "1:args.command="), "is not JSON"),
    "set to what only Python reads": (("--set", "1:timeout=NaN"), "NaN is not JSON"),
    "set to half a list": (("--set", "1:args.x=[1,"), "is not JSON"),
    "set to another type": (("--set", "1:args.command=5"), "args.command: input should be a valid string"),
    "set an id to a text": (("--set", '1:id="one"'), "id: input should be"),
    "set through nothing": (("--set", "1:nope.deeper=1"), "has no nope.deeper"),
    "set beyond a list": (("--set", "0:args.image_urls.0=1"), "has no args.image_urls.0"),
    "unset what is not there": (("--unset", "1:args.nope"), "has no args.nope"),
    "unset what must be there": (("--unset", "1:args.command"), "args.command: field required"),
    "flip what is no flag": (("--flip", "1:command"), "no flag command"),
    "flip a mistyped flag": (("--flip", "1:hiden"), "no flag hiden"),
    "flip without a flag": (("--flip", "1"), "expected ID:FLAG"),
    "flip the wait of a command": (("--flip", "1:wait_for_response"), "no flag wait_for_response"),
    "insert what is not JSON": (("--insert-after", "1", "{oops}"), "line 1, column 2"),
    "insert a list": (("--insert-after", "1", "[]"), "expected an object"),
    "insert what is no event": (("--insert-before", "1", '{"a": 1}'), 'expected an "action"'),
    "insert an event without its fields": (("--insert-after", "1", '{"action": "run"}'), "args.command"),
    "insert with one word": (("--insert-after", "1"), "requires 2 arguments"),
    "message after nothing": (("--message-after", "77", "hello"), "has no event 77"),
    "move to nowhere": (("--move", "1", "77"), "has no event 77"),
    "move nowhere": (("--move", "1", "0"), "is there already"),
    "duplicate nothing": (("--duplicate", "77"), "has no event 77"),
    "replace what is not there": (("--replace", "zebra", "x"), "nothing was found"),
    "replace nothing": (("--replace", "", "x"), "empty"),
    "replace by a broken expression": (("--regex", "--replace", "(", "x"), "no regular expression"),
    "replace by a missing group": (("--regex", "--replace", "git", r"\7"), "can't be used"),
    "not UTF-8": (("--message-after", "1", "\udcff"), "not valid UTF-8"),
    "no such row": (("--row", "3", "--delete", "1"), "--row"),
    "an unknown option": (("--remove", "1"), "No such option"),
    "a later operation": (("--delete", "1", "--delete", "1"), "has no event 1"),
}


@pytest.mark.parametrize("case", BAD, ids=str)
@pytest.mark.sampled(5)
def test_bad_input_is_one_plain_message_exit_2_and_nothing_written(recording: Path, case: str):
    arguments, expected = BAD[case]
    before, out = recording.read_bytes(), recording.with_name("out.json")
    done = trajtui("edit", recording, "-o", out, *arguments)
    assert done.returncode == 2, done.stderr
    assert expected in done.stderr
    assert len(done.stderr.splitlines()) <= 2
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not out.exists()
    assert recording.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), "-o OUT"),
        (("--in-place", "-o", "x.json"), "--in-place"),
        (("--diff", "--in-place"), "--diff"),
        (("-o", "no/such/directory/x.json"), "cannot be written"),
        (("-o", "."), "cannot be written"),
    ],
)
@pytest.mark.sampled(2)
def test_where_to_write_must_be_clear(recording: Path, arguments: tuple[str, ...], expected: str):
    done = trajtui("edit", recording, *arguments, "--delete", "1", directory=recording.parent)
    assert done.returncode == 2
    assert expected in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(recording.parent.iterdir()) == [recording]


def test_standard_input_has_no_place_of_its_own(recording: Path):
    done = trajtui("edit", "-", "--in-place", stdin=recording.read_bytes())
    assert (done.returncode, done.stdout) == (2, "")
    assert "--in-place" in done.stderr


def test_control_characters_of_the_input_do_not_reach_the_terminal(recording: Path):
    done = trajtui("edit", recording, "-o", "-", "--set", "1:args.command=\x1b]0;title\x07")
    assert done.returncode == 2
    assert "\x1b" not in done.stderr


def test_an_invalid_event_can_be_repaired_and_others_edited(tmp_path: Path):
    broken = {"id": 1, "source": "agent", "action": "run", "args": {"command": 5}}
    path = write(tmp_path / "x.json", [message(0), broken])
    assert edited(path, "--set", '1:args.command="ls"')[1]["args"]["command"] == "ls"
    assert edited(path, "--set", "1:args.hidden=true")[1]["args"] == {"command": 5, "hidden": True}
