"""An edit under construction: each change is made at once, and all are taken back where one fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise

from trajcore.dialects.base import Copied, Inserted, Moved, RecordChange, Refiled, Removed, Rewritten
from trajcore.document.body import Body
from trajcore.document.edits import Change, Piece, Rewrite, Seen, Splice
from trajcore.formats.json.difference import difference
from trajcore.formats.json.gaps import Block


class Composer:
    """Makes changes of a body and remembers them."""

    def __init__(self, body: Body, apply: Callable[[Change], None]) -> None:
        self.changes: list[Change] = []
        self.seen: Seen | None = None
        """What they did to the events, where that is known apart from them."""
        self._body = body
        self._apply = apply

    def carry_out(self, change: RecordChange) -> None:
        """Make a change as a dialect asks for it."""
        match change:
            case Rewritten(record, text):
                self.rewrite(record, text)
            case Inserted(at, texts, sizes):
                self.insert(at, texts, sizes or [(1, True)] * len(texts))
            case Removed(records):
                self.delete(records)
            case Moved(records, place):
                self.move(records, place)
            case Copied(records, texts, at):
                self.copy(records, texts, at)
            case Refiled(record):
                self.refile(record)

    def rewrite(self, index: int, after: bytes) -> None:
        """Give a record another text."""
        before = self._body.raw(index)
        if before != after:
            self.make(Rewrite(index, *difference(before, after)))

    def insert(self, at: int, raws: Sequence[bytes], sizes: Sequence[tuple[int, bool]]) -> None:
        """Put new records in before record `at`. `sizes` says how they go in pairs, where there are pairs."""
        pieces = tuple(map(self._body.new_piece, raws))
        if self._body.is_store:
            self.make(Splice(at, inserted=pieces))
            return
        gaps = self._body.gaps
        if gaps.pairs_at(at):
            block = gaps.paired_block(sizes)
        else:
            block = Block(b"", (gaps.separator(at),) * (len(pieces) - 1), b"")
        self._paste(at, pieces, block)

    def delete(self, indices: Sequence[int]) -> None:
        """Take records out, whole members of the list."""
        gone = 0
        for begin, end in runs(indices):
            self._cut(begin - gone, end - gone)
            gone += end - begin

    def move(self, indices: Sequence[int], place: int) -> None:
        """Take records out and put them in again before record number `place` of those that stay."""
        pieces = tuple(self._body.piece(index) for index in indices)
        blocks: list[Block] = []
        gone = 0
        for begin, end in runs(indices):
            block = self._cut(begin - gone, end - gone)
            gone += end - begin
            if block is not None:
                blocks.append(block)
        if not blocks:
            self.make(Splice(place, inserted=pieces, moved=0))
            return
        separator = blocks[0].separator or self._body.gaps.separator(place)
        inner = list(blocks[0].inner)
        for before, behind in pairwise(blocks):
            inner += [before.trail + separator + behind.lead, *behind.inner]
        block = Block(blocks[0].lead, tuple(inner), blocks[-1].trail, blocks[0].separator)
        self._paste(place, pieces, block, 0)

    def copy(self, indices: Sequence[int], raws: Sequence[bytes], at: int) -> None:
        """Put records in at a place, in the pairs in which those at `indices` stand."""
        pieces = tuple(map(self._body.new_piece, raws))
        if self._body.is_store:
            self.make(Splice(at, inserted=pieces))
            return
        gaps = self._body.gaps
        blocks = [gaps.cut(begin, end)[1] for begin, end in runs(indices)]
        separator = gaps.separator(at)
        inner = list(blocks[0].inner)
        for before, behind in pairwise(blocks):
            inner += [before.trail + separator + behind.lead, *behind.inner]
        self._paste(at, pieces, Block(blocks[0].lead, tuple(inner), blocks[-1].trail))

    def refile(self, index: int) -> None:
        """Put a record of a store in its own place as a new one, which no file has a name for yet."""
        if self._body.is_store:
            piece = self._body.new_piece(self._body.raw(index))
            self.make(Splice(index, (self._body.piece(index),), (piece,)))

    def _cut(self, begin: int, end: int) -> Block | None:
        removed = tuple(self._body.piece(index) for index in range(begin, end))
        if self._body.is_store:
            self.make(Splice(begin, removed))
            return None
        patch, block = self._body.gaps.cut(begin, end)
        self.make(Splice(begin, removed, (), patch.at, patch.removed, patch.inserted))
        return block

    def _paste(self, at: int, pieces: tuple[Piece, ...], block: Block, moved: int | None = None) -> None:
        patch = self._body.gaps.paste(at, block)
        self.make(Splice(at, (), pieces, patch.at, patch.removed, patch.inserted, moved))

    def make(self, change: Change) -> None:
        """Make a change."""
        self._apply(change)
        self.changes.append(change)


@contextmanager
def composing(
    body: Body, apply: Callable[[Change], None], revert: Callable[[Change], None]
) -> Iterator[Composer]:
    """A composer whose changes are taken back where anything is raised."""
    composer = Composer(body, apply)
    try:
        yield composer
    except BaseException:
        for change in reversed(composer.changes):
            revert(change)
        raise


def runs(indices: Sequence[int]) -> list[tuple[int, int]]:
    """Indices in order as ranges of neighbours, each as (first, behind the last)."""
    found: list[tuple[int, int]] = []
    for index in indices:
        if found and found[-1][1] == index:
            found[-1] = (found[-1][0], index + 1)
        else:
            found.append((index, index + 1))
    return found
