"""What a search in a recording has found, and what would become of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from trajcore.errors import BadInput
from trajcore.events.kinds import TEXTS
from trajcore.search import Match, expanded, matches
from trajcore.text import safe_line
from trajcore.trajectory import Trajectory

SEARCHED: tuple[str, ...] = TEXTS
"""The names of the fields that are searched."""


@dataclass(frozen=True)
class MatchLine:
    """One match: where it is, what stands around it, what becomes of it. All of it is safe to draw."""

    label: str
    field: str
    before: str
    text: str
    replacement: str
    after: str


class Found:
    """The matches of one search."""

    def __init__(self, trajectory: Trajectory, found: Sequence[Match] = ()) -> None:
        self._trajectory = trajectory
        self.matches = found

    def __len__(self) -> int:
        return len(self.matches)

    @property
    def words(self) -> str:
        """How many there are in how many events."""
        count, events = len(self.matches), len({match.index for match in self.matches})
        return f"{count} match{'es' * (count != 1)} in {events} event{'s' * (events != 1)}"

    def check(self, replacement: str, *, first: bool = False) -> None:
        """Raises `BadInput` where the matches, or the `first`, cannot become `replacement`."""
        for match in self.matches[:1] if first else self.matches:
            expanded(match, replacement)

    def line(self, number: int, replacement: str) -> MatchLine:
        """A match, and what it would become."""
        match = self.matches[number]
        try:
            by = expanded(match, replacement)
        except BadInput:
            by = replacement
        return MatchLine(
            label=self._trajectory.label(match.index),
            field=match.field,
            before=safe_line(match.before),
            text=safe_line(match.text),
            replacement=safe_line(by),
            after=safe_line(match.after),
        )


def found(
    trajectory: Trajectory,
    pattern: str,
    *,
    regex: bool = False,
    case: bool = True,
    fields: Collection[str] | None = None,
    indices: Sequence[int] | None = None,
) -> Found:
    """Search what actions say: see `trajcore.search.matches`. Raises `BadInput`."""
    return Found(
        trajectory,
        matches(trajectory, pattern, regex=regex, case=case, fields=fields, indices=indices),
    )
