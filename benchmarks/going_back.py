"""What it takes to go back, and what a checkpoint adds to the step that it follows.

    python benchmarks/going_back.py [--steps 100] [--rounds 5] [--image IMAGE] [--strict]

A recording whose every step appends a line to a file is stepped to its end, resting after each tenth step
so that checkpoints are taken; then the last step is taken back. Beside it, the same steps without
checkpoints, taking turns. `--strict` exits with 1 when something is over its limit.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from typing import Any, Final

from measuring import Row, any_over, show

from trajcore.errors import TrajError
from trajcore.sandbox.base import DEFAULT_IMAGE, SandboxSettings
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory

LIMITS: Final = {"docker": 2000.0, "bubblewrap": 1000.0}
ADDED: Final = 5.0
REST_EVERY: Final = 10


def recording(steps: int) -> Trajectory:
    """So many commands, each of which changes a file."""
    events: list[dict[str, Any]] = []
    for number in range(steps):
        command = f"echo {number} | tee -a log"
        id = len(events)
        metadata = {"exit_code": 0, "working_dir": "/workspace"}
        events.append({"id": id, "source": "agent", "action": "run", "args": {"command": command}})
        extras = {"command": command, "metadata": metadata}
        events.append({"id": id + 1, "source": "agent", "cause": id, "observation": "run",
                       "content": str(number), "extras": extras})  # fmt: skip
    return Trajectory.from_bytes(json.dumps(events).encode())


async def stepped(session: Session, steps: int) -> list[float]:
    """Milliseconds of each step, resting now and then."""
    taken = []
    for number in range(1, steps + 1):
        begun = time.perf_counter()
        session.step()
        await session.idle()
        taken.append((time.perf_counter() - begun) * 1e3)
        if number % REST_EVERY == 0 or number == steps - 1:
            await session.checkpointed()
    return taken


async def measured(kind: str, image: str, steps: int) -> tuple[float, float, float]:
    """Milliseconds of the way back, and of a step with checkpoints and without."""
    world = SandboxSettings(image=image)
    kept = Session(recording(steps), Settings(kind, world, checkpoints=24))
    plain = Session(recording(steps), Settings(kind, world))
    try:
        with_them, without = await stepped(kept, steps), await stepped(plain, steps)
        begun = time.perf_counter()
        kept.go_back(kept.back_to_step()[0])
        await kept.idle()
        back = (time.perf_counter() - begun) * 1e3
        assert kept.position == 2 * (steps - 1)
    finally:
        await kept.close()
        await plain.close()
    followed = [number - 1 for number in range(1, steps) if number % REST_EVERY == 0]
    return (
        back,
        sum(with_them[at] for at in followed) / len(followed),
        sum(without[at] for at in followed) / len(followed),
    )


async def compared(image: str, steps: int, rounds: int) -> list[Row]:
    """All rows of the table."""
    rows = []
    for kind, limit in LIMITS.items():
        back = Row(f"{kind}: step back at step {steps}", limit=limit, unit="ms")
        added = Row(f"{kind}: what a checkpoint adds to the step before it", limit=ADDED, unit="ms")
        rows += [back, added]
        try:
            for _ in range(rounds):
                way, with_them, without = await measured(kind, image, steps)
                back.samples.append(way)
                added.samples.append(with_them - without)
        except TrajError as error:
            back.fault = added.fault = str(error)
    return rows


def main() -> int:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--steps", type=int, default=100)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--image", default=DEFAULT_IMAGE)
    options.add_argument("--strict", action="store_true")
    chosen = options.parse_args()
    rows = asyncio.run(compared(chosen.image, chosen.steps, chosen.rounds))
    show(rows)
    return 1 if chosen.strict and any_over(rows) else 0


if __name__ == "__main__":
    sys.exit(main())
