"""Which terminals are sent pictures: those that say they can; no other is sent a byte of one, or asked."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from pathlib import Path

import pytest

from documents import message
from pictures import png, url
from program import PROGRAM, write

_SECONDS = 60


class Window:
    """A terminal of its own, which answers nothing and keeps what it is sent."""

    def __init__(self, path: Path, term: str) -> None:
        self.received = b""
        between = ("TMUX", "STY", "ZELLIJ", "TERM_PROGRAM", "COLUMNS", "LINES")
        said = {name: value for name, value in os.environ.items() if name not in between}
        self._pid, self._terminal = pty.fork()
        if not self._pid:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 1200, 720))
            os.execve(PROGRAM, ["trajtui", str(path), "--sandbox", "recorded"], {**said, "TERM": term})

    def wait(self, expected: bytes) -> None:
        until = time.monotonic() + _SECONDS
        while expected not in self.received:
            assert time.monotonic() < until, self.received[-3_000:]
            self._read()

    def press(self, keys: bytes) -> None:
        """One after the other, each when nothing more comes of the one before."""
        for key in keys:
            os.write(self._terminal, bytes([key]))
            while self._read():
                pass

    def _read(self) -> bool:
        """What comes within a moment; whether anything does."""
        if not select.select([self._terminal], [], [], 0.7)[0]:
            return False
        self.received += os.read(self._terminal, 1 << 16)
        return True

    def close(self) -> None:
        os.kill(self._pid, signal.SIGTERM)
        try:
            while os.read(self._terminal, 1 << 16):
                pass
        except OSError:
            pass
        os.close(self._terminal)
        os.waitpid(self._pid, 0)


@pytest.mark.parametrize(
    ("term", "sent"),
    [
        ("xterm-256color", b""),
        ("xterm-kitty", b"\x1b_G"),
        pytest.param("foot", b"\x1bP", marks=pytest.mark.long),
    ],
)
def test_a_picture_is_sent_to_a_terminal_that_says_it_can(term: str, sent: bytes, tmp_path: Path) -> None:
    first = message(0, "look")
    first["args"]["image_urls"] = [url(png(40, 30))]
    window = Window(write(tmp_path / "x.json", [first, message(1, "end")]), term)
    try:
        window.wait(b"PAUSED")
        window.press(b"2")
        window.wait("▀".encode())
        before = len(window.received)
        window.press(b"\rjjj\r")
        window.wait(b"opens it outside")
        window.wait(sent or "▀".encode())
        shown = window.received[before:]
        assert (b"\x1b_G" in shown, b"\x1bP" in shown) == (sent == b"\x1b_G", sent == b"\x1bP")
        assert b"\x1b[16t" not in window.received
    finally:
        window.close()
