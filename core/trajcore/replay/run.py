"""What happened in this run: its events in order, and how each step of the recording was satisfied."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, overload

from trajcore.dialects import canonical
from trajcore.dialects.base import Played
from trajcore.dialects.leftout import LeftOut
from trajcore.dialects.replies import said_anew
from trajcore.events.head import Head, head_of
from trajcore.events.kinds import Service
from trajcore.events.satisfied import Kept
from trajcore.formats.json.reading import as_object
from trajcore.masking import known
from trajcore.replay.policy import agent_spoke_last
from trajcore.replay.verdict import Cause, Comparison, Match
from trajcore.storage import unchanged, write_atomically

if TYPE_CHECKING:
    from trajcore.dialects.recording import Text
    from trajcore.dialects.replies import Call
    from trajcore.events.base import Event, Observation
    from trajcore.sandbox.base import FileChanges


class Status(Enum):
    """How a step of the recording was satisfied."""

    MATCHED = "matched"
    """Carried out, and equal to what was recorded, or nothing was recorded to compare with."""
    DIVERGED = "diverged"
    """Carried out, and something else came back."""
    SKIPPED = "skipped"
    """Left out, as it was wanted, or was not carried out when it was recorded."""
    RECORDED = "recorded"
    """What was recorded for it is served; nothing was carried out."""
    UNKNOWN = "unknown"
    """Carried out in a reconstructed world, and rests on what is only made up there."""


EXECUTED: Final = (Status.MATCHED, Status.DIVERGED, Status.UNKNOWN)
"""What a step comes to that was carried out."""


@dataclass(frozen=True)
class StepResult:
    """One action that asked something of the world, and both observations.

    `uid` is the event that it is of; where that is in the recording is asked of the trajectory.
    """

    uid: int
    id: int | None
    kind: str
    status: Status
    comparison: Comparison | None
    exit_code: int | None
    recorded_exit_code: int | None
    seconds: float
    reason: str
    actual: Observation | None
    recorded: Observation | None
    files: FileChanges | None = None
    """What it changed in the sandbox's files; None where that is not told."""
    service: Service = Service.EXECUTE
    """How it was to be satisfied: as the user wanted it, else as its recording does by itself."""

    @property
    def match(self) -> Match | None:
        """How recorded and actual agree; None when they do not, or were not compared."""
        return self.comparison.match if self.comparison else None

    @property
    def cause(self) -> Cause | None:
        """What kind of thing made it diverge; None where it did not."""
        return self.comparison.cause if self.comparison and self.status is Status.DIVERGED else None


@dataclass(frozen=True)
class LiveStep:
    """An action of a model that was carried out: how long that took, and what it changed in the sandbox's
    files; None where that is not told.
    """

    seconds: float
    files: FileChanges | None


Content = bytes | Callable[[], dict[str, Any]]
"""The JSON text of an event, or what makes the event when its text is first asked for."""


@dataclass(frozen=True)
class Entry:
    """One event of the run. `origin` is the uid of the recorded event; None for what this run added.

    The event may be out of the recording by now (`Trajectory.index_of_uid`), or have been played a second
    time (`Run.is_superseded`).

    `id` and `cause` are its own: where the recording repeats or lacks ids, they are not those in `raw`.
    """

    content: Content
    recorded_head: Head | None
    origin: int | None
    live: bool
    id: int
    cause: int | None
    canonical: Callable[[dict[str, Any]], dict[str, Any]] = dict
    """Brings it to today's spelling."""
    skipped: bool = False
    """Whether the user skipped it: then neither it nor its answer has happened."""
    kept: Kept | None = None
    """How the step was satisfied that it answers, where it was not simply executed."""
    number: int | None = None
    """Which of those it is, counted from 1, that came into this run without an event of the recording."""

    @property
    def label(self) -> str:
        """How it is called while no event of the recording is it, beside the labels of those that are."""
        return f"+{self.number}" if self.origin is None else str(self.id)

    @cached_property
    def raw(self) -> bytes:
        """The JSON text."""
        return self.content if isinstance(self.content, bytes) else json.dumps(self.content()).encode()

    @cached_property
    def event(self) -> Event:
        """The typed event, read once."""
        from trajcore.events.parse import parse

        return parse(self.canonical(self.data())).event

    @cached_property
    def head(self) -> Head:
        """What a timeline shows of it."""
        return self.recorded_head or head_of({**json.loads(self.raw), "cause": self.cause})

    @property
    def is_added(self) -> bool:
        """Whether it is neither of the recording nor the result of one of its steps."""
        return self.live or (self.head.is_action and self.recorded_head is None)

    def data(self) -> dict[str, Any]:
        """The event as a Python object, a new one at each call."""
        written = as_object(self.raw)
        written.pop("id", None)
        if self.cause is None:
            written.pop("cause", None)
        event: dict[str, Any] = {"id": self.id, **written}
        if self.cause is not None:
            event["cause"] = self.cause
        return event if self.kept is None else self.kept.put_in(event)


