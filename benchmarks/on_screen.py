"""What `c` over many short steps takes on the screen, from the key to the summary, beside no screen at all.

    python benchmarks/on_screen.py [--steps 1000] [--rounds 5] [--image IMAGE] [--strict]

A recording of so many `true` is played in bubblewrap and in docker, in turns:

- by the engine alone, without telling what each step changed in files;
- by the engine as `replay --report` plays it, with that: at most 1.5 times as long;
- by the program in a pseudo-terminal of 160 x 48, which also keeps moments to go back to: at most twice
  what the report takes.

The sandbox is started by a step before. `--strict` exits with 1 when one is over its limit.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any, Final

from measuring import Row, any_over, show
from terminals import environment, running

from trajcore.errors import TrajError
from trajcore.sandbox.base import DEFAULT_IMAGE, SandboxSettings
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory

KINDS: Final = ("bubblewrap", "docker")


def recording(steps: int) -> bytes:
    """So many commands that do nothing."""
    events: list[dict[str, Any]] = []
    for _ in range(steps):
        id = len(events)
        extras = {"command": "true", "metadata": {"exit_code": 0}}
        events.append({"id": id, "source": "agent", "action": "run", "args": {"command": "true"}})
        events.append({"id": id + 1, "source": "agent", "cause": id, "observation": "run",
                       "content": "", "extras": extras})  # fmt: skip
    return json.dumps(events).encode()


async def alone(kind: str, image: str, trajectory: Trajectory, *, files: bool) -> float:
    """Milliseconds of all steps but the first, by the engine; `files`: as for a report."""
    world = SandboxSettings(image=image, track_files=files)
    session = Session(trajectory, Settings(kind, world))
    try:
        session.step()
        await session.idle()
        begun = time.perf_counter()
        session.resume()
        await session.idle()
        taken = (time.perf_counter() - begun) * 1e3
        if session.failure is not None:
            raise session.failure
        return taken
    finally:
        await session.close()


def on_screen(kind: str, image: str, file: Path, steps: int, variables: dict[str, str]) -> float:
    """Milliseconds from `c` to the summary of all steps."""
    arguments = ("-m", "trajtui", str(file), "--sandbox", kind, "--image", image)
    with running(arguments, variables, str(file.parent)) as program:
        program.wait(["true", "? keys"])
        program.press("s")
        program.wait(["── exit 0 ·", f"PAUSED   2/{2 * steps}"])
        begun = program.press("c")
        return (program.wait([f"{steps} steps: {steps} equal"]) - begun) * 1e3


def measured(kind: str, image: str, steps: int, rounds: int) -> list[Row]:
    """The three ways in a sandbox, in turns; the first turn is not counted."""
    plain = Row(f"{kind}: {steps} steps")
    report = Row(f"{kind}: with what each changed in files", plain, 1.5)
    screen = Row(f"{kind}: on the screen, beside that", report, 2.0)
    rows = [plain, report, screen]
    with environment() as (variables, directory):
        file = Path(directory, "short.json")
        data = recording(steps)
        file.write_bytes(data)
        try:
            for turn in range(-1, rounds):
                found = [
                    asyncio.run(alone(kind, image, Trajectory.from_bytes(data), files=False)),
                    asyncio.run(alone(kind, image, Trajectory.from_bytes(data), files=True)),
                    on_screen(kind, image, file, steps, variables),
                ]
                for row, taken in zip(rows, found, strict=True):
                    row.samples += [taken] if turn >= 0 else []
        except TrajError as error:
            for row in rows:
                row.fault = str(error)
    return rows


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--image", default=DEFAULT_IMAGE)
    parser.add_argument("--strict", action="store_true", help="exit with 1 when one is over its limit")
    chosen = parser.parse_args()
    rows = [row for kind in KINDS for row in measured(kind, chosen.image, chosen.steps, chosen.rounds)]
    show(rows)
    return int(chosen.strict and any_over(rows))


if __name__ == "__main__":
    sys.exit(main())
