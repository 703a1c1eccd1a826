"""A recording and its run: played forward, taken back to earlier moments, begun anew."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from trajcore import notices
from trajcore.dialects.newevents import user_message
from trajcore.document.edits import Edit
from trajcore.errors import Refused
from trajcore.events.kinds import Service
from trajcore.replay.breakpoints import Breakpoint, Breakpoints
from trajcore.replay.checkpoints import Moment, Route, RunCheckpoint, RunCheckpoints
from trajcore.replay.course import Course
from trajcore.replay.executor import Executor
from trajcore.replay.player import Player
from trajcore.replay.positions import Position
from trajcore.replay.reconstruction import Reconstruction
from trajcore.replay.remade import Remade, first_remade
from trajcore.replay.run import Run, StepResult
from trajcore.replay.staleness import first_departure, stale_events
from trajcore.replay.verdict import Cause
from trajcore.sandbox.machines.diskguard import share_of_disk
from trajcore.settings import Settings
from trajcore.trajectory import Trajectory
from trajcore.worlds.plan import Worlds

if TYPE_CHECKING:
    from trajcore.activity import Activity
    from trajcore.sandbox.base import Checkpoint, FileChanges, Visitor

_BREATH: Final = 0.004
"""So many seconds a replay that waits for nothing goes on before others have a turn."""
_IDLE: Final = 3.0
"""A paused run is checkpointed when it has been left alone for so many times what a checkpoint takes."""
_SHORTEST_IDLE: Final = 0.1


class Replay:
    """The run of a session, and the world it happens in. One method at a time."""

    def __init__(self, trajectory: Trajectory, settings: Settings, activity: Activity) -> None:
        self.breakpoints = Breakpoints(trajectory)
        self.services: dict[int, Service] = {}
        """How the user wants a step to be satisfied, by its uid; executed where nothing is said."""
        self.pause_asked = False
        self._trajectory = trajectory
        self._settings = settings
        self._tell = activity.tell
        self.worlds = Worlds(trajectory, settings.sandbox, settings.beginning, own=settings.own_image)
        """In which world each run begins."""
        self._queued: list[str] = []
        self._idle_checkpoint: asyncio.Task[None] | None = None
        self.begin()

    def begin(self) -> None:
        """A new run, before the first event, in a world that is yet to be made."""
        of = self._trajectory
        self._run = Run(lambda: of.outline.last_id, of.run_file, of.dialect.canonical)
        settings = self._settings
        room = settings.checkpoint_bytes or share_of_disk()
        world = replace(
            settings.world,
            snapshot_bytes=room,
            track_files=settings.world.track_files or settings.checkpoints > 0,
            quick_bytes=room if settings.checkpoints else 0,
            quick_files=settings.checkpoint_files,
        )
        self.world = Executor(
            settings.sandbox, world, self._tell, of.dialect, self.worlds, Reconstruction(of)
        )
        self.player = Player(
            of, self._run, self.world, self.services, settings.normalisers, self._told_by_player
        )
        self._suspects: set[int] = set()
        """Events (their uids) that were edited since the run began."""
        self._restructured = False
        """Whether events came, went or moved since then."""
        self._rechosen = False
        """Whether the user chose since then how a step is satisfied that was played before."""
        self._stale: tuple[frozenset[int], int | None, int | None] | None = None
        """What `stale`, `first_stale` and `departure` are, while nothing changes them."""
        self._spent = 0.0
        """Seconds of commands since the last checkpoint."""
        self.remade: Remade | None = None
        """The first step of this run that came out otherwise when it was executed again on a way back."""
        self._hands: list[Position] = []
        """Where the user changed files by hand."""
        self._told_lack = False
        self._goal: tuple[int, int] | None = None
        """From where to where the replay goes forward in order to be back."""
        self._checkpoints = RunCheckpoints(settings.checkpoints, room)
        self._missed: list[tuple[Position, str]] = []
        """Where no checkpoint could be taken, and why."""
        self._typed: list[tuple[Position, str]] = []
        """Messages that the user typed, with the position at which each stands, in order."""
        self._again: list[tuple[Position, str]] = []
        """Those of them that the replay, having gone back, has yet to come to."""

    @property
    def run(self) -> Run:
        """What happened in this run, with all that has come back by now."""
        self.player.flush_result()
        return self._run

    # Forward

    async def play(
        self, *, one_step: bool = False, stop_before: int | None = None, breaking: bool = True
    ) -> Breakpoint | None:
        """Play until something stops it; the answer is the breakpoint, where it was one.

        Raises `SandboxUnavailable`. With `breaking` unset, breakpoints are passed.
        """
        await self.cancel_idle_checkpoint()
        player, begun_at = self.player, self.player.position
        clock = asyncio.get_running_loop().time
        breathed = clock()
        self._deliver_again()
        try:
            while not player.at_end and not self.pause_asked:
                at = player.position
                stopped = self.breakpoints.before(at) if breaking and at != begun_at else None
                if at == stop_before or stopped:
                    return stopped
                played = self._trajectory.uid(at)
                # Where every step may be the last its result is wanted at once.
                player.pipelined = not (one_step or len(self.breakpoints))
                step_ends = await player.play()
                self._stale = None if self._suspects or self._rechosen else self._stale
                self._deliver_queued()
                self._deliver_again()
                if len(self.breakpoints):  # it may have been set just now
                    player.flush_result()
                if player.has_put_off(played) or played in self._run.results:
                    await self._keep_step(played)
                result = self._run.results.get(played)
                stopped = self.breakpoints.after(result) if breaking and result else None
                if stopped or (step_ends and one_step):
                    player.skip_bookkeeping()
                    return stopped
                if self._checkpoints.due(self._spent):
                    await self._checkpoint()
                if clock() - breathed > _BREATH:
                    self._tell_how_far()
                    await asyncio.sleep(0)
                    breathed = clock()
            return None
        finally:
            player.flush_result(ends=True)
            self._deliver_queued()

    def _told_by_player(self, notice: notices.Notice) -> None:
        """Pass on what the player tells; and once in a run, that a file is missing it should begin with."""
        self._tell(notice)
        world = self.world.world
        if self._told_lack or world is None or not world.is_bare:
            return
        if isinstance(notice, notices.StepDone) and notice.result.cause is Cause.WORLD:
            self._told_lack = True
            self._tell(notices.WorldLacks(notice.result.uid))

    def queue(self, text: str) -> None:
        """A message that enters the run when the present event is done."""
        self._queued.append(text)

    def add_message(self, text: str) -> None:
        """The user's word enters the run here, and again whenever the replay comes here anew."""
        at = Position(self.player.position)
        self._typed.insert(len(self._typed) - len(self._again), (at, text))
        self.enter(text)

    def enter(self, text: str) -> None:
        """The user's word enters the run this once."""
        self.run.add(user_message(text))
        self._tell(notices.RunChanged())

    def take_back(self, entries: int) -> None:
        """What has entered the run behind so many entries has not been said."""
        self.run.rewind(entries, len(self.run.by_hand))
        self._tell(notices.RunChanged())

    def _deliver_queued(self) -> None:
        """What was typed while an event was played stands behind it and its answer."""
        queued, self._queued = self._queued, []
        if queued:
            self.player.flush_result()
        for text in queued:
            self.add_message(text)

    def _deliver_again(self) -> None:
        while self._again and self._again[0][0].index <= self.player.position:
            self.player.flush_result()
            self.enter(self._again.pop(0)[1])

    # Back

    def routes(self, target: int, *, before_hand: bool = False) -> Sequence[Route]:
        """Ways back to before the event at `target`, the cheapest first. Raises `Refused`.

        `before_hand`: and before the user last changed files by hand there.
        """
        if not self.world.rewinds:
            where = self.world.described
            raise Refused(f"{where} cannot be taken back: use --sandbox docker or bubblewrap for that")
        world, course = self.world, self._course
        target = course.behind_answers(target)
        place = course.place(target)
        if not (before_hand or world.lost) and course.leads_to(place, target):
            hands = len(self.run.by_hand)
            return [Route(target, None, 0, 0.0, target, place, hands, stays=True)]
        missed = [
            (at.index, f"no checkpoint before event {self._label(at.index)}: {why}")
            for at, why in self._missed
        ]
        by_hand = [
            f"what you did by hand before event {self._label(at.index)}"
            for at in self._hands[: course.hands(place)]
        ]
        return self._checkpoints.routes(
            target, course, world.start_seconds, world, world.unkept, by_hand, missed,
            before_hand=before_hand, network=self._settings.world.network,
        )  # fmt: skip

    async def go_back(self, route: Route) -> str:
        """Take a way back, forward part included, and say in words what was done.

        Where what is executed again comes out otherwise, `remade` says so. Raises `SandboxUnavailable`.
        """
        await self.cancel_idle_checkpoint()
        earlier = self.run.results
        how = route.describe(f"event {self._label(route.start)}")
        self._tell(notices.Progress(f"going back, {route.price}: {how}", 0.0))
        gone = self._checkpoints.settle if route.stays else self._checkpoints.drop_behind
        dropped = gone((route.entries, route.by_hand))
        if route.checkpoint is not None:
            await self.world.restore(route.checkpoint.world)
        elif not route.stays:
            self._checkpoints.clear()
            await self.world.close()
        for checkpoint in reversed(dropped):
            await self.world.forget(checkpoint.world)
        self._rewind(route)
        place = "what you did by hand" if route.before_hand else f"event {self._label(route.target)}"
        words = f"back before {place}: {how}"
        self._tell(notices.WentBack(self.player.position, words))
        self._goal = (self.player.position, route.target) if route.steps else None
        try:
            await self.play(stop_before=route.target, breaking=False)
        finally:
            self._goal = None
            self._tell(notices.Progress(""))
            self.remade = self.remade or first_remade(earlier, self.run.results)
        return words

    def _tell_how_far(self) -> None:
        if self._goal is not None:
            begin, end = self._goal
            done = (self.player.position - begin) / max(1, end - begin)
            self._tell(notices.Progress(f"going back: before event {self._label(end)}", done))

    def _rewind(self, route: Route) -> None:
        kept = sum(entry.origin is None and not entry.live for entry in self.run.entries[: route.entries])
        self._again = self._typed[kept:]
        self._spent = self._spent if route.stays else 0.0
        self.run.rewind(route.entries, route.by_hand)
        self.remade = self.remade if self.remade and self.remade.uid in self.run.results else None
        del self._hands[route.by_hand :]
        self._missed = [(at, why) for at, why in self._missed if at.index <= route.start]
        self.player.rewind(route.start)
        self._stale = None

    def _label(self, index: int) -> str:
        return self._trajectory.label(index) if index < len(self._trajectory) else "the end"

    @property
    def _course(self) -> Course:
        edited = bool(self._suspects) or self._restructured or self._rechosen
        return Course(self._trajectory, self.run, self.services, edited=edited)

    # By hand

    async def visit(self, visitor: Visitor) -> FileChanges | None:
        """Let the user into the sandbox's shell until they leave; what they changed, where that is told.

        What they change is a place of its own: there is a way back to before it, and to behind it. Not so
        behind what a model did, of which no moment is kept.
        Raises `Refused`, `SandboxUnavailable`.
        """
        await self.cancel_idle_checkpoint()
        last = self._checkpoints.last
        kept = self._checkpoints.most and not self.run.has_live_steps
        if kept and (last is None or last.moment != self._moment):
            await self._keep()
        await self.world.visit(visitor)
        files = await self.world.changed_files()
        if files is not None and files.count:
            self._hands.append(Position(self.player.position))
            self.run.add_by_hand(files)
            if kept:
                await self._keep()
        return files

    @property
    def hand_is_last(self) -> bool:
        """Whether nothing has happened since the user changed files by hand."""
        by_hand, entries = self.run.by_hand, self.run.entries
        return (
            bool(by_hand)
            and not self.run.has_live_steps
            and by_hand[-1][0] == (entries[-1].id if entries else None)
        )

    @property
    def _moment(self) -> Moment:
        return len(self._run), len(self._run.by_hand)

    # Edits of the recording

    @property
    def results(self) -> Mapping[int, StepResult]:
        """The results of the steps that were played, by the index of each, as they came.

        A step that was moved behind the position is yet to be played, once more.
        """
        found, behind = self._trajectory.by_index(self.run.results), self.player.behind
        return {index: result for index, result in found.items() if index < behind}

    def result_of(self, index: int) -> StepResult | None:
        """See `results`."""
        return self.run.results.get(self._trajectory.uid(index)) if index < self.player.behind else None

    def follow(self, edit: Edit, *, undone: bool = False) -> None:
        """The recording was edited: positions between its events follow; all else is kept by uid."""
        if edit.structural:
            self.player.follow(edit, undone=undone)
            noted = [at for at, _ in (*self._typed, *self._missed)]
            for position in (*self._hands, *noted):
                position.follow(edit, self._trajectory.index_of_uid, undone=undone)
            self._restructured = True
        touched = edit.touched_before if undone else edit.touched
        self._suspects.update(map(self._trajectory.uid, touched))
        self._stale = None

    @property
    def stale(self) -> frozenset[int]:
        """Played events that were edited since, and events before the position that were never played."""
        return self._staleness[0]

    @property
    def first_stale(self) -> int | None:
        """Where the run begins to differ from what the recording says now; None where it does not."""
        return self._staleness[1]

    @property
    def departure(self) -> int | None:
        """The first event before the position that would be carried out otherwise now; None where none would.

        From there on the world is not the one that the recording leads to.
        """
        return self._staleness[2]

    def serve(self, uid: int, service: Service) -> None:
        """Choose how a step is satisfied when the replay comes to it."""
        self.services[uid] = service
        self._rechosen = self._rechosen or uid in self.run.results
        self._stale = None

    @property
    def _staleness(self) -> tuple[frozenset[int], int | None, int | None]:
        if self._stale is None:
            trajectory, run, player = self._trajectory, self.run, self.player
            stale = stale_events(trajectory, run, self._suspects, player.position, player.answered)
            left = first_departure(trajectory, run) if self._restructured else None
            first = min([*stale, *([] if left is None else [left])], default=None)
            changed = self._suspects or self._restructured or self._rechosen
            departure = self._course.departure if changed else player.behind
            self._stale = stale, first, departure if departure < player.behind else None
        return self._stale

    # Checkpoints

    def checkpoint_when_idle(self) -> None:
        """The run is paused: checkpoint it if it is left alone for a while."""
        if self._checkpoints.most and self._spent and self._idle_checkpoint is None:
            self._idle_checkpoint = asyncio.create_task(self._checkpoint_once_idle())

    async def checkpointed(self) -> None:
        """Wait for the checkpoint of a run that is left alone."""
        if self._idle_checkpoint is not None:
            await asyncio.wait({self._idle_checkpoint})

    async def cancel_idle_checkpoint(self) -> None:
        """Give up a checkpoint that is not done."""
        pending, self._idle_checkpoint = self._idle_checkpoint, None
        if pending is not None:
            pending.cancel()
            await asyncio.wait({pending})

    async def _checkpoint_once_idle(self) -> None:
        last = self._checkpoints.last
        await asyncio.sleep(max(_SHORTEST_IDLE, last.world.seconds * _IDLE if last else 0.0))
        await self._checkpoint()

    async def _keep_step(self, uid: int) -> None:
        """Keep the moment behind a step that may be yet to be taken in, where that costs next to nothing."""
        world = await self._quick_world()
        if world is None:
            self.player.flush_result()
            self._spent += self._run.results[uid].seconds
        else:
            self.player.once_taken_in(partial(self._add_quick, world))

    async def _quick_world(self) -> Checkpoint | None:
        """The world as it is, where it costs next to nothing to keep it."""
        if not self._checkpoints.most or self._run.has_live_steps:
            return None
        return await self.world.quick_checkpoint()

    def _add_quick(self, world: Checkpoint) -> None:
        """The run is where the world was this."""
        beginning = self.world.beginning
        if beginning is not None and not len(self._checkpoints):
            self._checkpoints.add_quick(RunCheckpoint(0, 0, beginning, quick=True))
        self._spent = 0.0
        self._checkpoints.add_quick(RunCheckpoint(*self._moment, world, quick=True))
        self._checkpoints.let_go(self.world.is_there)

    async def _keep(self) -> None:
        """Keep this moment, if it must be by a snapshot."""
        world = await self._quick_world()
        if world is None:
            await self._checkpoint()
        else:
            self._add_quick(world)

    async def _checkpoint(self) -> None:
        self._spent = 0.0
        at = Position(self.player.position)
        try:
            world = await self.world.checkpoint()
        except Refused as refusal:
            self._missed.append((at, str(refusal)))
            return
        if world is None:
            return
        checkpoint = RunCheckpoint(*self._moment, world)
        for gone in self._checkpoints.add(checkpoint, self._course):
            await self.world.forget(gone.world)

    async def close(self) -> None:
        """Remove the world and every checkpoint of it."""
        await self.cancel_idle_checkpoint()
        await self.world.close()
