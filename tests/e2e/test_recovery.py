"""What is not saved outlives the program: it is killed in the middle of the work, and started again."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from documents import message, ran, run
from loopback import Answer, Call, Loopback
from program import say, trajtui, write
from terminal import Terminal

pytestmark = pytest.mark.terminal

EVENTS = [message(0, "begin"), run(1, "ls"), ran(2, 1, "a"), message(3, "go on"), say(4, "done", wait=True)]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write(tmp_path / "t.json", EVENTS)


def kill(terminal: Terminal) -> None:
    """End the program as nothing can be prepared for, and give the terminal up."""
    os.kill(terminal.process(), signal.SIGKILL)
    terminal.wait("[exit 137]")
    terminal.close()


def test_edits_of_a_killed_program_are_offered_and_restored(terminal: Terminal, recording: Path) -> None:
    original = recording.read_bytes()
    terminal.start(recording, "--sandbox", "recorded")
    terminal.wait("REPLAY PAUSED")
    terminal.press("w")
    terminal.wait("modified")
    terminal.press("G", "k", "d")
    terminal.wait("delete")
    kill(terminal)
    assert recording.read_bytes() == original

    terminal.start(recording, "--sandbox", "recorded")
    terminal.wait("2 edits of this recording unsaved")
    terminal.press("j", "j", "Enter")
    terminal.wait("What a save would change")
    terminal.wait('"wait_for_response": true')
    terminal.press("Escape")
    terminal.wait("Restore them")
    terminal.press("j", "Enter")
    terminal.wait("restored 2 edits")
    terminal.press("C-s")
    terminal.wait(lambda screen: "saved" in screen and "modified" not in screen)
    saved = json.loads(recording.read_bytes())
    assert saved[0]["args"]["wait_for_response"] is True
    assert [event["id"] for event in saved] == [0, 1, 2, 4]
    terminal.press("q")
    terminal.wait("[exit 0]")
    terminal.close()

    terminal.start(recording, "--sandbox", "recorded")
    screen = terminal.wait("REPLAY PAUSED")
    assert "unsaved" not in screen


def test_a_terminal_that_is_closed_loses_no_edit(terminal: Terminal, recording: Path) -> None:
    terminal.start(recording, "--sandbox", "recorded")
    terminal.wait("REPLAY PAUSED")
    terminal.press("w")
    terminal.wait("modified")
    os.kill(terminal.process(), signal.SIGHUP)
    terminal.wait("[exit ")
    terminal.close()
    terminal.start(recording, "--sandbox", "recorded")
    terminal.wait("1 edit of this recording unsaved")


LIVE = [
    Answer("I look.", calls=[Call("execute_bash", {"command": "echo seen | tr a-z A-Z | tee file"})]),
    Answer("It says SEEN."),
    Answer("And more?"),
]


def live_and_killed(terminal: Terminal, recording: Path, server: Loopback) -> None:
    """A live session of two replies, whose program is killed behind them."""
    terminal.environ(LLM_MODEL="openai/loopback", LLM_BASE_URL=server.url, LLM_API_KEY="sk-never-kept")
    terminal.start(recording, "--sandbox", "bubblewrap")
    terminal.wait("REPLAY PAUSED")
    terminal.press("c")
    terminal.wait("AWAITING INPUT")
    say(terminal, "what does it say?", "It says SEEN.")
    kill(terminal)


def say(terminal: Terminal, text: str, answer: str) -> None:
    terminal.press("m")
    terminal.wait("Enter: send")
    terminal.type(text)
    terminal.press("Enter")
    terminal.wait(lambda screen: answer in screen and "LIVE AWAITING INPUT" in screen, seconds=90)


@pytest.mark.bubblewrap
def test_a_live_session_of_a_killed_program_can_be_saved(terminal: Terminal, recording: Path) -> None:
    with Loopback(LIVE) as server:
        live_and_killed(terminal, recording, server)
    terminal.start(recording, "--sandbox", "recorded")
    terminal.wait("ended in a live session")
    terminal.press("j", "j", "Enter")
    terminal.wait("Save the branch as")
    terminal.press("Enter")
    terminal.wait("live-1 saved")
    terminal.press("q")
    terminal.wait("[exit 0]")
    path = recording.with_name("t.run.json")
    saved = json.loads(path.read_bytes())
    assert "sk-never-kept" not in path.read_text()
    texts = [event["args"]["content"] for event in saved if event.get("action") == "message"]
    assert texts[-2:] == ["what does it say?", "It says SEEN."]
    assert [event["content"] for event in saved if event.get("observation") == "run"][-1].startswith("SEEN")
    replayed = trajtui("replay", path, "--sandbox", "recorded", "--strict")
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr


@pytest.mark.long
@pytest.mark.bubblewrap
def test_a_live_session_of_a_killed_program_resumes(terminal: Terminal, recording: Path) -> None:
    with Loopback(LIVE) as server:
        live_and_killed(terminal, recording, server)
        terminal.start(recording, "--sandbox", "bubblewrap")
        terminal.wait("Resume")
        terminal.press("j", "Enter")
        terminal.wait(lambda screen: "LIVE AWAITING INPUT" in screen and "live-1" in screen, seconds=60)
        say(terminal, "what else?", "And more?")
        said = [one["content"] for one in server.bodies[-1]["messages"] if one["role"] == "user"]
        assert said[-2:] == ["what does it say?", "what else?"]
        terminal.press("M-b")
        terminal.wait("Branches")
        terminal.wait(lambda screen: "▶  live-1" in screen and "recorded" in screen)
        terminal.press("k", "Enter")
        terminal.wait(lambda screen: "⎇ live-1" not in screen and "REPLAY PAUSED" in screen)
        terminal.press("q")
        terminal.wait("[exit 0]")


def test_a_second_program_on_the_same_recording_is_told_of_the_first(
    terminal: Terminal, recording: Path, tmp_path: Path
) -> None:
    terminal.start(recording, "--sandbox", "recorded")
    terminal.wait("REPLAY PAUSED")
    (tmp_path / "second").mkdir()
    second = Terminal(tmp_path / "second", {**os.environ, "LANG": "C.UTF-8", "TERM": "xterm-256color"})
    try:
        second.start(recording, "--sandbox", "recorded")
        second.wait(f"trajtui (pid {terminal.process()}) has this recording open too")
        terminal.press("w", "C-s")
        terminal.wait("saved")
        second.press("G", "w", "C-s")
        second.wait("has changed on disk")
    finally:
        second.close()
