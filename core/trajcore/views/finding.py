"""The rows of a timeline that say what is searched for, found a slice of time after the other."""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from trajcore.dialects import canonical
from trajcore.errors import BadInput
from trajcore.events.kinds import observation_kind
from trajcore.replay.run import Run
from trajcore.session import Session
from trajcore.views.haystack import Haystack
from trajcore.views.query import Query
from trajcore.views.slices import SLICE
from trajcore.views.timeline import Rows

_MOST_SLOW: Final = 5
"""After so many rows whose texts an expression takes too long for, the search is given up."""
_HOW: Final = frozenset({"confirmation_state", "impl_source", "security_risk"})
"""Fields that say how something was done, and are not what was said."""


class Finding:
    """A search of rows, from one of them on and round: what they say first, then all that they hold.

    A row holds its event, what was recorded as its answer and, where it was played, what came back. Where
    rows or events change, this search is of those that were.
    """

    def __init__(
        self, session: Session, rows: Rows, query: Query, start: int = 0, haystack: Haystack | None = None
    ) -> None:
        self.query = query
        self.done = not len(rows)
        self.slow: list[int] = []
        """The rows that were not searched to their end, as that takes too long."""
        self._session = session
        self._rows = rows
        self._haystack = haystack or Haystack(session.trajectory)
        self._start = start if 0 <= start < len(rows) else 0
        self._found: set[int] = set()
        self._sorted: list[int] = []
        self._work = self._search()

    def go_on(self, seconds: float = SLICE) -> bool:
        """Search for so many seconds; whether that found more rows."""
        before, until = len(self._found), time.perf_counter() + seconds
        while not self.done:
            self.done = next(self._work, True)
            if time.perf_counter() >= until:
                break
        return len(self._found) > before

    @property
    def fault(self) -> str:
        """What it may not have found, and why; empty where all was searched."""
        if not self.slow:
            return ""
        labels = [self._label(number) for number in self.slow]
        where = f"{', '.join(labels)} and all the rest" if len(labels) >= _MOST_SLOW else ", ".join(labels)
        return f"not searched to its end: {where} ({self.query.text} takes too long there)"

    def _label(self, number: int) -> str:
        index = self._rows[number].index(self._session.trajectory)
        return "what this run added" if index is None else self._session.trajectory.label(index)

    # What was found so far

    def __len__(self) -> int:
        return len(self._found)

    def __contains__(self, number: object) -> bool:
        return number in self._found

    @property
    def first(self) -> int | None:
        """The first row that was found from where it began, going round."""
        return self.next_behind(self._start - 1)

    def next_behind(self, number: int) -> int | None:
        """The next row behind one, the first one behind the last; None where none was found."""
        found = self._in_order
        return found[bisect_right(found, number) % len(found)] if found else None

    def last_before(self, number: int) -> int | None:
        """The row before one, the last one before the first; None where none was found."""
        found = self._in_order
        return found[bisect_left(found, number) - 1] if found else None

    def count(self, number: int) -> str:
        """`3/17` on the third row that was found, else `17`; `…` while it is searched, and what was not."""
        found = self._in_order
        place = f"{bisect_left(found, number) + 1}/" if number in self._found else ""
        given_up = f", {len(self.slow)} not searched" if self.slow else ""
        return f"{place}{len(found):,}{'' if self.done else '…'}{given_up}"

    @property
    def _in_order(self) -> list[int]:
        if len(self._sorted) != len(self._found):
            self._sorted = sorted(self._found)
        return self._sorted

    # Searching

    def _search(self) -> Iterator[bool]:
        """Answers False after each thing that was looked at."""
        later: list[tuple[int, Iterator[str]]] = []
        for number, said, held in self._candidates():
            if number is not None and number not in self._found:
                yield from self._looked_at(number, iter((said,)))
                if number not in self._found:
                    later.append((number, held))
            yield len(self.slow) >= _MOST_SLOW
        for number, held in later:
            if number not in self._found:
                yield from self._looked_at(number, held)
            yield len(self.slow) >= _MOST_SLOW

    def _looked_at(self, number: int, texts: Iterator[str]) -> Iterator[bool]:
        """Look through what a row says, unless that takes too long; answers False after each piece of it."""
        try:
            for found in (found for text in texts for found in self.query.looked_for(text)):
                if found:
                    self._found.add(number)
                    return
                yield False
        except BadInput:
            if number not in self.slow:
                self.slow.append(number)

    def _candidates(self) -> Iterator[tuple[int | None, str, Iterator[str]]]:
        """Rows that may be found by what an event says, or else by what it holds; None: time was spent."""
        trajectory, run = self._session.trajectory, self._session.run
        begin = next(self._recorded_from(self._start), 0)
        for lot in self._haystack.lots(self.query, begin):
            yield None, "", iter(())
            for index in lot:
                number, own = self._row_of(index)
                if number is not None:
                    said = trajectory.head(index).summary() if own else ""
                    yield number, said, _said(trajectory.modern, index)
        for index, result in self._session.results.items():
            number, _ = self._row_of(index)
            if number is not None and result.actual is not None:
                yield number, "", iter((result.actual.content,))
        for place, number in self._rows.added.items():
            yield number, run.entries[place].head.summary(), _held(run, place, raw=self._rows.raw)

    def _recorded_from(self, number: int) -> Iterator[int]:
        """The events of the rows from one on."""
        for at in range(number, len(self._rows)):
            index = self._rows[at].index(self._session.trajectory)
            if index is not None:
                yield index

    def _row_of(self, index: int) -> tuple[int | None, bool]:
        """The row that holds a recorded event, None where none is shown; whether it is the event's own."""
        trajectory, rows = self._session.trajectory, self._rows
        shown = index if rows.raw else trajectory.outline.answers.get(index, index)
        number = rows.at_or_after(shown)
        if number >= 0 and rows[number].uid == trajectory.uid(shown):
            return number, shown == index
        return next((at for at in (number, number - 1) if at >= 0 and self._is_over(at, shown)), None), False

    def _is_over(self, number: int, index: int) -> bool:
        """Whether a row is the delegation that an event is inside of."""
        delegation = self._rows[number].index(self._session.trajectory)
        if delegation is None or delegation >= index:
            return False
        return self._session.trajectory.outline.delegations.get(delegation, -1) > index


def _held(run: Run, place: int, *, raw: bool) -> Iterator[str]:
    """What an event holds that this run added, and what came back for it, unless that has its own row."""
    for entry in (run.entries[place], None if raw else run.answer_to(place)):
        if entry is not None:
            yield from _texts(entry.canonical(entry.data()))


def _said(read: Callable[[int], Mapping[str, Any]], index: int) -> Iterator[str]:
    """What a recorded event holds; it is read when the first text is asked for."""
    yield from _texts(read(index))


def _texts(event: Mapping[str, Any]) -> Iterator[str]:
    """What an action was given, or an observation came back with."""
    for name, value in canonical.arguments(event).items():
        if name not in _HOW:
            yield from _strings(value)
    yield from _strings(event.get("content"))
    details, kind = canonical.details(event), event.get("observation")
    for name in observation_kind(kind if isinstance(kind, str) else None).main:
        yield from _strings(details.get(name))


def _strings(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for one in value.values():
                yield from _strings(one)
        case list():
            for one in value:
                yield from _strings(one)
