"""What differs, as blocks of a view: made when it is looked at, since it may take long."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from functools import cached_property

from trajcore.views.blocks import Block, BlockKind
from trajcore.views.hunks import Hunk, Hunks, Pairs
from trajcore.views.words import Tone


class Heads(Block):
    """What stands above each of two sides; the right one is empty where there is one side alone."""

    def __init__(self, left: str, right: str = "") -> None:
        text = f"{left}\n{right}" if right else left
        self.__dict__.update(kind=BlockKind.HEADS, text=text, language="", folded=None, picture=None)
        self.__dict__.update(left=left, right=right)

    left: str
    right: str


class HunksBlock(Block):
    """The lines in which two texts differ; `most` limits how many hunks are shown."""

    def __init__(self, make: Callable[[], Hunks], key: Hashable, size: int, most: int | None = None) -> None:
        """`key`: what is made of the same is the same; `size`: how many characters are compared."""
        self.__dict__.update(kind=BlockKind.HUNKS, language="", folded=None, picture=None)
        self.__dict__.update(make=make, key=key, _size=size, _most=most)

    make: Callable[[], Hunks]
    key: Hashable

    @cached_property
    def hunks(self) -> Hunks:
        """They themselves; where the texts are long, to be asked for in a thread."""
        made: Hunks = self.__dict__["make"]()
        most: int | None = self.__dict__["_most"]
        return made if most is None else Hunks(made.hunks[:most])

    @cached_property
    def text(self) -> str:
        """All of them as lines, below each other."""
        lines = [line for hunk in self.hunks.hunks for line in as_lines(hunk)]
        rest = [self.hunks.behind.words if self.hunks.behind.lines else "", self.hunks.unread]
        return "\n".join([*lines, *filter(None, rest)])

    @property
    def size(self) -> int:
        """See `Block.size`."""
        size: int = self.__dict__["_size"]
        return size

    def __repr__(self) -> str:
        return f"<hunks of {self.size} characters>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HunksBlock) and self._essence == other._essence

    def __hash__(self) -> int:
        return hash(self._essence)

    @property
    def _essence(self) -> tuple[object, ...]:
        return self.__dict__["key"], self.__dict__["_most"]


def as_lines(hunk: Hunk) -> Iterator[str]:
    """A hunk as the lines of a unified diff, behind what is left out before it."""
    if hunk.gap.lines:
        yield hunk.gap.words
    if hunk.title:
        yield hunk.title
    for sign, number, right in one_below_the_other(hunk.pairs):
        pair = hunk.pairs[number]
        yield sign + ((pair.right if right else pair.left) or "")


Below = tuple[str, int, bool]
"""A sign, the number of a pair, and whether it is the right line of it."""


def one_below_the_other(pairs: Pairs) -> Iterator[Below]:
    """The lines of both sides, what goes before what comes; of what is the same on both, the right one.

    What was set aside is there of both sides where nothing else differs.
    """
    none_differs = not pairs.counted(Tone.CHANGED)
    coming: list[Below] = []
    for number in range(len(pairs)):
        tone, (left, right) = pairs.tone(number), pairs.sides(number)
        if tone is Tone.CHANGED:
            if left:
                yield "-", number, False
            if right:
                coming.append(("+", number, True))
            continue
        yield from coming
        coming = []
        sign = " " if tone is Tone.SAME else "≈"
        if left and (not right or (none_differs and pairs[number].left != pairs[number].right)):
            yield sign, number, False
        if right:
            yield sign, number, True
    yield from coming
