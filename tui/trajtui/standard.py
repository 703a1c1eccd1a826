"""Standard input, output and error, as the shell gives them: closed, full, read by nobody, or of few letters.

What is written passes through here, whoever prints it. The first write that fails ends the command: a
synchronous one by the error itself, one in an event loop by `stopping`, as an error that is raised where a
session tells something would end in that session.
"""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, TextIO

_SPELLED: Final = {
    "…": "...", "·": "-", "≠": "!", "≈": "~", "⊘": "x", "★": "*", "✎": "e", "●": "o", "▶": ">", "◐": "%",
    "⚑": "!", "Δ": "d", "❯": ">", "◇": "o", "⌂": "#", "→": "->", "└": "`-", "│": "|", "⎇": "branch",
    "×": "x", "–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "≤": "<=", "≥": ">=",
}  # fmt: skip
"""Marks of ours where a terminal has no letters for them; all others are written as JSON escapes them."""

_NAMES: Final = {1: "standard output", 2: "standard error"}

_taken: Final[dict[int, Output]] = {}
"""Those that were taken over; click puts others in their place where one is broken."""

_stop: Callable[[], object] | None = None
"""Ends what runs in an event loop."""


class _Guarded(io.FileIO):
    """A descriptor whose first failed write is remembered; what comes behind it goes nowhere."""

    fault: OSError | None = None

    def write(self, data: Any, /) -> int:
        """As usual; waits where others have made the descriptor non-blocking."""
        size = len(memoryview(data).cast("B"))
        if self.fault is not None:
            return size
        try:
            while (written := super().write(data)) is None:
                select.select([], [self.fileno()], [])
        except OSError as error:
            self.fault = error
            if not _is_in_loop():
                raise
            if _stop is not None:
                _stop()
            return size
        return written


class Output(io.TextIOWrapper):
    """Text for a descriptor: in UTF-8, or in ASCII where any other encoding is asked for."""

    escaped = False
    """Whether marks of ours are escaped as all other letters are that ASCII lacks: for JSON."""

    def __init__(self, descriptor: int, encoding: str) -> None:
        self.raw = _Guarded(descriptor, "w", closefd=False)
        self._is_plain = encoding.lower().replace("_", "-") not in ("utf-8", "utf8")
        super().__init__(
            io.BufferedWriter(self.raw),
            encoding="utf-8",
            errors="backslashreplace",
            line_buffering=descriptor == 2 or self.raw.isatty(),
        )

    def write(self, text: str, /) -> int:
        """As usual."""
        if self._is_plain and not text.isascii():
            text = "".join(map(self._spelled, text))
        return super().write(text)

    def _spelled(self, letter: str) -> str:
        return letter if letter.isascii() else (not self.escaped and _SPELLED.get(letter)) or _escape(letter)


def _escape(letter: str) -> str:
    """A character as JSON escapes it."""
    units = letter.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _is_in_loop() -> bool:
    if "asyncio" not in sys.modules:
        return False
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def take_over() -> None:
    """Put guarded streams in the place of Python's, and open what the shell has closed.

    A standard output that is closed is one that nobody reads; the other two are empty.
    """
    for descriptor, flags in ((0, os.O_RDONLY), (2, os.O_WRONLY)):
        if _is_closed(descriptor):
            _become(descriptor, os.open(os.devnull, flags))
    if _is_closed(1):
        reading, writing = os.pipe()
        if reading == 1:
            reading = os.dup(reading)
        _become(1, writing)
        os.close(reading)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = _guarded(1, sys.stdout)
    sys.stderr = _guarded(2, sys.stderr)


def _guarded(descriptor: int, stream: TextIO | None) -> TextIO:
    """A guarded stream in the place of Python's; one that somebody else has put there stays."""
    if stream is not None:
        try:
            is_pythons = stream.fileno() == descriptor and not isinstance(stream, Output)
        except (OSError, ValueError):
            is_pythons = False
        if not is_pythons:
            return stream
        stream.flush()
    _taken[descriptor] = Output(descriptor, "utf-8" if stream is None else stream.encoding)
    return _taken[descriptor]


def _is_closed(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return True
    return False


def _become(descriptor: int, opened: int) -> None:
    """Give what was opened the number of a standard stream."""
    if opened != descriptor:
        os.dup2(opened, descriptor)
        os.close(opened)
    os.set_inheritable(descriptor, True)


@contextmanager
def stopping(stop: Callable[[], object]) -> Iterator[None]:
    """Have `stop` called, in place of an error, where a write fails while an event loop runs."""
    global _stop
    before, _stop = _stop, stop
    try:
        yield
    finally:
        _stop = before


def fault() -> tuple[str, OSError] | None:
    """The stream that could not be written to, by its name, and why; None: all was written."""
    for descriptor, stream in _taken.items():
        with suppress(OSError):  # it is remembered
            stream.flush()
        if stream.raw.fault is not None:
            return _NAMES[descriptor], stream.raw.fault
    return None


def is_unread(error: OSError) -> bool:
    """Whether a write failed as nobody reads any more."""
    return error.errno == errno.EPIPE
