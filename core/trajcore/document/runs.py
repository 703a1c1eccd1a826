"""A run in the file of its recording: its results in place of the recorded ones, what it added as records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from trajcore.dialects.base import Played
from trajcore.document.composing import Composer
from trajcore.formats.lists import Lists

if TYPE_CHECKING:
    from trajcore.document.document import Document


def run_file(document: Document, events: Iterable[Played]) -> Iterator[bytes]:
    """The bytes of a run over a document as it is now, whatever becomes of it.

    Events of the recording that were not played are left out. Raises `BadInput`, when its bytes are asked
    for, where the dialect has no record for what the run added.
    """
    return _written(document.copied(), events)


def _written(document: Document, events: Iterable[Played]) -> Iterator[bytes]:
    played = list(events)
    with document.composing() as composer:
        _take_results(document, composer, played)
        _leave_out(document, composer, played)
        _put_in(document, composer, played)
    body = document.body
    pieces = Lists().write(map(memoryview, body.records)) if body.is_store else body.pieces()
    yield from map(bytes, pieces)


def _take_results(document: Document, composer: Composer, played: Sequence[Played]) -> None:
    for one in played:
        index = None if one.uid is None or one.as_recorded else document.events.index_of(one.uid)
        if index is not None:
            document.carry_out(composer, document.dialect.result(document, index, one.event))


def _leave_out(document: Document, composer: Composer, played: Sequence[Played]) -> None:
    kept = {one.uid for one in played}
    left = [index for index in range(len(document)) if document.events.uid(index) not in kept]
    if left:
        document.carry_out(composer, document.dialect.removed(document, left))


def _put_in(document: Document, composer: Composer, played: Sequence[Played]) -> None:
    """Each new event behind the one before it, or behind all that this one belongs together with."""
    at = 0
    for one in played:
        index = None if one.uid is None else document.events.index_of(one.uid)
        if index is not None:
            at = index + 1
        elif one.uid is None:
            known = {document.events.uid(index) for index in range(len(document))}
            legal = document.units.legal()
            place = next(place for place in range(at, len(legal)) if legal[place])
            document.carry_out(composer, document.dialect.made(document, place, [one.event]))
            new = (index for index in range(len(document)) if document.events.uid(index) not in known)
            at = max(new, default=place - 1) + 1
