"""Editing an event in the user's own editor: the terminal changes hands, and what was written is not lost."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from documents import message, ran, run
from program import write
from terminal import Terminal

pytestmark = pytest.mark.terminal


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write(tmp_path / "recording.json", [message(0), run(1, "ls"), ran(2, 1, "x"), run(3, "pwd")])


def editor(terminal: Terminal, directory: Path, script: str, variable: str = "VISUAL") -> None:
    """Have the user's editor be a shell script; the file is its first argument."""
    path = directory / "my editor"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    terminal.environ(**{"VISUAL": "", "EDITOR": "", variable: f"'{path}' --wait"})


def opened(terminal: Terminal, recording: Path) -> None:
    """The debugger, with the cursor on event 1."""
    terminal.start(recording, "--sandbox", "recorded")
    terminal.wait("REPLAY PAUSED")
    terminal.press("j")
    terminal.wait("at 1")


def saved(terminal: Terminal, recording: Path) -> list[dict[str, object]]:
    terminal.press("C-s")
    terminal.wait("saved")
    events: list[dict[str, object]] = json.loads(recording.read_bytes())
    return events


@pytest.mark.parametrize("variable", ["VISUAL", "EDITOR"])
def test_what_the_editor_wrote_is_applied(terminal: Terminal, recording: Path, variable: str):
    script = """echo EDITOR OF "$(basename "$2")"; read -r _; sed -i 's/"ls"/"ls -a"/' "$2" """
    editor(terminal, recording.parent, script, variable)
    opened(terminal, recording)
    terminal.press("E")
    screen = terminal.wait("EDITOR OF event-1.json")
    assert "REPLAY" not in screen
    terminal.press("Enter")
    terminal.wait("ls -a")
    terminal.wait("modified")
    assert saved(terminal, recording)[1]["args"] == {"command": "ls -a"}
    assert list(Path("/tmp").glob("trajtui-*/event-1.json")) == []
    terminal.press("q")
    terminal.wait("[exit 0]")
    assert terminal.modes() == ""


def test_without_a_change_nothing_is_edited(terminal: Terminal, recording: Path):
    editor(terminal, recording.parent, "true")
    opened(terminal, recording)
    terminal.press("E")
    screen = terminal.wait("nothing was changed")
    assert "modified" not in screen


def test_what_is_no_event_is_edited_again_or_thrown_away(terminal: Terminal, recording: Path):
    script = (
        """if grep -q oops "$2"; then sed -i 's/oops/"whoami"/' "$2"; else sed -i 's/"ls"/oops/' "$2"; fi"""
    )
    editor(terminal, recording.parent, script)
    opened(terminal, recording)
    terminal.press("E")
    terminal.wait("That is not a valid event")
    assert "expecting value" in terminal.screen()
    terminal.press("Enter")
    terminal.wait("whoami")
    assert saved(terminal, recording)[1]["args"] == {"command": "whoami"}
    terminal.press("j", "E")
    terminal.wait("nothing was changed")


def test_an_editor_that_fails_changes_nothing(terminal: Terminal, recording: Path):
    editor(terminal, recording.parent, """sed -i 's/"ls"/"rm"/' "$2"; exit 3""")
    opened(terminal, recording)
    terminal.press("E")
    screen = terminal.wait("ended with exit code 3: nothing was taken over")
    assert "modified" not in screen


def test_without_an_editor_that_is_said(terminal: Terminal, recording: Path):
    terminal.environ(VISUAL="no-such-editor --wait")
    opened(terminal, recording)
    terminal.press("E")
    terminal.wait("there is no such program")


def test_ctrl_c_in_the_editor_is_the_editors(terminal: Terminal, recording: Path):
    editor(terminal, recording.parent, """trap 'echo CAUGHT; exit 0' INT; echo READY; read -r _; sleep 60""")
    opened(terminal, recording)
    terminal.press("E")
    terminal.wait("READY")
    terminal.press("C-c")
    terminal.wait("nothing was changed")
    terminal.press("q")
    terminal.wait("[exit 0]")
