"""The diff of a document and its file: true line numbers, only what differs, readable on one line."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import message, ran, run
from trajcore.difference import diff
from trajcore.trajectory import Trajectory

EVENTS = [message(0), run(1, "ls"), ran(2, 1, "a\nb\n"), message(3, "more"), run(4, "pwd"), ran(5, 4, "/")]
Edit = Callable[[Trajectory], object]

EDITS: dict[str, Edit] = {
    "flip": lambda t: t.flip(0, "wait_for_response"),
    "text": lambda t: t.set_value(len(t) // 2, ("message",), "several\nlines"),
    "delete": lambda t: t.delete([1]),
    "insert": lambda t: t.insert(1, [message(None, "new")]),
    "append": lambda t: t.insert(len(t), [message(None, "last")]),
    "move": lambda t: t.move_to([0], len(t)),
}


def opened(tmp_path: Path, events: list[Any], indent: int | str | None = 4, end: str = "\n") -> Trajectory:
    path = tmp_path / "t.json"
    path.write_text(json.dumps(events, indent=indent) + end)
    return Trajectory.open(path)


def patched(old: str, lines: list[str]) -> str:
    """`old` with a unified diff applied; fails where its line numbers or its context are not true."""
    # Newlines only: other characters that end lines for Python stand inside of them here.
    was, now, at = re.split(r"(?<=\n)", old), [], 0
    was = [line for line in was if line]
    for line in lines[2:]:
        if line.startswith("@@"):
            begin = re.match(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", line)
            assert begin is not None
            start = int(begin[1]) - (begin[2] != "0")
            now += was[at:start]
            at = start
            assert len(now) == int(begin[3]) - (begin[4] != "0"), line
        elif line.startswith("\\"):
            now[-1] = now[-1].removesuffix("\n")
        elif line.startswith("+"):
            now.append(line[1:] + "\n")
        else:
            assert was[at].removesuffix("\n") == line[1:]
            if line.startswith(" "):
                now.append(was[at])
            at += 1
    return "".join(now + was[at:])


def test_nothing_differs_in_what_was_not_edited(tmp_path: Path) -> None:
    assert list(diff(opened(tmp_path, EVENTS))) == []


def test_a_flipped_flag_is_one_line_with_three_around_it(tmp_path: Path) -> None:
    trajectory = opened(tmp_path, EVENTS)
    trajectory.flip(3, "wait_for_response")
    lines = list(diff(trajectory))
    name = str(trajectory.path)
    assert lines[:2] == [f"--- {name}", f"+++ {name}"]
    number = trajectory.path.read_text().splitlines().index('            "content": "more",') + 1
    assert lines[2] == f"@@ -{number},7 +{number},7 @@"
    assert [line for line in lines[3:] if line[0] in "+-"] == [
        '-            "wait_for_response": false',
        '+            "wait_for_response": true',
    ]
    assert len(lines) == 3 + 8


@pytest.mark.parametrize("name", EDITS)
@pytest.mark.parametrize("end", ["\n", "", "\n\n"])
def test_the_diff_is_a_patch(tmp_path: Path, name: str, end: str) -> None:
    trajectory = opened(tmp_path, EVENTS, end=end)
    EDITS[name](trajectory)
    old = trajectory.path.read_text()
    assert patched(old, list(diff(trajectory))) == trajectory.to_bytes().decode()


def test_patch_itself_takes_it(tmp_path: Path) -> None:
    trajectory = opened(tmp_path, EVENTS)
    for edit in EDITS.values():
        edit(trajectory)
    written = "\n".join(diff(trajectory)) + "\n"
    try:
        subprocess.run(["patch", trajectory.path], input=written.encode(), check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("patch is not installed")
    assert trajectory.path.read_bytes() == trajectory.to_bytes()


@given(st.data())
def test_any_edits_make_a_patch(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    many = [
        event
        for number in range(6)
        for event in (message(3 * number), run(3 * number + 1), ran(3 * number + 2, 3 * number + 1))
    ]
    trajectory = opened(tmp_path_factory.mktemp("diff"), many, data.draw(st.sampled_from([0, 1, 4, "\t"])))
    for _ in range(data.draw(st.integers(1, 5))):
        kind = data.draw(st.sampled_from(["set", "delete", "insert", "move"]))
        index = data.draw(st.integers(0, len(trajectory) - 1))
        if kind == "set":
            trajectory.set_value(index, ("source",), data.draw(st.text(max_size=3)))
        elif kind == "delete" and len(trajectory) > 4:
            trajectory.delete([index])
        elif kind == "insert":
            trajectory.insert(index, [message(None, data.draw(st.text(max_size=3)))])
        elif kind == "move" and index + 4 < len(trajectory):
            trajectory.move_to([index], len(trajectory))
    old = trajectory.path.read_bytes().decode()
    lines = list(diff(trajectory))
    new = trajectory.to_bytes().decode()
    assert (patched(old, lines) if lines else old) == new


def test_events_on_one_line_are_shown_indented_and_by_their_names(tmp_path: Path) -> None:
    events = [message(0, "x" * 200), message(1, "y" * 200), message(2, "z" * 200)]
    trajectory = opened(tmp_path, events, indent=None)
    trajectory.flip(1, "wait_for_response")
    trajectory.delete([0])
    trajectory.insert(2, [message(None, "new" * 100)])
    lines = list(diff(trajectory))
    headers = [line for line in lines if line.startswith("@@ event")]
    assert headers == [
        "@@ event 0: deleted; it stands on one line, and is shown indented @@",
        "@@ event 1: changed; it stands on one line, and is shown indented @@",
        "@@ event 3: inserted; it stands on one line, and is shown indented @@",
    ]
    changed = lines[lines.index(headers[1]) + 1 : lines.index(headers[2])]
    assert [line for line in changed if line[0] in "+-"] == [
        '-    "wait_for_response": false',
        '+    "wait_for_response": true',
    ]


def test_rows_of_a_file_with_several_are_compared_in_the_row_that_is_open(tmp_path: Path) -> None:
    rows = [{"id": name, "history": [message(0, name * 100), message(1, name * 100)]} for name in "abc"]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    trajectory = Trajectory.open(path, "b")
    trajectory.set_value(1, ("source",), "agent")
    lines = list(diff(trajectory))
    assert [line for line in lines[2:] if line[0] in "+-"] == [
        '-  "source": "user",',
        '+  "source": "agent",',
    ]


def test_after_a_save_it_is_compared_with_what_was_saved(tmp_path: Path) -> None:
    trajectory = opened(tmp_path, EVENTS)
    trajectory.flip(0, "wait_for_response")
    trajectory.save()
    assert list(diff(trajectory)) == []
    trajectory.undo()
    assert [line.strip() for line in diff(trajectory) if line.startswith("+ ")] == [
        '+            "wait_for_response": false'
    ]


def test_what_somebody_else_wrote_is_part_of_the_difference(tmp_path: Path) -> None:
    trajectory = opened(tmp_path, EVENTS)
    trajectory.flip(0, "wait_for_response")
    theirs = json.loads(trajectory.path.read_text())
    theirs[4]["args"]["command"] = "whoami"
    trajectory.path.write_text(json.dumps(theirs, indent=4) + "\n")
    lines = list(diff(trajectory))
    assert '-            "command": "whoami"' in lines
    assert '+            "command": "pwd"' in lines
    trajectory.path.write_text("no trajectory")
    assert "-no trajectory" in list(diff(trajectory))
    trajectory.path.unlink()
    assert next(diff(trajectory)) == "--- /dev/null"


def test_of_an_event_store_only_the_files_that_differ_are_compared(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.json").write_text(json.dumps(message(number), indent=2))
    trajectory = Trajectory.open(tmp_path)
    trajectory.flip(1, "wait_for_response")
    trajectory.delete([2])
    lines = list(diff(trajectory))
    assert [line for line in lines if line.startswith(("---", "+++"))] == [
        f"--- {tmp_path / '1.json'}",
        f"+++ {tmp_path / '1.json'}",
        f"--- {tmp_path / '2.json'}",
        "+++ /dev/null",
    ]


def test_a_text_of_very_many_lines_is_compared_in_a_moment(tmp_path: Path) -> None:
    trajectory = opened(tmp_path, [message(0), {**message(1), "args": {"content": list(range(20_000))}}])
    trajectory.set_value(1, ("args", "content"), list(range(30_000, 50_000)))
    lines = list(diff(trajectory))
    assert patched(trajectory.path.read_text(), lines) == trajectory.to_bytes().decode()


def test_what_came_from_standard_input_is_compared_with_what_was_read() -> None:
    trajectory = Trajectory.from_bytes(json.dumps(EVENTS, indent=4).encode(), "standard input")
    trajectory.flip(0, "wait_for_response")
    lines = list(diff(trajectory))
    assert lines[0] == "--- standard input"
    assert patched(trajectory.original.decode(), lines) == trajectory.to_bytes().decode()
