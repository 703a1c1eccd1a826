"""What edits of a large recording cost, measured side by side in one run.

    python benchmarks/editing.py [--megabytes 119] [--edits 10000] [--rounds 5] [--strict]

- One flag of a file of 119 MB flipped and saved, beside writing the same bytes to a new file and waiting for
  the disk: at most 2.5 times as long. Opening the file is not part of it.
- The undo of 10,000 edits of a recording of 10,000 events, of which every tenth inserts, deletes or moves
  events: under a second in all.

`--strict` exits with 1 when one is over its limit.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from measuring import Row, any_over, show

from trajcore.trajectory import Trajectory

EVENTS: Final = 10_000


def recording(events: int, size: int) -> Iterator[str]:
    """The text of a list of commands and their answers, of about `size` bytes in all, event by event."""
    filling = "x" * max(0, 2 * size // events - 700)
    for number in range(0, events, 2):
        action: dict[str, Any] = {
            "id": number,
            "source": "agent",
            "message": f"Running command: echo {number}",
        }
        args = {"command": f"echo {number}", "is_input": False, "thought": "", "hidden": False}
        extras = {"command": f"echo {number}", "metadata": {"exit_code": 0}, "hidden": False}
        answer = {"id": number + 1, "source": "agent", "cause": number, "observation": "run"}
        yield json.dumps({**action, "action": "run", "args": args}, indent=1)
        yield json.dumps({**answer, "content": filling, "extras": extras}, indent=1)


def write(path: Path, size: int) -> None:
    """Write such a recording."""
    with path.open("w") as file:
        for number, event in enumerate(recording(EVENTS, size)):
            file.write((",\n" if number else "[\n") + event)
        file.write("\n]\n")


def milliseconds(begun: float) -> float:
    """Milliseconds since a time of `time.perf_counter`."""
    return (time.perf_counter() - begun) * 1000


def saving(size: int, rounds: int) -> list[Row]:
    """A flip and a save beside writing the bytes."""
    plain = Row(f"write {size / 1e6:.0f} MB and wait for the disk")
    ours = Row("flip a flag in them and save", plain, 2.5)
    with tempfile.TemporaryDirectory() as name:
        path, copy = Path(name) / "recording.json", Path(name) / "copy.json"
        write(path, size)
        trajectory = Trajectory.open(path)
        data = path.read_bytes()
        for number in range(rounds):
            begun = time.perf_counter()
            with copy.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            plain.samples.append(milliseconds(begun))
            begun = time.perf_counter()
            trajectory.flip(2 * number, "is_input")
            trajectory.save()
            ours.samples.append(milliseconds(begun))
    return [plain, ours]


def undoing(edits: int, rounds: int) -> list[Row]:
    """Many edits taken back."""
    row = Row(f"undo of {edits} edits of {EVENTS} events", limit=1000, unit="ms")
    data = f"[{','.join(recording(EVENTS, EVENTS * 1000))}]".encode()
    trajectory = Trajectory.from_bytes(data)
    for number in range(edits):
        edit(trajectory, number)
    for _ in range(rounds):
        begun = time.perf_counter()
        while trajectory.undo():
            pass
        row.samples.append(milliseconds(begun))
        if trajectory.to_bytes() != data:
            row.fault = "the original bytes did not come back"
        while trajectory.redo():
            pass
    return [row]


def edit(trajectory: Trajectory, number: int) -> None:
    """The n-th of many edits."""
    index = number * 7919 % (len(trajectory) - 3)
    if number % 10:
        trajectory.set_value(index, ("message",), f"edit {number}")
    elif number % 40 == 10:
        trajectory.delete([index])
    elif number % 40 == 20:
        trajectory.move([index], 1)
    else:
        trajectory.insert(index, [{"action": "message", "source": "user", "args": {"content": "and now?"}}])


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=119)
    parser.add_argument("--edits", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--strict", action="store_true", help="exit with 1 when one is over its limit")
    chosen = parser.parse_args()
    rounds = max(1, chosen.rounds)
    rows = [*saving(chosen.megabytes * 1_000_000, rounds), *undoing(max(1, chosen.edits), rounds)]
    show(rows)
    return int(chosen.strict and any_over(rows))


if __name__ == "__main__":
    sys.exit(main())
