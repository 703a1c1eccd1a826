"""The user's own terminal while they are in the sandbox's shell: keys go in raw, output comes out."""

from __future__ import annotations

import asyncio
import os
import sys
import termios
import tty
from types import TracebackType
from typing import Any, Final

from trajcore.text import TerminalFilter

_CHUNK: Final = 4096
_WELCOME: Final = b"\x1b[2J\x1b[HYou are in the sandbox, as it is now. exit or Ctrl-D goes back.\r\n"
_RESET: Final = (
    b"\x1b[0m\x1b[?25h\x1b[?1049l\x1b[?2004l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b>"
    b"\x1b[?1l\x1b[?5l\x1b[?7h\x1b[4l\x1b(B\x0f\x1b[0 q\x1b7\x1b[r\x1b8"
)
"""Takes back what `TerminalFilter` lets a shell set."""


class HostTerminal:
    """A `Visitor` at the terminal this program was started in, which must not be used by anyone else."""

    def __init__(self) -> None:
        self._in = sys.__stdin__.fileno() if sys.__stdin__ else 0
        self._out = sys.__stderr__.fileno() if sys.__stderr__ else 2
        self._typed: asyncio.Queue[bytes] = asyncio.Queue()
        self._before: list[Any] = []
        self._drawing = TerminalFilter()

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        columns, rows = os.get_terminal_size(self._out)
        return rows, columns

    def __enter__(self) -> HostTerminal:
        self._before = termios.tcgetattr(self._in)
        tty.setraw(self._in)
        asyncio.get_running_loop().add_reader(self._in, self._take_in)
        self._write(_WELCOME)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.get_running_loop().remove_reader(self._in)
        self._write(_RESET)
        termios.tcsetattr(self._in, termios.TCSAFLUSH, self._before)

    async def keys(self) -> bytes:
        """See `Visitor.keys`."""
        return await self._typed.get()

    def show(self, data: bytes) -> None:
        """See `Visitor.show`. Whatever the sandbox, its shell only draws here."""
        self._write(self._drawing.feed(data))

    def _take_in(self) -> None:
        try:
            data = os.read(self._in, _CHUNK)
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._in)
        self._typed.put_nowait(data)

    def _write(self, data: bytes) -> None:
        while data:
            try:
                data = data[os.write(self._out, data) :]
            except BlockingIOError:
                continue
            except OSError:
                return
