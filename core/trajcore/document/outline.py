"""The skeleton of a trajectory: ids, kinds, and which observation answers which action."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from trajcore.dialects.openhands_v0.responses import Response, response_of
from trajcore.events.head import Head, read_head
from trajcore.events.kinds import DELEGATE, NO_ANSWERS, NULL, UNANSWERED, UNCAUSED


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


class Outline:
    """Columns over the events, by index. After a change of the events, `fresh` brings them up to date."""

    def __init__(self, keys: list[_Key | Head]) -> None:
        self._keys = keys
        self._responses: list[Response | _Unread | None] | None = None
        self._with_kind: int | None = None
        """How many events have a kind; counted when the first of them changes."""
        self.version = 0
        """Grows with each change of what decides which events belong together."""
        self._stale = False
        self._build()

    @property
    def has_events(self) -> bool:
        """Whether any of the events has a kind."""
        return any(map(_has_kind, self._keys)) if self._with_kind is None else self._with_kind > 0

    def fresh(self) -> Outline:
        """This outline, brought up to date where the events changed."""
        if self._stale:
            self._build()
        return self

    def _build(self) -> None:
        self._stale = False
        keys = self._keys
        self.ids = [key.id for key in keys]
        self.kinds = [key.action or key.observation or "?" for key in keys]
        self.sources = [key.source for key in keys]
        self.is_action = [key.action is not None for key in keys]
        self.by_id: dict[int, int] = {}
        for index, number in enumerate(self.ids):
            if number is not None:
                self.by_id.setdefault(number, index)
        self.answer_of: dict[int, int] = {}
        """The observation (its index) that answers an action (its index)."""
        self.answers: dict[int, int] = {}
        """The action (its index) that an observation (its index) answers."""
        self._pair(keys)
        self.delegations = _delegations(keys)
        """The observation (its index) that closes a delegation, by its action (its index)."""
        self._depths = _depths(self.delegations)

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
        before = self._keys[index]
        if _links(before) != _links(key):
            self._splice_keys(index, 1, [key])
        else:
            self._keys[index] = key
            if not self._stale:
                self.sources[index] = key.source
        if self._responses is not None:
            known = self._responses[index]
            if not isinstance(known, _Unread) and (now := _response(key, raw)) != known:
                self._responses[index] = now
                self.version += 1

    def splice(self, at: int, removed: int, raws: Sequence[msgspec.Raw | bytes]) -> None:
        """Events went at a place, and others came."""
        keys = [_read(raw) for raw in raws]
        self._splice_keys(at, removed, keys)
        if self._responses is not None:
            self._responses[at : at + removed] = [_UNREAD] * len(keys)

    def _splice_keys(self, at: int, removed: int, keys: list[_Key | Head]) -> None:
        if self._with_kind is None:
            self._with_kind = sum(map(_has_kind, self._keys))
        self._with_kind += sum(map(_has_kind, keys)) - sum(map(_has_kind, self._keys[at : at + removed]))
        self._keys[at : at + removed] = keys
        self._stale = True
        self.version += 1

    def responses(self, events: Sequence[msgspec.Raw | bytes]) -> list[Response | None]:
        """The response of the model that each event belongs to, read where it is not known yet."""
        if self._responses is None:
            self._responses = [_UNREAD] * len(events)
        known = self._responses
        return [
            found if not isinstance(found, _Unread) else self._read_response(index, events[index])
            for index, found in enumerate(known)
        ]

    def _read_response(self, index: int, raw: msgspec.Raw | bytes) -> Response | None:
        found = _response(self._keys[index], raw)
        assert self._responses is not None
        self._responses[index] = found
        return found

    def highest_cause(self) -> int:
        """The highest id that an event names as its cause, or -1."""
        return max((key.cause for key in self._keys if key.cause is not None), default=-1)

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
                waiting = None if key.action in UNANSWERED else index
                if key.action == DELEGATE:
                    delegations.append(index)
                continue
            if key.observation == DELEGATE:
                waiting = delegations.pop() if delegations else None
            action = None if key.observation in NO_ANSWERS else self._answered(key, by_id, by_call, waiting)
            if action is not None:
                self.answers[index] = action
                if key.observation != NULL:
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
        return None if key.observation in UNCAUSED else waiting


def _links(key: _Key | Head) -> tuple[object, ...]:
    """What decides which events belong together."""
    return key.id, key.action, key.observation, key.cause, key.tool_call_id


def _has_kind(key: _Key | Head) -> bool:
    return bool(key.action or key.observation)


def _delegations(keys: Sequence[_Key | Head]) -> dict[int, int]:
    """The observation that closes each delegation, by its action."""
    closed: dict[int, int] = {}
    open_at: list[int] = []
    for index, key in enumerate(keys):
        if key.action == DELEGATE:
            open_at.append(index)
        elif key.observation == DELEGATE and open_at:
            closed[open_at.pop()] = index
    return closed


def _depths(delegations: dict[int, int]) -> dict[int, int]:
    """By index, for the events between a `delegate` action and the observation that closes it."""
    depths: dict[int, int] = {}
    for begin, end in delegations.items():
        for inside in range(begin + 1, end):
            depths[inside] = depths.get(inside, 0) + 1
    return depths


def _response(key: _Key | Head, raw: msgspec.Raw | bytes) -> Response | None:
    return response_of(raw) if key.tool_call_id else None


class _Unread:
    """Stands for a response that nobody asked for yet."""


_UNREAD = _Unread()


def outline(events: Sequence[msgspec.Raw | bytes]) -> Outline:
    """Read the skeleton of a sequence of events."""
    return Outline([_read(event) for event in events])


def _read(raw: msgspec.Raw | bytes) -> _Key | Head:
    try:
        return _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return read_head(raw)
