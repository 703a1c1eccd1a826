"""A damaged file in every command and on the screen: what is whole of it is used, the rest is named."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from textual.widgets import OptionList

from documents import message, ran, run
from program import finish, trajtui
from screens import opened
from trajtui.screens.beforehand import PickRow

EVENTS = [message(0, "go"), run(1, "echo hi"), ran(2, 1, "hi"), finish(3)]


@pytest.fixture
def middle(tmp_path: Path) -> Path:
    """Three rows, the second of which was cut off."""
    lines = [json.dumps({"instance_id": f"task-{name}", "history": EVENTS}) for name in "abc"]
    lines[1] = lines[1][:300]
    path = tmp_path / "middle.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_the_whole_rows_are_shown_replayed_and_edited(middle: Path) -> None:
    for row in ("0", "task-c", "2", "id:task-a"):
        shown = trajtui("show", "--row", row, middle)
        assert (shown.returncode, len(shown.stdout.splitlines()), shown.stderr) == (0, 4, "")
    assert trajtui("replay", "--row", "task-a", middle, "--sandbox", "recorded").returncode == 0
    out = middle.with_name("out.jsonl")
    edited = trajtui("edit", "--row", "0", middle, "--set", '#0:args.content="x"', "-o", out)
    assert edited.returncode == 0
    before, after = (path.read_bytes().split(b"\n") for path in (middle, out))
    assert [one == other for one, other in zip(before, after, strict=True)] == [False, True, True, True]


def test_the_damaged_row_is_refused_in_a_line_that_says_where_it_breaks(middle: Path) -> None:
    for row in ("1", "task-b"):
        refused = trajtui("show", "--row", row, middle)
        assert refused.returncode == 2
        said = f"{middle}: row 1 (task-b, line 2) is damaged (column 301: the line ends too early)."
        assert refused.stderr == f"trajtui: {said}\n"
    refused = trajtui("show", middle)
    assert refused.returncode == 2
    assert "or its id: task-a, task-c). Damaged: line 2 (column 301" in refused.stderr


def test_a_packed_recording_is_not_written_and_it_is_said_what_to_do(tmp_path: Path) -> None:
    packed, out = tmp_path / "a.json.gz", tmp_path / "out.json"
    packed.write_bytes(gzip.compress(json.dumps(EVENTS).encode()))
    before = packed.read_bytes()
    change = ("--set", '0:args.content="x"')
    refused = trajtui("edit", packed, *change, "--in-place")
    assert refused.returncode == 2
    assert refused.stderr == f"trajtui: {packed} is packed (gzip): name another file to save it to.\n"
    assert packed.read_bytes() == before
    assert trajtui("edit", packed, *change, "-o", out).returncode == 0
    assert json.loads(out.read_bytes())[0]["args"]["content"] == "x"


async def test_the_screen_offers_the_rows_and_shows_the_damaged_one_as_such() -> None:
    app = PickRow("a.jsonl", [(0, "a", ""), (1, "b", "damaged (column 7: …)"), (2, "c", "")])
    async with app.run_test() as pilot:
        options = app.query_one(OptionList)
        assert [options.get_option_at_index(at).disabled for at in range(3)] == [False, True, False]
        assert "damaged (column 7" in str(options.get_option_at_index(1).prompt)
        await pilot.press("down", "enter")
    assert app.return_value == "2"


async def test_on_the_screen_a_damaged_event_is_shown_as_it_stands_and_can_be_mended(tmp_path: Path) -> None:
    path = tmp_path / "torn.json"
    path.write_text(json.dumps(EVENTS).replace('"observation": "run"', '"observation" "run"'))
    async with opened(path) as shown:
        await shown.wait("passed over: #2")
        await shown.press("v", "g", "j", "j", "2")
        await shown.wait("damaged (line 1, column")
        await shown.wait('"observation" "run"')
        await shown.press("e")
        await shown.wait("Raw JSON")
        await shown.wait('"observation" "run"')


def test_a_damaged_event_is_shown_checked_and_said(tmp_path: Path) -> None:
    path = tmp_path / "torn.json"
    path.write_text(json.dumps(EVENTS).replace('"observation": "run"', '"observation" "run"')[:-1])
    shown = trajtui("show", path)
    assert shown.returncode == 0
    assert "damaged (line 1, column" in shown.stdout
    assert "1 event is damaged, kept byte for byte and passed over: #2" in shown.stderr
    assert "the file ends too early" in shown.stderr
    checked = trajtui("show", "--check", path)
    assert checked.returncode == 1
    assert "#2  error: damaged: line 1, column" in checked.stdout
    replayed = trajtui("replay", path, "--sandbox", "recorded")
    assert replayed.returncode == 0
    assert "passed over: #2" in replayed.stderr
