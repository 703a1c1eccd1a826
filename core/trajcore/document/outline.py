"""The skeleton of a trajectory: ids, kinds, and which observation answers which action."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from trajcore.dialects.base import Dialect, Link, Links


class Outline:
    """Columns over the events, by index. After a change of the events, `fresh` brings them up to date."""

    def __init__(self, slots: list[Link], dialect: Dialect, version: int = 0) -> None:
        self._slots = slots
        self._dialect = dialect
        self._groups: list[Hashable | _Unread | None] | None = None
        self._with_kind: int | None = None
        """How many events have a kind; counted when the first of them changes."""
        self.version = version
        """Grows with each change of what decides which events belong together."""
        self._stale = False
        self._build()

    @property
    def slots(self) -> Sequence[Any]:
        """What was read of each event."""
        return self._slots

    @property
    def has_events(self) -> bool:
        """Whether any of the events has a kind."""
        return any(map(_has_kind, self._slots)) if self._with_kind is None else self._with_kind > 0

    def fresh(self) -> Outline:
        """This outline, brought up to date where the events changed."""
        if self._stale:
            self._build()
        return self

    def _build(self) -> None:
        self._stale = False
        slots = self._slots
        self.ids = [slot.id for slot in slots]
        self.kinds = [slot.action or slot.observation or "?" for slot in slots]
        self.sources = [slot.source for slot in slots]
        self.is_action = [slot.action is not None for slot in slots]
        self.by_id: dict[int, int] = {}
        for index, number in enumerate(self.ids):
            if number is not None:
                self.by_id.setdefault(number, index)
        self.links: Links = self._dialect.links(slots)
        self.answer_of = self.links.answer_of
        """The observation (its index) that answers an action (its index)."""
        self.answers = self.links.answers
        """The action (its index) that an observation (its index) answers."""
        self.delegations = self.links.delegations
        """The observation (its index) that closes a delegation, by its action (its index)."""
        self._depths = _depths(self.delegations)
        self._names: dict[str, int] | None = None

    @property
    def by_name(self) -> dict[str, int]:
        """Events by what their file calls them, where that is no number."""
        if self._names is None:
            self._names = {}
            for index, slot in enumerate(self._slots):
                if name := getattr(slot, "name", None):
                    self._names.setdefault(name, index)
        return self._names

    def label(self, index: int) -> str:
        """How an event is called: its id, or `#index` where it has none of its own; no two alike."""
        number = self.ids[index]
        own = number is not None and number >= 0 and self.by_id.get(number) == index
        return str(number) if own else f"#{index}"

    def depth(self, index: int) -> int:
        """How many delegations an event is inside of."""
        return self._depths.get(index, 0)

    @property
    def last_id(self) -> int:
        """The highest id, or -1."""
        return max(self.by_id, default=-1)

    def update(self, index: int, slot: Link, read: Callable[[int], Hashable | None]) -> None:
        """An event was read again after an edit of its fields; `read` reads its group."""
        if _links(self._slots[index]) != _links(slot):
            self._splice(index, 1, [slot])
        else:
            self._slots[index] = slot
            if not self._stale:
                self.sources[index] = slot.source
        if self._groups is not None:
            known = self._groups[index]
            if not isinstance(known, _Unread) and (now := read(index)) != known:
                self._groups[index] = now
                self.version += 1

    def splice(self, at: int, removed: int, slots: Sequence[Link]) -> None:
        """Events went at a place, and others came."""
        self._splice(at, removed, slots)
        if self._groups is not None:
            self._groups[at : at + removed] = [_UNREAD] * len(slots)

    def _splice(self, at: int, removed: int, slots: Sequence[Link]) -> None:
        if self._with_kind is None:
            self._with_kind = sum(map(_has_kind, self._slots))
        self._with_kind += sum(map(_has_kind, slots))
        self._with_kind -= sum(map(_has_kind, self._slots[at : at + removed]))
        self._slots[at : at + removed] = slots
        self._stale = True
        self.version += 1

    def groups(self, read: Callable[[int], Hashable | None]) -> list[Hashable | None]:
        """The reply of a model that each event belongs to, read where it is not known yet."""
        if self._groups is None:
            self._groups = [_UNREAD] * len(self._slots)
        known = self._groups
        found: list[Hashable | None] = []
        for index, group in enumerate(known):
            if isinstance(group, _Unread):
                group = known[index] = read(index)
            found.append(group)
        return found


def _links(slot: Link) -> tuple[object, ...]:
    """What decides which events belong together."""
    return slot.id, slot.action, slot.observation, slot.cause, slot.tool_call_id


def _has_kind(slot: Link) -> bool:
    return bool(slot.action or slot.observation)


def _depths(delegations: dict[int, int]) -> dict[int, int]:
    """By index, for the events between a `delegate` action and the observation that closes it."""
    depths: dict[int, int] = {}
    for begin, end in delegations.items():
        for inside in range(begin + 1, end):
            depths[inside] = depths.get(inside, 0) + 1
    return depths


class _Unread:
    """Stands for a group that nobody asked for yet."""


_UNREAD = _Unread()
