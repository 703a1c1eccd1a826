"""Edits that add, remove or move events while a run is under way: what counts by index follows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from trajcore.document.edits import Edit
from trajcore.replay.run import GONE, Entry, Run, StepResult

T = TypeVar("T")


@dataclass(frozen=True)
class Renumbering:
    """Where each event went. `concerned` are those that were deleted or moved, by their old indices."""

    remap: Callable[[int], int | None]
    concerned: frozenset[int]

    def position(self, position: int) -> int:
        """The place behind the event that the old place was behind, or the last before it that stayed."""
        for index in range(position - 1, -1, -1):
            moved = None if index in self.concerned else self.remap(index)
            if moved is not None:
                return moved + 1
        return 0

    def keys(self, by_index: Mapping[int, T]) -> dict[int, T]:
        """A mapping by index; what was deleted is left out."""
        return {new: value for old, value in by_index.items() if (new := self.remap(old)) is not None}

    def indices(self, indices: Iterable[int]) -> set[int]:
        """A set of indices; what was deleted is left out."""
        return {new for old in indices if (new := self.remap(old)) is not None}

    def results(self, results: Mapping[int, StepResult]) -> dict[int, StepResult]:
        """The results of steps, which know their indices."""
        return {new: replace(result, index=new) for new, result in self.keys(results).items()}

    def entries(self, entries: Iterable[Entry]) -> list[Entry]:
        """The entries of a run; those of deleted events stay, as happened."""
        return [self._entry(entry) for entry in entries]

    def _entry(self, entry: Entry) -> Entry:
        if entry.origin is None or entry.origin == GONE:
            return entry
        new = self.remap(entry.origin)
        origin = GONE if new is None else new
        return entry if origin == entry.origin else replace(entry, origin=origin)


@dataclass(frozen=True)
class Parked:
    """What belonged to events that an edit took out of the recording, for the case that they come back."""

    edit: Edit
    origins: Mapping[int, int]
    """By the id of an entry of the run, the index that its event had."""
    results: Mapping[int, StepResult]
    position: int
    """Where the replay was before the edit."""
    left_at: int = 0
    """Where it was after it."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing of the run was concerned."""
        return not self.origins

    def brought_back(self, entries: Iterable[Entry], position: int) -> list[Entry]:
        """The entries, those of events that are back before `position` with their indices again."""
        return [
            replace(entry, origin=origin)
            if entry.origin == GONE and (origin := self.origins.get(entry.id, position)) < position
            else entry
            for entry in entries
        ]


def park(edit: Edit, renumbering: Renumbering, run: Run, position: int) -> Parked:
    """Keep what a renumbering is about to lose."""
    origins = {
        entry.id: entry.origin
        for entry in run.entries
        if entry.origin is not None and entry.origin != GONE and renumbering.remap(entry.origin) is None
    }
    gone = set(origins.values())
    results = {index: run.results[index] for index in gone if index in run.results}
    return Parked(edit, origins, results, position)


def made(edit: Edit) -> Renumbering:
    """What an edit did."""
    return Renumbering(edit.remap, frozenset(edit.touched_before))


def taken_back(edit: Edit) -> Renumbering:
    """What taking an edit back did."""
    return Renumbering(edit.unmap, frozenset(edit.touched))
