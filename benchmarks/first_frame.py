"""How long a recording takes from the command to its first frame, beside an empty Textual app.

    python benchmarks/first_frame.py [--megabytes 119] [--events 100000] [--rounds 15] [--strict]

Each program is a process of its own in a pseudo-terminal of 160 x 48, its bytecode cached. The time goes
from its start until the first row of the timeline and the footer have been written; for the empty app, a
header and a footer.

- the bundled demo.json: at most 1.6 times an empty app;
- a file of 119 MB with 10,000 events, and one with 100,000 small events: at most 1.5 times an empty app,
  and 3 times what splitting the file into its events takes (msgspec, from memory).

`--strict` exits with 1 when one is over its limit.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from editing import milliseconds, recording
from measuring import Row, any_over, show
from terminals import environment, running

DEMO: Final = Path(__file__).parent.parent / "sample_trajectories" / "demo.json"

EMPTY: Final = """
from textual.app import App
from textual.widgets import Footer, Header

class Empty(App):
    TITLE = "an empty app"

    def compose(self):
        yield Header()
        yield Footer()

Empty().run()
"""


@dataclass(frozen=True)
class Program:
    """What is started, and the texts that are on the screen when its first frame is complete."""

    arguments: Sequence[str]
    marks: Sequence[str]

    def first_frame(self, environment: dict[str, str], directory: str) -> float:
        """Milliseconds from the start to the first complete frame. Raises `TimeoutError`."""
        with running(self.arguments, environment, directory) as program:
            return (program.wait(self.marks) - program.begun) * 1e3


def write(path: Path, events: int, size: int) -> Path:
    """Write a recording of so many events and about so many bytes."""
    with path.open("w") as file:
        for number, event in enumerate(recording(events, size)):
            file.write((",\n" if number else "[\n") + event)
        file.write("\n]\n")
    return path


def split(path: Path) -> float:
    """Milliseconds that it takes to split a file that is in memory into the bytes of its events."""
    data = path.read_bytes()
    begun = time.perf_counter()
    msgspec.json.decode(data, type=list[msgspec.Raw])
    return milliseconds(begun)


def opening(path: Path, first_row: str) -> Program:
    """trajtui on a file, whose first row holds that text."""
    return Program(("-m", "trajtui", str(path)), (first_row, "? keys"))


def measured(size: int, events: int, rounds: int) -> list[Row]:
    """Everything, in rounds of one of each; the first round fills the caches and is not counted."""
    empty_app = Program(("-c", EMPTY), ("an empty app", "palette"))
    empty = Row("an empty Textual app")
    demo = Row("demo.json", empty, 1.6)
    rows = [empty, demo]
    with environment() as (variables, directory):
        files = [
            (f"{size / 1e6:.0f} MB, 10000 events", write(Path(directory, "large.json"), 10_000, size)),
            (f"{events} small events", write(Path(directory, "many.json"), events, events * 300)),
        ]
        programs = [(demo, opening(DEMO, "Write top_words.sh"))]
        splits = []
        for what, path in files:
            allowed = Row(f"1.5 empty apps and 3 splits of {what}")
            ours = Row(what, allowed, 1)
            programs.append((ours, opening(path, "echo 0 ")))
            splits.append((allowed, path))
            rows += [allowed, ours]
        for number in range(-1, rounds):
            apps = empty_app.first_frame(variables, directory)
            found = [(empty, apps)]
            found += [(row, 1.5 * apps + 3 * split(path)) for row, path in splits]
            found += [(row, program.first_frame(variables, directory)) for row, program in programs]
            for row, taken in found if number >= 0 else ():
                row.samples.append(taken)
    return rows


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=119)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--strict", action="store_true", help="exit with 1 when one is over its limit")
    chosen = parser.parse_args()
    rows = measured(chosen.megabytes * 1_000_000, chosen.events, max(1, chosen.rounds))
    show(rows)
    return int(chosen.strict and any_over(rows))


if __name__ == "__main__":
    sys.exit(main())
