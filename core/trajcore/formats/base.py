"""What a format tells of a file."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec


@dataclass(frozen=True)
class Layout:
    """The events of a file: their JSON texts, and the span of bytes that each occupies."""

    events: list[msgspec.Raw]
    spans: list[tuple[int, int]]
