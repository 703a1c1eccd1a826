"""Programs that have been imported already: forked off a server (`tests/warmserver.py`), not started.

The server of a worker is started with its first request, and ends with the worker, however that ends. It
declines where what is decided before a program runs would be otherwise; who asked starts the program then.

Run as a script, this stands in the place of the process of models: it asks for a fork of that and is, as far
as anybody sees, what it asked for. Hence nothing is imported here that takes long.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

PROGRAM = Path(sys.executable).with_name("trajtui")
IS_POSSIBLE = hasattr(os, "pidfd_open")

_ENVIRONMENT = dict(os.environ)
"""What the server is started with: no test has changed it yet."""


class Forked:
    """A program that is running, as `subprocess.Popen` has it."""

    def __init__(self, link: socket.socket, pid: int, process: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._link = link
        self._process = process

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, negative for a signal. Raises `TimeoutError`."""
        if self.returncode is None:
            self._link.settimeout(timeout)
            told = self._link.recv(64)
            if not told:
                raise ChildProcessError("the server of tests/warmserver.py has ended before the program")
            self.returncode = int(told)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """As usual; nothing where it has ended."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._process, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Forked:
        return self

    def __exit__(self, *_: object) -> None:
        self.wait()
        self._link.close()
        os.close(self._process)


def fork(
    address: str,
    arguments: Sequence[str],
    streams: tuple[int, int, int],
    environment: Mapping[str, str],
    directory: str | Path = ".",
) -> Forked | None:
    """Have the server there run its program with these standard streams; None where it declines."""
    link = socket.socket(socket.AF_UNIX)
    place = os.open(directory, os.O_PATH | os.O_DIRECTORY)
    asked = {"arguments": arguments, "environment": dict(environment), "umask": _umask()}
    try:
        link.connect(address.replace("@", "\0", 1))
        socket.send_fds(link, [b"."], [place, *streams])
        link.sendall(json.dumps(asked).encode() + b"\n")
        told, process, _, _ = socket.recv_fds(link, 64, 1)
    except OSError:
        told = b""
    finally:
        os.close(place)
    if not told:
        link.close()
        return None
    return Forked(link, int(told), process[0])


def _umask() -> int:
    """That of this process, which other threads are not to see changed."""
    with Path("/proc/self/status").open() as file:
        return int(next(line for line in file if line.startswith("Umask:")).split()[1], 8)


# In the worker


@functools.cache
def address() -> str:
    """Where the server of this worker is asked; it is started here, before any other thread could."""
    import subprocess

    ours, theirs = socket.socketpair()
    command = [sys.executable, str(Path(__file__).with_name("warmserver.py")), str(theirs.fileno())]
    with theirs:
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=[theirs.fileno()],
            env=_ENVIRONMENT,
        )  # fmt: skip
    with ours.makefile() as told:
        found = told.readline().strip()

    def end() -> None:
        ours.close()
        server.wait()

    atexit.register(end)
    return found


# In the place of the process of models


def _stand_in(address: str, *command: str) -> None:
    running = fork(address, command, (0, 1, 2), os.environ)
    if running is None:
        os.execv(command[0], command)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    code = running.wait()
    if code < 0:
        os.kill(os.getpid(), -code)
    os._exit(code)


if __name__ == "__main__":
    _stand_in(*sys.argv[1:])
