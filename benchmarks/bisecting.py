"""What it takes to find the step that mattered, beside one straight replay of the same recording.

    python benchmarks/bisecting.py [--steps 1000] [--rounds 3] [--strict]

So many trivial steps in bubblewrap, one of which makes the file that a command looks for. Both begin with a
file and end with their sandbox removed. At most 2.5 times as long, wherever the step is.

`--strict` exits with 1 when it is over its limit.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from going_back import recording
from measuring import Row, any_over, show

import trajcore


async def replayed(path: Path) -> float:
    """Milliseconds of a straight replay."""
    begun = time.perf_counter()
    report = await trajcore.areplay(path, sandbox="bubblewrap")
    taken = (time.perf_counter() - begun) * 1e3
    assert report.failure is None, report.failure
    return taken


async def bisected(path: Path, step: int) -> float:
    """Milliseconds of a bisect, which must find the step."""
    begun = time.perf_counter()
    found = await trajcore.abisect(path, command="test ! -e flag", sandbox="bubblewrap")
    taken = (time.perf_counter() - begun) * 1e3
    assert found.first is not None, found.fault
    assert found.first.step == step, (found.first, step)
    return taken


async def measured(count: int, rounds: int, directory: Path) -> list[Row]:
    """A row a place in which the step can be."""
    rows: list[Row] = []
    for share in (0.1, 0.5, 0.9):
        step = max(1, round(count * share))
        commands = ["touch flag" if number == step else "true" for number in range(1, count + 1)]
        path = directory / f"{step}.json"
        path.write_bytes(recording(*commands))
        straight = Row(f"a straight replay of {count} steps")
        ours = Row(f"a bisect that finds step {step}", straight, 2.5)
        for _ in range(rounds):
            straight.samples.append(await replayed(path))
            ours.samples.append(await bisected(path, step))
        rows += [straight, ours]
    return rows


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--strict", action="store_true", help="exit with 1 when it is over its limit")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        rows = asyncio.run(measured(chosen.steps, chosen.rounds, Path(directory)))
    show(rows)
    return int(chosen.strict and any_over(rows))


if __name__ == "__main__":
    sys.exit(main())
