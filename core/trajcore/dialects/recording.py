"""What a dialect sees of a document: the texts of its records, and the events that it has found in them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec
from msgspec import Struct, field

from trajcore.formats.json.style import Style

Text = msgspec.Raw | bytes
"""The JSON text of a record."""


class Link(Protocol):
    """What ties an event to others: the only skeleton that is read of every event at once."""

    @property
    def id(self) -> int | None:
        """The number that a user calls it by; None where its file has no numbers."""
        ...

    @property
    def source(self) -> str | None:
        """Whose it is: `agent`, `user` or `environment`."""
        ...

    @property
    def action(self) -> str | None:
        """The kind of an action, None for an observation."""
        ...

    @property
    def observation(self) -> str | None:
        """The kind of an observation, None for an action."""
        ...

    @property
    def cause(self) -> int | None:
        """The id of the action that it answers, where its file has such numbers."""
        ...

    @property
    def tool_call_id(self) -> str | None:
        """The model's tool call that it belongs to."""
        ...


class Branch(NamedTuple):
    """A branch of a recording that has several: its last event by name and by record."""

    name: str
    record: int
    active: bool
    """Whether it is the one whose events are shown and played."""


class Slot(msgspec.Struct, gc=False):
    """An event and the records that are its own. Dialects may derive from it to keep more.

    `key` tells it from the other events of its first record, and stays what it is through edits. `records`
    are those that come and go with it, the first of them the one that it is found in; copies of its fields
    in records of others are `places`, no more. `name` is what its file calls it, where that is no number.
    """

    key: str
    records: tuple[int, ...]
    action: str | None = None
    observation: str | None = None
    source: str | None = None
    tool_call_id: str | None = None
    response: str | None = None
    """What tells the reply of the model that it came from: all of one reply stay together."""
    name: str | None = None
    id: int | None = None
    cause: int | None = None


class Links(Struct, frozen=True):
    """Which events answer which, by index."""

    answers: dict[int, int] = field(default_factory=dict)
    """The action that an observation answers."""
    answer_of: dict[int, int] = field(default_factory=dict)
    """The observation that answers an action, the first where there are several."""
    delegations: dict[int, int] = field(default_factory=dict)
    """The observation that closes a delegation, by its action."""


class Recording(Protocol):
    """What a dialect sees of a document. Events and records are named by their indices."""

    @property
    def records(self) -> Sequence[Text]:
        """The texts of all records, as they are now."""
        ...

    @property
    def slots(self) -> Sequence[Any]:
        """The slots of all events, as the dialect has made them."""
        ...

    @property
    def links(self) -> Links:
        """Which events answer which."""
        ...

    @property
    def groups(self) -> Sequence[Hashable | None]:
        """What `Dialect.group` says of each event."""
        ...

    @property
    def last_number(self) -> int:
        """The highest number that named an event, or its file, when the document was read; or -1."""
        ...

    def unit_of(self, index: int) -> tuple[int, ...]:
        """The events that belong together with one."""
        ...

    def data(self, index: int) -> dict[str, Any]:
        """An event as an object, a new one at each call."""
        ...

    def label(self, index: int) -> str:
        """How an event is called in messages."""
        ...

    def ascii_in(self, text: bytes) -> bool:
        """Whether text inside a record is to be escaped."""
        ...

    def style(self, record: int) -> Style:
        """How a record is written."""
        ...
