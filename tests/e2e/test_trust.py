"""The screen's question about a config.toml that lies beside a recording."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from program import SAMPLES
from terminal import Terminal

pytestmark = pytest.mark.terminal

ASKED = "lies here and is not trusted"


def test_a_file_that_is_not_trusted_is_asked_about_once(terminal: Terminal, tmp_path: Path) -> None:
    here = tmp_path
    shutil.copy(SAMPLES / "demo.json", here)
    (here / "config.toml").write_text("[sandbox]\nkind = 'recorded'\nuse_host_network = true\n")

    # the harmless answer is the first, and is remembered
    terminal.start("demo.json")
    asked = terminal.wait(ASKED)
    assert "use_host_network = True" in asked
    assert "opens the network" in asked
    terminal.press("Enter")
    screen = terminal.wait("REPLAY PAUSED")
    assert "network" not in screen.splitlines()[0]
    terminal.press("q")
    terminal.wait("[exit 0]")
    terminal.start("demo.json")
    screen = terminal.wait("left out: use_host_network")
    assert ASKED not in screen
    terminal.press("q")
    terminal.wait("[exit 0]")

    # another content, another question; what is trusted applies
    (here / "config.toml").write_text("[sandbox]\nkind = 'recorded'\nuse_host_network = true\n#\n")
    terminal.start("demo.json")
    terminal.wait(ASKED)
    terminal.press("q")
    terminal.wait("[exit 0]")
    terminal.start("demo.json")
    terminal.wait(ASKED)
    terminal.press("Down", "Down", "Enter")
    screen = terminal.wait("REPLAY PAUSED")
    assert "left out" not in screen
    terminal.press("q")
    terminal.wait("[exit 0]")
    terminal.start("demo.json")
    terminal.wait("REPLAY PAUSED")
    terminal.press("q")
    terminal.wait("[exit 0]")
