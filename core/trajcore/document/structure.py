"""Edits of the sequence: events that come, go, move and are copied, always with what belongs to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trajcore.dialects.recording import Branch
from trajcore.document import labels
from trajcore.document.document import Document
from trajcore.document.edits import Edit
from trajcore.document.units import nearest
from trajcore.errors import BadInput


def legal_place(document: Document, at: int) -> int:
    """The place nearest to `at` where new events separate nothing that belongs together."""
    return nearest(document.units.legal(), _place(document, at))


def insert(document: Document, at: int, events: Sequence[Mapping[str, Any]]) -> Edit:
    """Put new events in, at the nearest legal place. Raises `BadInput` for what is no event."""
    if not events:
        raise BadInput("there is nothing to insert.")
    place = legal_place(document, at)
    changes = document.dialect.made(document, place, events)
    with document.composing() as composer:
        document.carry_out(composer, changes)
    more = f" and {len(events) - 1} more" if len(events) > 1 else ""
    label = f"insert {labels.named(document.head(place), document.label(place))}{more}"
    return document.made(label, composer, "" if place == at else _elsewhere(document, place))


def delete(document: Document, indices: Sequence[int]) -> Edit:
    """Take events out. Raises `BadInput` where none would be left."""
    whole = _whole(document, indices)
    if len(whole) == len(document):
        raise BadInput("a trajectory has at least one event: the last can't be deleted.")
    label = f"delete {_several(document, whole, indices)}"
    with document.composing() as composer:
        document.carry_out(composer, document.dialect.removed(document, whole))
    return document.made(label, composer)


def duplicate(document: Document, indices: Sequence[int]) -> Edit:
    """Put copies of events in behind them, with ids and tool calls of their own."""
    whole = _whole(document, indices)
    for index in whole:
        document.refuse_damaged(index)
    place = legal_place(document, whole[-1] + 1)
    label = f"duplicate {_several(document, whole, indices)}"
    with document.composing() as composer:
        document.carry_out(composer, document.dialect.copied(document, whole, place))
    return document.made(label, composer)


def move(document: Document, indices: Sequence[int], by: int) -> Edit:
    """Move events by so many legal places, or as far as it goes. Raises `BadInput` at the ends."""
    whole = _whole(document, indices)
    gathered = whole[-1] - whole[0] == len(whole) - 1
    if by < 0:
        here, legal = _among_others(document, whole, whole[0])
        places = [place for place in reversed(range(here)) if legal[place]]
    else:
        here, legal = _among_others(document, whole, whole[-1])
        places = [place for place in range(here + gathered, len(legal)) if legal[place]]
    way = "up" if by < 0 else "down"
    if not by or not places:
        raise BadInput(f"{_several(document, whole, indices)} can't be moved further {way}.")
    return _move(document, whole, places[min(abs(by), len(places)) - 1], indices, way)


def move_to(document: Document, indices: Sequence[int], before: int) -> Edit:
    """Move events before another, or to the nearest legal place. Raises `BadInput` where they are there."""
    whole = _whole(document, indices)
    wanted, legal = _among_others(document, whole, _place(document, before))
    place = nearest(legal, wanted)
    if place == whole[0] and whole[-1] - whole[0] == len(whole) - 1:
        raise BadInput(f"{_several(document, whole, indices)} is there already.")
    way = f"before {document.label(before)}" if before < len(document) else "to the end"
    return _move(document, whole, place, indices, way, noted=place != wanted)


def _move(
    document: Document, whole: list[int], place: int, chosen: Sequence[int], way: str, *, noted: bool = False
) -> Edit:
    label = f"move {_several(document, whole, chosen)} {way}"
    with document.composing() as composer:
        document.carry_out(composer, document.dialect.moved(document, whole, place))
    return document.made(label, composer, _elsewhere(document, place) if noted else "")


def _among_others(document: Document, whole: list[int], index: int) -> tuple[int, list[bool]]:
    """How many of the events that stay are before an index, and the legal places among them."""
    before = index - sum(1 for at in whole if at < index)
    return before, document.units.legal(frozenset(whole))


def _elsewhere(document: Document, place: int) -> str:
    where = f"behind event {document.label(place - 1)}" if place else "at the beginning"
    return f"placed {where}: what belongs together is not separated."


def _whole(document: Document, indices: Sequence[int]) -> list[int]:
    if not indices:
        raise BadInput("no event was named.")
    return document.units.whole([document.known(index) for index in indices])


def _several(document: Document, whole: Sequence[int], chosen: Sequence[int]) -> str:
    return labels.several(whole, document.head, document.label, chosen)


def _place(document: Document, at: int) -> int:
    if not 0 <= at <= len(document):
        raise BadInput(f"{document.name} has {len(document)} events: there is no place #{at}.")
    return at


def switch(document: Document, name: str) -> Edit:
    """Make another branch the active one. Raises `BadInput`."""
    found = own_branch(document, name)
    with document.composing(follow=False) as composer:
        document.carry_out(composer, document.dialect.switched(document, found))
    return document.made("switch to another branch", composer)


def own_branch(document: Document, name: str) -> Branch:
    """A branch by the id of its last event, or by how that begins. Raises `BadInput`."""
    branches = document.dialect.branches(document.records)
    found = [one for one in branches if one.name == name] or [
        one for one in branches if name and one.name.startswith(name)
    ]
    if not found:
        listed = ", ".join(one.name for one in branches)
        there = f" Its branches end with {listed}." if len(branches) > 1 else " It has one branch."
        raise BadInput(f"{document.name} has no branch that ends with event {name}.{there}")
    if len(found) > 1:
        raise BadInput(f"{document.name} has {len(found)} branches whose last event begins with {name}.")
    return found[0]
