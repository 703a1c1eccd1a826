"""How many of the texts that vary pass for the same, and how many of those that differ do not.

    python benchmarks/comparing.py [--strict] [--verbose]

Over real commands recorded through a terminal and again raw, and over pairs as programs write them
(`tests/oracles`). Recall is the share of what does the same twice that is no divergence, precision the share
of what passes that may. `--strict` exits with 1 where one of them is below 1.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from oracles.comparing.pairs import Pair, command_pairs, written_pairs


def main() -> int:
    """Print the table; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("--verbose", action="store_true", help="each pair that is taken for what it is not")
    options = parser.parse_args()
    pairs = [*command_pairs(), *written_pairs()]
    wrong = [pair for pair in pairs if pair.passes != pair.same]
    passing = [pair for pair in pairs if pair.passes]
    same = [pair for pair in pairs if pair.same]
    print(f"pairs      {len(pairs):6}  of {len({pair.program for pair in pairs if pair.program})} programs")
    print(f"precision  {_share(passing, [pair for pair in passing if pair.same]):6.4f}")
    print(f"recall     {_share(same, [pair for pair in same if pair.passes]):6.4f}")
    for pair in wrong if options.verbose else ():
        print(f"{'differs' if pair.same else 'passes '}  {pair.name}: {pair.comparison.reason}")
    return int(options.strict and bool(wrong))


def _share(of: list[Pair], found: list[Pair]) -> float:
    return len(found) / len(of) if of else 1.0


if __name__ == "__main__":
    sys.exit(main())
