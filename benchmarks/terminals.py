"""A program in a pseudo-terminal of 160 x 48, what it writes, and how long it takes to write it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

SIZE: Final = (48, 160)
PATIENCE: Final = 120.0
"""Seconds."""

_CONTROLS: Final = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]P_^X][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])")

_MISLEADING: Final = ("COLUMNS", "LINES", "PYTHONDONTWRITEBYTECODE")


def milliseconds(since: float) -> float:
    """Since a moment of `time.perf_counter`."""
    return (time.perf_counter() - since) * 1e3


class Running:
    """A Python program in a terminal. `begun` is when it was started."""

    def __init__(self, arguments: Sequence[str], environment: dict[str, str], directory: str) -> None:
        self._terminal, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
        self.begun = time.perf_counter()
        self._arguments = arguments
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=theirs, stdout=theirs, stderr=theirs,
            env=environment, cwd=directory, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        self._written = b""

    def press(self, keys: str) -> float:
        """Type, and forget what was written so far; the moment of it."""
        self._written = b""
        os.write(self._terminal, keys.encode())
        return time.perf_counter()

    def wait(self, marks: Sequence[str], seconds: float = PATIENCE) -> float:
        """The moment by which all marks have been written. Raises `TimeoutError`."""
        wanted = [mark.encode() for mark in marks]
        begun, shown = time.perf_counter(), b""
        while milliseconds(begun) < seconds * 1000:
            ready, _, _ = select.select([self._terminal], [], [], 1)
            self._written += self._read() if ready else b""
            now = time.perf_counter()
            shown = _CONTROLS.sub(b"", self._written)
            if all(mark in shown for mark in wanted):
                return now
        raise TimeoutError(f"{self._arguments} did not show {marks}: {shown[-500:]!r}")

    @property
    def cpu(self) -> float:
        """Seconds of processor time that its threads have taken so far (Linux)."""
        tasks = Path(f"/proc/{self._process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    @property
    def memory(self) -> float:
        """Megabytes that it has in memory, its share of what it has in common with others (Linux)."""
        lines = Path(f"/proc/{self._process.pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024 / 1e6

    def first(self) -> float:
        """Read what is written next, up to where it stops a moment; when it began. Raises `TimeoutError`."""
        if not select.select([self._terminal], [], [], PATIENCE)[0]:
            raise TimeoutError(f"{self._arguments}: nothing was written to a key")
        begun = time.perf_counter()
        self.rest(0.005)
        return begun

    def rest(self, seconds: float) -> None:
        """Read on until nothing has been written for so long."""
        while select.select([self._terminal], [], [], seconds)[0]:
            self._written += self._read()

    def end(self) -> None:
        """End it as a closed window does, reading what it still writes, so that it waits for nobody."""
        self._process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 10
        while self._process.poll() is None:
            if time.monotonic() > deadline:
                self._process.kill()
                self._process.wait()
            elif select.select([self._terminal], [], [], 0.02)[0]:
                self._read()
        os.close(self._terminal)

    def _read(self) -> bytes:
        try:
            return os.read(self._terminal, 1 << 16)
        except OSError:  # The program has ended; on Linux reading then fails.
            time.sleep(0.02)
            return b""


@contextmanager
def running(arguments: Sequence[str], environment: dict[str, str], directory: str) -> Iterator[Running]:
    """The program from its start to its end."""
    program = Running(arguments, environment, directory)
    try:
        yield program
    finally:
        program.end()


@contextmanager
def environment() -> Iterator[tuple[dict[str, str], str]]:
    """A terminal that can do all, settings of nobody's, bytecode kept there, and a directory to be in."""
    with tempfile.TemporaryDirectory() as name:
        own = {
            variable: str(Path(name, variable))
            for variable in (
                "HOME",
                "XDG_CONFIG_HOME",
                "XDG_STATE_HOME",
                "XDG_CACHE_HOME",
                "XDG_DATA_HOME",
                "PYTHONPYCACHEPREFIX",
            )
        }
        for directory in own.values():
            Path(directory).mkdir()
        terminal = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        inherited = {name: value for name, value in os.environ.items() if name not in _MISLEADING}
        yield {**inherited, **own, **terminal}, name
