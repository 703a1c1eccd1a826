"""A run in the file of its recording: its results in place of the recorded ones, what it added as records."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from trajcore.dialects import canonical
from trajcore.dialects.base import Event, Played
from trajcore.document.composing import Composer
from trajcore.formats.lists import Lists

_GIVEN: Final = frozenset({"id", "cause", "timestamp"})

if TYPE_CHECKING:
    from trajcore.document.document import Document


def run_file(document: Document, events: Iterable[Played]) -> Iterator[bytes]:
    """The bytes of a run over a document as it is now, whatever becomes of it.

    Events of the recording that were not played are left out. Raises `BadInput`, when its bytes are asked
    for, where the dialect has no record for what the run added.
    """
    return _written(document.copied(), events)


def run_document(document: Document, events: Iterable[Played], home: str = "") -> Document:
    """A document of a run, to be kept in a directory of that name. Raises as `run_file` does."""
    other = document.copied()
    _put_through(other, _placed(other, list(events)), home)
    return other


def document_after(document: Document, events: Iterable[Played]) -> tuple[Document, list[int]]:
    """A document of what has happened in a run, with the uids of the one that the run was over.

    Beside it, the uids of the events that the run added, in order. Raises as `run_file` does.
    """
    other = document.copied()
    added = _put_through(other, list(events))
    other.settle()
    return other, added


def _put_through(document: Document, played: Sequence[Played], home: str | None = None) -> list[int]:
    """Have a document say what happened; the answer are the uids of what was added."""
    before = tuple(document.records)
    with document.composing() as composer:
        _take_results(document, composer, played)
        if all(one.uid is None for one in played):
            # Where nothing stays, what is new takes its style from what goes.
            added = _put_in(document, composer, played)
            _leave_out(document, composer, played, added)
        else:
            _leave_out(document, composer, played)
            added = _put_in(document, composer, played)
        document.carry_out(composer, document.dialect.ran(before, document, home))
    return added


def _written(document: Document, events: Iterable[Played]) -> Iterator[bytes]:
    _put_through(document, _placed(document, list(events)), "")
    body = document.body
    pieces = Lists().write(body.all_written()) if body.is_store else body.pieces()
    yield from map(bytes, pieces)


def _placed(document: Document, played: Sequence[Played]) -> Sequence[Played]:
    """Events of a run that do not know what they are of, as a journal keeps them, with what they are of."""
    if any(one.uid is not None for one in played):
        return played
    same: dict[str, list[int]] = {}
    answers: dict[str | None, list[int]] = {}
    for index in reversed(range(len(document))):
        event = document.data(index)
        same.setdefault(_said(event), []).append(index)
        if "action" not in event:
            answers.setdefault(canonical.call_id(event), []).append(index)
    left = set(range(len(document)))
    found = []
    for one in played:
        place = _next(same.get(_said(one.event)), left)
        as_recorded = place is not None
        call = None if "action" in one.event else canonical.call_id(one.event)
        if place is None and call is not None:
            place = _next(answers.get(call), left)
        if place is not None:
            left.remove(place)
        uid = None if place is None else document.events.uid(place)
        found.append(Played(uid, one.event, as_recorded))
    return found


def _next(places: list[int] | None, left: set[int]) -> int | None:
    """The first of some places, given last to first, that is still left."""
    while places and places[-1] not in left:
        places.pop()
    return places[-1] if places else None


def _said(event: Event) -> str:
    """An event without what a run gives it anew; of its response, the others may have been skipped."""
    kept = {key: event[key] for key in sorted(event) if key not in _GIVEN}
    return json.dumps({**kept, canonical.CALL: canonical.call_id(event)})


def _take_results(document: Document, composer: Composer, played: Sequence[Played]) -> None:
    for one in played:
        index = None if one.uid is None or one.as_recorded else document.events.index_of(one.uid)
        if index is not None:
            document.carry_out(composer, document.dialect.result(document, index, one.event))


def _leave_out(
    document: Document, composer: Composer, played: Sequence[Played], added: Iterable[int] = ()
) -> None:
    kept = {*(one.uid for one in played), *added}
    left = [index for index in range(len(document)) if document.events.uid(index) not in kept]
    if left:
        document.carry_out(composer, document.dialect.removed(document, left))


def _put_in(document: Document, composer: Composer, played: Sequence[Played]) -> list[int]:
    """Each new event behind the one before it, or behind all that this one belongs together with.

    The answer are their uids.
    """
    at = 0
    added: list[int] = []
    for one in played:
        index = None if one.uid is None else document.events.index_of(one.uid)
        if index is not None:
            at = index + 1
        elif one.uid is None:
            known = {document.events.uid(index) for index in range(len(document))}
            legal = document.units.legal()
            place = next(place for place in range(at, len(legal)) if legal[place])
            before = tuple(document.records)
            document.carry_out(composer, document.dialect.made(document, place, [one.event]))
            document.carry_out(composer, document.dialect.follow(before, document.records))
            new = [index for index in range(len(document)) if document.events.uid(index) not in known]
            at = max(new, default=place - 1) + 1
            added += map(document.events.uid, new)
    return added
