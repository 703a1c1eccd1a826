"""What a replayed step costs beside the same command without us, measured side by side in one run.

    python benchmarks/replay_overhead.py [--steps 1000] [--rounds 10] [--image IMAGE] [--strict]

Four ways to run `echo` many times, which take turns, `--rounds` turns each:

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
from typing import Any, Final, Protocol

from measuring import Row, Unavailable, any_over, show

from trajcore.errors import TrajError
from trajcore.replay.run import Status
from trajcore.sandbox.base import DEFAULT_IMAGE, SandboxSettings
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory

COMMAND: Final = b"echo hi; echo MARK\n"
MARK: Final = b"MARK\n"
BASH: Final = ("bash", "--noprofile", "--norc")
WARM_UP: Final = 10


class Way(Protocol):
    """One way of running commands, from `start` to `close`. `start` and `take` raise `Unavailable`."""

    async def start(self) -> None:
        """Make it ready for the first command."""

    async def take(self, steps: int) -> float:
        """Run the next `steps` commands; the answer is how many seconds they took."""

    async def close(self) -> None:
        """Remove what was made. May be called in any state."""


class Pipe:
    """One local bash, commands and output over pipes."""

    def __init__(self) -> None:
        self._bash: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """See `Way.start`."""
        self._bash = await asyncio.to_thread(_bash)

    async def take(self, steps: int) -> float:
        """See `Way.take`."""
        assert self._bash is not None
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        into, out = self._bash.stdin.fileno(), self._bash.stdout.fileno()
        return _asked(steps, lambda: os.write(into, COMMAND), lambda: os.read(out, 65536))

    async def close(self) -> None:
        """See `Way.close`."""
        if self._bash is not None:
            self._bash.kill()
            self._bash.communicate()


def _bash() -> subprocess.Popen[bytes]:
    return subprocess.Popen(BASH, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)


class Socket:
    """One bash in a container, commands and output over the attached socket of the Engine API."""

    def __init__(self, image: str) -> None:
        self._image = image
        self._client: Any = None
        self._container: Any = None
        self._connection: Any = None

    async def start(self) -> None:
        """See `Way.start`."""
        import docker
        from docker.errors import DockerException, ImageNotFound

        try:
            self._client = docker.from_env(timeout=60)
        except DockerException as error:
            raise Unavailable(f"no Docker engine answers ({error})") from None
        try:
            self._container = self._client.containers.create(
                self._image, list(BASH), stdin_open=True, network_mode="none"
            )
        except ImageNotFound:
            raise Unavailable(
                f"the Docker engine has no image {self._image}; name one with --image"
            ) from None
        except DockerException as error:
            raise Unavailable(f"no container can be made ({error})") from None
        attached = self._container.attach_socket(params={"stdin": 1, "stdout": 1, "stream": 1})
        self._container.start()
        self._connection = attached._sock

    async def take(self, steps: int) -> float:
        """See `Way.take`."""
        connection = self._connection
        return _asked(steps, lambda: connection.sendall(COMMAND), lambda: connection.recv(65536))

    async def close(self) -> None:
        """See `Way.close`."""
        if self._connection is not None:
            self._connection.close()
        if self._container is not None:
            self._container.remove(force=True)
        if self._client is not None:
            self._client.close()


def _asked(steps: int, write: Callable[[], Any], read: Callable[[], bytes]) -> float:
    """The frames of an attached socket hold the mark whole, so both kinds of stream are read alike."""
    begun = time.perf_counter()
    for _ in range(steps):
        write()
        seen = b""
        while not seen.endswith(MARK):
            piece = read()
            if not piece:
                raise Unavailable("the shell ended by itself")
            seen += piece
    return time.perf_counter() - begun


class Engine:
    """A session that replays a recording of `echo`s, every answer compared with the recorded one."""

    def __init__(self, sandbox: str, image: str, steps: int) -> None:
        settings = Settings(sandbox=sandbox, world=SandboxSettings(image=image))
        self._session = Session(Trajectory.from_bytes(recording(steps), "echo.json"), settings)

    async def start(self) -> None:
        """See `Way.start`."""
        await self._played(0)

    async def take(self, steps: int) -> float:
        """See `Way.take`."""
        begun = time.perf_counter()
        await self._played(steps)
        return time.perf_counter() - begun

    async def _played(self, steps: int) -> None:
        session = self._session
        target = session.position + 2 * steps
        try:
            if not steps:
                session.step()
            elif target >= len(session.trajectory):
                session.resume()
            else:
                session.run_to(target)
            await session.idle()
        except TrajError as error:
            raise Unavailable(str(error)) from None
        if session.failure is not None:
            raise Unavailable(str(session.failure))
        if any(result.status is not Status.MATCHED for result in session.run.results.values()):
            raise Unavailable(f"not every step matched: {session.summary()}")

    async def close(self) -> None:
        """See `Way.close`."""
        await self._session.close()


def recording(steps: int) -> bytes:
    """A trajectory of so many `echo`s and what they answered."""
    events: list[dict[str, Any]] = []
    for number in range(steps):
        action = {"id": 2 * number, "source": "agent", "action": "run", "args": {"command": f"echo {number}"}}
        extras = {"command": f"echo {number}", "metadata": {"exit_code": 0}}
        answer = {"id": 2 * number + 1, "source": "agent", "cause": 2 * number, "observation": "run"}
        events += [action, {**answer, "content": str(number), "extras": extras}]
    return json.dumps(events).encode()


def lanes(image: str, steps: int) -> list[tuple[Row, Way]]:
    """Each way behind the one that it is compared with."""
    pipe = Row("local bash over a pipe")
    socket = Row("bash in a container, attached socket")
    return [
        (pipe, Pipe()),
        (Row("replay in bubblewrap", pipe, 10), Engine("bubblewrap", image, steps)),
        (socket, Socket(image)),
        (Row("replay in docker", socket, 3), Engine("docker", image, steps)),
    ]


async def measure(image: str, steps: int, rounds: int) -> list[Row]:
    """Let the ways take turns."""
    each = max(1, steps // rounds)
    ways = lanes(image, 1 + WARM_UP + each * rounds)
    try:
        for row, way in ways:
            await _guarded(row, way.start())
            if row.fault is None:
                await _guarded(row, way.take(WARM_UP))
        for _ in range(rounds):
            for row, way in ways:
                seconds = None if row.fault else await _guarded(row, way.take(each))
                if seconds is not None:
                    row.samples.append(seconds / each * 1000)
    finally:
        for _, way in ways:
            await way.close()
    return [row for row, _ in ways]


async def _guarded(row: Row, work: Any) -> float | None:
    try:
        result: float | None = await work
    except Unavailable as fault:
        row.fault = str(fault)
        return None
    return result


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--image", default=os.environ.get("TRAJTUI_TEST_IMAGE", DEFAULT_IMAGE))
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a ratio is over its limit")
    chosen = parser.parse_args()
    if shutil.which("bash") is None:
        print("bash is not installed", file=sys.stderr)
        return 2
    rows = asyncio.run(measure(chosen.image, max(1, chosen.steps), max(1, chosen.rounds)))
    show(rows, "ms/step")
    return int(chosen.strict and any_over(rows))


if __name__ == "__main__":
    sys.exit(main())
