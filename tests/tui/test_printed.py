"""What a command prints on a terminal is text, whatever stands in recordings, names and settings."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from corpus.received import PRINTED, assert_only_drawn
from corpus.sequences import DRAWING, HOSTILE
from documents import ran, run
from program import PROGRAM, finish, on_terminal, say

BIDI = "\u202egnp\u202c\u2066x\u2069\u200f\u061c"
ALL = "".join(HOSTILE.values()) + "".join(DRAWING.values()) + BIDI
NAME = "a\x1b]52;c;cA==\x07\x1b]0;x\x1b\\\x9b5n\x9d0;x\x9c\x1b[5n\x1b[2J\x1b[c\x05\x7f\u202e\n[b]x.json"


def events() -> list[dict[str, Any]]:
    return [
        run(0, ALL),
        ran(1, 0, ALL),
        say(2, ALL),
        {"id": 3, "source": ALL, "action": ALL, "args": {ALL: ALL}, "message": ALL},
        {
            "id": ALL,
            "source": "agent",
            "observation": ALL,
            "cause": ALL,
            "content": ALL,
            "extras": {ALL: ALL},
        },
        {"id": 5, "source": "agent", "action": "edit", "args": {"command": ALL, "path": ALL}},
        {"id": 5, "source": "agent", "observation": "error", "cause": 99, "content": ALL, "extras": {}},
        finish(7, ALL),
    ]


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A recording whose name and every text are hostile, written with nothing escaped that JSON lets be."""
    path = tmp_path / NAME
    path.write_text(json.dumps(events(), indent=1, ensure_ascii=False), encoding="utf-8")
    return path


FILE = "FILE"
SET = f"0:args.command={json.dumps(ALL + 'x', ensure_ascii=False)}"
COMMANDS: dict[str, tuple[str, ...]] = {
    "show": ("show", FILE),
    "show --json": ("show", FILE, "--json"),
    "show --check": ("show", FILE, "--check"),
    "show --check --json": ("show", FILE, "--check", "--json"),
    "show, no file": ("show", f"no{NAME}"),
    "show, no row": ("show", FILE, "--row", ALL),
    "edit --diff": ("edit", FILE, "--set", SET, "--diff"),
    "edit --diff, deleted": ("edit", FILE, "--delete", "7", "--diff"),
    "edit -o -": ("edit", FILE, "--delete", "7", "-o", "-"),
    "edit -o": ("edit", FILE, "--delete", "7", "-o", f"to{NAME}"),
    "edit -o, no directory": ("edit", FILE, "--delete", "7", "-o", f"no{NAME}/x.json"),
    "edit --in-place": ("edit", FILE, "--replace", "pwned", "x", "--in-place"),
    "edit, no event": ("edit", FILE, "--delete", ALL, "--diff"),
    "edit, no value": ("edit", FILE, "--set", f"0:args.command={ALL}", "--diff"),
    "edit, no flag": ("edit", FILE, "--flip", f"3:{ALL}", "--diff"),
    "edit, no pattern": ("edit", FILE, "--replace", f"({ALL}", "x", "--regex", "--diff"),
    "replay": ("replay", FILE, "--sandbox", "recorded"),
    "replay --json": ("replay", FILE, "--sandbox", "recorded", "--json"),
    "replay --save": ("replay", FILE, "--sandbox", "recorded", "--save", f"to{NAME}"),
    "replay --save, no directory": ("replay", FILE, "--sandbox", "recorded", "--save", f"no{NAME}/x"),
    "replay --junit, no directory": ("replay", FILE, "--sandbox", "recorded", "--junit", f"no{NAME}/x"),
    "replay --until": ("replay", FILE, "--sandbox", "recorded", "--until", ALL),
    "replay --until, reached": ("replay", FILE, "--sandbox", "recorded", "--until", "3"),
    "replay --serve": ("replay", FILE, "--sandbox", "recorded", "--serve", ALL),
    "replay --break": ("replay", FILE, "--sandbox", "recorded", "--break", ALL),
    "replay, no sandbox": ("replay", FILE, "--sandbox", ALL),
    "replay, no file": ("replay", f"no{NAME}", "--sandbox", "recorded"),
    "replay --config": ("replay", FILE, "--sandbox", "recorded", "--config", f"no{NAME}"),
    "replay --workspace": ("replay", FILE, "--sandbox", "bubblewrap", "--workspace", f"no{NAME}"),
    "no such option": ("show", FILE, f"--{ALL}"),
    "no such command": (ALL, FILE),
    "too much": ("show", FILE, ALL),
    "no number": ("replay", FILE, "--cpus", ALL),
    "config, no file": ("config", "--config", f"no{NAME}"),
    "config, no setting": ("config", "set", ALL, ALL),
    "config set": ("config", "--config", f"to{NAME}", "set", "llm.model", ALL),
    "with a traceback": ("show", f"no{NAME}", "--debug"),
    "an edit with a traceback": ("edit", FILE, "--delete", ALL, "--diff", "--debug"),
}  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.sampled(4)
def test_what_a_command_prints_on_a_terminal_is_text(hostile: Path, command: tuple[str, ...]):
    words = [str(hostile) if word == FILE else word.replace("\0", "") for word in command]
    _, received = on_terminal(*words, directory=hostile.parent, NO_COLOR="1")
    assert received
    assert_only_drawn(received)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.sampled(9)
