"""Stands between us and the kernel: takes commands, one a line, and answers in frames that carry a key.

Commands: `x N CODE` runs cell N (CODE is base64), `i N` interrupts it, be it now or as soon as it runs.
Anything else, and the end of the commands, ends the relay and the kernel.

Frames: the key, a letter, eight hexadecimal digits (how many bytes follow), bytes. `h` a kernel is ready
(JSON), `o` output, `b` output of what an earlier cell left running, `t` text of a result, `e` a traceback,
`p` a PNG in base64, `d` cell `cell` is done (JSON; `died` says how the kernel ended, if it did: there will
be no other).
"""

import base64
import ctypes
import json
import os
import queue
import sys
import threading
from functools import partial
from typing import Any, Callable, Dict, Tuple

from . import pip
from .child import Child

_PIECE = 1 << 16
_LARGEST_PICTURE = 16 << 20
_NOT_DUMPABLE = (4, 0)


class Turns:
    """Which cell runs, and whether it is to be interrupted; asked and told from two threads."""

    def __init__(self, interrupt: Callable[[], None]) -> None:
        self._interrupt = interrupt
        self._lock = threading.Lock()
        self._running = 0
        self._wanted = 0

    def ask(self, number: int) -> None:
        """Interrupt a cell: at once if it runs, when it begins if it is still to come."""
        with self._lock:
            self._wanted = max(self._wanted, number)
            if self._running == number:
                self._interrupt()

    def begin(self, number: int) -> None:
        """A cell has begun."""
        with self._lock:
            self._running = number
            if self._wanted == number:
                self._interrupt()

    def end(self) -> None:
        """The cell is done."""
        with self._lock:
            self._running = 0


class Relay:
    """Carries out commands with one kernel."""

    def __init__(self, request: Dict[str, Any], commands: Any) -> None:
        self._request = request
        self._commands = commands
        self._key = request["key"].encode()
        self._cells: "queue.Queue[Tuple[int, str]]" = queue.Queue()
        self._kernel: Any = None
        self._turns = Turns(lambda: self._kernel.interrupt())

    def run(self) -> None:
        """Serve until the commands end."""
        threading.Thread(target=self._listen, daemon=True).start()
        self._start()
        while True:
            number, code = self._cells.get()
            died = self._kernel.execute(code, self._send, partial(self._turns.begin, number))
            self._turns.end()
            if died is not None:
                self._kernel.kill()
            self._send("d", json.dumps({"cell": number, "died": died}).encode())

    def _listen(self) -> None:
        try:
            for line in self._commands:
                word, number, *code = line.split(b" ")
                if word == b"x":
                    self._cells.put((int(number), base64.b64decode(code[0]).decode("utf-8", "replace")))
                elif word == b"i":
                    self._turns.ask(int(number))
                else:
                    break
        except (ValueError, IndexError):
            pass
        if self._kernel is not None:
            self._kernel.kill()
        os._exit(0)

    def _start(self) -> None:
        note = ""
        if self._request["ipykernel"]:
            from .jupyter import Jupyter

            try:
                self._kernel = Jupyter()
            except Exception as error:
                note = "its ipykernel does not start ({}: {})".format(type(error).__name__, error)
        if self._kernel is None:
            self._kernel = Child(self._request)
        hello = {
            "kernel": self._kernel.name,
            "pid": self._kernel.pid,
            "python": sys.executable,
            "version": "{}.{}.{}".format(*sys.version_info[:3]),
            "note": note[:500],
            "managed": pip.is_managed(),
        }
        self._send("h", json.dumps(hello).encode())

    def _send(self, kind: str, payload: bytes) -> None:
        if len(payload) > _LARGEST_PICTURE and kind == "p":
            kind, payload = "b", b"[a picture of %d bytes is too large to be shown]\n" % len(payload)
        pieces = [payload[at : at + _PIECE] for at in range(0, len(payload), _PIECE)] or [b""]
        for piece in pieces if kind in "obte" else [payload]:
            data = memoryview(self._key + "{}{:08x}".format(kind, len(piece)).encode() + piece)
            while data:
                data = data[os.write(1, data) :]


def main(request: Dict[str, Any], commands: Any) -> None:
    """Serve until the commands end."""
    try:
        # Others that run as the same user may not look into this process, where the key is.
        ctypes.CDLL(None).prctl(*_NOT_DUMPABLE, 0, 0, 0)
    except (OSError, AttributeError):
        pass
    Relay(request, commands).run()
