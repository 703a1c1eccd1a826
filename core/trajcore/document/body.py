"""The bytes of a document: its records in order, what stands between them, and changes of both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from functools import cached_property
from itertools import count, islice

import msgspec

from trajcore.document.edits import Change, Piece, Rewrite
from trajcore.formats.base import DAMAGED, Layout, Member, Store
from trajcore.formats.json.gaps import Gaps
from trajcore.formats.json.lines import LineGaps
from trajcore.formats.json.style import Style, escapes, style_of
from trajcore.formats.object import opening


class Body:
    """Records over the bytes they were read from. What no change touched is given back as it was."""

    def __init__(self, layout: Layout) -> None:
        self.sources = layout.sources
        self._layout = layout
        self._spans = layout.spans
        self.records: list[msgspec.Raw | bytes] = list(layout.records)
        self._read = len(self.records)
        """How many records the file had as it was read."""
        self._numbers = count(self._read)
        """The uids of new records; copies share them, so that a number means one record in all of them."""
        self._uids: list[int] | None = None
        self._places: dict[int, int] | None = None
        self._originals: dict[int, msgspec.Raw | bytes] = {}
        """What was read of the records that were rewritten, by uid."""
        self._edited: frozenset[int] | None = frozenset()
        self._settled: dict[int, msgspec.Raw | bytes] | None = None
        """What counts as unedited, by uid, where that is not what was read."""

    def __len__(self) -> int:
        return len(self.records)

    def raw(self, index: int) -> bytes:
        """The JSON text of a record."""
        return bytes(self.records[index])

    def as_read(self, index: int) -> bytes | None:
        """The JSON text of a record as it was read; None for one that is new, or could not be read."""
        original = self._originals.get(self.uid(index), self.records[index])
        return bytes(original) if self.was_read(index) and original is not DAMAGED else None

    def damage(self, index: int) -> str | None:
        """Where a record breaks that cannot be read, and was not given another text; None where it can be."""
        return self._layout.damaged.get(self.uid(index)) if self.records[index] is DAMAGED else None

    @property
    def damaged(self) -> dict[int, str]:
        """Where each record breaks that cannot be read, by index."""
        found = ((self.index_of(uid), fault) for uid, fault in self._layout.damaged.items())
        return dict(sorted((at, fault) for at, fault in found if at is not None and self.damage(at)))

    @property
    def misplaced(self) -> dict[int, str]:
        """What is wrong with where a record stands, by its present index."""
        found = ((self.index_of(uid), fault) for uid, fault in self._layout.misplaced.items())
        return {at: fault for at, fault in found if at is not None}

    def written(self, index: int) -> msgspec.Raw | bytes | memoryview:
        """A record as it is written to a file: what stands there, where it cannot be read."""
        if self.records[index] is not DAMAGED:
            return self.records[index]
        span = self._spans[self.uid(index)]
        return memoryview(self.sources[span.source].data)[span.begin : span.end]

    def all_written(self) -> Iterator[memoryview]:
        """All records, as `written` has each."""
        return (memoryview(self.written(index)) for index in range(len(self)))

    def piece(self, index: int) -> Piece:
        """A record as it can be put elsewhere."""
        return Piece(self.records[index], self.uid(index))

    def new_piece(self, raw: bytes) -> Piece:
        """A new record, numbered behind all others that were ever here or in a copy."""
        return Piece(raw, next(self._numbers))

    def uid(self, index: int) -> int:
        """The number that a record keeps for its life, wherever it goes: those of the file come first."""
        return index if self._uids is None else self._uids[index]

    @property
    def uids(self) -> Sequence[int]:
        """The numbers of all records, in their present order."""
        return range(self._read) if self._uids is None else self._uids

    def index_of(self, uid: int) -> int | None:
        """Where a record is; None while it is out of the document."""
        if self._uids is None:
            return uid if 0 <= uid < self._read else None
        if self._places is None:
            self._places = {uid: index for index, uid in enumerate(self._uids)}
        return self._places.get(uid)

    def was_read(self, index: int) -> bool:
        """Whether a record was in the file as it was read."""
        return self.uid(index) < self._read

    @property
    def gap_texts(self) -> list[bytes]:
        """What stands between the records, nothing where each has a file of its own."""
        return [] if self.is_store else self.gaps.texts

    @property
    def store(self) -> Store | None:
        """How the files of its records are named, where each has one."""
        return self._layout.store

    @property
    def last_name(self) -> int:
        """The highest number that names a file of a store, or -1."""
        return -1 if self.store is None else self.store.last_number

    @property
    def opening(self) -> int:
        """The byte where the series of records begins; 0 where there is none."""
        return self._layout.opening or 0

    @property
    def is_store(self) -> bool:
        """Whether each record has a file of its own."""
        return self.store is not None

    @property
    def has_object(self) -> bool:
        """Whether the first record is the object around the list of the others."""
        return bool(self._layout.around)

    @property
    def edited(self) -> frozenset[int]:
        """The records that differ from the file as it was read, or from what was settled."""
        if self._edited is None:
            if self._settled is not None:
                known, records = self._settled, zip(self.uids, self.records, strict=True)
                self._edited = frozenset(
                    at
                    for at, (uid, record) in enumerate(records)
                    if (was := known.get(uid)) is not record and (was is None or bytes(was) != bytes(record))
                )
            elif self._uids is None:
                self._edited = frozenset(self._originals)
            else:
                changed, read = self._originals, self._read
                numbered = enumerate(self._uids)
                self._edited = frozenset(at for at, uid in numbered if uid >= read or uid in changed)
        return self._edited

    @cached_property
    def ascii_only(self) -> bool:
        """Whether no byte of the file is beyond ASCII."""
        return all(source.data.isascii() for source in self.sources)

    def ascii_in(self, raw: bytes) -> bool:
        """Whether text inside a record is to be escaped: as the record does it, or else its file."""
        own = escapes(raw)
        return self.ascii_only if own is None else own

    def style(self, index: int) -> Style:
        """How a record is written; one that cannot be read, as the nearest before it that can be."""
        near = (at for at in (*range(index, -1, -1), *range(index + 1, len(self))) if not self.damage(at))
        return style_of(self.raw(next(near, index)), ascii_only=self.ascii_only)

    @cached_property
    def gaps(self) -> Gaps:
        """What stands between the records, for those of one file."""
        first = int(self.has_object)
        data, spans = self._data, self._spans[first:]
        begin = self._layout.opening or 0
        known: dict[bytes, bytes] = {}
        texts = [b""] * first
        for span in spans:
            text = data[begin : span.begin]
            texts.append(known.setdefault(text, text))
            begin = span.end
        texts.append(data[begin : self._closing])
        if self._layout.lines:
            return LineGaps(texts)
        minified = self.style(first).minified
        return Gaps(texts, paired=self._layout.paired, minified=minified, first=first)

    @cached_property
    def _closing(self) -> int:
        """Where the series of records ends: at the bracket that closes a list."""
        data, spans = self._data, self._spans
        if self._layout.lines:
            return len(data)
        if self._layout.closing is not None:
            return self._layout.closing
        depth = 1
        if self._layout.paired:
            begin = self._layout.opening or 0
            for span in spans:
                between = data[begin : span.begin]
                depth += between.count(b"[") - between.count(b"]")
                begin = span.end
        at = spans[-1].end
        while True:
            if data[at : at + 1] == b"[":
                depth += 1
            elif data[at : at + 1] == b"]":
                depth -= 1
                if not depth:
                    return at
            at += 1

    @property
    def _data(self) -> bytes:
        return self.sources[0].data

    def copied(self) -> Body:
        """The same records, which change apart from these."""
        other = copy(self)
        other.records = self.records[:]
        other._originals = dict(self._originals)
        other._uids = None if self._uids is None else self._uids[:]
        other._places = None
        other._settled = None if self._settled is None else dict(self._settled)
        if "gaps" in self.__dict__:
            other.gaps = copy(self.gaps)
            other.gaps.texts = self.gaps.texts[:]
        return other

    def settle(self, since: int = 0) -> None:
        """The records from an index on count as unedited from now on, as they are."""
        if self._settled is None:
            since, self._settled = 0, {}
        for index in range(since, len(self)):
            self._settled[self.uid(index)] = self.records[index]
        self._edited = None

    # Changing

    def apply(self, change: Change) -> None:
        """Make a change."""
        if isinstance(change, Rewrite):
            self._rewrite(change.index, change.at, len(change.removed), change.inserted)
        else:
            self._splice(change.at, len(change.removed), change.inserted)
            if not self.is_store:
                end = change.gap + len(change.gaps_removed)
                self.gaps.texts[change.gap : end] = change.gaps_inserted

    def revert(self, change: Change) -> None:
        """Take a change back, the last one that was made."""
        if isinstance(change, Rewrite):
            self._rewrite(change.index, change.at, len(change.inserted), change.removed)
        else:
            self._splice(change.at, len(change.inserted), change.removed)
            if not self.is_store:
                end = change.gap + len(change.gaps_inserted)
                self.gaps.texts[change.gap : end] = change.gaps_removed

    def _rewrite(self, index: int, at: int, length: int, text: bytes) -> None:
        before = self.records[index]
        whole = bytes(before)
        after = whole[:at] + text + whole[at + length :]
        self._edited = None
        if not self.was_read(index):
            self.records[index] = after
            return
        uid = self.uid(index)
        original = self._originals.setdefault(uid, before)
        if after == bytes(original):
            self.records[index] = self._originals.pop(uid)
        else:
            self.records[index] = after

    def _splice(self, at: int, out: int, pieces: tuple[Piece, ...]) -> None:
        if self._uids is None:
            # What stands between the records is read while they still are where they were read.
            if not self.is_store:
                _ = self.gaps
            self._uids = list(range(self._read))
        self._edited = None
        self._places = None
        self.records[at : at + out] = [piece.raw for piece in pieces]
        self._uids[at : at + out] = [piece.uid for piece in pieces]

    # Giving back

    def pieces(self, source: int = 0) -> Iterator[bytes | memoryview]:
        """The bytes of one of its files as it is now."""
        if self._uids is None:
            return self._in_place(source)
        return self._file_of(source) if self.is_store else self._spliced()

    def _in_place(self, source: int) -> Iterator[bytes | memoryview]:
        whole = memoryview(self.sources[source].data)
        at, end = (self.opening, self._closing) if self.has_object else (0, len(whole))
        before, behind = self._frame if self.has_object else (b"", b"")
        yield before
        for index in sorted(self._originals):
            span = self._spans[index]
            if self.has_object and not index:
                continue
            if span.source == source:
                yield whole[at : span.begin]
                yield self.raw(index)
                at = span.end
        yield whole[at:end]
        yield behind

    def _spliced(self) -> Iterator[bytes | memoryview]:
        first = int(self.has_object)
        gaps = self.gaps.texts
        before, behind = self._frame
        yield before
        for gap, record in zip(gaps[first:], islice(self.all_written(), first, None), strict=False):
            yield gap
            yield record
        yield gaps[-1]
        yield behind

    @property
    def _frame(self) -> tuple[bytes | memoryview, bytes | memoryview]:
        """What stands before the records of a list and behind them; the object around it may be edited."""
        whole = memoryview(self._data)
        before, behind = whole[: self._layout.opening], whole[self._closing :]
        if not self.has_object or 0 not in self._originals:
            return before, behind
        begin, end = self._layout.holder or (0, len(whole))
        text = self.raw(0)
        split = opening(text, (self._layout.around,)) or 0
        rest = behind if self._layout.missing else text[split:] + bytes(whole[end:])
        return bytes(whole[:begin]) + text[:split], rest

    def _file_of(self, source: int) -> Iterator[bytes | memoryview]:
        """The file of one record of a store; one that was deleted has none."""
        for index in range(len(self)):
            if self.uid(index) == source:
                yield from self.filed(index)

    def filed(self, index: int) -> Iterator[bytes | memoryview]:
        """The file of a record of a store; that of a new one ends like its neighbour's."""
        read = self.was_read(index)
        model = self.uid(index) if read else len(self.sources) - 1
        whole, span = memoryview(self.sources[model].data), self._spans[model]
        if read:
            yield whole[: span.begin]
        yield memoryview(self.written(index))
        yield whole[span.end :]

    def aside(self) -> Iterator[tuple[str, bytes]]:
        """The files of a store that are out of it and are kept beside it, by the names they have there."""
        store = self.store
        for uid in range(self._read if store is not None and self._uids is not None else 0):
            if store is not None and self.index_of(uid) is None:
                name = store.aside(uid, damaged=uid in self._layout.damaged)
                if name:
                    yield name, self.sources[uid].data

    def member(self, index: int, number: int | None) -> Member:
        """A record of a store, to be named; `number` is the id of its event."""
        source = self.uid(index) if self.was_read(index) else None
        return Member(source, self.records[index], number)
