"""What a dialect is: one agent's way to write down events, between the records of a file and a trajectory.

Records and events are many to many: a record may hold several events, an event may stand in several
records, a record may hold none, and a field may be written down in several places. A dialect says which
events there are (`slots`), what each says in the canonical shape (`event`), where its fields stand
(`places`), and what an edit of events means for the records. It is pure: it is given texts, and answers
with texts. All that one is written with can be imported from here.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from msgspec import Struct

from trajcore.dialects.changes import (
    Changes,
    Copied,
    Inserted,
    Moved,
    RecordChange,
    Refiled,
    Removed,
    Rewritten,
)
from trajcore.dialects.codecs import Place
from trajcore.dialects.recording import Branch, Link, Links, Recording, Slot, Text
from trajcore.dialects.told import Around, Fact, What
from trajcore.events.head import Head
from trajcore.events.kinds import Service
from trajcore.longtext import LongText
from trajcore.runtimes.habits import Habits, Shell

if TYPE_CHECKING:
    from trajcore.dialects.examined import Fault, Kept
    from trajcore.dialects.findings import Finding
    from trajcore.dialects.toolmap import ToolMap
    from trajcore.events.base import Action, Observation

__all__ = [
    "Around",
    "Branch",
    "Changes",
    "Copied",
    "Dialect",
    "Event",
    "Fact",
    "Habits",
    "Inserted",
    "Link",
    "Links",
    "ModelUse",
    "Moved",
    "Place",
    "Played",
    "RecordChange",
    "Recording",
    "Refiled",
    "Removed",
    "Rewritten",
    "Satisfied",
    "Service",
    "Shell",
    "Slot",
    "Text",
    "Unwrapped",
    "ValuePath",
    "What",
]

ValuePath = Sequence[str | int]
"""Where a value is inside an event: keys and list indices, outermost first."""

Event = Mapping[str, Any]
"""A canonical event as a JSON object: the kinds and fields of OpenHands, whoever wrote it down."""


class Played(Struct, frozen=True):
    """An event of a run: as its recording has it, or with another result, or added by the run.

    `uid` names the event of the recording that it is, or whose result it took; None where it was added.
    """

    uid: int | None
    event: Mapping[str, Any]
    as_recorded: bool


class Unwrapped(Struct, frozen=True):
    """What a program has said, out of the words that the agent's runtime put around it."""

    output: str
    exit_code: int | None = None
    """None where it is not known, which is not -1."""
    user: str | None = None
    host: str | None = None
    directory: str | None = None
    """Whose shell it was, on which machine and where, if that stood with the output."""


class ModelUse(Struct, frozen=True):
    """What a reply of a model came to: tokens, US dollars, seconds; `window` is its context, 0: not known."""

    reply: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cost: float
    seconds: float
    window: int


class Satisfied(Struct, frozen=True):
    """How a replay satisfies an action, and why where it is not executed."""

    service: Service = Service.EXECUTE
    reason: str = ""


