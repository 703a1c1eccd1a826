"""The plain kernel as the relay sees it: a child process, its output and its results on separate pipes.

It waits for a receipt after each result, so that what it writes later is not read before.
"""

import base64
import fcntl
import json
import os
import select
import signal
import struct
import subprocess
import sys
import termios
from typing import Any, Callable, Dict, Optional, Tuple

Send = Callable[[str, bytes], None]

_CHUNK = 1 << 16
_LARGEST = 16 << 20
_LOOK = 0.1
_LAST_MOMENTS = 2.0
_HEADER = 9


class Broken(Exception):
    """What the kernel sent is no frame."""


class Child:
    """A started plain kernel."""

    name = "plain"

    def __init__(self, request: Dict[str, Any]) -> None:
        self._output, output = os.pipe()
        self._results, results = os.pipe()
        commands, self._commands = os.pipe()
        receipts, self._receipts = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-c", request["loader"], str(commands)],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            pass_fds=(commands, results, receipts), start_new_session=True,
        )  # fmt: skip
        for fd in (output, results, commands, receipts):
            os.close(fd)
        self.pid = self._process.pid
        self._buffer = bytearray()
        self._number = 0
        told = dict(request, main="plain", results=results, receipts=receipts, key="")
        self._write(self._commands, base64.b64encode(json.dumps(told).encode()) + b"\n")

    def execute(self, code: str, send: Send, begun: Callable[[], None]) -> Optional[str]:
        """Run a cell to its end; the answer says how the kernel died, if it did.

        `begun` is called when the cell can be interrupted.
        """
        self._forward_output("b", send)
        self._number += 1
        self._write(
            self._commands, b"%d %s\n" % (self._number, base64.b64encode(code.encode("utf-8", "replace")))
        )
        try:
            while True:
                readable, _, _ = select.select([self._output, self._results], [], [], _LOOK)
                if self._results in readable and self._take_results(send, begun):
                    return None
                self._forward_output("o", send)
                if self._process.poll() is not None and not self._left():
                    return _ending(self._process.returncode)
        except Broken:
            return "it was killed: it sent what is no answer"

    def interrupt(self) -> None:
        """Interrupt the cell, as Ctrl-C does."""
        self._signal(signal.SIGINT)

    def kill(self) -> None:
        """End the kernel and what it started in its own process group."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self.pid, number)
        except OSError:
            pass

    def _write(self, fd: int, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(fd, data) :]
        except OSError:
            pass  # the kernel is gone, which shows when its answer is awaited

    def _take_results(self, send: Send, begun: Callable[[], None]) -> bool:
        """Forward what came on the results' pipe; whether the cell is done with it."""
        data = os.read(self._results, _CHUNK)
        if not data:
            self._await_end()
        self._buffer += data
        while len(self._buffer) >= _HEADER:
            kind, size = _header(self._buffer)
            if len(self._buffer) < _HEADER + size:
                return False
            payload = bytes(self._buffer[_HEADER : _HEADER + size])
            del self._buffer[: _HEADER + size]
            self._forward_output("o", send)
            if kind == "s":
                begun()
            elif kind != "d":
                send(kind, payload)
                self._write(self._receipts, b".")
            elif payload == b"%d" % self._number:
                return True
        return False

    def _await_end(self) -> None:
        try:
            self._process.wait(_LAST_MOMENTS)
        except subprocess.TimeoutExpired:
            raise Broken from None

    def _left(self) -> bool:
        """Whether something that the kernel wrote has not been read."""
        return _waiting(self._output) > 0 or _waiting(self._results) > 0

    def _forward_output(self, kind: str, send: Send) -> None:
        """Forward what is in the output's pipe by now, however much follows."""
        waiting = _waiting(self._output)
        while waiting > 0:
            data = os.read(self._output, min(waiting, _CHUNK))
            if not data:
                return
            waiting -= len(data)
            send(kind, data)


def _waiting(fd: int) -> int:
    """How many bytes can be read at once."""
    size: int = struct.unpack("i", fcntl.ioctl(fd, termios.FIONREAD, b"\0\0\0\0"))[0]
    return size


def _header(data: bytearray) -> Tuple[str, int]:
    try:
        kind, size = chr(data[0]), int(bytes(data[1:_HEADER]), 16)
    except ValueError:
        raise Broken from None
    if kind not in "stepd" or not 0 <= size <= _LARGEST:
        raise Broken
    return kind, size


def _ending(code: int) -> str:
    return "killed by signal {}".format(-code) if code < 0 else "exit code {}".format(code)
