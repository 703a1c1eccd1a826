"""Into the sandbox by hand and back, and back in time, in a real terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from terminal import Terminal

SAMPLES = Path(__file__).resolve().parents[2] / "sample_trajectories"
SANDBOXES = [
    pytest.param("bubblewrap", marks=pytest.mark.bubblewrap),
    pytest.param("docker", marks=pytest.mark.docker),
]

pytestmark = pytest.mark.terminal


@pytest.mark.parametrize("sandbox", SANDBOXES)
@pytest.mark.sampled(2)
def test_into_the_sandbox_and_back_and_back_in_time(
    terminal: Terminal, sandbox: str, docker_image_if_needed: list[str]
) -> None:
    terminal.start(SAMPLES / "demo.json", "--sandbox", sandbox, *docker_image_if_needed)
    terminal.wait("REPLAY PAUSED")
    terminal.press("s")
    terminal.wait("PAUSED   1/")
    terminal.press("s")
    terminal.wait("PAUSED   2/")

    # the shell is where the replay's is, with its variables
    terminal.press("!")
    terminal.wait("You are in the sandbox")
    terminal.wait("words#")
    terminal.type("echo at $TEXT in $PWD; printf '\\033]0;title\\007'; echo by hand > made.txt")
    terminal.press("Enter")
    screen = terminal.wait("at poem.txt in /workspace/words")
    assert "REPLAY" not in screen
    terminal.type("exit")
    terminal.press("Enter")
    terminal.wait("by hand: 1 file changed")
    terminal.press("4")
    terminal.wait("made by hand")

    # back to where nothing was made by hand yet, and to before the last step; keys are commands again
    terminal.press("S")
    terminal.wait(lambda screen: "back before what you did by hand" in screen and "PAUSED   2/" in screen)
    terminal.press("S")
    terminal.wait(lambda screen: "back before event 4" in screen and "REPLAY PAUSED" in screen)
    terminal.press("c")
    terminal.wait("REPLAY FINISHED")
    terminal.press("q")
    terminal.wait("[exit 0]")
