"""What edits of events mean for the records.

Each change names records as they are after those before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Rewritten:
    """A record has another text."""

    record: int
    text: bytes


@dataclass(frozen=True)
class Inserted:
    """New records stand before record `at`. `sizes` says how they go in pairs, in a list of pairs."""

    at: int
    texts: tuple[bytes, ...]
    sizes: tuple[tuple[int, bool], ...] = ()


@dataclass(frozen=True)
class Removed:
    """Records are gone."""

    records: tuple[int, ...]


@dataclass(frozen=True)
class Moved:
    """Records stand before record number `place` of those that stay."""

    records: tuple[int, ...]
    place: int


@dataclass(frozen=True)
class Copied:
    """`texts`, made of these records, stand before record `at`, spaced as these are."""

    records: tuple[int, ...]
    texts: tuple[bytes, ...]
    at: int


RecordChange = Rewritten | Inserted | Removed | Moved | Copied
Changes = Sequence[RecordChange]
