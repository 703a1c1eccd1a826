"""What stands between the events of a JSON list: separators and, in lists of pairs, the pairs' own brackets.

A gap is split in three: what closes the member before it (`tail`), what separates two members, and
what opens the member behind it (`head`). In a plain list the whole gap is a separator.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from msgspec import Struct

_PARTS: Final = re.compile(rb"([^\[\]]*\])?(.*?)(\[[^\[\]]*)?\Z", re.DOTALL)
_SEPARATOR: Final = re.compile(rb"\s*,\s*")
_NULL: Final = re.compile(rb"\s*(?:null\s*,\s*|,\s*null)")


class Parts(NamedTuple):
    """A gap between two members of a list."""

    tail: bytes
    separator: bytes
    head: bytes


class Block(Struct, frozen=True):
    """The text around some events that are to be put in: before the first, between them, behind the last.

    `separator` comes between the block and its neighbour, where it has one of its own.
    """

    lead: bytes
    inner: tuple[bytes, ...]
    trail: bytes
    separator: bytes | None = None


class Patch(Struct, frozen=True):
    """Gaps that give way to others, from gap number `at` on."""

    at: int
    removed: tuple[bytes, ...]
    inserted: tuple[bytes, ...]


def _is_plain(gap: bytes) -> bool:
    """Whether a gap separates and does no more: pages have the ends of their lists in it."""
    return _SEPARATOR.fullmatch(gap) is not None or not gap.strip()


class Gaps:
    """The gaps of a list in order: before the first event, between every two, behind the last."""

    def __init__(self, texts: list[bytes], *, paired: bool, minified: bool, first: int = 0) -> None:
        """`first`: the gap before the first member; those before it stand for what is none."""
        self.texts = texts
        self._first = first
        self._paired = paired
        self._minified = minified

    def parts(self, at: int) -> Parts:
        """The three parts of a gap that is not inside of a pair."""
        gap = self.texts[at]
        found = _PARTS.match(gap) if self._paired else None
        if found is None:
            return Parts(b"", gap, b"")
        return Parts(found[1] or b"", found[2], found[3] or b"")

    def cut(self, begin: int, end: int) -> tuple[Patch, Block]:
        """Take events `begin` to `end` out, whole members of the list; and the text that they stood in."""
        last = len(self.texts) - 1
        before, after = self.parts(begin), self.parts(end)
        kept, dropped = before.separator, after.separator
        is_first = begin == self._first
        at_an_end = is_first or end == last
        if (end == last and not is_first) or (not at_an_end and _is_plain(kept) and not _is_plain(dropped)):
            kept, dropped = dropped, kept
        if not _is_plain(dropped):
            kept, dropped = before.separator + after.separator, b""
        inner = tuple(self.texts[begin + 1 : end])
        patch = Patch(begin, tuple(self.texts[begin : end + 1]), (before.tail + kept + after.head,))
        separator = dropped if (not is_first or end != last) and b"," in dropped else None
        return patch, Block(before.head, inner, after.tail, separator)

    def paste(self, at: int, block: Block) -> Patch:
        """Put a block in before event `at`, which begins a member of the list or is behind the last one."""
        last = len(self.texts) - 1
        here = self.parts(at)
        separator = block.separator if block.separator is not None else self.separator(at)
        if at == last:
            first = here.tail + separator + block.lead
            final = block.trail + here.separator + here.head
        else:
            first = here.tail + here.separator + block.lead
            final = block.trail + separator + here.head
        return Patch(at, (self.texts[at],), (first, *block.inner, final))

    def separator(self, at: int) -> bytes:
        """A separator of two members in the style of those near a place."""
        last, inside = len(self.texts) - 1, self._inside()
        for near in (at, at + 1, at - 1, at + 2, at - 2, at + 3, at - 3):
            if self._first < near < last and near not in inside:
                found = _SEPARATOR.search(self.parts(near).separator)
                if found:
                    return found[0]
        blank = self.parts(self._first).separator
        return b"," + (blank or (b"" if self._minified else b" "))

    def members(self) -> list[tuple[int, int]]:
        """The events of each member that holds several, as (first, behind the last)."""
        if not self._paired:
            return []
        found, begin, depth = [], 0, 0
        for at, gap in enumerate(self.texts):
            opened = depth > 0
            depth += gap.count(b"[") - gap.count(b"]")
            if not (opened and b"]" not in gap and b"[" not in gap):
                if at - begin > 1:
                    found.append((begin, at))
                begin = at
        return found

    def _inside(self) -> set[int]:
        """The gaps that are inside of members."""
        return {at for begin, end in self.members() for at in range(begin + 1, end)}

    def pairs_at(self, at: int) -> bool:
        """Whether the members around a place are pairs."""
        here = self.parts(at)
        return bool(here.tail or here.head)

    def paired_block(self, sizes: Sequence[tuple[int, bool]]) -> Block:
        """The text around new pairs: for each how many events it has, one or two, and whether the first is
        an action, in the style of the pairs that are there.
        """
        opening, between, closing = self._pair_style()
        null = between + b"null"
        separator = self.separator(len(self.texts) - 1)
        starts = [opening if acts else opening + b"null" + between for _, acts in sizes]
        ends = [closing if size > 1 or not acts else null + closing for size, acts in sizes]
        inner: list[bytes] = []
        for number, (size, _) in enumerate(sizes):
            if number:
                inner.append(ends[number - 1] + separator + starts[number])
            inner.extend([between] * (size - 1))
        return Block(starts[0], tuple(inner), ends[-1])

    def _pair_style(self) -> tuple[bytes, bytes, bytes]:
        """The texts that open a pair, stand in the middle of it and close it."""
        parts = [self.parts(at) for at in range(len(self.texts))]
        opening = next((_NULL.sub(b"", part.head) for part in parts if part.head), b"[")
        blank = opening[1:]
        closing = next((_NULL.sub(b"", part.tail) for part in parts if part.tail), b"]")
        found = (_SEPARATOR.search(self.texts[at]) for at in sorted(self._inside()))
        usual = b"," + (blank or (b"" if self._minified else b" "))
        between = next((separator[0] for separator in found if separator), usual)
        return opening, between, closing
