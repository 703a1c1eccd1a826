"""`trajtui serve` as a process of its own, asked as a browser would ask it, or somebody else."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from program import PROGRAM

UPGRADE = {
    "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}  # fmt: skip


class Served:
    """A server that runs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        self.said = json.loads(process.stdout.readline())
        self.url: str = self.said["url"]
        self.port: int = self.said["port"]
        self.path = urlsplit(self.url).path
        self.websockets: list[http.client.HTTPConnection] = []

    def asked(self, path: str, **headers: str) -> http.client.HTTPResponse:
        """The answer to a GET with these headers. Where a websocket was opened, it stays open."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        if answer.status == 101:
            self.websockets.append(connection)
        else:
            answer.read()
            connection.close()
        return answer

    def tabs(self) -> list[int]:
        """The processes of its tabs."""
        return children(self.process.pid)

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Its exit code, once it is told to end and has."""
        self.process.send_signal(number)
        return self.process.wait(60)


@contextmanager
def served(file: Path | str, *options: str, **environment: str) -> Iterator[Served]:
    """Serve a recording; at the end the server is ended, unless it has been."""
    process = subprocess.Popen(
        [PROGRAM, "serve", file, "--json", *options],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **environment}, start_new_session=True,
    )  # fmt: skip
    server = None
    try:
        server = Served(process)
        yield server
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        for connection in server.websockets if server is not None else ():
            connection.close()


def children(process: int) -> list[int]:
    """The processes that a process has begun, in whichever thread, and that have not ended."""
    found = []
    for threads in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            found += [int(word) for word in threads.read_text().split()]
    return found


def below(process: int) -> list[int]:
    """Those, what they have begun, and so on."""
    return [one for child in children(process) for one in (child, *below(child))]


def is_there(process: int) -> bool:
    """Whether a process has not ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(reached: Callable[[], object], seconds: float = 30) -> None:
    """Return as soon as something is so; fail where it does not come."""
    deadline = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds} s in vain")
        time.sleep(0.05)