class Recorded(Protocol):
    """What a run is one of: it knows how a run is written. A `Trajectory`."""

    def run_file(self, events: Iterable[Played]) -> Iterator[bytes]:
        """The file of a run."""
        ...

    def run_records(self, events: Iterable[Played]) -> Sequence[Text]:
        """The texts of its records."""
        ...

    def write_run(self, events: Iterable[Played], path: Path, before: Callable[[], None]) -> Path:
        """Write it, and say where."""
        ...


Spelling = Callable[[dict[str, Any]], dict[str, Any]]
"""Brings an event to today's spelling."""


class Happened(Sequence[Entry]):
    """What has happened in a run, as it was at a moment: without what the user skipped, and its answers.

    An event that came from one response of a model with what was skipped has a copy of that response without
    the skipped call. Any thread may read it.
    """

    def __init__(self, entries: Iterable[Entry], left_out: LeftOut | None = None) -> None:
        every = tuple(entries)
        self._left_out = left_out or LeftOut.of(entry.data() for entry in every if entry.skipped)
        self._entries = tuple(entry for entry in every if not self.leaves_out(entry))

    def leaves_out(self, entry: Entry) -> bool:
        """Whether it was skipped, or answers what was."""
        return entry.skipped or (entry.cause in self._left_out.ids and not entry.head.is_action)

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, place: int) -> Entry: ...
    @overload
    def __getitem__(self, place: slice) -> Happened: ...
    def __getitem__(self, place: int | slice) -> Entry | Happened:
        if isinstance(place, slice):
            return Happened(self._entries[place], self._left_out)
        entry = self._entries[place]
        if not self._left_out.ids:
            return entry
        data = entry.data()
        left = self._left_out.taken_from(data)
        return entry if left is data else replace(entry, content=json.dumps(left).encode())


class History(Sequence["Event"]):
    """The events of what has happened in a run, typed where they are looked at. Any thread may read it."""

    def __init__(self, happened: Happened, of: Recorded | None = None) -> None:
        self.happened = happened
        self._of = of

    @property
    def records(self) -> Sequence[Text] | None:
        """What a save of the run would hold, as records of its recording; None where it is of none.

        Raises `BadInput` where the recording's dialect has no words for what was added.
        """
        return None if self._of is None else self._of.run_records(_as_played(self.happened))

    def __len__(self) -> int:
        return len(self.happened)

    @overload
    def __getitem__(self, place: int) -> Event: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Event]: ...
    def __getitem__(self, place: int | slice) -> Event | Sequence[Event]:
        if isinstance(place, slice):
            return History(self.happened[place], self._of)
        return self.happened[place].event


class Written(Sequence[dict[str, Any]]):
    """The events of a history as objects, made where they are looked at."""

    def __init__(self, history: History) -> None:
        self._entries = history.happened

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, place: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[dict[str, Any]]: ...
    def __getitem__(self, place: int | slice) -> dict[str, Any] | Sequence[dict[str, Any]]:
        if isinstance(place, slice):
            return [entry.data() for entry in self._entries[place]]
        return self._entries[place].data()


