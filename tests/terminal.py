"""The real program in a real terminal: keys in, screen out."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("trajtui")


class Terminal:
    """A tmux server of its own with one window."""

    def __init__(self, directory: Path, environment: dict[str, str]) -> None:
        self._socket = str(directory / "tmux.sock")
        self._directory = directory
        self._environment = environment

    def start(self, *arguments: str | Path, width: int = 160, height: int = 48) -> None:
        """Start trajtui; when it ends, its exit code is on the screen."""
        words = " ".join(shlex.quote(str(word)) for word in (PROGRAM, *arguments))
        shell = f'{words}; echo "[exit $?]"; exec sleep 600'
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height), shell)

    def environ(self, **variables: str) -> None:
        """Set environment variables of the program, before it is started."""
        self._environment.update(variables)

    def press(self, *keys: str) -> None:
        """Send keys by tmux's names."""
        self._tmux("send-keys", *keys)

    def type(self, text: str) -> None:
        """Send text as it is."""
        self._tmux("send-keys", "-l", text)

    def screen(self) -> str:
        """What stands on the screen."""
        return self._tmux("capture-pane", "-p")

    def wait(self, expected: str | Callable[[str], bool], seconds: float = 30) -> str:
        """The screen, as soon as it shows what is expected; fails with what it shows instead."""
        found = (lambda screen: expected in screen) if isinstance(expected, str) else expected
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            screen = self.screen()
            if found(screen):
                return screen
            time.sleep(0.05)
        pytest.fail(f"waited {seconds} s for {expected!r}; the screen shows:\n{self.screen()}")

    def close(self) -> None:
        """End the program and the terminal."""
        subprocess.run(["tmux", "-S", self._socket, "kill-server"], check=False, capture_output=True)

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", self._socket, *arguments],
            check=True, capture_output=True, text=True, cwd=self._directory, env=self._environment,
        )  # fmt: skip
        return done.stdout
