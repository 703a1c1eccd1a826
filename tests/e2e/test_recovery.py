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
    screen = terminal.wait("What a save would change")
    assert '+            "wait_for_response": true' in screen
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


@pytest.mark.bubblewrap
def test_messages_and_live_steps_of_a_killed_program_are_offered_as_a_run(
    terminal: Terminal, recording: Path
) -> None:
    answers = [
        Answer("I look.", calls=[Call("execute_bash", {"command": "echo seen | tr a-z A-Z"})]),
        Answer("It says SEEN."),
    ]
    with Loopback(answers) as server:
        terminal.environ(LLM_MODEL="openai/loopback", LLM_BASE_URL=server.url, LLM_API_KEY="sk-never-kept")
        terminal.start(recording, "--sandbox", "bubblewrap")
        terminal.wait("REPLAY PAUSED")
        terminal.press("c")
        terminal.wait("AWAITING INPUT")
        terminal.press("m")
        terminal.wait("Enter: send")
        terminal.type("what does it say?")
        terminal.press("Enter")
        terminal.wait(
            lambda screen: "It says SEEN." in screen and "LIVE AWAITING INPUT" in screen, seconds=90
        )
        kill(terminal)

    terminal.start(recording, "--sandbox", "recorded")
    terminal.wait("a run of this recording unsaved")
    terminal.press("j", "Enter")
    terminal.wait("Save the run as")
    terminal.press("Enter")
    terminal.wait("run saved")
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
