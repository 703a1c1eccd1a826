"""The table that every benchmark prints: what was measured, beside what, and whether it is within its limit.

Only ratios are judged. A ratio is the median of the ratios of pairs measured right after each other, so that
a machine that is busy or changes its speed meanwhile slows both sides of a pair alike.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field


class Unavailable(Exception):
    """What this machine does not offer, and why."""


@dataclass
class Row:
    """One line of the table: `peer` is what it is compared with, `limit` how many times that it may take.

    `samples` are milliseconds; the n-th was measured right after the n-th of the peer. Where `limit` is
    absolute (`unit` is then "ms"), it is a limit of the milliseconds themselves.
    """

    what: str
    peer: Row | None = None
    limit: float | None = None
    unit: str = "×"
    samples: list[float] = field(default_factory=list)
    fault: str | None = None

    @property
    def milliseconds(self) -> float | None:
        """The median of the samples."""
        return statistics.median(self.samples) if self.samples else None

    @property
    def ratio(self) -> float | None:
        """The median of the ratios to the peer's samples."""
        if self.peer is None or not self.samples or not self.peer.samples:
            return None
        pairs = zip(self.samples, self.peer.samples, strict=False)
        return statistics.median(ours / theirs for ours, theirs in pairs)

    @property
    def verdict(self) -> str:
        """`within`, `OVER`, `unavailable`, `no peer`, or nothing where there is nothing to judge."""
        if self.fault is not None:
            return "unavailable"
        judged = self.milliseconds if self.unit == "ms" else self.ratio
        if judged is None or self.limit is None:
            return "" if self.peer is None else "no peer"
        return "within" if judged <= self.limit else "OVER"

    def cells(self) -> list[str]:
        """The columns of its line."""
        return [
            self.what,
            "-" if self.milliseconds is None else f"{self.milliseconds:.3f}",
            "-" if self.ratio is None else f"{self.ratio:.1f}",
            "-" if self.limit is None else f"{self.limit:g}{' ms' if self.unit == 'ms' else ''}",
            self.verdict,
        ]


def show(rows: list[Row], unit: str = "ms") -> None:
    """Print the table, and below it why something is missing."""
    table = [["what", unit, "ratio", "limit", "verdict"], *(row.cells() for row in rows)]
    widths = [max(len(cells[column]) for cells in table) for column in range(5)]
    for cells in table:
        first, *numbers, verdict = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        numbers = [number.strip().rjust(width) for number, width in zip(numbers, widths[1:4], strict=True)]
        print("  ".join([first, *numbers, verdict]).rstrip())
    for row in rows:
        if row.fault is not None:
            print(f"{row.what}: {row.fault}")


def any_over(rows: list[Row]) -> bool:
    """Whether a row is over its limit."""
    return any(row.verdict == "OVER" for row in rows)
