"""What edits of events mean for the records.

Each change names records as they are after those before it.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct


class Rewritten(Struct, frozen=True):
    """A record has another text."""

    record: int
    text: bytes


class Inserted(Struct, frozen=True):
    """New records stand before record `at`. `sizes` says how they go in pairs, in a list of pairs."""

    at: int
    texts: tuple[bytes, ...]
    sizes: tuple[tuple[int, bool], ...] = ()


class Removed(Struct, frozen=True):
    """Records are gone."""

    records: tuple[int, ...]


class Moved(Struct, frozen=True):
    """Records stand before record number `place` of those that stay."""

    records: tuple[int, ...]
    place: int


class Copied(Struct, frozen=True):
    """`texts`, made of these records, stand before record `at`, spaced as these are."""

    records: tuple[int, ...]
    texts: tuple[bytes, ...]
    at: int


class Refiled(Struct, frozen=True):
    """A record's file is named anew, by what is in it and where it stands, and so are those behind it."""

    record: int


RecordChange = Rewritten | Inserted | Removed | Moved | Copied | Refiled
Changes = Sequence[RecordChange]
