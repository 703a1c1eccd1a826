"""The course of a run: what was carried out in it, and which of its places the recording still leads to.

A world is what was carried out in it. A place of a run is named by how many entries the run had there; the
recording may have been edited since, so that playing it would not lead to that place any more.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping
from itertools import accumulate

from trajcore.events.kinds import Service
from trajcore.replay.policy import is_executed
from trajcore.replay.run import EXECUTED, Entry, Run, StepResult
from trajcore.trajectory import Trajectory


class Course:
    """A run as it is now, over the recording as it is now. Neither may change while this is used."""

    def __init__(
        self, trajectory: Trajectory, run: Run, services: Mapping[int, Service], *, edited: bool = True
    ) -> None:
        """`services` is how the user wants steps to be satisfied, by their uids.

        `edited` unset: neither these nor the recording have changed since the run began.

        `standing` says how many of its entries, from the first, playing the recording would give again as
        far as the world goes; `departure` is the first event that it would carry out behind them, or that
        was carried out behind them a second time.
        """
        self._trajectory = trajectory
        self._run = run
        self._entered: dict[int, int] = {}
        """The number of the entry with which an event (its uid) first entered the run."""
        self._asked: list[int] = []
        """The numbers of the entries that a replay carries out, whether or not they were."""
        self._carried_out: list[int] = []
        """The numbers of those that were, and of what a model did."""
        seconds = []
        for number, entry in enumerate(run.entries):
            spent = 0.0
            if entry.origin is not None:
                self._entered.setdefault(entry.origin, number)
            head = entry.head if entry.live else entry.recorded_head
            if head is not None and is_executed(head):
                result = None if entry.origin is None else run.results.get(entry.origin)
                if entry.origin is not None:
                    self._asked.append(number)
                if entry.live or (result is not None and result.status in EXECUTED):
                    self._carried_out.append(number)
                spent = _seconds(run, entry, result)
            seconds.append(spent)
        self._seconds = [0.0, *accumulate(seconds)]
        self._hands = self._by_hand()
        self.standing, self.departure = self._agreed(services) if edited else self._as_ever()

    def __len__(self) -> int:
        return len(self._run.entries)

    def _by_hand(self) -> list[int]:
        """Where in the run the user changed files by hand."""
        if not self._run.by_hand:
            return []
        number_of = {entry.id: number for number, entry in enumerate(self._run.entries)}
        return [0 if id is None else number_of[id] + 1 for id, _ in self._run.by_hand]

    def _agreed(self, services: Mapping[int, Service]) -> tuple[int, int]:
        """What `standing` and `departure` are."""
        trajectory, run = self._trajectory, self._run
        to_play = self._to_play()
        for number in self._asked:
            entry, index = run.entries[number], next(to_play, len(trajectory))
            if index == len(trajectory) or not self._is(entry, index) or not self._as_chosen(entry, services):
                return number, self._first_played(number, index)
        return len(run.entries), next(to_play, len(trajectory))

    def _first_played(self, number: int, index: int) -> int:
        """The first event that an entry from `number` on is of, where it is before `index`; else that.

        It was played again there: what it came to then is of a world that the recording does not lead to.
        """
        here, entries = self._trajectory.index_of_uid, self._run.entries
        origins = (entries[asked].origin for asked in self._asked if asked >= number)
        indices = (None if origin is None else here(origin) for origin in origins)
        return min((at for at in indices if at is not None and at < index), default=index)

    def _as_ever(self) -> tuple[int, int]:
        """The same, where nothing has changed since the run began."""
        last = self._run.entries[self._asked[-1]].origin if self._asked else None
        index = None if last is None else self._trajectory.index_of_uid(last)
        to_play = self._to_play(0 if index is None else index + 1)
        return len(self._run.entries), next(to_play, len(self._trajectory))

    def _to_play(self, start: int = 0) -> Iterator[int]:
        """The events that a replay of the recording carries out, in order."""
        trajectory = self._trajectory
        actions = trajectory.outline.is_action
        for index in range(start, len(trajectory)):
            if actions[index] and is_executed(trajectory.head(index)):
                yield index

    def _is(self, entry: Entry, index: int) -> bool:
        trajectory = self._trajectory
        return entry.origin == trajectory.uid(index) and entry.raw == trajectory.raw(index)

    def _as_chosen(self, entry: Entry, services: Mapping[int, Service]) -> bool:
        assert entry.origin is not None
        result = self._run.results.get(entry.origin)
        if result is None:  # the model had it carried out
            return entry.live and services.get(entry.origin, Service.EXECUTE) is Service.EXECUTE
        return result.service is services.get(entry.origin, result.service)

    def position(self, place: int) -> int:
        """Where in the recording a place is that still stands: what comes next has not been played there."""
        trajectory, run = self._trajectory, self._run
        at = bisect_left(self._asked, place)
        index = 0
        if at:
            last = run.entries[self._asked[at - 1]].origin
            assert last is not None
            index = (trajectory.index_of_uid(last) or 0) + 1
        while index < len(trajectory) and self._entered.get(trajectory.uid(index), place) < place:
            index += 1
        return index

    def behind_answers(self, position: int) -> int:
        """The same position, or where it is between an action that was played and its answer, behind that."""
        trajectory, answers = self._trajectory, self._trajectory.outline.answers
        while position < len(trajectory) and position in answers:
            if trajectory.uid(answers[position]) not in self._entered:
                break
            position += 1
        return position

    def place(self, position: int) -> int:
        """How many entries the run had before it came to the event at `position`, or to a model."""
        here, entries = self._trajectory.index_of_uid, self._run.entries
        before: set[int] = set()
        for number, entry in enumerate(entries):
            if entry.live and entry.origin is None:
                return self._before_the_word(number)
            index = None if entry.origin is None else here(entry.origin)
            if index is not None and index >= position and not _came_with(entry, before):
                return number
            before.add(entry.id)
        return len(entries)

    def _before_the_word(self, number: int) -> int:
        """Before what the user said to the model, whose first entry has this number."""
        entries = self._run.entries
        while number and entries[number - 1].origin is None:
            number -= 1
        return number

    def leads_to(self, place: int, position: int) -> bool:
        """Whether the world at the end of the run is that of a place, which is before the event there."""
        return (
            self.standing == len(self)
            and position <= self.departure
            and self.carried_out(place, len(self)) == 0
            and self.hands(place) == len(self._hands)
        )

    def hands(self, place: int) -> int:
        """How many times the user had changed files by hand at the end of a place."""
        return sum(hand <= place for hand in self._hands)

    def carried_out(self, first: int, behind: int) -> int:
        """How many entries from `first` up to, not including, `behind` changed the world, or could have."""
        return bisect_left(self._carried_out, max(first, behind)) - bisect_left(self._carried_out, first)

    def seconds(self, first: int, behind: int) -> float:
        """What was spent on the entries from `first` up to, not including, `behind`."""
        return self._seconds[max(first, behind)] - self._seconds[first]


def _seconds(run: Run, entry: Entry, result: StepResult | None) -> float:
    """What was spent on a step."""
    if result is not None:
        return result.seconds
    return run.live_steps[entry.id].seconds if entry.id in run.live_steps else 0.0


def _came_with(entry: Entry, before: Collection[int]) -> bool:
    """Whether it is the answer to an action that is one of those before; in a run, it stands behind it."""
    return entry.cause in before and not entry.head.is_action
