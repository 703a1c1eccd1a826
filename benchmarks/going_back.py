"""What it takes to go back, and what it costs a step that there is a way back to it.

    python benchmarks/going_back.py [--rounds 5] [--seconds 3] [--image IMAGE] [--strict]

In docker and in bubblewrap:

- `S`, from the key to PAUSED, behind 100 small steps and behind a long one (of so many seconds), each beside
  `docker run` of an image that was committed: at most 0.8 times as long. The world is looked at afterwards;
- `S` behind the removal of 10,000 files and 500 MB, beside the time that is said before it (2 s, where less
  is said): no longer;
- what keeping each moment adds to a step that changes three files in a world where 1,000 have changed: at
  most 1 ms, and 0.2 ms for each further file. Beside it are the same steps of a session that keeps nothing,
  but tells what each changed, taking turns; first by the engine alone, then on the screen.

`--strict` exits with 1 when something is over its limit.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from measuring import Row, any_over, show
from terminals import environment, running

from trajcore.errors import TrajError
from trajcore.sandbox.base import DEFAULT_IMAGE, SandboxSettings
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory

KINDS: Final = ("bubblewrap", "docker")
SMALL: Final = 100
STEPS: Final = 200
FEW, MANY = 3, 53
MADE: Final = "mkdir -p many; for i in {1..1000}; do echo $i > many/$i; done"
LARGE: Final = "mkdir large; head -c 50000 /dev/zero | tee large/{1..10000} >/dev/null; sync"
UNSAID: Final = 2000.0
"""Milliseconds that a way back may take of which less was said."""


def recording(*commands: str) -> bytes:
    """These commands, in order."""
    events: list[dict[str, Any]] = []
    for command in commands:
        id = len(events)
        metadata = {"exit_code": 0, "working_dir": "/workspace"}
        events.append({"id": id, "source": "agent", "action": "run", "args": {"command": command}})
        extras = {"command": command, "metadata": metadata}
        events.append({"id": id + 1, "source": "agent", "cause": id, "observation": "run",
                       "content": "", "extras": extras})  # fmt: skip
    return json.dumps(events).encode()


def opened(kind: str, image: str, *commands: str, checkpoints: int = 24) -> Session:
    """A session of these commands."""
    world = SandboxSettings(image=image, track_files=True)
    return Session(
        Trajectory.from_bytes(recording(*commands)), Settings(kind, world, checkpoints=checkpoints)
    )


def committed(image: str) -> Callable[[], float]:
    """Milliseconds of `docker run` of an image that was committed, until a command in it has run."""
    import docker

    client = docker.from_env()
    container = client.containers.create(image, ["true"])
    made = container.commit("trajtui-benchmark", "going-back")
    container.remove()

    def run() -> float:
        begun = time.perf_counter()
        started = client.containers.run(
            made.id, ["sleep", "60"], detach=True, network_mode="none", labels={"trajtui-benchmark": "1"}
        )
        taken = (time.perf_counter() - begun) * 1e3
        started.remove(force=True)
        return taken

    return run


async def back(kind: str, image: str, *commands: str) -> tuple[float, float]:
    """Milliseconds of `S` behind these commands, and those that may be expected of what was said before.

    The world must be what it was behind the last but one of them.
    """
    session = opened(kind, image, *commands)
    try:
        for _ in range(len(commands) - 1):
            session.step()
            await session.idle()
        before = await looked_at(session)
        session.step()
        await session.idle()
        begun = time.perf_counter()
        route = session.back_to_step()[0]
        session.go_back(route)
        await session.idle()
        taken = (time.perf_counter() - begun) * 1e3
        if session.failure is not None:
            raise session.failure
        assert route.steps == 0, route
        assert await looked_at(session) == before
        return taken, max(route.seconds * 1e3, UNSAID)
    finally:
        await session.close()


async def looked_at(session: Session) -> str:
    """The workspace, by names, modes and times, and what its small files hold."""
    sandbox = await session._replay.world.ready()
    told: str = await sandbox.files.output(  # type: ignore[attr-defined]
        r"cd /workspace; { find . -printf '%p %T@ %m\n'; find . -type f -size -2 -exec md5sum {} +; } "
        "| sort | md5sum"
    )
    return told


async def a_step(kind: str, image: str, files: int, checkpoints: int) -> float:
    """Milliseconds of a step that changes so many files, in a world where 1,000 have changed."""
    change = f"for i in {{1..{files}}}; do echo $RANDOM > many/$i; done"
    session = opened(kind, image, MADE, *[change] * STEPS, checkpoints=checkpoints)
    try:
        session.step()
        await session.idle()
        begun = time.perf_counter()
        session.resume()
        await session.idle()
        return (time.perf_counter() - begun) * 1e3 / STEPS
    finally:
        await session.close()


def a_step_on_screen(
    kind: str, image: str, directory: Path, variables: dict[str, str], *, kept: bool
) -> float:
    """The same of three files, from the key `c` to the summary."""
    change = f"for i in {{1..{FEW}}}; do echo $RANDOM > many/$i; done"
    file = directory / "steps.json"
    file.write_bytes(recording(MADE, *[change] * STEPS))
    config = directory / "config.toml"
    config.write_text(f"[trajtui]\ncheckpoints = {24 if kept else 0}\n")
    arguments = ("-m", "trajtui", str(file), "--sandbox", kind, "--image", image, "--config", str(config))
    with running(arguments, variables, str(directory)) as program:
        program.wait(["RANDOM", "? keys"])
        program.press("s")
        program.wait(["── exit 0 ·", "PAUSED   2/"])
        begun = program.press("c")
        return (program.wait([f"{STEPS + 1} steps: {STEPS + 1} equal"]) - begun) * 1e3 / STEPS


def compared(kind: str, image: str, rounds: int, seconds: float) -> list[Row]:
    """All rows of one sandbox."""
    run = Row("docker run from a commit")
    small = Row(f"{kind}: S behind {SMALL} small steps", run, 0.8)
    long = Row(f"{kind}: S behind a step of {seconds:g} s", run, 0.8)
    said = Row(f"{kind}: said of 10,000 files and 500 MB")
    large = Row(f"{kind}: S behind them", said, 1.0)
    few = Row(f"{kind}: added to a step of {FEW} files", limit=1.0, unit="ms")
    more = Row(f"{kind}: added by each further file", limit=0.2, unit="ms")
    screen = Row(f"{kind}: added to a step of {FEW} files, on the screen", limit=1.0, unit="ms")
    rows = [run, small, long, said, large, few, more, screen]
    try:
        peer = committed(image)
        appending = [f"echo $RANDOM {number} >> log" for number in range(SMALL)]
        for _ in range(rounds):
            run.samples.append(peer())
            small.samples.append(asyncio.run(back(kind, image, *appending))[0])
            long.samples.append(asyncio.run(back(kind, image, "date > a", f"date > b; sleep {seconds}"))[0])
            added = [
                asyncio.run(a_step(kind, image, files, 24)) - asyncio.run(a_step(kind, image, files, 0))
                for files in (FEW, MANY)
            ]
            few.samples.append(added[0])
            more.samples.append((added[1] - added[0]) / (MANY - FEW))
            with environment() as (variables, directory):
                ways = [
                    a_step_on_screen(kind, image, Path(directory), variables, kept=kept)
                    for kept in (True, False)
                ]
            screen.samples.append(ways[0] - ways[1])
            taken, expected = asyncio.run(back(kind, image, LARGE, "rm -rf large"))
            said.samples.append(expected)
            large.samples.append(taken)
    except TrajError as error:
        for row in rows:
            row.fault = str(error)
    return rows


def main() -> int:
    """Measure and print."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=3.0)
    options.add_argument("--image", default=DEFAULT_IMAGE)
    options.add_argument("--kind", choices=KINDS, action="append")
    options.add_argument("--strict", action="store_true", help="exit with 1 when one is over its limit")
    chosen = options.parse_args()
    rows = [
        row
        for kind in chosen.kind or KINDS
        for row in compared(kind, chosen.image, chosen.rounds, chosen.seconds)
    ]
    show(rows)
    return int(chosen.strict and any_over(rows))


if __name__ == "__main__":
    sys.exit(main())
