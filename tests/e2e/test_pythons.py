"""What every supported Python must do: a replay and a session on the screen, without a warning.

`make test` runs this on every supported Python that is found (`tests/pythons.py`).
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from program import SAMPLES, trajtui
from terminal import Terminal

SANDBOXES = [
    pytest.param("bubblewrap", marks=pytest.mark.bubblewrap),
    pytest.param("docker", marks=pytest.mark.docker),
]
STARTING = {"bubblewrap": ["starting bubblewrap"], "docker": ["starting docker", "starting the container"]}


@pytest.mark.parametrize("sandbox", SANDBOXES)
def test_a_replay(sandbox: str, docker_image_if_needed: list[str]) -> None:
    options = ("--sandbox", sandbox, *docker_image_if_needed)
    done = trajtui("replay", SAMPLES / "demo.json", *options, PYTHONWARNINGS="always")
    assert done.stderr.splitlines() == STARTING[sandbox]
    assert done.stdout.splitlines()[-1] == "7 steps: 7 equal"
    assert done.returncode == 0


@pytest.mark.terminal
@pytest.mark.parametrize("sandbox", SANDBOXES)
def test_a_session_on_the_screen(
    terminal: Terminal, tmp_path: Path, sandbox: str, docker_image_if_needed: list[str]
) -> None:
    recording = Path(shutil.copy(SAMPLES / "demo.json", tmp_path))
    terminal.environ(PYTHONWARNINGS="always")
    terminal.start(recording, "--sandbox", sandbox, *docker_image_if_needed)
    terminal.wait("REPLAY PAUSED", seconds=60)
    terminal.press("c")
    terminal.wait("REPLAY FINISHED", seconds=60)
    terminal.press("q")
    screen = terminal.wait("[exit 0]")
    assert screen.split() == ["[exit", "0]"]
