"""A recording and its run: played forward, taken back to earlier moments, begun anew."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from trajcore import notices
from trajcore.dialects.base import ModelUse
from trajcore.dialects.newevents import user_message
from trajcore.document.edits import Edit
from trajcore.errors import BadInput, Refused
from trajcore.events.head import Head
from trajcore.events.kinds import Service
from trajcore.replay.breakpoints import Breakpoint, Breakpoints
from trajcore.replay.checkpoints import Moment, Route
from trajcore.replay.course import Course
from trajcore.replay.executor import Executor
from trajcore.replay.moments import Moments, ParkedMoments
from trajcore.replay.player import Player
from trajcore.replay.positions import Position
from trajcore.replay.reconstruction import Reconstruction
from trajcore.replay.remade import Remade, first_remade, first_times
from trajcore.replay.run import Entry, Run, StepResult
from trajcore.replay.staleness import first_departure, stale_events
from trajcore.replay.verdict import Cause
from trajcore.sandbox.machines.diskguard import share_of_disk
from trajcore.settings import Settings
from trajcore.tasks import finished_in_thread
from trajcore.trajectory import Trajectory
from trajcore.worlds.plan import Worlds

if TYPE_CHECKING:
    from trajcore.activity import Activity
    from trajcore.queued import Queued
    from trajcore.sandbox.base import FileChanges, Visitor

_BREATH: Final = 0.004
"""So many seconds a replay that waits for nothing goes on before others have a turn."""


@dataclass(frozen=True)
class Parked:
    """A run that is left for another one, as it was: what `Replay.park` gives and `Replay.unpark` takes."""

    run: Run
    position: int
    answered: frozenset[int]
    replacements: Mapping[int, str]
    suspects: frozenset[int]
    restructured: bool
    rechosen: bool
    remade: Remade | None
    hands: tuple[Position, ...]
    typed: tuple[tuple[Position, str], ...]
    moments: ParkedMoments


class Replay:
    """The run of a session, and the world it happens in. One method at a time."""

    def __init__(self, trajectory: Trajectory, settings: Settings, activity: Activity, queue: Queued) -> None:
        """`queue` holds what the user types while it plays."""
        self._recording = copy(trajectory)
        """The recording itself, which says in what world each of its branches begins."""
        self.breakpoints = Breakpoints(trajectory, self._recording)
        self.services: dict[int, Service] = {}
        """How the user wants a step to be satisfied, by its uid; executed where nothing is said."""
        self.pause_asked = False
        self._trajectory = trajectory
        self._settings = settings
        self._tell = activity.tell
        self.moments = Moments(self, settings.checkpoints)
        """Those that can be gone back to."""
        self.worlds = Worlds(self._recording, settings.sandbox, settings.beginning, own=settings.own_image)
        """In which world each run begins."""
        self._queue = queue
        self.held = 0
        """So many messages were queued before it was asked to play."""
        self.begin()

    def begin(self) -> None:
        """A new run, before the first event, in a world that is yet to be made."""
        of = self._trajectory
        self._run = Run(lambda: of.outline.last_id, of, of.dialect.canonical)
        self._canonical = of.dialect.canonical
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
            settings.sandbox,
            world,
            self._tell,
            of.dialect,
            self.worlds,
            Reconstruction(self._recording),
            of.habits,
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
        self.remade: Remade | None = None
        """The first step of this run that came out otherwise when it was executed again on a way back."""
        self._hands: list[Position] = []
        """Where the user changed files by hand."""
        self._told_lack = False
        self._goal: tuple[int, int] | None = None
        """From where to where the replay goes forward in order to be back."""
        self.moments.begin(room)
        self._typed: list[tuple[Position, str]] = []
        """Messages that the user typed, with the position at which each stands, in order."""
        self._again: list[tuple[Position, str]] = []
        """Those of them that the replay, having gone back, has yet to come to."""

    def ask_for(self, settings: Settings) -> None:
        """Have the runs from now on be in the sandbox of these settings."""
        self._settings = settings
        self.worlds.ask_for(settings.sandbox, own=settings.own_image)

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
        await self.moments.cancel()
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
                for line in self.breakpoints.too_slow():
                    self._tell(notices.Said(line, "warning"))
                if stopped or (step_ends and one_step):
                    player.skip_bookkeeping()
                    return stopped
                if self.moments.due:
                    await self.moments.take()
                if clock() - breathed > _BREATH:
                    self._tell_how_far()
                    await asyncio.sleep(0)
                    breathed = clock()
            return None
        finally:
            player.flush_result(ends=True)
            self._deliver_queued()

    def _told_by_player(self, notice: notices.Notice) -> None:
        """Pass on what the player tells; and once in a run, that a step found other files than recorded."""
        self._tell(notice)
        world = self.world.world
        if self._told_lack or world is None or not world.is_bare:
            return
        if isinstance(notice, notices.StepDone) and notice.result.cause is Cause.WORLD:
            self._told_lack = True
            self._tell(notices.WorldLacks(notice.result.uid))

    def add_message(self, text: str) -> None:
        """The user's word enters the run here, and again whenever the replay comes here anew."""
        at = Position(self.player.position)
        self._typed.insert(len(self._typed) - len(self._again), (at, text))
        self.enter(text)

    def enter(self, text: str) -> None:
        """The user's word enters the run this once."""
        self.run.add(user_message(text))
        self._tell(notices.RunChanged())

    def _deliver_queued(self) -> None:
        """What was typed while an event was played stands behind it and its answer; not once it is paused.

        What was queued before, and not delivered, is the user's to send.
        """
        if self.pause_asked or len(self._queue.waiting) <= self.held:
            return
        self.player.flush_result()
        self.add_queued(self.held)

    def add_queued(self, first: int = 0) -> None:
        """What is queued, from number `first` on, enters the run here."""
        for text in self._queue.deliver(first):
            self.add_message(text)
        self._queue.delivered()

    def _deliver_again(self) -> None:
        while self._again and self._again[0][0].index <= self.player.position:
            self.player.flush_result()
            self.enter(self._again.pop(0)[1])

    # Back

    def _check_rewinds(self) -> None:
        if not self.world.rewinds:
            where = self.world.described
            raise Refused(f"{where} cannot be taken back: use --sandbox docker or bubblewrap for that")

    def routes(self, target: int, *, before_hand: bool = False) -> Sequence[Route]:
        """Ways back to before the event at `target`, the cheapest first. Raises `Refused`.

        `before_hand`: and before the user last changed files by hand there.
        """
        self._check_rewinds()
        world, course = self.world, self.course
        target = course.behind_answers(target)
        place = course.place(target)
        if not (before_hand or world.lost) and course.leads_to(place, target):
            hands = len(self.run.by_hand)
            return [Route(target, None, 0, 0.0, target, place, hands, stays=True)]
        missed = [
            (at.index, f"no checkpoint before event {self._label(at.index)}: {why}")
            for at, why in self.moments.missed
        ]
        by_hand = [
            f"what you did by hand before event {self._label(at.index)}"
            for at in self._hands[: course.hands(place)]
        ]
        return self.moments.checkpoints.routes(
            target, course, world.start_seconds, world, world.unkept, by_hand, missed,
            before_hand=before_hand, network=self._settings.world.network,
        )  # fmt: skip

    async def go_back(self, route: Route) -> str:
        """Take a way back, forward part included, and say in words what was done.

        Where what is executed again comes out otherwise, `remade` says so. Raises `SandboxUnavailable`.
        """
        await self.moments.cancel()
        earlier = {**first_times(self.run), **self.run.results}
        how = route.describe(f"event {self._label(route.start)}")
        self._tell(notices.Progress(f"going back, {route.price}: {how}", 0.0))
        checkpoints = self.moments.checkpoints
        gone = checkpoints.settle if route.stays else checkpoints.drop_behind
        dropped = gone((route.entries, route.by_hand))
        if route.checkpoint is not None:
            await self.world.restore(route.checkpoint.world)
        elif not route.stays:
            checkpoints.clear()
            await self.world.close()
        await self.moments.forget(dropped)
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
        self.moments.spent = self.moments.spent if route.stays else 0.0
        self.run.rewind(route.entries, route.by_hand)
        self.remade = self.remade if self.remade and self.remade.uid in self.run.results else None
        del self._hands[route.by_hand :]
        missed = self.moments.missed
        missed[:] = [(at, why) for at, why in missed if at.index <= route.start]
        self.player.rewind(route.start)
        self._stale = None

    def _label(self, index: int) -> str:
        return self._trajectory.label(index) if index < len(self._trajectory) else "the end"

    @property
    def course(self) -> Course:
        """What the run has come to, over the trajectory as it is now."""
        edited = bool(self._suspects) or self._restructured or self._rechosen
        return Course(self._trajectory, self.run, self.services, edited=edited)

    # By hand

    async def visit(self, visitor: Visitor) -> FileChanges | None:
        """Let the user into the sandbox's shell until they leave; what they changed, where that is told.

        What they change is a place of its own: there is a way back to before it, and to behind it.
        Raises `Refused`, `SandboxUnavailable`.
        """
        await self.moments.cancel()
        kept = bool(self.moments.most)
        if kept and not self.moments.is_kept:
            await self.moments.keep()
        await self.world.visit(visitor)
        files = await self.world.changed_files()
        if files is not None and files.count:
            self._hands.append(Position(self.player.position))
            self.run.add_by_hand(files)
            if kept:
                await self.moments.keep()
        return files

    @property
    def hand_is_last(self) -> bool:
        """Whether nothing has happened since the user changed files by hand."""
        by_hand, entries = self.run.by_hand, self.run.entries
        return bool(by_hand) and by_hand[-1][0] == (entries[-1].id if entries else None)

    @property
    def moment(self) -> Moment:
        """How many entries the run has, and how many times the user has changed files by hand."""
        return len(self._run), len(self._run.by_hand)

    @property
    def position(self) -> int:
        """The index of the event that comes next."""
        return self.player.position

    # Live

    async def branch(self) -> Trajectory:
        """Have the trajectory be that of this run alone, which goes on with what is new (`grow`).

        The answer is what it was; with what `park` gave before, that can be gone back to. Raises `BadInput`
        where the recording's dialect has no words for what the run holds.
        """
        run, trajectory = self.run, self._trajectory
        made, added = await finished_in_thread(partial(trajectory.branch, run.played()))
        held = trajectory.hold(made)
        places = ((uid, trajectory.index_of_uid(uid)) for uid in added)
        run.claim((uid, trajectory.raw(at), trajectory.head(at)) for uid, at in places if at is not None)
        self.player.put(len(trajectory))
        self.player.replacements.clear()
        self._typed.clear()
        self._suspects.clear()
        self._restructured = self._rechosen = False
        self._stale = None
        return held

    def grow(self, entry: Entry) -> Entry:
        """Take what the run has just added into the trajectory, of which it is the end from now on.

        The answer is the entry as it is then; as it was, where the recording's dialect has no words for it.
        """
        trajectory = self._trajectory
        try:
            *before, uid = trajectory.grow(entry.data())
        except BadInput as error:
            self._tell(notices.Said(f"not taken into the timeline: {error}", "warning"))
            return entry
        for needed in before:
            self.run.precede(entry, *self._grown(needed))
        entry = self.run.bind(entry, *self._grown(uid))
        self.player.put(len(trajectory))
        return entry

    def _grown(self, uid: int) -> tuple[int, bytes, Head]:
        index = self._trajectory.index_of_uid(uid)
        assert index is not None
        return uid, self._trajectory.raw(index), self._trajectory.head(index)

    @property
    def is_one_to_one(self) -> bool:
        """Whether what the trajectory has taken in is there as it was."""
        return self._trajectory.dialect.one_to_one

    def spent(self, use: ModelUse) -> bool:
        """Take down what a reply came to in the branch that it is of; whether that could be done."""
        if self._trajectory.is_branch:
            self._trajectory.spent(use)
        return self._trajectory.is_branch

    def shrink(self, count: int) -> bool:
        """So many of the last events have left the run again; whether they were events of a branch."""
        if not self._trajectory.is_branch:
            return False
        self._trajectory.shrink(count)
        self.player.put(len(self._trajectory))
        return True

    def say_anew(self, corrected: Sequence[Entry]) -> None:
        """Entries of the run say something else now: so do their events."""
        for entry in corrected:
            index = None if entry.origin is None else self._trajectory.index_of_uid(entry.origin)
            if index is not None:
                self._trajectory.say_anew(index, entry.data())

    async def park(self, *, whole: bool) -> Parked:
        """The run as it is now, to be gone back to when others have had its world.

        `whole`: they have another one from now on, else they go on from this one.
        """
        moments, player = await self.moments.park(whole=whole), self.player
        return Parked(
            self.run.copied(), player.position, frozenset(player.answered), dict(player.replacements),
            frozenset(self._suspects), self._restructured, self._rechosen, self.remade,
            tuple(map(copy, self._hands)), tuple((copy(at), text) for at, text in self._typed), moments,
        )  # fmt: skip

    def unpark(self, parked: Parked) -> None:
        """Have the run be as it was; the world is still another one, to its own there are `routes_to`."""
        self.run.become(parked.run)
        self.player.be_at(parked.position, parked.answered, parked.replacements)
        self._suspects = set(parked.suspects)
        self._restructured, self._rechosen = parked.restructured, parked.rechosen
        self.remade = parked.remade
        self._hands, self._typed = list(parked.hands), list(parked.typed)
        self._again = []
        self.moments.unpark(parked.moments)
        self._stale = None

    def not_played(self) -> Parked:
        """The run of a branch that has not been played in this world yet."""
        of, nothing = self._trajectory, frozenset[int]()
        run = Run(lambda: of.outline.last_id, of, self._canonical)
        none = self.moments.none()
        return Parked(run, 0, nothing, {}, nothing, False, False, None, (), (), none)

    def routes_to(self, trajectory: Trajectory, parked: Parked, target: int) -> Sequence[Route]:
        """Ways to before an event of another branch, whose run was left, the cheapest first.

        Raises `Refused` where the world cannot be taken back.
        """
        self._check_rewinds()
        world = self.world
        course = Course(trajectory, parked.run, self.services)
        place = course.place(target)
        by_hand = ["what you did by hand"] * course.hands(place)
        missed = [(at.index, f"no checkpoint there: {why}") for at, why in parked.moments.missed]
        return parked.moments.checkpoints.routes(
            target, course, world.start_seconds, world, world.unkept, by_hand, missed,
            network=self._settings.world.network,
        )  # fmt: skip

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
            noted = [at for at, _ in (*self._typed, *self.moments.missed)]
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
            departure = self.course.departure if changed else player.behind
            self._stale = stale, first, departure if departure < player.behind else None
        return self._stale

    # Moments

    async def _keep_step(self, uid: int) -> None:
        """Keep the moment behind a step that may be yet to be taken in, where that costs next to nothing."""
        world = await self.moments.quick_world()
        if world is None:
            self.player.flush_result()
            self.moments.spent += self._run.results[uid].seconds
        else:
            self.player.once_taken_in(partial(self.moments.add_quick, world))

    async def close(self) -> None:
        """Remove the world and every checkpoint of it."""
        await self.moments.cancel()
        await self.world.close()