def test_what_a_command_prints_in_colours_is_text_in_colours_of_ours(hostile: Path, command: tuple[str, ...]):
    words = [str(hostile) if word == FILE else word.replace("\0", "") for word in command]
    _, received = on_terminal(*words, directory=hostile.parent)
    assert_only_drawn(received, PRINTED)


@pytest.mark.docker
@pytest.mark.parametrize("option", ["--image", "--container"])
@pytest.mark.sampled(2)
def test_what_an_engine_says_of_a_name_is_text(hostile: Path, option: str):
    for name in (ALL, NAME, f"localhost:9/{NAME}", HOSTILE["changing: clipboard"], "a" * 5000):
        _, received = on_terminal("replay", hostile, "--sandbox", "docker", option, name, NO_COLOR="1")
        assert b"trajtui: " in received
        assert_only_drawn(received)


def test_settings_are_printed_as_text(tmp_path: Path):
    quoted = json.dumps(ALL).replace("\\ud", "?").replace("\\u007f", "\x7f")
    (tmp_path / "config.toml").write_text(
        f"[core]\nsave_trajectory_path = {quoted}\n[llm]\nmodel = {quoted}\nbase_url = {quoted}\n"
        f"[sandbox]\nbase_container_image = {quoted}\n[trajtui]\nnormalise = [{quoted}]\n{quoted} = 1\n"
    )
    for command in (("config",), ("doctor",), ("replay", "no.json", "--sandbox", "recorded")):
        _, received = on_terminal(*command, directory=tmp_path, NO_COLOR="1")
        assert_only_drawn(received)


def test_a_report_for_machines_is_valid_and_says_nothing_to_a_terminal(hostile: Path, tmp_path: Path):
    on_terminal(
        "replay", hostile, "--sandbox", "recorded", "--junit", "junit.xml", "--report", "report.json",
        directory=tmp_path,
    )  # fmt: skip
    written = (tmp_path / "junit.xml").read_bytes()
    assert ElementTree.fromstring(written).tag == "testsuite"
    assert_only_drawn(written)
    assert json.loads((tmp_path / "report.json").read_text())["trajectory"] == str(hostile)


def test_a_diff_is_a_patch_also_where_the_name_is_hostile(hostile: Path, tmp_path: Path):
    done = subprocess.run(
        [PROGRAM, "edit", hostile, "--delete", "7", "--diff"], capture_output=True, check=True, timeout=60
    )
    (tmp_path / "the.patch").write_bytes(done.stdout)
    assert b"\x1b" not in b"".join(done.stdout.splitlines()[:2])
    subprocess.run(["patch", "-s", hostile, "the.patch"], check=True, cwd=tmp_path, timeout=60)
    assert [event.get("id") for event in json.loads(hostile.read_text())][-1] == 5
