"""Stretches of rows below each other, each laid out once: what panes that grow are made of."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trajcore.views.blocks import Block
    from trajcore.views.chat import ChatPart
    from trajtui.widgets.blocks import Row, Rows


@dataclass(eq=False)
class Segment:
    """Rows that belong together: who speaks, and below that what."""

    head: Rows
    body: Sequence[Row] = field(default_factory=list)
    key: Hashable | None = None
    """By which it is known whether it is unfolded, where it can be."""
    later: Callable[[], Sequence[Row]] | None = None
    """Makes its body, where that takes too long to be done while a user waits for a key."""
    part: ChatPart | None = None
    picture: Block | None = None
    """The block of the picture that it shows."""
    widest: int = 0
    """The cells of its widest row, where it is not wrapped."""

    def __len__(self) -> int:
        return len(self.head) + len(self.body)

    def __getitem__(self, number: int) -> Row:
        own = len(self.head)
        return self.head[number] if number < own else self.body[number - own]


class Segments:
    """Segments below each other, and which row belongs to which."""

    def __init__(self) -> None:
        self.all: list[Segment] = []
        self._starts: list[int] = [0]

    def __len__(self) -> int:
        return self._starts[-1]

    def set(self, first: int, segments: Sequence[Segment]) -> int:
        """These take the place of all from number `first` on; the row at which they begin."""
        self.all[first:] = segments
        return self.resized(first)

    def resized(self, first: int) -> int:
        """Segments from number `first` on have other rows; the row at which that one begins."""
        del self._starts[first + 1 :]
        at = self._starts[-1]
        for segment in self.all[first:]:
            at += len(segment)
            self._starts.append(at)
        return self._starts[first]

    def at(self, row: int) -> int:
        """The number of the segment that a row belongs to."""
        return max(0, min(bisect_right(self._starts, row) - 1, len(self.all) - 1))

    def start(self, number: int) -> int:
        """The first row of a segment."""
        return self._starts[number]

    def row(self, row: int) -> Row:
        """What stands in a row."""
        number = self.at(row)
        return self.all[number][row - self._starts[number]]
