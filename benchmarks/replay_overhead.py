"""What a replayed step costs beside the same command without us, measured side by side in one run.

    python benchmarks/replay_overhead.py [--steps 1000] [--rounds 3] [--image IMAGE] [--strict]

Four ways to run `echo` many times, each the best of some rounds that take turns:

- a local bash over a pipe, and the whole engine replaying a recording in bubblewrap: at most 10 times
  as long;
- a bash in a container over the Engine API's attached socket (no terminal), and the whole engine
  replaying the same recording in docker: at most 3 times as long.

Starting the sandbox is not part of a step and is left out. What cannot be had here is said and left out;
absolute times depend on the machine, so only ratios are judged. `--strict` exits with 1 when one is over.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from trajcore.errors import TrajError
from trajcore.replay.run import Status
from trajcore.sandbox.base import DEFAULT_IMAGE, SandboxSettings
from trajcore.session import Session, SessionSettings
from trajcore.trajectory import Trajectory

COMMAND = b"echo hi; echo MARK\n"
MARK = b"MARK\n"
BASH = ("bash", "--noprofile", "--norc")


class Unavailable(Exception):
    """A way that this machine does not offer, and why."""


class Way(Protocol):
    """Seconds that `steps` commands take."""

    def __call__(self, steps: int) -> float: ...


def over_a_pipe(steps: int) -> float:
    """One local bash, commands and output over pipes."""
    bash = subprocess.Popen(BASH, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    assert bash.stdin is not None
    assert bash.stdout is not None
    into, out = bash.stdin.fileno(), bash.stdout.fileno()
    try:
        return _asked(steps, lambda: os.write(into, COMMAND), lambda: os.read(out, 65536))
    finally:
        bash.kill()
        bash.communicate()


def over_a_socket(image: str) -> Way:
    """One bash in a container, commands and output over the attached socket of the Engine API."""

    def measure(steps: int) -> float:
        import docker
        from docker.errors import DockerException, ImageNotFound

        try:
            client = docker.from_env(timeout=60)
        except DockerException as error:
            raise Unavailable(f"no Docker engine answers ({error})") from None
        try:
            container = client.containers.create(image, list(BASH), stdin_open=True, network_mode="none")
        except ImageNotFound:
            client.close()
            raise Unavailable(f"the Docker engine has no image {image}; name one with --image") from None
        except DockerException as error:
            client.close()
            raise Unavailable(f"no container can be made ({error})") from None
        try:
            attached = container.attach_socket(params={"stdin": 1, "stdout": 1, "stream": 1})
            container.start()
            connection = attached._sock
            took = _asked(steps, lambda: connection.sendall(COMMAND), lambda: connection.recv(65536))
            attached.close()
            connection.close()
            return took
        finally:
            container.remove(force=True)
            client.close()

    return measure


def _asked(steps: int, write: Callable[[], Any], read: Callable[[], bytes]) -> float:
    """The frames of an attached socket hold the mark whole, so both kinds of stream are read alike."""

    def once() -> None:
        write()
        seen = b""
        while not seen.endswith(MARK):
            piece = read()
            if not piece:
                raise Unavailable("the shell ended by itself")
            seen += piece

    once()
    begun = time.perf_counter()
    for _ in range(steps):
        once()
    return time.perf_counter() - begun


def by_the_engine(sandbox: str, image: str) -> Way:
    """A session that replays a recording of as many `echo`s, every answer compared with the recorded one."""

    def measure(steps: int) -> float:
        return asyncio.run(_replayed(sandbox, image, steps))

    return measure


async def _replayed(sandbox: str, image: str, steps: int) -> float:
    settings = SessionSettings(sandbox=sandbox, world=SandboxSettings(image=image))
    session = Session(Trajectory.from_bytes(recording(steps + 1), "echo.json"), settings)
    try:
        session.step()
        await session.idle()
        if session.failure is not None:
            raise Unavailable(str(session.failure))
        begun = time.perf_counter()
        session.resume()
        await session.idle()
        took = time.perf_counter() - begun
        if session.failure is not None:
            raise Unavailable(str(session.failure))
        matched = sum(result.status is Status.MATCHED for result in session.run.results.values())
        if matched != steps + 1:
            raise Unavailable(f"not every step matched: {session.summary()}")
        return took
    except TrajError as error:
        raise Unavailable(str(error)) from None
    finally:
        await session.close()


def recording(steps: int) -> bytes:
    """A trajectory of so many `echo`s and what they answered."""
    events: list[dict[str, Any]] = []
    for number in range(steps):
        action = {"id": 2 * number, "source": "agent", "action": "run", "args": {"command": f"echo {number}"}}
        extras = {"command": f"echo {number}", "metadata": {"exit_code": 0}}
        answer = {"id": 2 * number + 1, "source": "agent", "cause": 2 * number, "observation": "run"}
        events += [action, {**answer, "content": str(number), "extras": extras}]
    return json.dumps(events).encode()


@dataclass
class Measured:
    """One row of the table: `peer` is what it is compared with, `limit` how many times that it may take."""

    what: str
    way: Way
    peer: Measured | None = None
    limit: float | None = None
    milliseconds: float | None = None
    fault: str | None = None

    def take(self, steps: int) -> None:
        if self.fault is not None:
            return
        try:
            taken = self.way(steps) / steps * 1000
        except Unavailable as fault:
            self.fault = str(fault)
            return
        self.milliseconds = min(taken, self.milliseconds or taken)

    @property
    def ratio(self) -> float | None:
        if self.peer is None or not self.peer.milliseconds or not self.milliseconds:
            return None
        return self.milliseconds / self.peer.milliseconds

    @property
    def verdict(self) -> str:
        if self.fault is not None:
            return "unavailable"
        if self.ratio is None or self.limit is None:
            return "" if self.peer is None else "no peer"
        return "within" if self.ratio <= self.limit else "OVER"

    def cells(self) -> list[str]:
        return [
            self.what,
            "-" if self.milliseconds is None else f"{self.milliseconds:.3f}",
            "-" if self.ratio is None else f"{self.ratio:.1f}",
            "-" if self.limit is None else f"{self.limit:g}",
            self.verdict,
        ]


def ways(image: str) -> list[Measured]:
    """Each way behind the one that it is compared with."""
    pipe = Measured("local bash over a pipe", over_a_pipe)
    socket = Measured("bash in a container, attached socket", over_a_socket(image))
    return [
        pipe,
        Measured("replay in bubblewrap", by_the_engine("bubblewrap", image), pipe, 10),
        socket,
        Measured("replay in docker", by_the_engine("docker", image), socket, 3),
    ]


def show(rows: list[Measured]) -> None:
    """The table, and below it why something is missing."""
    table = [["what", "ms/step", "ratio", "limit", "verdict"], *(row.cells() for row in rows)]
    widths = [max(len(cells[column]) for cells in table) for column in range(5)]
    for cells in table:
        first, *numbers, verdict = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        numbers = [number.strip().rjust(width) for number, width in zip(numbers, widths[1:4], strict=True)]
        print("  ".join([first, *numbers, verdict]).rstrip())
    for row in rows:
        if row.fault is not None:
            print(f"{row.what}: {row.fault}")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--image", default=os.environ.get("TRAJTUI_TEST_IMAGE", DEFAULT_IMAGE))
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a ratio is over its limit")
    chosen = parser.parse_args()
    if shutil.which("bash") is None:
        print("bash is not installed", file=sys.stderr)
        return 2
    rows = ways(chosen.image)
    for _ in range(max(1, chosen.rounds)):
        for row in rows:
            row.take(max(1, chosen.steps))
    show(rows)
    return int(chosen.strict and any(row.verdict == "OVER" for row in rows))


if __name__ == "__main__":
    sys.exit(main())
