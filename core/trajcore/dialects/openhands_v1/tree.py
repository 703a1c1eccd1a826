"""The tree of a conversation: what an event hangs on, which branch is active, what others there are."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Final

from trajcore.dialects.openhands_v1.wire import Key, Log
from trajcore.dialects.recording import Branch

ROOT: Final = "__root__"
"""The parent of an event that hangs on nothing."""

_NEVER_LAST: Final = frozenset({"ConversationStateUpdateEvent", "ConversationErrorEvent"})
"""Kinds at which no conversation goes on."""
BESIDE: Final = frozenset({"HookExecutionEvent", *_NEVER_LAST})
"""Kinds that hang beside a branch, and tell of events on it."""


class Tree:
    """The events of a log by what they hang on. A log of before 1.31 is one chain."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._by_id: dict[str, int] = {}
        for record in log.records:
            if (id := log.keys[record].id) is not None:
                self._by_id.setdefault(id, record)

    def record(self, id: str | None) -> int | None:
        """The record of the first event with an id."""
        return self._by_id.get(id or "")

    def _key(self, record: int) -> Key:
        return self._log.keys[record]

    @cached_property
    def parents(self) -> dict[int, int | None]:
        """What each event hangs on, by record: the one before it, where it names none that is there."""
        found: dict[int, int | None] = {}
        before: int | None = None
        for record in self._log.records:
            named = self._key(record).parent_id
            parent = None if named == ROOT else self._by_id.get(named or "")
            found[record] = before if named != ROOT and parent is None else parent
            before = record
        return found

    @cached_property
    def leaf(self) -> int | None:
        """The event at which the conversation goes on: what its state names, else the last that can be."""
        state = None if self._log.state is None else self._log.keys[self._log.state]
        named = self.record(state.leaf_event_id) if state is not None else None
        if named is not None:
            return named
        able = (at for at in reversed(self._log.records) if self._key(at).kind not in _NEVER_LAST)
        return next(able, self._log.records[-1] if self._log.records else None)

    def path(self, record: int | None) -> list[int]:
        """From the root to an event. A circle ends where it closes."""
        found: list[int] = []
        seen: set[int] = set()
        while record is not None and record not in seen:
            seen.add(record)
            found.append(record)
            record = self.parents[record]
        return found[::-1]

    @cached_property
    def active(self) -> list[int]:
        """The active branch, from its root."""
        return self.path(self.leaf)

    @cached_property
    def shown(self) -> list[int]:
        """The active branch with what hangs beside it, in the order of the log; damaged records stay too."""
        on_branch = set(self.active)
        ids = {self._key(record).id for record in on_branch}
        return [
            record
            for record in self._log.records
            if record in on_branch or not self._key(record).kind or self._is_beside(record, on_branch, ids)
        ]

    def _is_beside(self, record: int, on_branch: set[int], ids: set[str | None]) -> bool:
        key = self._key(record)
        if key.kind not in BESIDE:
            return False
        about = key.action_id or key.message_id
        return about in ids if about else self._hangs_on(record, on_branch)

    def _hangs_on(self, record: int, on_branch: set[int]) -> bool:
        seen: set[int] = set()
        at: int | None = record
        while at is not None and at not in on_branch:
            if at in seen or self._key(at).kind not in BESIDE:
                return False
            seen.add(at)
            at = self.parents[at]
        return at is not None or record == self._log.records[0]

    @cached_property
    def branches(self) -> list[Branch]:
        """Each event that no other goes on from, and the one at which the conversation does."""
        able = [at for at in self._log.records if self._key(at).kind and self._key(at).kind not in BESIDE]
        parents = {self._above(record) for record in able}
        last = [at for at in able if at not in parents or at == self.leaf]
        return [Branch(self._key(at).id or "", at, at == self.leaf) for at in last]

    def _above(self, record: int) -> int | None:
        """The nearest event above one that is on a branch and not beside it."""
        seen: set[int] = set()
        at = self.parents[record]
        while at is not None and at not in seen and self._key(at).kind in BESIDE:
            seen.add(at)
            at = self.parents[at]
        return at


def names_parents(keys: Iterable[Key]) -> bool:
    """Whether a log is a tree: such as name no parents are chains, and what writes them refuses the field."""
    return any(key.parent_id is not None for key in keys)