class Dialect(Protocol):
    """One agent's events. `slotted.BaseDialect` has what most of it comes to as a rule."""

    @property
    def name(self) -> str:
        """How it is called in messages and on the command line."""
        ...

    @property
    def runtime(self) -> str:
        """The runtime whose words its observations are in."""
        ...

    @property
    def formats(self) -> frozenset[str]:
        """The containers in which its records are found; empty: any."""
        ...

    @property
    def one_to_one(self) -> bool:
        """Whether each record is one event: then no table of slots is kept.

        What a slot says, and which earlier event it answers, then depends on no record behind it: of a large
        recording the first are shown before the others are read.
        """
        ...

    @property
    def habits(self) -> Habits:
        """How its commands are run as a rule."""
        ...

    def habits_of(self, records: Sequence[Text]) -> Habits:
        """How those of a recording were run, which may say so."""
        ...

    def claims(self, head: Sequence[bytes]) -> float:
        """How sure it is that the first records of a file, one at least, are its own: 0 to 1, which ends the
        search.
        """
        ...

    # Reading

    def slots(self, records: Sequence[Text]) -> list[Any]:
        """All events, in order: `Slot`s or, where records are events, a `Link` for each record."""
        ...

    def links(self, slots: Sequence[Any]) -> Links:
        """Which events answer which."""
        ...

    def branches(self, records: Sequence[Text]) -> Sequence[Branch]:
        """The branches of a recording that is a tree, in the order of their last events."""
        ...

    def group(self, texts: Sequence[Text], slot: Any) -> Hashable | None:
        """What the events have in common that one reply of a model asked for; None: it stands alone.

        `texts`, here and below, are those of the slot's records.
        """
        ...

    def event(self, texts: Sequence[Text], slot: Any) -> dict[str, Any]:
        """The event, a new object at each call."""
        ...

    def head(self, texts: Sequence[Text], slot: Any) -> Head:
        """What a timeline shows of the event."""
        ...

    def skimmed(self, texts: Sequence[Text]) -> tuple[Sequence[Text], LongText | None]:
        """The texts to read an event from that is only to be looked at, and the content that they lack.

        Of a content of many megabytes they may have the beginning alone; None: they are as they were.
        """
        ...

    def text(self, texts: Sequence[Text], slot: Any) -> bytes:
        """The JSON text of the event, as it is shown and typed over."""
        ...

    def canonical(self, event: Event) -> dict[str, Any]:
        """A copy of an event in today's spelling."""
        ...

    def own_fields(self, event: Event) -> tuple[tuple[str, ...], Mapping[str, Any]]:
        """Where in an event the fields of its kind are, and what they hold in today's spelling."""
        ...

    def unwrap(self, observation: Observation) -> Unwrapped:
        """What the program said whose result a recorded observation is."""
        ...

    def treatment(self, action: Action, recorded: Observation | None) -> Satisfied:
        """How a replay satisfies an action of a kind that is executed; `recorded` is what answered it."""
        ...

    @property
    def has_prelude(self) -> bool:
        """Whether the world of a benchmark's instance was made ready as OpenHands does (`worlds.prelude`)."""
        ...

    @property
    def beside(self) -> frozenset[str]:
        """The files that may lie beside a recording and say in what world it was made: their names."""
        ...

    def world(self, events: Iterable[tuple[str, Event]], around: Around) -> Sequence[Fact]:
        """What is told of the world that a recording was made in, what says most first.

        `events` are its first ones in today's spelling, each with what it is called in messages; of a long
        content there may be the beginning (`skimmed`).
        """
        ...

    @property
    def tools(self) -> ToolMap:
        """The tools that a live model is offered, and how the agent's actions are said as calls of tools."""
        ...

    def tools_in(self, records: Sequence[Text]) -> ToolMap:
        """Those of them that this recording's own model has had, told as they were to it."""
        ...

    def spent(self, recording: Recording, use: ModelUse) -> Changes:
        """A live model has given a reply, of which a recording is told what it came to."""
        ...

    def prompt(self, records: Sequence[Text]) -> list[dict[str, Any]] | None:
        """The messages that a model is shown that goes on from these records; None: they are made of events.

        The records are what a save of the run would hold. The messages are as OpenAI has them. What a model
        thought goes along as `thinking_blocks` or `reasoning_content` if `model` says who thought it; it is
        sent to nobody else.
        """
        ...

    def check(self, texts: Sequence[Text]) -> list[Finding]:
        """What is wrong with a recording of these events, given as `text` has them."""
        ...

    def examine(self, kept: Kept) -> Sequence[Fault] | None:
        """What is wrong with its records and their files, for the program that wrote them; None: not known.

        Then what a container says of files that are out of place stands as it is.
        """
        ...

    # Editing. Each answers with what is to become of the records and raises `BadInput`, in words that
    # say what to do, where an edit cannot be made.

    def changed(self, recording: Recording, index: int, path: ValuePath, value: Any) -> Changes:
        """A field of an event is set. KeyError: the path leads nowhere."""
        ...

    def unset(self, recording: Recording, index: int, path: ValuePath) -> Changes:
        """A field of an event is removed. KeyError: it is not there."""
        ...

    def replaced(self, recording: Recording, index: int, typed: str) -> Changes:
        """An event is given another text."""
        ...

    def made(self, recording: Recording, at: int, events: Sequence[Event]) -> Changes:
        """New events come before the event at an index."""
        ...

    def removed(self, recording: Recording, indices: Sequence[int]) -> Changes:
        """Events go."""
        ...

    def moved(self, recording: Recording, indices: Sequence[int], place: int) -> Changes:
        """Events go and come back before event number `place` of those that stay."""
        ...

    def copied(self, recording: Recording, indices: Sequence[int], at: int) -> Changes:
        """Copies of events, with names of their own, come before the event at an index."""
        ...

    def switched(self, recording: Recording, branch: Branch) -> Changes:
        """Another branch is the active one."""
        ...

    def follow(self, before: Sequence[Text], after: Sequence[Text]) -> Changes:
        """What is to be numbered or linked anew now that records were edited."""
        ...

    def result(self, recording: Recording, index: int, event: Event) -> Changes:
        """An observation is what came back in a run."""
        ...

    def ran(self, before: Sequence[Text], recording: Recording, home: str | None) -> Changes:
        """A recording's events are those of a run by now: what else of its records is to be about that run.

        `before` are the records that there were, `home` the directory that it is to be kept in, empty where
        that does not matter; None: it is not written down yet, and what a model does comes behind it.
        """
        ...

    def run(self, events: Iterable[Played]) -> Iterator[bytes] | None:
        """A run as a file of its own; None: its recording's file is written with the results in place."""
        ...


CERTAIN: Final = 1.0
"""The claim that ends the search for a dialect."""

_HEAD: Final = 20
"""So many records are shown to a dialect at first."""
_LARGE: Final = 1_000_000
"""Records of more bytes are not, where there are others: each is copied for it."""


def claim_of(dialect: Dialect, records: Sequence[Text]) -> float:
    """How sure a dialect is of some records: by the first of them, and by all where those tell nothing.

    Nobody is sure of none.
    """
    if not records:
        return 0.0
    head = [bytes(raw) for raw in records[:_HEAD] if len(raw) <= _LARGE]
    claim = dialect.claims(head) if head else 0.0
    if not claim and len(records) > len(head):
        claim = dialect.claims([bytes(raw) for raw in records])
    return claim
