"""One object that owns a debugging session: the document, the run, the sandbox and the model.

Front ends call its commands and listen to its changes; they decide nothing themselves. Commands return
at once: what takes time runs in one task that the session owns, and `idle()` waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from trajcore import notices
from trajcore.branches import Branch
from trajcore.editing import throttled
from trajcore.errors import BadInput, Refused
from trajcore.events.kinds import Service
from trajcore.live.host import Interrupted
from trajcore.queued import compaction
from trajcore.replay import aside
from trajcore.replay.breakpoints import Breakpoint
from trajcore.replay.checkpoints import Route
from trajcore.replay.positions import (
    Ending,
    before_last_breakpoint,
    before_last_step,
    behind_delegation,
    ending_of,
)
from trajcore.replay.states import Command, Mode, State, Stop
from trajcore.sandboxsession import SandboxSession
from trajcore.settings import Delivery, SandboxChoice, Settings
from trajcore.tasks import finished_in_thread
from trajcore.text import safe_line
from trajcore.trajectory import Trajectory
from trajcore.worlds import choice as choices

if TYPE_CHECKING:
    from trajcore.worlds.choice import Choice

__all__ = ["Delivery", "Session", "Settings"]

_NONE_LEFT: Final = "no user message is left in the recording to replace"


class Session(SandboxSession):
    """A recording being debugged. All methods belong to one event loop."""

    def __init__(self, trajectory: Trajectory, settings: Settings | None = None) -> None:
        super().__init__(trajectory, settings)
        self._warnings = tuple(
            filter(None, (*self.settings.warnings, *trajectory.faults, self.breakpoints.fault))
        )
        self._interrupting: asyncio.Task[None] | None = None
        self._saving_run = asyncio.Lock()

    async def prepare(self) -> None:
        """Find out which sandbox this session will have. Raises `SandboxUnavailable` or `BadInput`.

        The first time, what is to be told at the start is told.
        """
        warnings, self._warnings = self._warnings, ()
        for line in warnings:
            self._say(line, "warning")
        await self._offer_again()
        await self.branches.look()
        self._sandbox_kind = (await self._replay.world.choose()).kind
        self._keep_choice()

    async def _offer_again(self) -> None:
        """Find what was chosen for this recording's world before; it is only offered."""
        path, row = self.trajectory.path, self.trajectory.row
        if self.settings.keep_choices and self.world_before is None and self.world_choice == choices.Choice():
            self.world_before = await asyncio.to_thread(choices.remembered, path, row)

    def _keep_choice(self) -> None:
        """What the user chose of the world has come about: it is offered again."""
        if self.settings.keep_choices and not self.world_choice.is_default:
            try:
                choices.remember(self.trajectory.path, self.trajectory.row, self.world_choice)
            except BadInput as error:
                self._say(str(error), "warning")

    def choose_world(self, choice: Choice, sandbox: SandboxChoice | None = None) -> None:
        """Have the runs from now on begin in another world, or another sandbox, and begin one.

        Raises `Refused`, and `BadInput` where the sandbox is none.
        """
        self._activity.check(Command.RESTART)
        if sandbox is not None:
            self.settings = self.settings.in_sandbox(sandbox)
            self._confirmation.policy = self.settings.confirmation
            self._replay.ask_for(self.settings)
        self._replay.worlds.choice = choice
        self.restart()

    def step(self) -> None:
        """Play up to and including the next thing the agent did. Raises `Refused`."""
        self._check_more(Command.STEP)
        self._start(Command.STEP, partial(self._play, one_step=True))

    def step_over(self) -> None:
        """As `step`, a delegation played up to its return as one. Raises `Refused`."""
        self._check_more(Command.STEP)
        behind = behind_delegation(self.trajectory, self.position)
        if behind is None:
            self.step()
        else:
            self._start(Command.STEP, partial(self._play, stop_before=behind))

    def resume(self) -> None:
        """Play to the next breakpoint or the end. Raises `Refused`."""
        self._check_more(Command.CONTINUE)
        self._start(Command.CONTINUE, self._play)

    def run_to(self, index: int) -> None:
        """Play up to, not including, the event at `index`, which is still to come. Raises `Refused`."""
        self._check_more(Command.RUN_TO)
        if index < self.position:
            label = self.trajectory.label(index)
            raise Refused(f"event {label} has been played already: go back to it")
        self._start(Command.RUN_TO, partial(self._play, stop_before=index))

    def back_to_step(self) -> Sequence[Route]:
        """Ways back to before the last step, the nearest first. Raises `Refused`.

        What the user did by hand since it is a step too.
        """
        if self._replay.hand_is_last:
            self._activity.check(Command.BACK)
            return self._replay.routes(self.position, before_hand=True)
        if self.position == 0:
            raise Refused("this is the beginning of the recording")
        return self.back_to(before_last_step(self.trajectory, self.position))

    def back_to_breakpoint(self) -> Sequence[Route]:
        """Ways back to the breakpoint before this place. Raises `Refused` where there is none."""
        found = before_last_breakpoint(self.trajectory, self.breakpoints, self.run, self.position)
        if found is None:
            raise Refused("no breakpoint lies before this place")
        return self.back_to(found)

    def back_to(self, index: int) -> Sequence[Route]:
        """Ways back to before the event at `index`, which was played, the nearest first. Raises `Refused`."""
        self._activity.check(Command.BACK)
        return self._replay.routes(index)

    def go_back(self, route: Route) -> None:
        """Take a way back. What a model did since then is still to come, as recorded. Raises `Refused`."""
        self._start(Command.BACK, partial(self._go_back, route))

    async def ways_to(self, branch: Branch) -> Sequence[Route]:
        """Ways to where a branch was left, or to its end where it was not played here, the cheapest first.

        Raises `Refused`, and `BadInput` where it cannot be read.
        """
        self._activity.check(Command.SWITCH)
        if branch is self.branches.present:
            raise Refused("this is the branch you are in")
        await self.branches.read(branch)
        assert branch.trajectory is not None
        parked = branch.parked
        target = len(branch.trajectory) if parked is None else parked.position
        return self._replay.routes_to(branch.trajectory, parked or self._replay.not_played(), target)

    def switch(self, branch: Branch, route: Route) -> None:
        """Be in another branch, and have the sandbox follow. The one that is left stays. Raises `Refused`."""
        self._start(Command.SWITCH, partial(self._switch, branch, route, self.ending))

    def interrupt(self) -> None:
        """Stop what is going on: a running command gets Ctrl-C, a model call ends. Raises `Refused`."""
        self._activity.check(Command.INTERRUPT)
        self._replay.pause_asked = self._live.stop_asked = True
        if self.asked is not None:
            self._live.asking.stop(Interrupted())
        elif self._replay.world.executing:
            self._interrupting = asyncio.create_task(self._replay.world.interrupt())
        else:
            self._activity.cancel()

    async def send_input(self, text: str) -> None:
        """Type into the command that runs; it has all the time that the user takes from then on.

        No text: they are only about to. Raises `Refused` where nothing runs that could be typed into.
        """
        if self.state not in (State.REPLAYING, State.EXECUTING):
            raise Refused("nothing runs that could be typed into")
        await self._replay.world.send_input(text)

    def restart(self) -> None:
        """Throw the sandbox away and go back before the first event. Raises `Refused`."""
        self._start(Command.RESTART, self._start_over)

    def message(self, text: str, delivery: Delivery = Delivery.INSERT) -> None:
        """Give the user's word: into the recording at a pause in it, to the model at its end or when live.

        Raises `Refused` where it cannot be taken, `BadInput` when it is empty.
        """
        if not text.strip():
            raise BadInput("the message is empty")
        words = compaction(text)
        if words is not None:
            self.compact(words)
            return
        self._activity.check(Command.MESSAGE)
        if delivery is Delivery.REPLACE and self.mode is Mode.LIVE:
            raise Refused(_NONE_LEFT)
        if self.busy:
            if self.mode is Mode.REPLAY and delivery is not Delivery.INSERT:
                raise Refused("the replay is running: Esc pauses it, then the message can go there")
            self._queue.add(text)
        elif delivery is Delivery.REPLACE:
            self._replace_next(text)
            self._queue.sent()
        elif self.state is not State.PAUSED or self.at_end or delivery is Delivery.LIVE:
            self.check_live()
            self._start_live()
            self._queue.add(text)
        else:
            self._queue.add(text)
            self._replay.add_queued()

    def renew_world(self) -> None:
        """Have a copy of the world in its place: what runs in it has ended then. Raises `Refused`."""
        self._start(Command.BACK, self._renew_world)

    def toggle_breakpoint(self, index: int) -> bool:
        """Set or remove a breakpoint before an event; whether there is one now."""
        there = self.breakpoints.toggle(self.trajectory.uid(index))
        self._breakpoints_changed()
        return there

    def toggle_bookmark(self, index: int) -> bool:
        """Set or remove a bookmark on an event; whether there is one now."""
        there = self.bookmarks.toggle(self.trajectory.uid(index))
        self._breakpoints_changed()
        return there

    def break_on(self, condition: str) -> None:
        """Set a breakpoint on a condition. Raises `BadInput` where it cannot be read."""
        self.breakpoints.add(condition)
        self._breakpoints_changed()

    def switch_breakpoint(self, point: Breakpoint) -> None:
        """Switch a breakpoint off, or on again."""
        point.enabled = not point.enabled
        self._breakpoints_changed()

    def remove_breakpoint(self, point: Breakpoint) -> None:
        """Remove a breakpoint."""
        self.breakpoints.remove(point)
        self._breakpoints_changed()

    def _breakpoints_changed(self) -> None:
        """Keep the breakpoints, if this session does, and tell of them."""
        if self.settings.keep_breakpoints:
            self.breakpoints.save()
        self._tell(notices.BreakpointsChanged())

    def next_service(self, index: int) -> Service:
        """Go on to the next way of satisfying a step: execute, recorded, skip. Raises `BadInput`."""
        self._check_step(index)
        chosen = self._replay.player.service_of(index).next
        self.serve(index, chosen)
        return chosen

    def _check_step(self, index: int) -> None:
        if not self.is_step(index):
            label = self.trajectory.label(index)
            raise BadInput(f"event {label} asks nothing of the sandbox: there is nothing to serve or skip")

    def serve(self, index: int, service: Service) -> None:
        """Choose how a step is satisfied when the replay comes to it. Raises `BadInput`."""
        self._check_step(index)
        uid = self.trajectory.uid(index)
        self._replay.serve(uid, service)
        self._tell(notices.DocumentChanged(uid))

    async def save_run(self, path: Path) -> Path:
        """Save what happened in this run as a trajectory, as it is now, and say where. Raises `BadInput`.

        Another save waits for this one. Once begun, a save is not cut off.
        """
        async with self._saving_run:
            if not len(self.run):
                raise BadInput("nothing has happened in this run yet")
            saved = tuple(self.run.entries)
            write = self.run.saving(path, throttled(asyncio.get_running_loop(), path, self._tell))
            try:
                written = await finished_in_thread(write)
            finally:
                self._tell(notices.Progress(""))
            if saved == tuple(self.run.entries):
                self._tell(notices.RunSaved(str(written)))
        return written

    def discard(self) -> None:
        """Give up what is not saved: the next start offers nothing of it."""
        self._tell(notices.Discarded())

    async def checkpointed(self) -> None:
        """Wait until a run that is left alone has been checkpointed, where that is due."""
        await self._replay.moments.taken()

    async def close(self) -> None:
        """End what is going on and remove the sandbox."""
        if self._interrupting is not None:
            self._interrupting.cancel()
            await asyncio.wait({self._interrupting})
        await self._activity.close()
        await self._live.close()
        await self._replay.close()
        await self._replay.worlds.close()
        await asyncio.to_thread(self.branches.close, self.ending)
        if self.keeping is not None:
            await asyncio.to_thread(self.keeping.close)

    # Replaying

    async def _play(self, *, one_step: bool = False, stop_before: int | None = None) -> None:
        begun = self.position
        try:
            stopped = await self._replay.play(one_step=one_step, stop_before=stop_before)
        except asyncio.CancelledError:
            self._tell(notices.Stopped(begun, self.position, Stop.INTERRUPTED))
            raise
        if stopped is not None:
            self._tell(stopped.stopped(begun, self.position))
        else:
            interrupted = self._replay.pause_asked and not self.at_end
            why = Stop.INTERRUPTED if interrupted else Stop.THERE
            self._tell(notices.Stopped(begun, self.position, why))
        self._conclude()

    async def _switch(self, branch: Branch, route: Route, stands: str) -> None:
        self.branches.present.stands = stands
        own = self.branches.go_to(branch, await self._replay.park(whole=True))
        self._replay.unpark(own or self._replay.not_played())
        self._show_branch()
        await self._take(route)
        if not self.at_end:
            self._activity.become(State.PAUSED, Mode.REPLAY)
        else:
            self._conclude()

    async def _go_back(self, route: Route) -> None:
        await self._take(route)
        self._activity.become(State.PAUSED, Mode.REPLAY)
        self._replay.moments.take_when_idle()

    async def _take(self, route: Route) -> None:
        """Take a way back, and say where what was executed again came out otherwise."""
        before = self._replay.remade
        self._say(await self._replay.go_back(route))
        remade = self._replay.remade
        if remade is not None and remade is not before:
            index = self.trajectory.index_of_uid(remade.uid)
            step = "a step" if index is None else f"step {self.trajectory.label(index)}"
            self._say(
                f"{step} gave another result this time ({safe_line(remade.what)}): "
                "the world from here is a new one",
                "warning",
            )

    def _conclude(self) -> None:
        """Be in the state in which a replay leaves the session here."""
        self._replay.moments.take_when_idle()
        ending = ending_of(self.trajectory) if self.at_end else Ending.OPEN
        match ending:
            case Ending.FINISHED:
                self._activity.become(State.FINISHED)
            case Ending.WAITS:
                self._activity.become(State.AWAITING_INPUT, Mode.LIVE)
            case Ending.OPEN:
                self._activity.become(State.PAUSED)

    async def _start_over(self) -> None:
        await self._replay.close()
        self._replay.begin()
        self._live.begin_anew(self._replay.run, self._replay.world)
        self._tell(notices.RunChanged(restarted=True))
        self._tell(notices.PositionChanged(0))
        await self.prepare()
        self._say(
            f"a new run, before its first event: its sandbox ({self._sandbox_kind}) will be a fresh one"
        )
        self._activity.become(State.PAUSED, Mode.REPLAY)

    async def _renew_world(self) -> None:
        route = await aside.renew(self._replay, self.trajectory)
        if route is not None:
            await self._take(route)
        if route is not None and route.lost:
            self._say(f"the world is a copy, without {', '.join(map(safe_line, route.lost))}", "warning")
        self._activity.become(State.PAUSED, Mode.REPLAY)

    def _replace_next(self, text: str) -> None:
        index = self.next_user_message
        if index is None:
            raise Refused(_NONE_LEFT)
        self._replay.player.replacements[self.trajectory.uid(index)] = text
        self._tell(notices.RunChanged())
        self._say(f"the message will stand in place of event {self.trajectory.label(index)}")

    def _check_more(self, command: Command) -> None:
        self._activity.check(command)
        if self.at_end:
            raise Refused("this is the end of the recording: m goes on with a model, R restarts")
