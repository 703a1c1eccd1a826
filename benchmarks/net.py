"""The net under a large change: what an old checkout writes and what this one writes, byte by byte.

    python benchmarks/net.py OLD [--recordings PATH ...] [--only GROUP] [--sample N] [--match REGEX]
                                 [--expect FILE] [--jobs N] [--most N]

OLD is a checkout of an earlier state. Both run the same commands (`net_parts/commands.py`: `show`,
`show --check`, every verb of `edit`, `replay` in the recorded sandbox, saved runs and what becomes of them)
over the samples, the recordings that are named, and made-up ones (`net_parts/documents.py`). A recording is a
file of any name, or a directory with `events/` in it; all are copied first. Without --recordings those beside
the repository are taken, where there are any.

Compared are the exit code, what is printed, and every file that is written. Only these are levelled: the
names of the two checkouts and of the directory in which they work, and the durations of a report. Time and
chance are frozen (`net_parts/driver.py`). Sandboxes, screens and models are not in the net.

--expect names a file of regular expressions, one a line, `#` before a remark: a command line in which one is
found may differ. The exit code is 1 where another one does, and 2 where nothing could be compared.
"""

from __future__ import annotations

import argparse
import os
import queue
import re
import signal
import sys
import tempfile
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from net_parts.checkouts import RECORDINGS, Pair, Result, Unusable
from net_parts.commands import GROUPS, Recording, without_recording
from net_parts.recordings import gather
from net_parts.telling import Expected, Tally

ROOT: Final = Path(__file__).resolve().parent.parent
SAMPLES: Final = ROOT / "sample_trajectories"
BESIDE: Final = tuple(ROOT.parent / "shared" / name for name in ("trajectories", "cases"))

SAMPLE: Final = 8
"""Edits are tried on so many events of a recording."""


class Net:
    """Pairs of interpreters, each of which takes one recording after another."""

    def __init__(self, pairs: Sequence[Pair], groups: Collection[str], sample: int) -> None:
        self._free: queue.SimpleQueue[Pair] = queue.SimpleQueue()
        for pair in pairs:
            self._free.put(pair)
        self._jobs = len(pairs)
        self._groups = groups
        self._sample = sample

    def cast(self, work: Sequence[Recording | None]) -> Iterator[Result]:
        """What is found in each recording, in order; None stands for what needs none."""
        with ThreadPoolExecutor(self._jobs) as threads:
            yield from threads.map(self._examine, work)

    def _examine(self, recording: Recording | None) -> Result:
        result, pair = Result(), self._free.get()
        try:
            if recording is None:
                commands = without_recording(f"{RECORDINGS}/missing.json")
                pair.compare((each for each in commands if each.group in self._groups), result)
                return result
            for part in pair.read(recording):
                commands = part.commands(self._sample)
                pair.compare((each for each in commands if each.group in self._groups), result)
            return result
        finally:
            self._free.put(pair)


@contextmanager
def pairs(chosen: argparse.Namespace, directory: Path) -> Iterator[list[Pair]]:
    """As many pairs of interpreters as were asked for, each in directories of its own."""
    checkouts, recordings = (chosen.old, ROOT), directory / RECORDINGS
    made = [
        Pair(checkouts, directory / str(number), recordings, chosen.patience) for number in range(chosen.jobs)
    ]
    try:
        yield made
    finally:
        for pair in made:
            pair.close()


def compare(chosen: argparse.Namespace, directory: Path) -> int:
    """Run all that was chosen, tell what differs and give the exit code. Raises `Unusable`."""
    tally = Tally(Expected(chosen.expect), chosen.most)
    work: list[Recording | None] = [None, *gather((SAMPLES, *chosen.recordings), directory / RECORDINGS)]
    if chosen.match is not None:
        work = [each for each in work if each is not None and chosen.match.search(each.path)]
    if not work:
        raise Unusable("there is no recording of such a name.")
    with pairs(chosen, directory) as made:
        net = Net(made, chosen.only or GROUPS, chosen.sample)
        for number, result in enumerate(net.cast(work), 1):
            tally.add(result)
            if sys.stderr.isatty():
                print(f"\r{number}/{len(work)} ", end="", file=sys.stderr, flush=True)
    return tally.sum_up()


def options() -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("old", metavar="OLD", type=Path, help="a checkout of an earlier state")
    parser.add_argument("--recordings", type=Path, nargs="*", metavar="PATH",
                        default=[path for path in BESIDE if path.is_dir()],
                        help="files and directories, beside the samples and what is made up")  # fmt: skip
    parser.add_argument("--only", choices=GROUPS, action="append", help="run these commands; may be repeated")
    parser.add_argument("--sample", type=int, metavar="N", default=SAMPLE,
                        help=f"edit so many events of a recording at the most [{SAMPLE}]")  # fmt: skip
    parser.add_argument("--match", type=re.compile, metavar="REGEX", help="take recordings with such a name")
    parser.add_argument("--expect", type=Path, metavar="FILE", help="differences that are wanted")
    parser.add_argument("--jobs", type=int, metavar="N", default=max(1, (os.cpu_count() or 1) // 2),
                        help="so many pairs of interpreters at a time [half of the processors]")  # fmt: skip
    parser.add_argument("--most", type=int, metavar="N", default=40, help="print at most so many [40]")
    parser.add_argument("--patience", type=float, metavar="S", default=60, help="for each command, in s [60]")
    chosen = parser.parse_args()
    chosen.old = chosen.old.resolve()
    chosen.jobs = max(1, chosen.jobs)
    return chosen


def main() -> int:
    """Compare two checkouts."""
    chosen = options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with tempfile.TemporaryDirectory(prefix="net-") as name:
            return compare(chosen, Path(name).resolve())
    except (Unusable, OSError) as error:
        print(f"net: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
