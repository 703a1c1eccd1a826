"""What the checks need of each event, read once from a fixed sequence of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Final

import msgspec

from trajcore.dialects.findings import Delete, Insert, Repair, RepairStep, Set, Unset, arguments
from trajcore.dialects.openhands_v0.links import links_of
from trajcore.dialects.openhands_v0.responses import ModelResponse
from trajcore.dialects.openhands_v0.wire import read_head
from trajcore.events.kinds import FINISH, MESSAGE, REJECT, STEPS, Source
from trajcore.formats.json.reading import as_object


class _Metadata(msgspec.Struct, gc=False):
    tool_call_id: str | None = None
    model_response: ModelResponse | None = None


class _Args(msgspec.Struct, gc=False):
    confirmation_state: str | None = None
    forgotten_event_ids: list[int] | None = None
    forgotten_events_start_id: int | None = None
    forgotten_events_end_id: int | None = None


class Key(msgspec.Struct, gc=False):
    """The fields that tie an event to others."""

    id: int | None = None
    timestamp: str | None = None
    source: str | None = None
    action: str | None = None
    observation: str | None = None
    cause: int | None = None
    tool_call_metadata: _Metadata | None = None
    args: _Args | None = None

    @property
    def kind(self) -> str:
        """The discriminator; `?` where there is none."""
        return self.action or self.observation or "?"

    @property
    def tool_call_id(self) -> str | None:
        """The model's tool call that this event belongs to."""
        return self.tool_call_metadata.tool_call_id if self.tool_call_metadata else None

    @property
    def calls_of_response(self) -> tuple[str, ...]:
        """The ids of all tool calls of the response that this event came from."""
        response = self.tool_call_metadata.model_response if self.tool_call_metadata else None
        choices = (response.choices or []) if response else []
        message = choices[0].message if choices else None
        return tuple(call.id for call in (message.tool_calls or [] if message else []) if call.id)


_ENDS: Final = frozenset({FINISH, REJECT, MESSAGE})
"""What the agent ends its turn with."""


def later(one: str | None, other: str | None) -> bool:
    """Whether a time is later than another one; not where there is none."""
    return one is not None and other is not None and one > other


_decoder = msgspec.json.Decoder(Key)


def _read(raw: msgspec.Raw | bytes) -> Key:
    try:
        return _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        head = read_head(raw)
        metadata = _Metadata(head.tool_call_id) if head.tool_call_id else None
        return Key(head.id, head.timestamp, head.source, head.action, head.observation, head.cause, metadata)


class Skeleton:
    """The events of a recording, what ties them together, and how a repair names them."""

    def __init__(self, events: Sequence[msgspec.Raw | bytes]) -> None:
        self._events = events
        self.keys = [_read(event) for event in events]
        self.links = links_of(self.keys)
        self.places: dict[int, list[int]] = {}
        """By id, the indices of the events that have it."""
        for index, key in enumerate(self.keys):
            if key.id is not None:
                self.places.setdefault(key.id, []).append(index)
        self._taken = {*self.places, *self._mentioned()}
        self._last_id = max(self._taken, default=-1)

    def __len__(self) -> int:
        return len(self.keys)

    def _mentioned(self) -> Iterator[int]:
        """Ids that events name, whether or not there is such an event: no other may come to be meant."""
        for key in self.keys:
            if key.cause is not None:
                yield key.cause
            if key.args is not None:
                yield from key.args.forgotten_event_ids or ()
                first, last = key.args.forgotten_events_start_id, key.args.forgotten_events_end_id
                if first is not None and last is not None:
                    # A range of any length may be named; only its part among the ids matters.
                    highest = max(self.places, default=-1)
                    yield from range(max(first, 0), min(last, highest) + 1)

    def data(self, index: int) -> dict[str, Any]:
        """An event as a Python object."""
        return as_object(self._events[index])

    def name(self, index: int) -> str:
        """What an event is called: its id where it alone has it, else `#index`."""
        number = self.keys[index].id
        return (
            str(number)
            if number is not None and number >= 0 and len(self.places[number]) == 1
            else f"#{index}"
        )

    def is_yet_to_be_played(self, index: int) -> bool:
        """Whether an action was put in by hand, and no model waits for its result.

        It is newer than one behind it, by id or by time, or stands behind the end of a run. Without both
        there is no telling.
        """
        own = self.keys[index]
        if own.action is None or own.tool_call_id is not None:
            return False
        id, time = self._oldest_behind[index]
        newer = own.id is not None and id is not None and own.id > id
        unknown = own.id is None and own.timestamp is None
        return newer or unknown or later(own.timestamp, time) or self._follows_an_end(index)

    @cached_property
    def _oldest_behind(self) -> list[tuple[int | None, str | None]]:
        """The lowest id and the earliest time of all events behind each."""
        found: list[tuple[int | None, str | None]] = []
        id: int | None = None
        time: str | None = None
        for key in reversed(self.keys):
            found.append((id, time))
            id = key.id if id is None or (key.id is not None and key.id < id) else id
            time = key.timestamp if time is None or later(time, key.timestamp) else time
        return found[::-1]

    def _follows_an_end(self, index: int) -> bool:
        """Whether the agent had finished, or said something, right before; others like it may be between."""
        answered = self.links.answer_of
        before = (self.keys[at] for at in reversed(range(index)) if at in answered or not self._asks(at))
        last = next(before, None)
        return last is not None and last.kind in _ENDS and last.source != Source.USER.value

    def _asks(self, index: int) -> bool:
        key = self.keys[index]
        return key.kind in STEPS and key.tool_call_id is None

    def fresh_id(self, index: int) -> int:
        """An id for this event that no other has: between its neighbours' if there is room, else the next."""
        return self._fresh(index - 1, index + 1)

    def fresh_id_behind(self, index: int) -> int:
        """As `fresh_id`, for an event that is to stand behind this one."""
        return self._fresh(index, index + 1)

    def _fresh(self, before: int, behind: int) -> int:
        below = self.keys[before].id if before >= 0 else -1
        above = self.keys[behind].id if behind < len(self) else None
        if below is not None and above is not None:
            for number in range(below + 1, min(above, below + 64)):
                if number not in self._taken:
                    self._taken.add(number)
                    return number
        self._last_id += 1
        return self._last_id

    def repair(self, words: str, *steps: RepairStep) -> Repair:
        """A repair of these steps, with the arguments that do the same from the command line."""
        typed = [argument for step in steps for argument in arguments(step, self.name(_where(step)))]
        return Repair(words, steps, tuple(typed))


def _where(step: RepairStep) -> int:
    match step:
        case Set(index) | Unset(index) | Delete(index):
            return index
        case Insert(after):
            return after
