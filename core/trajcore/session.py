"""One object that owns a debugging session: the document, the run, the sandbox and the model.

Front ends call its commands and listen to its changes; they decide nothing themselves. Commands return
at once: what takes time runs in one task that the session owns, and `idle()` waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from trajcore import changes
from trajcore.activity import Activity, Work
from trajcore.editing import Editing
from trajcore.errors import BadInput, ModelUnavailable, Refused, TrajError
from trajcore.live.host import Interrupted, LiveHost
from trajcore.replay.breakpoints import Breakpoint, Breakpoints
from trajcore.replay.ending import Ending, behind_delegation, ending_of
from trajcore.replay.player import Player, Service
from trajcore.replay.policy import asks_the_world, count_steps
from trajcore.replay.record import user_message
from trajcore.replay.report import sentence
from trajcore.replay.run import Run
from trajcore.replay.states import Command, Mode, State
from trajcore.session_settings import Delivery, SessionSettings
from trajcore.storage import write_atomically
from trajcore.trajectory import Trajectory
from trajcore.world import World

if TYPE_CHECKING:
    from trajcore.live.usage import Usage


_BREATH: Final = 0.004
"""So many seconds a replay that waits for nothing goes on before others have a turn."""

__all__ = ["Delivery", "Session", "SessionSettings"]


class Session:
    """A recording being debugged. All methods belong to one event loop."""

    def __init__(self, trajectory: Trajectory, settings: SessionSettings | None = None) -> None:
        self.trajectory = trajectory
        self.settings = settings or SessionSettings()
        self.breakpoints = Breakpoints(trajectory)
        self.services: dict[int, Service] = {}
        """How the user wants a step to be satisfied, by its index; executed where nothing is said."""
        self._activity = Activity()
        self._tell = self._activity.tell
        self._say = self._activity.say
        self._sandbox_kind: str | None = None
        self._interrupting: asyncio.Task[None] | None = None
        self._pause_asked = False
        self._queued: list[str] = []
        if self.settings.keep_breakpoints:
            self.breakpoints.load()
        self.editing = Editing(trajectory, self._tell)
        """The commands that change the recording."""
        self._step_count = count_steps(trajectory.outline)
        self._begin_run()

    def _begin_run(self) -> None:
        self.run = Run(self.trajectory.outline.last_id)
        self._world = World(self.settings.sandbox, self.settings.world, self._tell)
        self._player = Player(
            self.trajectory, self.run, self._world, self.services, self.settings.normalisers, self._tell
        )
        self._live = LiveHost(self.run, self._world, self._activity.become, self._tell)

    # What a front end can read

    @property
    def state(self) -> State:
        """What the session is doing."""
        return self._activity.state

    @property
    def mode(self) -> Mode:
        """Whether events come from the recording or from a model."""
        return self._activity.mode

    @property
    def failure(self) -> TrajError | None:
        """What put the session into the state ERROR."""
        return self._activity.failure

    @property
    def position(self) -> int:
        """The index of the recorded event that comes next; the length of the recording at its end."""
        return self._player.position

    @property
    def at_end(self) -> bool:
        """Whether every recorded event has been played."""
        return self._player.at_end

    @property
    def sandbox_kind(self) -> str | None:
        """The kind of this run's sandbox, once it is chosen."""
        return self._sandbox_kind

    @property
    def usage(self) -> Usage | None:
        """Tokens and cost of the live session; None before a model was asked."""
        return self._live.usage

    @property
    def step_count(self) -> int:
        """How many recorded actions ask something of the world."""
        return self._step_count

    @property
    def busy(self) -> bool:
        """Whether a task of this session is under way."""
        return self._activity.busy

    @property
    def next_user_message(self) -> int | None:
        """The next recorded user message that a typed one could replace."""
        outline = self.trajectory.outline
        for index in range(self.position, len(self.trajectory)):
            if outline.kinds[index] == "message" and outline.sources[index] == "user":
                return index
        return None

    @property
    def needs_message(self) -> bool:
        """Whether a live session could only begin with the user's word."""
        return self.run.agent_spoke_last

    @property
    def ending(self) -> str:
        """How the run stands, in the words of the report."""
        match self.state:
            case State.FINISHED:
                return "finished"
            case State.AWAITING_INPUT:
                return "awaiting_input"
            case State.ERROR:
                return "error"
        return "end_of_recording" if self.at_end else "paused"

    def summary(self) -> str:
        """What the replay came to, in one sentence."""
        return sentence(self.run.results.values())

    def subscribe(self, listener: changes.Listener) -> Callable[[], None]:
        """Have `listener` called with every change from now on; the answer ends that."""
        return self._activity.subscribe(listener)

    # Commands

    async def prepare(self) -> None:
        """Find out which sandbox this session will have. Raises `SandboxUnavailable` or `BadInput`."""
        self._sandbox_kind = (await self._world.choose()).kind

    def step(self) -> None:
        """Play up to and including the next thing the agent did. Raises `Refused`."""
        self._check_more(Command.STEP)
        self._start(Command.STEP, partial(self._replay, one_step=True))

    def step_over(self) -> None:
        """As `step`, a delegation played up to its return as one. Raises `Refused`."""
        self._check_more(Command.STEP)
        behind = behind_delegation(self.trajectory, self.position)
        if behind is None:
            self.step()
        else:
            self._start(Command.STEP, partial(self._replay, stop_before=behind))

    def resume(self) -> None:
        """Play to the next breakpoint or the end. Raises `Refused`."""
        self._check_more(Command.CONTINUE)
        self._start(Command.CONTINUE, self._replay)

    def run_to(self, index: int) -> None:
        """Play up to, not including, the event at `index`. Raises `Refused`."""
        self._check_more(Command.RUN_TO)
        if index < self.position:
            label = self.trajectory.label(index)
            raise Refused(f"event {label} has been played already: R restarts the run")
        self._start(Command.RUN_TO, partial(self._replay, stop_before=index))

    def interrupt(self) -> None:
        """Stop what is going on: a running command gets Ctrl-C, a model call ends. Raises `Refused`."""
        self._activity.check(Command.INTERRUPT)
        self._pause_asked = self._live.stop_asked = True
        if self._world.executing:
            self._interrupting = asyncio.create_task(self._world.interrupt())
        else:
            self._activity.cancel()

    def restart(self) -> None:
        """Throw the sandbox away and go back before the first event. Raises `Refused`."""
        self._start(Command.RESTART, self._start_over)

    def message(self, text: str, delivery: Delivery = Delivery.INSERT) -> None:
        """Give the user's word: into the recording at a pause in it, to the model at its end or when live.

        Raises `Refused` where it cannot be taken, `BadInput` when it is empty.
        """
        if not text.strip():
            raise BadInput("the message is empty")
        self._activity.check(Command.MESSAGE)
        if self.busy and self.mode is Mode.REPLAY:
            if delivery is not Delivery.INSERT:
                raise Refused("the replay is running: Esc pauses it, then the message can go there")
            self._queued.append(text)
            self._say("the message will enter the run when the present event is done")
        elif self.busy:
            self._live.queue(text)
            self._say("the message will be delivered when the model's present step is done")
        elif self.state is not State.PAUSED or self.at_end or delivery is Delivery.LIVE:
            self.check_live()
            self._add_message(text)
            self._start(Command.GO_LIVE, self._work, live=True)
        elif delivery is Delivery.REPLACE:
            self._replace_next(text)
        else:
            self._add_message(text)

    def go_live(self) -> None:
        """Hand the run so far and its sandbox to the model. Raises `Refused`, `BadInput`."""
        self._activity.check(Command.GO_LIVE)
        self.check_live()
        if self.needs_message:
            raise Refused("the agent spoke last: type a message for the model to go on from")
        self._start(Command.GO_LIVE, self._work, live=True)

    def toggle_breakpoint(self, index: int) -> bool:
        """Set or remove a breakpoint before an event; whether there is one now."""
        there = self.breakpoints.toggle(index)
        self.breakpoints_changed()
        return there

    def break_on(self, condition: str) -> None:
        """Set a breakpoint on a condition. Raises `BadInput` where it cannot be read."""
        self.breakpoints.add(condition)
        self.breakpoints_changed()

    def breakpoints_changed(self) -> None:
        """Keep the breakpoints, if this session does, and tell of them."""
        if self.settings.keep_breakpoints:
            self.breakpoints.save()
        self._tell(changes.BreakpointsChanged())

    def next_service(self, index: int) -> Service:
        """Go on to the next way of satisfying a step: execute, recorded, skip. Raises `BadInput`."""
        chosen = self.services.get(index, Service.EXECUTE).next
        self.serve(index, chosen)
        return chosen

    def serve(self, index: int, service: Service) -> None:
        """Choose how a step is satisfied when the replay comes to it. Raises `BadInput`."""
        if not asks_the_world(self.trajectory.head(index)):
            label = self.trajectory.label(index)
            raise BadInput(f"event {label} asks nothing of the sandbox: there is nothing to serve or skip")
        self.services[index] = service
        self._tell(changes.DocumentChanged(index))

    def save_run(self, path: Path) -> Path:
        """Save what happened in this run as a trajectory. Raises `BadInput`."""
        if not len(self.run):
            raise BadInput("nothing has happened in this run yet")
        write_atomically(path, self.run.to_json())
        return path

    async def idle(self) -> None:
        """Wait until no task of this session is under way; a fault of the program itself is raised here."""
        await self._activity.idle()

    async def close(self) -> None:
        """End what is going on and remove the sandbox."""
        if self._interrupting is not None:
            self._interrupting.cancel()
            await asyncio.wait({self._interrupting})
        await self._activity.close()
        await self._live.close()
        await self._world.close()

    # Replaying

    async def _replay(self, *, one_step: bool = False, stop_before: int | None = None) -> None:
        try:
            stopped = await self._play_on(one_step=one_step, stop_before=stop_before)
        finally:
            self._deliver_queued()
        self._conclude(stopped)

    async def _play_on(self, *, one_step: bool, stop_before: int | None) -> Breakpoint | None:
        """Play until something stops it; the answer is the breakpoint, where it was one."""
        player = self._player
        begun_at = player.position
        clock = asyncio.get_running_loop().time
        breathed = clock()
        while not player.at_end and not self._pause_asked:
            at = player.position
            stopped = self.breakpoints.before(at) if at != begun_at else None
            if at == stop_before or stopped:
                return stopped
            step_ends = await player.play()
            self._deliver_queued()
            result = self.run.results.get(at)
            stopped = self.breakpoints.after(result) if result else None
            if stopped or (step_ends and one_step):
                player.settle()
                return stopped
            if clock() - breathed > _BREATH:
                await asyncio.sleep(0)
                breathed = clock()
        return None

    def _deliver_queued(self) -> None:
        """What was typed while an event was played stands behind it and its answer."""
        queued, self._queued = self._queued, []
        for text in queued:
            self._add_message(text)

    def _conclude(self, stopped: Breakpoint | None) -> None:
        if stopped is not None:
            self._say(stopped.describe(self.trajectory))
        if not self._player.at_end:
            self._activity.become(State.PAUSED)
            return
        match ending_of(self.trajectory):
            case Ending.FINISHED:
                self._activity.become(State.FINISHED)
            case Ending.WAITS:
                self._activity.become(State.AWAITING_INPUT, Mode.LIVE)
            case Ending.OPEN:
                self._activity.become(State.PAUSED)
                self._say(f"end of the recording · {self.summary()}")
                return
        self._say(self.summary())

    async def _start_over(self) -> None:
        await self._world.close()
        self._begin_run()
        self._activity.failure = None
        self._tell(changes.RunChanged(restarted=True))
        self._tell(changes.PositionChanged(0))
        await self.prepare()
        self._activity.become(State.PAUSED, Mode.REPLAY)

    # Live

    async def _work(self) -> None:
        try:
            ending = await self._live.work(self.settings.model, self.settings.max_steps)
        except Interrupted:
            self._say("interrupted: the model waits for your word")
            self._activity.become(State.AWAITING_INPUT)
            return
        if ending.note:
            self._say(ending.note, "warning")
        self._activity.become(State.FINISHED if ending.finished else State.AWAITING_INPUT)

    def _add_message(self, text: str) -> None:
        self.run.add(user_message(text))
        self._tell(changes.RunChanged())

    def _replace_next(self, text: str) -> None:
        index = self.next_user_message
        if index is None:
            raise Refused("no user message is left in the recording to replace")
        self._player.replacements[index] = text
        self._say(f"the message will stand in place of event {self.trajectory.label(index)}")

    def check_live(self) -> None:
        """Raises `ModelUnavailable` or `Refused` where no live session could begin."""
        if self.settings.model_fault:
            raise BadInput(self.settings.model_fault)
        if not self.settings.model.model:
            raise ModelUnavailable(
                "no model is configured: pass --model, set LLM_MODEL, or set model under [llm] in config.toml"
            )
        sandbox = self._world.sandbox
        if sandbox is not None and not sandbox.executes:
            raise Refused("a live session needs a sandbox that executes: docker or bubblewrap")
        if self._world.lost:
            raise Refused("the sandbox of this run was lost: R restarts the run")

    def _start(self, command: Command, work: Work, *, live: bool = False) -> None:
        self._activity.begin(command, work, live=live)
        self._pause_asked = False

    def _check_more(self, command: Command) -> None:
        self._activity.check(command)
        if self.at_end:
            raise Refused("this is the end of the recording: m goes on with a model, R restarts")