class Run:
    """The events of this run. Ids of the recording are kept where they are unique; others are fresh."""

    def __init__(
        self,
        last_id: int | Callable[[], int],
        of: Recorded | None = None,
        canonical: Spelling = dict,
    ) -> None:
        """Fresh ids are above `last_id`: a function is asked when the first is needed.

        `of` is its recording, whose kind its file is of; without it, it is one of OpenHands.

        `canonical` brings what is recorded to today's spelling (`Dialect.canonical`).
        """
        self._canonical = canonical
        self._of = of
        self.entries: list[Entry] = []
        self.results: dict[int, StepResult] = {}
        """By the uid of the event, in the order in which they came."""
        self.live_steps: dict[int, LiveStep] = {}
        """What is known of the actions of a model that were carried out, by the id of their entry."""
        self.by_hand: list[tuple[int | None, FileChanges]] = []
        """What the user changed in them, behind the entry with this id (None: before all others)."""
        self._given_last_id = last_id
        self._live = 0
        """How many entries a model has added."""
        self._added = 0
        """How many came without an event of the recording."""
        self._bound: dict[int, Entry] = {}
        """Those of them that are events of the trajectory, by the uid of each."""
        self._ids: set[int] = set()
        self._id_of_origin: dict[int, int] = {}
        self._id_of_recorded: dict[int, int] = {}

    @cached_property
    def _last_id(self) -> int:
        return self._given_last_id() if callable(self._given_last_id) else self._given_last_id

    def __len__(self) -> int:
        return len(self.entries)

    def keep(
        self,
        raw: bytes,
        head: Head,
        origin: int,
        answers: int | None = None,
        *,
        skipped: bool = False,
        kept: Kept | None = None,
    ) -> None:
        """A recorded event, as it is. `answers` is the uid of the action that an observation answers.

        What the user `skipped` has its place in the run, and has not happened. `kept` is how the step was
        satisfied that it answers.

        A cause that names no event of the run so far is dropped: it could come to name another one.
        """
        by_name = self._id_of_recorded.get(head.cause) if head.cause is not None else None
        cause = by_name if answers is None else self._id_of_origin.get(answers)
        id = self._unique(head.id)
        if head.id is not None:
            self._id_of_recorded[head.id] = id
        self._id_of_origin[origin] = id
        self.entries.append(Entry(raw, head, origin, False, id, cause, self._canonical, skipped, kept))

    def add(
        self,
        event: dict[str, Any] | Callable[[], dict[str, Any]],
        *,
        origin: int | None = None,
        id: int | None = None,
        answers: int | None = None,
        live: bool = False,
        kept: Kept | None = None,
    ) -> Entry:
        """A new event: it is stamped with an id (a fresh one unless given and free) and the time.

        It holds no secret that this process knows.

        A callable is asked for it when it is first looked at; such an event needs `answers`. `kept` is as in
        `keep`.
        """
        id = self._unique(id)
        stamp = {"id": id, "timestamp": datetime.now().isoformat()}
        if origin is not None:
            self._id_of_origin[origin] = id
        if callable(event):
            make = event
            cause = self._id_of_origin.get(answers) if answers is not None else None
            entry = Entry(lambda: _masked({**stamp, **make()}), None, origin, live, id, cause, kept=kept)
        else:
            cause = self._id_of_origin.get(answers) if answers is not None else event.get("cause")
            raw = json.dumps(_masked({**stamp, **event})).encode()
            entry = Entry(raw, None, origin, live, id, cause, kept=kept)
        if origin is None:
            self._added += 1
            entry = replace(entry, number=self._added)
        self._live += live
        self.entries.append(entry)
        return entry

    def bind(self, entry: Entry, uid: int, raw: bytes, head: Head) -> Entry:
        """The last entry, which this run added, is an event of the trajectory from now on, as it is there."""
        assert self.entries[-1] is entry
        id = entry.id if head.id is None else head.id
        bound = replace(entry, content=raw, recorded_head=head, origin=uid, id=id, canonical=self._canonical)
        self.entries[-1] = bound
        self._bound[uid] = bound
        self._ids.add(id)
        self._id_of_origin[uid] = id
        return bound

    def precede(self, entry: Entry, uid: int, raw: bytes, head: Head) -> None:
        """Put an event of the trajectory before the last entry, which this run added and needs it."""
        assert self.entries[-1] is entry
        id = self._unique(head.id)
        made = Entry(raw, head, uid, entry.live, id, None, self._canonical)
        self._id_of_origin[uid] = id
        self._bound[uid] = made
        self._live += entry.live
        self.entries.insert(-1, made)

    def claim(self, events: Iterable[tuple[int, bytes, Head]]) -> None:
        """What this run has added is in the trajectory from now on: these events, by their uids, in order."""
        given = iter(events)
        happened = Happened(self.entries)
        for place, entry in enumerate(self.entries):
            if entry.origin is None and not happened.leaves_out(entry):
                uid, raw, head = next(given)
                self.entries[place] = replace(entry, content=raw, recorded_head=head, origin=uid)
                self._id_of_origin[uid] = entry.id

    def say_call_anew(self, response: dict[str, Any], call: Call) -> list[Entry]:
        """Correct the copies of a model's response in this run, where a call of it was edited.

        The answer are the entries that say something else now.
        """
        corrected = []
        for place, entry in enumerate(self.entries):
            if not entry.live:
                continue
            data = entry.data()
            said = canonical.call_of(data) or {}
            own = said.get("model_response")
            if isinstance(own, dict) and own.get("id") == response.get("id"):
                data[canonical.CALL] = {**said, "model_response": said_anew(own, call)}
                self.entries[place] = replace(entry, content=json.dumps(_masked(data)).encode())
                corrected.append(self.entries[place])
        return corrected

    def copied(self) -> Run:
        """The run as it is, which goes on apart from this one."""
        other = copy(self)
        other.entries, other.by_hand = self.entries[:], self.by_hand[:]
        other.results, other.live_steps = dict(self.results), dict(self.live_steps)
        other._ids, other._bound = set(self._ids), dict(self._bound)
        other._id_of_origin = dict(self._id_of_origin)
        other._id_of_recorded = dict(self._id_of_recorded)
        return other

    def become(self, other: Run) -> None:
        """Be as another run is, of which nobody else makes use from now on."""
        self.__dict__.update(other.__dict__)

    def holds(self, uid: int) -> bool:
        """Whether an event of the recording was played, as it was or otherwise."""
        return uid in self._id_of_origin

    def is_superseded(self, entry: Entry) -> bool:
        """Whether the event of an entry was played a second time, having been moved behind the position."""
        return entry.origin is not None and self._id_of_origin[entry.origin] != entry.id

    def rewind(self, entries: int, by_hand: int) -> list[Entry]:
        """Forget all but the first so many entries, with their results, and changes by hand.

        The answer is the entries that were forgotten.
        """
        gone = self.entries[entries:]
        del self.entries[entries:]
        self._live -= sum(entry.live for entry in gone)
        self._added = max((entry.number or 0 for entry in self.entries), default=0)
        self._ids = {entry.id for entry in self.entries}
        del self.by_hand[by_hand:]
        self.live_steps = {id: step for id, step in self.live_steps.items() if id in self._ids}
        self._id_of_origin = {entry.origin: entry.id for entry in self.entries if entry.origin is not None}
        self.results = {uid: result for uid, result in self.results.items() if uid in self._id_of_origin}
        self._bound = {uid: entry for uid, entry in self._bound.items() if uid in self._id_of_origin}
        self._id_of_recorded = {
            entry.recorded_head.id: entry.id
            for entry in self.entries
            if entry.recorded_head is not None and entry.recorded_head.id is not None
        }
        return gone

    def _unique(self, id: int | None) -> int:
        if id is None or id in self._ids:
            self._last_id += 1
            while self._last_id in self._ids:
                self._last_id += 1
            id = self._last_id
        self._ids.add(id)
        return id

    def add_by_hand(self, files: FileChanges) -> None:
        """The user has changed files of the sandbox, as it is now."""
        if files.count:
            self.by_hand.append((self.entries[-1].id if self.entries else None, files))

    def answer_to(self, place: int) -> Entry | None:
        """What came back for the action at a place, which stands behind it; None where nothing did."""
        id = self.entries[place].id
        return next((entry for entry in self.entries[place + 1 : place + 2] if entry.cause == id), None)

    def spent_on(self, id: int | None) -> float | None:
        """Seconds that an action of a model took, by the id of its entry; None for all else."""
        step = None if id is None else self.live_steps.get(id)
        return None if step is None else step.seconds

    def live_entry(self, uid: int) -> Entry | None:
        """What a model has added as this event of the trajectory; None where it was replayed, or recorded."""
        return self._bound.get(uid)

    @property
    def has_added(self) -> bool:
        """Whether it holds what the trajectory does not have: messages that the user has typed."""
        return any(entry.origin is None for entry in self.entries)

    @property
    def has_live_steps(self) -> bool:
        """Whether a model has added anything."""
        return self._live > 0

    @property
    def agent_spoke_last(self) -> bool:
        """Whether the last word is the agent's, or nobody has said anything yet."""
        return agent_spoke_last(entry.head for entry in reversed(self.entries) if not entry.skipped)

    def history(self) -> History:
        """What has happened so far, whatever is added later."""
        return History(Happened(self.entries), self._of)

    def played(self) -> Iterable[Played]:
        """What has happened so far, event by event, whatever is added later."""
        return _played(tuple(self.entries), lambda done, total: None)

    def to_json(self, told: Callable[[int, int], None] = lambda done, total: None) -> Iterator[bytes]:
        """What has happened so far, as its dialect writes a run.

        `told` is called with how many events were given so far, and how many there are.
        """
        played = _played(tuple(self.entries), told)
        return _as_any(played) if self._of is None else self._of.run_file(played)

    def saving(
        self, path: Path, told: Callable[[int, int], None] = lambda done, total: None
    ) -> Callable[[], Path]:
        """What saves the run as it is now, in any thread, and says where to. `told` is as in `to_json`.

        It raises `BadInput`, and `FileChanged` where somebody else has written there since.
        """
        check, of = unchanged(path), self._of
        played = _played(tuple(self.entries), told)
        if of is not None:
            return lambda: of.write_run(played, path, check)

        def write() -> Path:
            write_atomically(path, _as_any(played), before=check)
            return path

        return write


def _masked(event: dict[str, Any]) -> dict[str, Any]:
    masked: dict[str, Any] = known().tree(event)
    return masked


def _played(entries: Sequence[Entry], told: Callable[[int, int], None]) -> Iterator[Played]:
    happened = Happened(entries)
    for place, played in enumerate(_as_played(happened)):
        yield played
        told(place + 1, len(happened))


def _as_played(happened: Happened) -> Iterator[Played]:
    return (Played(entry.origin, entry.data(), entry.recorded_head is not None) for entry in happened)


def _as_any(events: Iterable[Played]) -> Iterator[bytes]:
    from trajcore.dialects.registry import default_dialect

    return default_dialect().run(events) or iter(())
