"""`trajtui export`: what is written where, what is said, and what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from documents import message, ran, run
from exporting import KEYS, hostile, written
from program import SAMPLES, trajtui
from trajcore.views.exports import EXPORTS
from trajtui.cli import export_command

DEMO = SAMPLES / "demo.json"
EVENTS = [message(0, "go"), run(1, "echo one"), ran(2, 1, "1"), run(3, "echo two"), ran(4, 3, "2")]


def test_the_formats_of_the_help_are_those_of_the_table() -> None:
    option = next(option for option in export_command.params if option.name == "to")
    assert sorted(str(option.metavar).split("|")) == sorted([*(row.name for row in EXPORTS), "svg"])
    assert export_command.help is not None
    assert all(f"{row.name}: " in export_command.help for row in EXPORTS)


@pytest.mark.parametrize("name", [row.name for row in EXPORTS])
def test_standard_output_and_a_file_get_the_same(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"out.{name}"
    printed = trajtui("export", DEMO, "--to", name)
    saved = trajtui("export", DEMO, "-o", path)
    assert (printed.returncode, printed.stderr, saved.stdout, saved.stderr) == (0, "", "", "")
    assert path.read_text(encoding="utf-8") == printed.stdout
    assert "bash check.sh" in printed.stdout


def test_what_was_masked_is_said_on_standard_error_and_never_itself(tmp_path: Path) -> None:
    done = trajtui("export", written(tmp_path / "x.json", hostile()), "--to", "md")
    assert done.returncode == 0
    for kind, key in KEYS.items():
        assert re.search(rf"^trajtui: masked: step \d+.*: {kind}", done.stderr, re.MULTILINE)
        assert key not in done.stdout + done.stderr
    kept = trajtui("export", tmp_path / "x.json", "--to", "md", "--no-mask")
    assert all(key in kept.stdout for key in KEYS.values())
    assert kept.stderr == ""


def test_a_key_of_ours_is_masked_whatever_is_asked_for(tmp_path: Path) -> None:
    key = "zebra-crossing-42"
    events = [message(0, "go"), run(1, f"echo {key}"), ran(2, 1, key)]
    done = trajtui("export", written(tmp_path / "x.json", events), "--to", "md", "--no-mask", LLM_API_KEY=key)
    assert key not in done.stdout
    assert "trajtui: masked: step 1: a secret that trajtui knows" in done.stderr


def test_steps_are_chosen(tmp_path: Path) -> None:
    path = written(tmp_path / "x.json", EVENTS)
    done = trajtui("export", path, "--to", "md", "--only", "3")
    assert "echo two" in done.stdout
    assert "echo one" not in done.stdout
    assert "1 of 3 rows" in done.stdout


def test_standard_input_is_read() -> None:
    done = trajtui("export", "-", "--to", "html", stdin=json.dumps(EVENTS))
    assert done.returncode == 0
    assert "echo two" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--to", "pdf"), "there is no format 'pdf'"),
        ((), "say what to export to"),
        (("-o", "x.txt"), "the name x.txt says no format"),
        (("--to", "md", "--only", "99"), "has no event 99"),
        (("--to", "svg", "--only", "1"), "a picture is of the whole screen"),
        (("--to", "md", "-o", "/nowhere/x.md"), "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_said(arguments: tuple[str, ...], words: str) -> None:
    done = trajtui("export", DEMO, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert done.stderr.count("\n") <= 2


def test_a_picture_of_the_screen_covers_keys_and_says_so(tmp_path: Path) -> None:
    key = KEYS["an API key"]
    events = [message(0, "go"), run(1, f"echo {key}"), ran(2, 1, "x")]
    done = trajtui("export", written(tmp_path / "x.json", events), "--to", "svg")
    assert done.returncode == 0
    assert "trajtui: masked: the picture: an API key" in done.stderr
    assert "Timeline" in done.stdout
    assert "▒▒▒▒▒▒▒▒" in done.stdout
    assert not any(key[at : at + 8] in done.stdout for at in range(len(key) - 7))


def test_a_name_that_means_harm_writes_no_markup(tmp_path: Path) -> None:
    path = written(tmp_path / "<img src=x onerror=alert(1)>.json", EVENTS)
    for name in ("html", "md"):
        assert "<img" not in trajtui("export", path, "--to", name).stdout
