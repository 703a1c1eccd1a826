"""The events of a branch that a model is shown: without what was condensed, and such as belong to those."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

Record = Mapping[str, Any]

_ANSWERS: Final = frozenset({"ObservationEvent", "UserRejectObservation", "AgentErrorEvent"})
_SHOWN: Final = frozenset({"SystemPromptEvent", "MessageEvent", "ActionEvent", *_ANSWERS})
_SUMMARY: Final = "-summary"
"""Behind the id of a condensation: the id of the summary that it put in."""


def in_view(path: Sequence[Record]) -> list[Record]:
    """What is left of a branch, in order; a condensation stands where its summary does.

    What a provider would refuse goes, as the program has it go when it loads a conversation: a second result
    of a call, a call or a result without the other, a reply that is not whole, a series of calls behind a
    thought that is not.
    """
    view: list[Record] = []
    for record in path:
        kind = record.get("kind")
        if kind == "Condensation":
            view = _condensed(view, record)
        elif kind in _SHOWN:
            view.append(record)
    gone = True
    while gone:
        gone = False
        for dropped in _RULES:
            ids = dropped(view, path)
            if ids:
                view = [record for record in view if _id(record) not in ids]
                gone = True
                break
    return view


def _id(record: Record) -> str:
    """The id of an event in a view."""
    own = str(record.get("id"))
    return own + _SUMMARY if record.get("kind") == "Condensation" else own


def _condensed(view: Sequence[Record], condensation: Record) -> list[Record]:
    forgotten = condensation.get("forgotten_event_ids")
    ids = set(map(str, forgotten if isinstance(forgotten, list) else ()))
    kept = [record for record in view if _id(record) not in ids]
    offset = condensation.get("summary_offset")
    if condensation.get("summary") is not None and isinstance(offset, int):
        kept.insert(offset, condensation)
    return kept


def _call(record: Record) -> str:
    return str(record.get("tool_call_id"))


def _is_call(record: Record) -> bool:
    return record.get("kind") == "ActionEvent"


def _is_answer(record: Record) -> bool:
    return record.get("kind") in _ANSWERS


def _second_answers(view: Sequence[Record], path: Sequence[Record]) -> set[str]:
    seen: set[str] = set()
    gone: set[str] = set()
    for record in filter(_is_answer, view):
        (gone if _call(record) in seen else seen).add(_id(record) if _call(record) in seen else _call(record))
    return gone


def _unmatched(view: Sequence[Record], path: Sequence[Record]) -> set[str]:
    called = {_call(record) for record in view if _is_call(record)}
    answered = {_call(record) for record in view if _is_answer(record)}
    return {
        _id(record)
        for record in view
        if (_is_call(record) and _call(record) not in answered)
        or (_is_answer(record) and _call(record) not in called)
    }


def _parts_of_replies(view: Sequence[Record], path: Sequence[Record]) -> set[str]:
    whole, here = _replies(path), _replies(view)
    return {id for reply, ids in here.items() if ids != whole[reply] for id in ids}


def _replies(records: Sequence[Record]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for record in filter(_is_call, records):
        found[str(record.get("llm_response_id"))].add(_id(record))
    return found


def _parts_of_loops(view: Sequence[Record], path: Sequence[Record]) -> set[str]:
    here = {_id(record) for record in view}
    return {id for loop in _loops(path) if not loop <= here for id in loop & here}


def _loops(path: Sequence[Record]) -> Iterator[set[str]]:
    """The series of calls and results behind a thought that is signed."""
    loop: set[str] = set()
    for record in path:
        is_call = _is_call(record)
        if is_call and record.get("thinking_blocks"):
            yield loop
            loop = {_id(record)}
        elif is_call or _is_answer(record):
            if loop:
                loop.add(_id(record))
        else:
            yield loop
            loop = set()
    yield loop


_RULES: Final[tuple[Callable[[Sequence[Record], Sequence[Record]], set[str]], ...]] = (
    _parts_of_replies,
    _second_answers,
    _unmatched,
    _parts_of_loops,
)
