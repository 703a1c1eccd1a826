"""The skeleton of a trajectory: ids, kinds, and which observation answers which action."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from trajcore.events.head import Head, read_head


class _Call(msgspec.Struct, gc=False):
    tool_call_id: str | None = None


class _Key(msgspec.Struct, gc=False):
    id: int | None = None
    source: str | None = None
    action: str | None = None
    observation: str | None = None
    cause: int | None = None
    tool_call_metadata: _Call | None = None

    @property
    def tool_call_id(self) -> str | None:
        return self.tool_call_metadata.tool_call_id if self.tool_call_metadata else None


_decoder = msgspec.json.Decoder(_Key)
_UNANSWERED = frozenset(
    {"message", "system", "finish", "reject", "null", "change_agent_state", "condensation"}
    | {"condensation_request", "loop_recovery"}
)
"""Actions that no observation answers; what follows them without a cause is no answer to them."""

_NO_ANSWERS = frozenset({"agent_state_changed", "condense", "loop_detection"})
"""Observations that answer nothing, whatever cause they name."""

_UNCAUSED = frozenset({"error", "null"})
"""Observations that answer no action when they name no cause."""


class Outline:
    """Columns over the events, by index."""

    def __init__(self, keys: list[_Key | Head]) -> None:
        self._keys = keys
        self._build()

    def _build(self) -> None:
        keys = self._keys
        self.ids = [key.id for key in keys]
        self.kinds = [key.action or key.observation or "?" for key in keys]
        self.sources = [key.source for key in keys]
        self.is_action = [key.action is not None for key in keys]
        self.has_events = any(key.action or key.observation for key in keys)
        self.by_id: dict[int, int] = {}
        for index, number in enumerate(self.ids):
            if number is not None:
                self.by_id.setdefault(number, index)
        self.answer_of: dict[int, int] = {}
        """The observation (its index) that answers an action (its index)."""
        self.answers: dict[int, int] = {}
        """The action (its index) that an observation (its index) answers."""
        self._pair(keys)
        self._depths = _depths(keys)

    def depth(self, index: int) -> int:
        """How many delegations an event is inside of."""
        return self._depths.get(index, 0)

    @property
    def last_id(self) -> int:
        """The highest id, or -1."""
        return max(self.by_id, default=-1)

    def update(self, index: int, raw: msgspec.Raw | bytes) -> None:
        """Read an event again after an edit of its fields."""
        key = _read(raw)
        before, self._keys[index] = self._keys[index], key
        self.sources[index] = key.source
        if _links(before) != _links(key):
            self._build()

    def _pair(self, keys: Sequence[_Key | Head]) -> None:
        by_id: dict[int, int] = {}
        by_call: dict[str, int] = {}
        waiting: int | None = None
        delegations: list[int] = []
        for index, key in enumerate(keys):
            if key.action is not None:
                if key.id is not None:
                    by_id[key.id] = index
                if key.tool_call_id:
                    by_call[key.tool_call_id] = index
                waiting = None if key.action in _UNANSWERED else index
                if key.action == "delegate":
                    delegations.append(index)
                continue
            if key.observation == "delegate":
                waiting = delegations.pop() if delegations else None
            action = None if key.observation in _NO_ANSWERS else self._answered(key, by_id, by_call, waiting)
            if action is not None:
                self.answers[index] = action
                if key.observation != "null":
                    self.answer_of.setdefault(action, index)
                    waiting = None if waiting == action else waiting

    @staticmethod
    def _answered(
        key: _Key | Head, by_id: dict[int, int], by_call: dict[str, int], waiting: int | None
    ) -> int | None:
        """By cause, then by tool call, and by position as the last resort."""
        if key.cause is not None and key.cause in by_id:
            return by_id[key.cause]
        if key.tool_call_id and key.tool_call_id in by_call:
            return by_call[key.tool_call_id]
        return None if key.observation in _UNCAUSED else waiting


def _links(key: _Key | Head) -> tuple[object, ...]:
    """What decides which events belong together."""
    return key.id, key.action, key.observation, key.cause, key.tool_call_id


def _depths(keys: Sequence[_Key | Head]) -> dict[int, int]:
    """By index, for the events between a `delegate` action and the observation that closes it."""
    depths: dict[int, int] = {}
    open_at: list[int] = []
    for index, key in enumerate(keys):
        if key.action == "delegate":
            open_at.append(index)
        elif key.observation == "delegate" and open_at:
            for inside in range(open_at.pop() + 1, index):
                depths[inside] = depths.get(inside, 0) + 1
    return depths


def outline(events: Sequence[msgspec.Raw | bytes]) -> Outline:
    """Read the skeleton of a sequence of events."""
    return Outline([_read(event) for event in events])


def _read(raw: msgspec.Raw | bytes) -> _Key | Head:
    try:
        return _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return read_head(raw)
