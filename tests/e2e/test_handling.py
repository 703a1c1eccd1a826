"""What a terminal sends, and how it takes what it is sent: pastes, the mouse, resizes, a slow line."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
import time
from pathlib import Path

import platformdirs
import pytest

from documents import message, ran, run
from program import write
from terminal import PROGRAM, Terminal

pytestmark = pytest.mark.terminal

EVENTS = [message(0, "go"), run(1, "echo one"), ran(2, 1, "one"), run(3, "echo two"), ran(4, 3, "two")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "x.json", EVENTS)


def mouse(terminal: Terminal, button: int, x: int, y: int, *, up: bool = False) -> None:
    """What a terminal sends of its mouse; `x` and `y` count from 0."""
    terminal.type(f"\x1b[<{button};{x + 1};{y + 1}{'m' if up else 'M'}")


def drag(terminal: Terminal, start: tuple[int, int], end: tuple[int, int]) -> None:
    mouse(terminal, 0, *start)
    for part in (1, 2, 3):
        x, y = (begun + (to - begun) * part // 3 for begun, to in zip(start, end, strict=True))
        mouse(terminal, 32, x, y)
    mouse(terminal, 0, *end, up=True)


def test_what_is_pasted_is_text_and_no_key(terminal: Terminal, path: Path) -> None:
    terminal.start(path, "--sandbox", "recorded", width=100, height=30)
    terminal.wait("REPLAY PAUSED")
    terminal.paste("ddcsq\n")
    terminal.press("m")
    terminal.wait("Enter: insert here")
    terminal.paste("first line\nsecond line\r\nthird")
    screen = terminal.wait("third")
    assert "second line" in screen
    assert "REPLAY PAUSED   0/2" in screen
    assert "modified" not in screen
    terminal.press("Enter")
    terminal.wait(lambda screen: "★" in screen and "Enter: insert here" not in screen)


def test_the_mouse_of_a_terminal_clicks_drags_and_marks(terminal: Terminal, path: Path) -> None:
    terminal.start(path, "--sandbox", "recorded", width=120, height=36)
    terminal.wait("REPLAY PAUSED")
    terminal.press("2")
    rows = terminal.wait("user · message").splitlines()
    row = next(number for number, text in enumerate(rows) if "echo two" in text)
    line = rows[row].index("│")
    mouse(terminal, 0, 20, row)
    mouse(terminal, 0, 20, row, up=True)
    rows = terminal.wait("agent · run").splitlines()
    drag(terminal, (line, 10), (line + 12, 10))
    rows = terminal.wait(lambda screen: screen.splitlines()[row].find("│") == line + 12).splitlines()
    at = next(number for number, text in enumerate(rows) if "agent · run" in text)
    drag(terminal, (rows[at].index("agent"), at), (rows[at].index("agent") + 10, at))
    terminal.press("C-c")
    terminal.wait("copied the selected text")
    assert (
        Path(platformdirs.user_cache_dir("trajtui"), "copied", "copied.txt").read_text().startswith("agent")
    )
    mouse(terminal, 64, 20, row)  # the wheel
    terminal.press("q")
    terminal.wait("[exit 0]")


def test_a_storm_of_resizes_ends_in_what_fits(terminal: Terminal, path: Path) -> None:
    terminal.start(path, "--sandbox", "recorded", width=160, height=48)
    terminal.wait("REPLAY PAUSED")
    for width, height in (
        (20, 5),
        (200, 60),
        (81, 24),
        (3, 3),
        (159, 48),
        (100, 30),
        (161, 10),
        (40, 12),
    ) * 3:
        terminal.resize(width, height)
    terminal.resize(110, 28)
    screen = terminal.wait(lambda screen: "REPLAY PAUSED" in screen and len(screen.splitlines()) == 28)
    assert max(map(len, screen.splitlines())) <= 110
    terminal.press("c")
    terminal.wait("2/2")


@pytest.mark.bubblewrap
def test_a_terminal_that_takes_its_time_is_waited_for_and_loses_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "x.json", [message(0, "go"), run(1, "seq 30000; echo the e''nd"), ran(2, 1)])
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "TEXTUAL_ANIMATIONS": "none"}
    for told in ("COLUMNS", "LINES"):  # a program believes these more than the terminal
        environment.pop(told, None)
    arguments = [*PROGRAM, path, "--sandbox", "bubblewrap"]
    running = subprocess.Popen(arguments, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    received = bytearray()

    def take_until(*words: bytes) -> None:
        """Take a little at a time, as a terminal at the end of a slow line does."""
        deadline = time.monotonic() + 60
        while not any(word in received for word in words):
            assert time.monotonic() < deadline, bytes(received[-2000:])
            try:
                received.extend(os.read(ours, 2048))
            except OSError:  # as Linux tells that nobody writes any more
                break
            time.sleep(0.01)

    try:
        take_until(b"REPLAY", b"PAUSED")
        os.write(ours, b"s")
        take_until(b"the end")
        received.clear()
        os.write(ours, b"q")
        take_until(b"\x1b[?1049l")
        assert running.wait(30) == 0
    finally:
        running.kill()
        running.wait()
        os.close(ours)
