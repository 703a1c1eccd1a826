"""The branches of a recording that is being debugged: the recorded one, and each that a model went on with.

One of them is the present one, whose events the session's trajectory has. The others are held here, with
their runs as they were left, or are on disk alone, from earlier sessions.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import asdict

from trajcore import notices
from trajcore.dialects.base import ModelUse, Played
from trajcore.errors import BadInput, Refused
from trajcore.journal.branches import BranchLog, KeptBranch, Origin, kept_branches, new_path
from trajcore.live.outcome import Spent
from trajcore.replay.policy import ends_a_step, steps_of
from trajcore.storage import unchanged
from trajcore.tasks import finished_in_thread

if TYPE_CHECKING:
    from trajcore.live.modelsettings import ModelSettings
    from trajcore.replay.loop import Parked, Replay
    from trajcore.replay.run import Entry
    from trajcore.trajectory import Trajectory

RECORDED: Final = "recorded"
"""The name of the branch that was opened."""
_FIRST: Final = "live-1"
"""What a branch is called that gets no name; the next one has the next number."""


@dataclass(eq=False)
class Branch:
    """One way in which a recording goes on.

    `origin` is the name of the branch that it left, before the event called `cut`; `model` is who went on.
    Of the recorded branch these are empty.
    """

    name: str
    origin: str = ""
    cut: str = ""
    model: str | None = None
    trajectory: Trajectory | None = field(default=None, repr=False)
    """Its events, while another branch is the present one and it is in memory."""
    parked: Parked | None = field(default=None, repr=False)
    """Its run, as it was left."""
    log: BranchLog | None = field(default=None, repr=False)
    """Keeps it on disk, while it is in memory."""
    kept: KeptBranch | None = field(default=None, repr=False)
    """It as it is on disk, where it was begun in an earlier session and not gone to in this one."""
    inherited: frozenset[int] = frozenset()
    """The uids of what models have done before it left its origin."""
    stands: str = ""
    """How its run stood when it was left, as reports say it."""
    asked: dict[str, Any] = field(default_factory=dict, repr=False)
    """Which model was asked last in it, and how."""
    spent: Spent = field(default_factory=Spent, repr=False)
    """What the turns of its model came to, as far as they were noted."""

    @property
    def is_recorded(self) -> bool:
        """Whether it is the recording itself."""
        return not self.origin

    @property
    def is_on_disk(self) -> bool:
        """Whether it is there at the next start."""
        return self.log is not None or self.kept is not None


class Branches:
    """All branches of one recording, the recorded one first."""

    def __init__(self, trajectory: Trajectory, tell: notices.Listener, *, keep: bool) -> None:
        """`keep`: they are on disk too, from their first event on."""
        self._trajectory = trajectory
        self._tell = tell
        self._keep = keep and trajectory.path is not None
        self._looked = False
        self.present = Branch(RECORDED)
        """The one whose events the trajectory has."""
        self._all = [self.present]

    def __iter__(self) -> Iterator[Branch]:
        return iter(tuple(self._all))

    def __len__(self) -> int:
        return len(self._all)

    @property
    def recorded(self) -> Branch:
        """The recording itself."""
        return self._all[0]

    def named(self, name: str) -> Branch:
        """The branch with a name. Raises `BadInput` where there is none."""
        found = next((branch for branch in self._all if branch.name == name), None)
        if found is None:
            raise BadInput(
                f"there is no branch {name}: there are {', '.join(one.name for one in self._all)}."
            )
        return found

    async def look(self) -> None:
        """Find those that earlier sessions have left on disk; once."""
        if self._looked or not self._keep:
            return
        self._looked = True
        trajectory = self._trajectory
        for kept in await asyncio.to_thread(kept_branches, trajectory.path, trajectory.row):
            origin = kept.origin
            self._all.append(
                Branch(
                    self._free(kept.name),
                    origin.origin,
                    origin.cut,
                    kept.model,
                    kept=kept,
                    stands=kept.stands,
                    spent=kept.spent,
                )
            )

    def trajectory_of(self, branch: Branch) -> Trajectory | None:
        """The events of a branch; None where they are on disk alone."""
        return self._trajectory if branch is self.present else branch.trajectory

    def steps_of(self, branch: Branch) -> int:
        """How many steps a branch has: those of the recording, or those that its model has taken."""
        if branch.kept is not None:
            return branch.kept.steps
        held = self.trajectory_of(branch)
        if held is None:
            return 0
        if branch.is_recorded:
            return len(steps_of(held.outline))
        indices = filter(None, map(held.index_of_uid, held.grown - branch.inherited))
        return sum(ends_a_step(held.head(index)) for index in indices)

    def begin(self, held: Trajectory, parked: Parked, cut: str, model: str | None, name: str = "") -> Branch:
        """A branch begins: the trajectory has its events already. `held` and `parked` are what was left.

        `name` is what it is called, if that is free.
        """
        left, trajectory = self.present, self._trajectory
        left.trajectory, left.parked = held, parked
        inherited = frozenset(trajectory.grown)
        branch = Branch(self._free(name or _FIRST), left.name, cut, model, inherited=inherited)
        if self._keep and trajectory.path is not None:
            branch.log = self._log(new_path(trajectory.path))
            origin = Origin.now(
                trajectory.path, trajectory.row, branch.name, left.name, cut, model,
                trajectory.dialect.name,
            )  # fmt: skip
            branch.log.begin(origin, trajectory.as_one_file())
        self._all.append(branch)
        self.present = branch
        self._tell(notices.BranchChanged(branch.name))
        return branch

    def asks(self, settings: ModelSettings) -> None:
        """This model is asked now in the present branch, so; where that is new, it is noted."""
        branch, told = self.present, settings.told()
        if branch.is_recorded or branch.asked == told:
            return
        branch.asked, branch.model = told, settings.model
        self._note(branch, model=settings.model, asked=told)

    def spend(self, turn: Spent | None) -> None:
        """The model has had a turn in the present branch, and this is what it came to."""
        if turn is not None and not self.present.is_recorded:
            self.present.spent = self.present.spent.plus(turn)
            self._note(self.present, turn=turn.to_dict())

    def take_back(self, branch: Branch) -> Parked:
        """The present branch, in which nothing has happened, was never begun; the answer is what it left."""
        left = self.named(branch.origin)
        assert left.trajectory is not None
        assert left.parked is not None
        self._trajectory.hold(left.trajectory)
        self._all.remove(branch)
        if branch.log is not None:
            branch.log.remove()
        parked, left.parked, left.trajectory = left.parked, None, None
        self.present = left
        self._tell(notices.BranchChanged(left.name))
        return parked

    async def read(self, branch: Branch) -> None:
        """Have a branch in memory that is on disk alone. Raises `BadInput`."""
        kept = branch.kept
        if kept is None:
            return
        recording = self._trajectory
        log = self._log(kept.path)
        held = await finished_in_thread(lambda: kept.trajectory(recording))
        log.go_on()
        branch.trajectory, branch.log, branch.kept = held, log, None

    def go_to(self, branch: Branch, parked: Parked) -> Parked | None:
        """Be at another branch, which is in memory; `parked` is what is left. The answer is its own run."""
        assert branch.trajectory is not None
        left = self.present
        left.trajectory, left.parked = self._trajectory.hold(branch.trajectory), parked
        own, branch.parked, branch.trajectory = branch.parked, None, None
        self.present = branch
        self._tell(notices.BranchChanged(branch.name))
        return own

    def rename(self, branch: Branch, name: str) -> None:
        """Give a branch another name. Raises `BadInput` where that is taken, or the branch has its own."""
        name = " ".join(name.split())
        if branch.is_recorded:
            raise BadInput("the recorded branch keeps its name.")
        if not name or any(other.name == name for other in self._all if other is not branch):
            raise BadInput(f"there is a branch {name} already." if name else "a branch has a name.")
        for other in self._all:
            other.origin = name if other.origin == branch.name else other.origin
        branch.name = name
        self._note(branch, name=name)
        self._tell(notices.BranchChanged(self.present.name))

    def delete(self, branch: Branch) -> None:
        """Delete a branch for good. Raises `Refused` for the present and the recorded one, and `BadInput`."""
        if branch.is_recorded:
            raise Refused("the recorded branch is the recording: it is not deleted here")
        if branch is self.present:
            raise Refused("this is the branch you are in: go to another one first")
        if branch.kept is not None:
            branch.kept.remove()
        if branch.log is not None:
            branch.log.remove()
        self._all.remove(branch)
        self._tell(notices.BranchChanged(self.present.name))

    async def save(self, branch: Branch, path: Path) -> Path:
        """Save a branch as a trajectory of its own, as its agent writes one. Raises `BadInput`."""
        held, kept = self.trajectory_of(branch), branch.kept
        events = None if held is None else events_of(held)

        def save() -> None:
            source = held
            if source is None:
                assert kept is not None
                source = kept.trajectory()
            write(source, events or events_of(source), path)

        await finished_in_thread(save)
        self._note(branch, saved=str(path))
        return path

    def listen(self, notice: notices.Notice) -> None:
        """Keep the edits of the present branch."""
        log = self.present.log
        if log is not None and isinstance(notice, notices.DocumentChanged):
            for made in notice.edits:
                log.edit(made.edit, undone=made.undone)

    def close(self, stands: str) -> None:
        """Leave all of them in order on disk; `stands` is how the present one stands."""
        self.present.stands = stands
        for branch in self._all:
            if branch.log is not None:
                branch.log.close(branch.stands)
                branch.log = None

    def _note(self, branch: Branch, **what: Any) -> None:
        if branch.log is not None:
            branch.log.note(**what)
        elif branch.kept is not None:
            branch.kept.note(**what)

    def _free(self, wanted: str) -> str:
        """A name that no branch has: the wanted one, or one with another number.

        A number that is part of a given name, such as a model's, stays.
        """
        taken = {branch.name for branch in self._all}
        stem, number = "live" if re.fullmatch(r"live-\d+", wanted) else wanted, 1
        name = wanted
        while name in taken:
            number += 1
            name = f"{stem}-{number}"
        return name

    def _log(self, path: Path) -> BranchLog:
        loop = asyncio.get_running_loop()

        def warn(line: str) -> None:
            loop.call_soon_threadsafe(self._warn, line)

        return BranchLog(path, warn)

    def _warn(self, line: str) -> None:
        self._tell(notices.Said(line, "warning"))


def events_of(trajectory: Trajectory) -> Iterable[Played]:
    """All events of a trajectory as what happened."""
    return [Played(trajectory.uid(at), trajectory.data(at), True) for at in range(len(trajectory))]


def write(trajectory: Trajectory, events: Iterable[Played], path: Path) -> None:
    """Save what happened in a branch as a file, as its agent writes one. Raises `BadInput`."""
    trajectory.write_run(events, path, unchanged(path))


class Growth:
    """What a model does becomes part of the present branch: of its trajectory, its run, its file."""

    def __init__(self, replay: Replay, branches: Branches) -> None:
        self._replay = replay
        self._branches = branches

    def grow(self, entry: Entry) -> Entry:
        """Take in what the run has just added; the answer is the entry as it is from then on."""
        taken = self._replay.grow(entry)
        log = self._branches.present.log
        if log is not None:
            # What a dialect writes in its own way, it is given again as it was.
            log.event(taken.data() if self._replay.is_one_to_one else entry.data())
        return taken

    def spent(self, use: ModelUse) -> None:
        """What a reply of the model came to."""
        log = self._branches.present.log
        if self._replay.spent(use) and log is not None:
            log.note(spent=asdict(use))

    def say_anew(self, corrected: Sequence[Entry]) -> None:
        """Entries of the run say something else now."""
        log, held = self._branches.present.log, self._branches.trajectory_of(self._branches.present)
        assert held is not None
        self._replay.say_anew(corrected)
        for entry in corrected if log is not None else ():
            index = None if entry.origin is None else held.index_of_uid(entry.origin)
            if log is not None and index is not None:
                log.anew(index, entry.data())

    def take_back(self, count: int) -> None:
        """So many of the last events have left the run again: nobody heard them."""
        if self._replay.shrink(count):
            log = self._branches.present.log
            if log is not None:
                log.note(gone=count)

    def asks(self, settings: ModelSettings) -> None:
        """This model is asked now, so: what it does comes next."""
        self._branches.asks(settings)

    async def keep(self, seconds: float) -> None:
        """Keep the moment behind an action that took so many seconds, to go back to."""
        await self._replay.moments.keep_behind(seconds)
