"""The program in a real terminal: how it starts, is interrupted, and leaves the terminal as it found it."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from documents import message, ran, run
from loopback import Answer, Loopback
from program import SAMPLES, finish, say, write
from terminal import PROGRAM, Terminal

pytestmark = pytest.mark.terminal

BUBBLEWRAP = ("--sandbox", "bubblewrap")


def usable(terminal: Terminal) -> bool:
    """Whether nothing of the program is left switched on."""
    return terminal.modes() == ""


# Starting and ending


def test_without_a_file_a_sample_can_be_picked(terminal: Terminal):
    terminal.start("--sandbox", "recorded")
    screen = terminal.wait("open a recording")
    for path in SAMPLES.glob("*.json"):
        assert f"sample  {path.name}" in screen
    terminal.press("Enter")
    terminal.wait("REPLAY PAUSED")
    terminal.wait("demo.json")
    terminal.press("q")
    terminal.wait("[exit 0]")
    assert usable(terminal)


def test_what_was_opened_is_offered_again_first(terminal: Terminal, tmp_path: Path):
    path = write(tmp_path / "mine.json", [message(0, "hello")])
    terminal.start(path, "--sandbox", "recorded")
    terminal.wait("REPLAY PAUSED")
    terminal.press("q")
    terminal.wait("[exit 0]")
    terminal.close()
    terminal.start("--sandbox", "recorded")
    screen = terminal.wait("open a recording")
    assert screen.index("mine.json") < screen.index("sample  demo.json")
    terminal.press("Enter")
    terminal.wait("REPLAY PAUSED")
    assert "mine.json" in terminal.screen().splitlines()[0]


def test_a_path_can_be_typed_on_the_start_screen(terminal: Terminal, tmp_path: Path):
    path = write(tmp_path / "typed.json", [message(0, "hello")])
    terminal.start("--sandbox", "recorded")
    terminal.wait("open a recording")
    terminal.press("/")
    terminal.wait("Esc leaves the path")
    terminal.type(str(path))
    terminal.press("Enter")
    terminal.wait("REPLAY PAUSED")
    assert "typed.json" in terminal.screen().splitlines()[0]


def test_of_a_file_with_several_trajectories_one_is_picked(terminal: Terminal, tmp_path: Path):
    rows = [
        {"instance_id": f"task-{number}", "history": [message(0, f"task number {number}"), finish(1, "done")]}
        for number in range(3)
    ]
    path = tmp_path / "output.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    terminal.start(path, "--sandbox", "recorded")
    terminal.wait("holds 3 trajectories")
    terminal.wait("task-2")
    terminal.press("j", "Enter")
    terminal.wait(lambda screen: "REPLAY PAUSED" in screen and "task number 1" in screen)


def test_a_bad_file_is_one_line_and_the_screen_is_never_touched(terminal: Terminal, tmp_path: Path):
    path = tmp_path / "bad.json"
    path.write_text("not json")
    terminal.start(path)
    screen = terminal.wait("[exit 2]")
    assert "bad.json" in screen
    assert "Traceback" not in screen
    assert usable(terminal)


@pytest.mark.bubblewrap
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_gives_the_terminal_back_and_removes_the_sandbox(
    terminal: Terminal, tmp_path: Path, number: signal.Signals
):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    path = write(
        tmp_path / "x.json", [message(0, "go"), run(1, "echo begun | tr a-z A-Z; sleep 300"), ran(2, 1)]
    )
    terminal.environ(TMPDIR=str(scratch))
    terminal.start(path, *BUBBLEWRAP)
    terminal.wait("REPLAY PAUSED")
    terminal.press("c")
    terminal.wait("BEGUN")
    assert terminal.modes() != ""
    assert list(scratch.iterdir()) != []
    os.kill(terminal.process(), number)
    terminal.wait(f"[exit {128 + number}]", seconds=10)
    assert usable(terminal)
    assert list(scratch.iterdir()) == []


def test_a_terminal_that_is_gone_ends_what_it_does_not_control(tmp_path: Path):
    path = write(tmp_path / "x.json", [message(0, "go")])
    mine, theirs = pty.openpty()
    begun = subprocess.Popen(
        [*PROGRAM, path, "--sandbox", "recorded"],
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    while b"REPLAY" not in shown:
        shown += os.read(mine, 4096)
    os.close(mine)
    try:
        assert begun.wait(30) == 128 + signal.SIGHUP
    finally:
        begun.kill()
        begun.wait()


@pytest.mark.bubblewrap
def test_suspended_it_is_the_shells_and_continued_it_is_where_it_was(terminal: Terminal, tmp_path: Path):
    path = write(tmp_path / "x.json", [message(0, "go"), run(1, "sleep 1; echo was | tr a-z A-Z"), ran(2, 1)])
    terminal.start(width=100, height=30, program=("bash", "--norc", "--noprofile", "-i"))
    terminal.type(f"PS1='> '; {' '.join(PROGRAM)} {path} --sandbox bubblewrap\n")
    terminal.wait("REPLAY PAUSED")
    terminal.press("s")
    terminal.wait("REPLAYING")
    terminal.press("C-z")
    terminal.wait("Stopped")
    assert usable(terminal)
    terminal.resize(90, 25)
    terminal.type("echo $((40 + 2)); fg\n")
    screen = terminal.wait(
        lambda screen: "WAS" in screen and "REPLAY" in screen and "REPLAYING" not in screen
    )
    assert "42" not in screen
    assert len(screen.splitlines()) == 25
    terminal.press("?")
    terminal.wait("step over a delegation")
    terminal.press("C-z")
    terminal.wait("Stopped")
    terminal.type("fg\n")
    terminal.wait("step over a delegation")
    terminal.press("Escape")
    terminal.wait(lambda screen: "step over a delegation" not in screen)
    terminal.press("m", "x", "y", "C-z")
    terminal.wait(lambda screen: "Enter: " in screen and "xy" not in screen)
    terminal.press("Escape")
    terminal.wait(lambda screen: "Enter: " not in screen)
    terminal.press("q")
    terminal.wait(lambda screen: "REPLAY" not in screen and screen.rstrip().endswith(">"))


def test_where_no_shell_waits_it_goes_on(terminal: Terminal, tmp_path: Path):
    terminal.start(write(tmp_path / "x.json", [message(0, "go")]), "--sandbox", "recorded")
    terminal.wait("REPLAY PAUSED")
    terminal.press("C-z")
    terminal.wait("there is no shell here")
    terminal.press("C-c")
    terminal.wait("q quits")


# Replaying


@pytest.mark.bubblewrap
@pytest.mark.bubblewrap
def test_a_terminal_that_goes_away_takes_the_program_and_the_sandbox_with_it(
    terminal: Terminal, tmp_path: Path
):
    path = write(tmp_path / "flood.json", [run(0, "yes"), ran(1, 0, "y")])
    terminal.start(path, "--sandbox", "bubblewrap")
    terminal.wait("REPLAY PAUSED")
    terminal.press("s")
    terminal.wait(lambda screen: screen.count("│y") > 5)
    process = terminal.process()
    assert list(Path(tempfile.gettempdir()).glob(f"trajtui-{process}-*"))
    terminal.close()
    deadline = time.monotonic() + 25
    while Path(f"/proc/{process}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{process}").exists()
    assert not list(Path(tempfile.gettempdir()).glob(f"trajtui-{process}-*"))


def test_escape_interrupts_a_sleeping_command_and_a_restart_begins_again(terminal: Terminal, tmp_path: Path):
    events = [message(0, "go"), run(1, "echo begun | tr a-z A-Z; sleep 60"), ran(2, 1), finish(3)]
    terminal.start(write(tmp_path / "x.json", events), *BUBBLEWRAP)
    terminal.wait("REPLAY PAUSED")
    terminal.press("c")
    terminal.wait("BEGUN")
    terminal.wait("REPLAY REPLAYING")
    begun = time.monotonic()
    terminal.press("Escape")
    terminal.wait("REPLAY PAUSED", seconds=2)
    assert time.monotonic() - begun < 2
    terminal.press("R")
    terminal.wait(lambda screen: "0/1" in screen and "REPLAY PAUSED" in screen and "BEGUN" not in screen)
    terminal.press("s")
    terminal.wait("BEGUN")


@pytest.mark.bubblewrap
def test_a_running_step_streams_before_it_ends(terminal: Terminal, tmp_path: Path):
    gate = "until [ -e /workspace/gate ]; do sleep 0.05; done"
    command = f"echo first | tr a-z A-Z; {gate}; echo second | tr a-z A-Z"
    terminal.start(write(tmp_path / "x.json", [message(0, "go"), run(1, command), ran(2, 1)]), *BUBBLEWRAP)
    terminal.wait("REPLAY PAUSED")
    terminal.press("s")
    screen = terminal.wait("FIRST")
    assert "REPLAY REPLAYING" in screen
    assert "SECOND" not in screen
    terminal.press("Escape")
    terminal.wait("REPLAY PAUSED")


# Small terminals


def test_at_80_by_24_a_pane_takes_the_screen_and_gives_it_back(terminal: Terminal):
    terminal.start(SAMPLES / "demo.json", "--sandbox", "recorded", width=80, height=24)
    terminal.wait("REPLAY PAUSED")
    terminal.press("j", "2", "Enter")
    terminal.wait(lambda screen: "Timeline" not in screen and "recorded" in screen)
    terminal.press("Escape")
    screen = terminal.wait("Timeline")
    assert all(len(line) <= 80 for line in screen.splitlines())
    assert "REPLAY PAUSED" in screen


def test_a_terminal_that_changes_its_size_is_followed(terminal: Terminal):
    terminal.start(SAMPLES / "demo.json", "--sandbox", "recorded")
    terminal.wait("REPLAY PAUSED")
    for width, height in ((80, 24), (40, 12), (200, 50)):
        terminal.resize(width, height)
        terminal.wait(
            lambda screen, height=height: "REPLAY PAUSED" in "".join(screen.splitlines()[height - 3 :])
        )
    terminal.press("c")
    terminal.wait("REPLAY FINISHED")


# A message in the middle

MIDDLE: list[dict[str, Any]] = [
    message(0, "make a file"),
    run(1, "mkdir -p here && cd here && echo kept > kept.txt"),
    ran(2, 1),
    say(3, "Shall I go on?", wait=True),
    message(4, "yes, please"),
    run(5, "cat kept.txt"),
    ran(6, 5, "kept"),
    finish(7),
]


@pytest.fixture
def middle(terminal: Terminal, tmp_path: Path) -> Path:
    """A recording, opened and played up to its first question, the message box open with a word in it."""
    path = write(tmp_path / "middle.json", MIDDLE)
    terminal.start(path, *BUBBLEWRAP)
    return path


def ask(terminal: Terminal) -> None:
    terminal.wait("REPLAY PAUSED")
    terminal.press("s")
    terminal.wait("PAUSED   1/2")
    terminal.press("m")
    terminal.wait('Alt+R: in place of 4 "yes, please"')
    terminal.type("first look around")


def saved_messages(terminal: Terminal, path: Path) -> list[str]:
    terminal.press("C-o")
    terminal.wait("Save this run as")
    terminal.press("Enter")
    terminal.wait("run saved")
    events = json.loads(path.with_name("middle.run.json").read_text())
    return [event["args"]["content"] for event in events if event.get("source") == "user"]


@pytest.mark.bubblewrap
def test_enter_inserts_a_message_and_the_replay_goes_on(terminal: Terminal, middle: Path):
    ask(terminal)
    terminal.press("Enter")
    terminal.wait("★")
    terminal.press("c")
    terminal.wait("REPLAY FINISHED")
    assert saved_messages(terminal, middle) == ["make a file", "first look around", "yes, please"]


@pytest.mark.long
@pytest.mark.bubblewrap
def test_alt_r_puts_a_message_in_place_of_the_recorded_one(terminal: Terminal, middle: Path):
    ask(terminal)
    terminal.press("M-r")
    terminal.wait("in place of event 4")
    terminal.press("c")
    terminal.wait("REPLAY FINISHED")
    assert saved_messages(terminal, middle) == ["make a file", "first look around"]


@pytest.mark.long
@pytest.mark.bubblewrap
def test_ctrl_l_goes_live_from_the_middle(terminal: Terminal, tmp_path: Path):
    path = write(tmp_path / "middle.json", MIDDLE)
    with Loopback([Answer("I have looked around.")]) as server:
        terminal.environ(LLM_MODEL="openai/loopback", LLM_BASE_URL=server.url, LLM_API_KEY="sk-never-shown")
        terminal.start(path, *BUBBLEWRAP)
        ask(terminal)
        terminal.press("C-l")
        screen = terminal.wait("LIVE AWAITING INPUT", seconds=60)
        assert "I have looked around." in screen
        said = [one["content"] for one in server.bodies[0]["messages"] if one["role"] == "user"]
        assert "yes, please" not in str(said)
        assert "first look around" in str(said)
    assert saved_messages(terminal, path) == ["make a file", "first look around"]
    assert len(json.loads(path.read_text())) == len(MIDDLE)


@pytest.mark.bubblewrap
def test_escape_interrupts_a_model_that_does_not_answer(terminal: Terminal, tmp_path: Path):
    path = write(tmp_path / "middle.json", MIDDLE)
    with Loopback([Answer("I begin, and then", hang=True)]) as server:
        terminal.environ(LLM_MODEL="openai/loopback", LLM_BASE_URL=server.url, LLM_API_KEY="sk-never-shown")
        terminal.start(path, *BUBBLEWRAP)
        ask(terminal)
        terminal.press("C-l")
        terminal.wait("I begin, and then", seconds=60)
        terminal.press("Escape")
        terminal.wait("LIVE AWAITING INPUT", seconds=2)
