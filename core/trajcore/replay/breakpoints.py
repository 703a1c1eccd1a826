"""Where a replay stops: on an event, or on the next event of which a condition is true."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import platformdirs

from trajcore import notices
from trajcore.config import APP
from trajcore.errors import BadInput
from trajcore.reading import STATE, Missing, read_file
from trajcore.replay.bookmarks import Bookmarks
from trajcore.replay.run import StepResult
from trajcore.replay.states import Stop
from trajcore.storage import write_atomically
from trajcore.trajectory import Trajectory

if TYPE_CHECKING:
    from trajcore.replay.conditions import Condition, Moment

_VERSION: Final = 1


@dataclass
class Breakpoint:
    """On the event with a `uid`, or on `condition`; one of them is given."""

    uid: int | None = None
    condition: Condition | None = None
    enabled: bool = True
    hits: int = 0

    def stopped(self, begun: int, position: int) -> notices.Stopped:
        """That it has stopped a replay which began at the index `begun`."""
        if self.condition is None:
            return notices.Stopped(begun, position, Stop.EVENT)
        why = Stop.BEHIND if self.condition.on_result else Stop.BEFORE
        return notices.Stopped(begun, position, why, self.condition.text)

    def describe(self, trajectory: Trajectory) -> str:
        """How it is called in messages: `breakpoint at event 12`, `breakpoint on exit!=0`."""
        if self.condition is not None:
            return f"breakpoint on {self.condition.text}"
        index = self.index(trajectory)
        return f"breakpoint at event {'' if index is None else trajectory.label(index)}"

    def index(self, trajectory: Trajectory) -> int | None:
        """Where its event is; None where it is on a condition, or the event is out of the recording."""
        return None if self.uid is None else trajectory.index_of_uid(self.uid)


class Breakpoints:
    """The breakpoints of one recording, in the order in which they were set.

    One whose event is out of the recording is none of them; when the event comes back, it is again.
    """

    def __init__(self, trajectory: Trajectory, recording: Trajectory | None = None) -> None:
        """`recording`: what is kept of them is of its events alone, while the trajectory has others too."""
        self._trajectory = trajectory
        self._recording = trajectory if recording is None else recording
        self._all: list[Breakpoint] = []
        self._too_slow: list[str] = []
        self.bookmarks = Bookmarks(trajectory, self._recording)
        """Events that the user wants to find again, kept with the breakpoints."""
        self.fault = ""
        """Why they are not kept: what has the name of their file is something else."""

    def __contains__(self, uid: object) -> bool:
        return any(point.uid == uid and point.enabled for point in self)

    def __iter__(self) -> Iterator[Breakpoint]:
        here = self._trajectory.index_of_uid
        return iter([point for point in self._all if point.uid is None or here(point.uid) is not None])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def toggle(self, uid: int) -> bool:
        """Set or remove a breakpoint on an event; whether there is one now."""
        kept = [point for point in self._all if point.uid != uid]
        added = len(kept) == len(self._all)
        self._all = [*kept, Breakpoint(uid)] if added else kept
        return added

    def add(self, condition: str) -> Breakpoint:
        """Set a breakpoint on a condition. Raises `BadInput` where it cannot be read."""
        from trajcore.replay.conditions import parse

        point = Breakpoint(condition=parse(condition))
        self._all.append(point)
        return point

    def remove(self, point: Breakpoint) -> None:
        """Remove a breakpoint."""
        self._all = [other for other in self._all if other is not point]

    def before(self, index: int) -> Breakpoint | None:
        """The breakpoint that stops the replay before an event is played; its hit is counted."""
        return self._hit(index, None)

    def after(self, result: StepResult) -> Breakpoint | None:
        """The breakpoint that stops the replay behind what has just been played; its hit is counted."""
        index = self._trajectory.index_of_uid(result.uid)
        return None if index is None else self._hit(index, result)

    def _hit(self, index: int, result: StepResult | None) -> Breakpoint | None:
        point = self.holds(index, result)
        if point is not None:
            point.hits += 1
        return point

    def holds(self, index: int, result: StepResult | None) -> Breakpoint | None:
        """The breakpoint that would stop the replay before an event or, given its result, behind it."""
        if not self._all:
            return None
        from trajcore.replay.conditions import Moment

        uid = self._trajectory.uid(index)
        moment: Moment | None = None
        for point in self._all:
            if not point.enabled:
                continue
            if point.condition is None:
                hit = result is None and point.uid == uid
            elif point.condition.on_result is (result is not None):
                moment = moment or Moment(self._trajectory.head(index), self._data(index), result)
                hit = self._holds(point, point.condition, moment)
            else:
                hit = False
            if hit:
                return point
        return None

    def _holds(self, point: Breakpoint, condition: Condition, moment: Moment) -> bool:
        """One that takes too long is switched off, and stops nothing."""
        try:
            return condition.holds(moment)
        except BadInput as error:
            point.enabled = False
            self._too_slow.append(f"a breakpoint is switched off: {error}")
            return False

    def too_slow(self) -> list[str]:
        """Which were switched off since this was last asked, as they took too long, in words."""
        slow, self._too_slow = self._too_slow, []
        return slow

    def _data(self, index: int) -> dict[str, object]:
        try:
            return self._trajectory.modern(index)
        except ValueError:
            return {}

    # Kept beside the recording's name, never in it

    def load(self) -> None:
        """Read the breakpoints that were kept for this recording; what makes no sense is passed over.

        What is no file of ours is left alone, and none are kept: `fault` says so.
        """
        path = self._sidecar()
        if path is None:
            return
        try:
            data = read_file(path, STATE)
        except Missing:
            return
        except BadInput as error:
            self.fault = f"breakpoints are not kept: {error}"
            return
        with contextlib.suppress(ValueError, RecursionError, KeyError, TypeError, BadInput):
            read = json.loads(data)
            self.bookmarks.restore(read.get("bookmarks", ()))
            self._all = [self._restored(entry) for entry in read["breakpoints"]]

    def save(self) -> None:
        """Keep the breakpoints for the next time; raises `BadInput` where they cannot be written."""
        path = self._sidecar()
        here = self._recording.index_of_uid
        points = [point for point in self._all if point.uid is None or here(point.uid) is not None]
        bookmarks = self.bookmarks.kept()
        if path is None or self.fault or not (points or bookmarks or os.path.exists(path)):
            return
        entries = [self._kept(point) for point in points]
        kept = {
            "version": _VERSION,
            "recording": self._trajectory.name,
            "breakpoints": entries,
            "bookmarks": bookmarks,
        }
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(f"{path.parent} cannot be made: {error.strerror}.") from None
        write_atomically(path, [json.dumps(kept, indent=2).encode()])

    def _kept(self, point: Breakpoint) -> dict[str, object]:
        index = point.index(self._recording)
        return {
            "event": None if index is None else self._recording.label(index),
            "when": point.condition.text if point.condition else None,
            "enabled": point.enabled,
        }

    def _restored(self, entry: dict[str, object]) -> Breakpoint:
        enabled = bool(entry["enabled"])
        if entry["when"] is not None:
            from trajcore.replay.conditions import parse

            return Breakpoint(condition=parse(str(entry["when"])), enabled=enabled)
        index = self._trajectory.resolve(str(entry["event"]))
        return Breakpoint(self._trajectory.uid(index), enabled=enabled)

    def _sidecar(self) -> Path | None:
        source = self._trajectory.path
        if source is None:
            return None
        name = hashlib.sha256(str(source.absolute()).encode()).hexdigest()[:20]
        return Path(platformdirs.user_state_dir(APP)) / "breakpoints" / f"{name}.json"
