"""The whole job, from a recording to a saved live run, in a real terminal with a real sandbox and server."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from loopback import Answer, Call, Loopback
from terminal import PROGRAM, Terminal

SAMPLES = Path(__file__).resolve().parents[2] / "sample_trajectories"

pytestmark = pytest.mark.terminal

SANDBOXES = [
    pytest.param("bubblewrap", marks=pytest.mark.bubblewrap),
    pytest.param("docker", marks=pytest.mark.docker),
]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    copy = tmp_path / "demo.json"
    copy.write_bytes((SAMPLES / "demo.json").read_bytes())
    return copy


@pytest.mark.parametrize("sandbox", SANDBOXES)
@pytest.mark.sampled(2)
def test_from_a_recording_to_a_live_run_that_replays(
    terminal: Terminal, recording: Path, sandbox: str, docker_image_if_needed: list[str]
) -> None:
    answers = [
        Answer("Let me see where I am.", calls=[Call("execute_bash", {"command": "pwd; echo $TEXT; ls"})]),
        Answer("The program is called top_words.sh."),
    ]
    original = recording.read_bytes()
    with Loopback(answers) as server:
        terminal.environ(LLM_MODEL="openai/loopback", LLM_BASE_URL=server.url, LLM_API_KEY="sk-never-shown")
        terminal.start(recording, "--sandbox", sandbox, *docker_image_if_needed)
        terminal.wait("REPLAY PAUSED")
        terminal.wait(sandbox)

        # step
        terminal.press("s")
        terminal.wait("poem.txt")
        terminal.wait(lambda screen: "exit 0" in screen and "REPLAY PAUSED" in screen)

        # breakpoint, continue to it
        terminal.press("j", "j", "b", "c")
        screen = terminal.wait("breakpoint at ")
        assert "●" in screen

        # flip, undo, flip, save
        terminal.press("g", "j", "w")
        terminal.wait("modified")
        terminal.press("u")
        terminal.wait(lambda screen: "modified" not in screen)
        terminal.press("w")
        terminal.wait("modified")
        terminal.press("C-s")
        terminal.wait(lambda screen: "saved" in screen and "modified" not in screen)
        before, after = original.splitlines(), recording.read_bytes().splitlines()
        assert sum(one != other for one, other in zip(before, after, strict=True)) == 1

        # to the end, and a message to the model
        terminal.press("c")
        terminal.wait("REPLAY FINISHED")
        terminal.press("m")
        terminal.wait("Enter: send")
        terminal.type("What is the program called?")
        terminal.press("Enter")
        screen = terminal.wait("LIVE AWAITING INPUT", seconds=90)
        assert "The program is called top_words.sh." in screen
        terminal.press("1")
        screen = terminal.wait("/workspace/words")
        assert "check.sh" in screen
        assert "sk-never-shown" not in screen

        # save the run, quit
        terminal.press("C-o")
        terminal.wait("Save this run as")
        terminal.press("Enter")
        terminal.wait("run saved")
        terminal.press("q")
        terminal.wait("[exit 0]")

    saved = recording.with_name("demo.run.json")
    events = json.loads(saved.read_bytes())
    assert "sk-never-shown" not in saved.read_text()
    live = [event for event in events if event.get("observation") == "run"][-1]
    assert live["content"].splitlines()[:2] == ["/workspace/words", "poem.txt"]
    replayed = subprocess.run(
        [*PROGRAM, "replay", saved, "--sandbox", sandbox, *docker_image_if_needed, "--strict"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    assert len(server.requests) == 2
