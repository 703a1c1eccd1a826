"""The real program in a real terminal: keys in, screen out."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from needs import need_tmux
from trajcore.views.hints import keep_had
from trajtui.widgets.hints import HINTS

PROGRAM = (str(Path(sys.executable).with_name("trajtui")),)


class Terminal:
    """A tmux server of its own with one window."""

    def __init__(self, directory: Path, environment: dict[str, str]) -> None:
        self._directory = directory
        self._starts = 0
        # A program believes these more than the terminal; pytest-xdist sets them.
        told = ("COLUMNS", "LINES")
        self._environment = {name: value for name, value in environment.items() if name not in told}

    def start(
        self,
        *arguments: str | Path,
        width: int = 160,
        height: int = 48,
        raw: Path | None = None,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        """Start trajtui, or what else runs it; when it ends, its exit code is on the screen.

        `raw` receives every byte that it writes to the terminal.
        """
        self._starts += 1
        words = " ".join(shlex.quote(str(word)) for word in (*program, *arguments))
        shell = f'read -r _; {words}; echo "[exit $?]"; exec sleep 600'
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height), shell)
        if raw is not None:
            self._tmux("pipe-pane", "-o", f"cat > {shlex.quote(str(raw))}")
        self.press("Enter")

    def environ(self, **variables: str) -> None:
        """Set environment variables of the program, before it is started."""
        self._environment.update(variables)

    def press(self, *keys: str) -> None:
        """Send keys by tmux's names."""
        self._tmux("send-keys", *keys)

    def type(self, text: str) -> None:
        """Send text as it is."""
        self._tmux("send-keys", "-l", text)

    def paste(self, text: str) -> None:
        """Send text as a terminal sends what is pasted."""
        self._tmux("set-buffer", "--", text)
        self._tmux("paste-buffer", "-p")

    def resize(self, width: int, height: int) -> None:
        """Give the terminal another size."""
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    def process(self) -> int:
        """The id of the running trajtui."""
        shell = self._tmux("display-message", "-p", "#{pane_pid}").strip()
        children = Path(f"/proc/{shell}/task/{shell}/children").read_text().split()
        return int(children[0])

    def modes(self) -> str:
        """What the program has switched on: `alternate screen`, `mouse`, `cursor hidden`."""
        flags = "#{alternate_on}#{mouse_any_flag}#{cursor_flag}"
        alternate, mouse, cursor = self._tmux("display-message", "-p", flags).strip()
        on = {"alternate screen": alternate == "1", "mouse": mouse == "1", "cursor hidden": cursor == "0"}
        return ", ".join(name for name, value in on.items() if value)

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

    @property
    def _socket(self) -> str:
        """Each start has a server of its own: one that is ending does not take a new window."""
        return self._socket_of(self._starts)

    def _socket_of(self, start: int) -> str:
        return str(self._directory / f"tmux{start}.sock")

    def close(self) -> None:
        """End the program and the terminals, also those of earlier starts."""
        for start in range(self._starts + 1):
            end = ["tmux", "-S", self._socket_of(start), "kill-server"]
            subprocess.run(end, check=False, capture_output=True)

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", self._socket, *arguments],
            check=True, capture_output=True, text=True, cwd=self._directory, env=self._environment,
        )  # fmt: skip
        return done.stdout


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """One that can do all, and in which nothing is animated; its user is not new."""
    need_tmux()
    keep_had(HINTS)
    environment = {
        **os.environ,
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "TEXTUAL_ANIMATIONS": "none",
    }
    terminal = Terminal(tmp_path, environment)
    yield terminal
    terminal.close()
