"""Which events belong together, and where others may be put without coming between them.

An action and what answers it are one unit; so are all calls of one response of a model with their
results, a delegation with all inside it, and the two sides of a pair.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Sequence
from itertools import pairwise
from typing import Final

from trajcore.document.outline import Outline
from trajcore.events.kinds import NULL, UNANSWERED

_NO_KIND: Final = "?"


class Units:
    """The units of a sequence of events, by index."""

    def __init__(
        self,
        outline: Outline,
        responses: Sequence[Hashable | None],
        members: Iterable[tuple[int, int]] = (),
    ) -> None:
        self._length = len(outline.ids)
        self._delegations = outline.delegations
        self._parent = list(range(self._length))
        self._join(outline, responses, members)
        self._groups: dict[int, list[int]] = {}
        """The members of each group, in order, by the first of them; who is alone is in none."""
        groups = self._groups
        for index, parent in enumerate(self._parent):
            if parent != index:
                root = self._root(index)
                if root in groups:
                    groups[root].append(index)
                else:
                    groups[root] = [root, index]

    def unit_of(self, index: int) -> tuple[int, ...]:
        """The events that belong together with one, itself included, in order."""
        found: set[int] = set()
        waiting = [index]
        while waiting:
            at = waiting.pop()
            if at in found:
                continue
            group = self._groups.get(self._root(at), [at])
            found.update(group)
            for member in group:
                closing = self._delegations.get(member)
                if closing is not None:
                    waiting.extend(range(member + 1, closing))
        return tuple(sorted(found))

    def whole(self, indices: Iterable[int]) -> list[int]:
        """The units of several events, as one set of indices in order."""
        found: set[int] = set()
        for index in indices:
            if index not in found:
                found.update(self.unit_of(index))
        return sorted(found)

    def legal(self, moved: Collection[int] = ()) -> list[bool]:
        """For each place between the events without the `moved` ones, whether nothing is separated there.

        There is a place before each of them, and one behind the last.
        """
        away = moved if isinstance(moved, (set, frozenset)) else frozenset(moved)
        place = _places(self._length, away) if away else None
        barred = [0] * (self._length - len(away) + 2)
        delegations = self._delegations
        for group in self._groups.values():
            kept = [index for index in group if index not in away] if away else group
            for before, behind in pairwise(kept):
                if delegations.get(before) != behind:
                    first, last = (place[before], place[behind]) if place else (before, behind)
                    barred[first + 1] += 1
                    barred[last + 1] -= 1
        allowed, depth = [], 0
        for change in barred[:-1]:
            depth += change
            allowed.append(depth == 0)
        return allowed

    def _join(
        self,
        outline: Outline,
        responses: Sequence[Hashable | None],
        members: Iterable[tuple[int, int]],
    ) -> None:
        kinds, parent = outline.kinds, self._parent
        for observation, action in outline.answers.items():
            if kinds[action] in UNANSWERED and not _acknowledges(outline, action, observation):
                continue
            if kinds[observation] == _NO_KIND:
                continue
            if parent[action] == action and parent[observation] == observation and action < observation:
                parent[observation] = action
            else:
                self._link(action, observation)
        for action, observation in outline.delegations.items():
            self._link(action, observation)
        first: dict[Hashable, int] = {}
        for index, response in enumerate(responses):
            if response is not None:
                known = first.setdefault(response, index)
                if known != index:
                    self._link(known, index)
        for begin, end in members:
            for index in range(begin + 1, end):
                self._link(begin, index)

    def _root(self, index: int) -> int:
        parent = self._parent
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    def _link(self, one: int, other: int) -> None:
        first, second = self._root(one), self._root(other)
        self._parent[max(first, second)] = min(first, second)


def nearest(legal: Sequence[bool], at: int) -> int:
    """The nearest legal place; of two equally near ones the later."""
    for distance in range(len(legal)):
        for place in (at + distance, at - distance):
            if 0 <= place < len(legal) and legal[place]:
                return place
    return len(legal) - 1


def _acknowledges(outline: Outline, action: int, observation: int) -> bool:
    """Whether an observation of what nothing answers acknowledges it, before the next action."""
    between = range(action + 1, observation)
    return outline.kinds[observation] == NULL and not any(outline.is_action[at] for at in between)


def _places(length: int, away: Collection[int]) -> list[int]:
    """For each event its index among those that stay."""
    places, at = [], 0
    for index in range(length):
        places.append(at)
        at += index not in away
    return places
