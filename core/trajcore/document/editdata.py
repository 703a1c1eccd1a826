"""Edits made again from the plain data of `Edit.to_data`, on the document that they were made on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import msgspec

from trajcore.document.edits import Change, Piece, Rewrite, Splice, seal
from trajcore.errors import BadInput


class Pieces(Protocol):
    """The document that edits are made on."""

    @property
    def gap_texts(self) -> Sequence[bytes]:
        """What stands between its events; empty where each has a file of its own."""
        ...

    def __len__(self) -> int: ...

    def piece(self, index: int) -> Piece:
        """One of its events."""
        ...

    def new_piece(self, raw: bytes) -> Piece:
        """An event that is to be one of its events."""
        ...


class Reader:
    """Makes changes out of plain data again, one after the other, over the document as it is then."""

    def __init__(self, document: Pieces) -> None:
        self._document = document
        self._taken: list[Piece] = []

    def change(self, data: dict[str, Any]) -> Change:
        """The next change. Raises `BadInput` where the data is of another document, or of nothing."""
        try:
            return self._rewrite(data) if "event" in data else self._splice(data)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError):
            raise _not_of_this() from None

    def _pieces(self, at: int, count: int) -> tuple[Piece, ...]:
        return tuple(self._document.piece(index) for index in range(at, at + count))

    def _rewrite(self, data: dict[str, Any]) -> Rewrite:
        raw = bytes(self._pieces(_natural(data["event"]), 1)[0].raw)
        begin, length = _natural(data["at"]), _natural(data["removed"][0])
        removed = raw[begin : begin + length]
        _check(data["removed"], (removed,), len(removed))
        return Rewrite(data["event"], begin, removed, data["inserted"].encode())

    def _splice(self, data: dict[str, Any]) -> Splice:
        gaps = self._document.gap_texts
        at, gap = _natural(data["place"]), _natural(data["gap"])
        removed = self._pieces(at, _natural(data["removed"][0]))
        gone = tuple(gaps[gap : gap + _natural(data["gaps_removed"][0])])
        _check(data["removed"], (piece.raw for piece in removed), len(removed))
        _check(data["gaps_removed"], gone, len(gone))
        first, inserted = (
            None,
            tuple(self._document.new_piece(_object_text(text)) for text in data["inserted"]),
        )
        if data["moved"] is not None:
            first, count = map(_natural, data["moved"])
            inserted = tuple(self._taken[first : first + count])
        self._taken.extend(removed)
        came = tuple(text.encode() for text in data["gaps_inserted"])
        if at > len(self._document) or (gaps and len(inserted) - len(removed) != len(came) - len(gone)):
            raise _not_of_this()
        return Splice(at, removed, inserted, gap, gone, came, first)


def _natural(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError
    return value


def _object_text(text: str) -> bytes:
    if not (text.startswith("{") and text.endswith("}")):
        raise ValueError
    return text.encode()


def _check(said: Sequence[int], texts: Iterable[msgspec.Raw | bytes], count: int) -> None:
    if count != said[0] or seal(texts) != said[1]:
        raise _not_of_this()


def _not_of_this() -> BadInput:
    return BadInput(
        "these edits were made on another state of this trajectory: they can't be made again here."
    )
