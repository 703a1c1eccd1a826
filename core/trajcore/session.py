"""One object that owns a debugging session: the document, the run, the sandbox and the model.

Front ends call its commands and listen to its changes; they decide nothing themselves. Commands return
at once: what takes time runs in one task that the session owns, and `idle()` waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any

from trajcore import changes
from trajcore.errors import BadInput, ModelUnavailable, TrajError
from trajcore.live.host import Interrupted, LiveHost
from trajcore.live.model import ModelSettings
from trajcore.replay.breakpoints import Breakpoint, Breakpoints
from trajcore.replay.player import Player, Service
from trajcore.replay.policy import ENDINGS, Treatment, asks_the_world, count_steps, treatment
from trajcore.replay.record import user_message
from trajcore.replay.report import sentence
from trajcore.replay.run import Run
from trajcore.replay.states import NEXT, Command, Mode, State, refusal
from trajcore.sandbox.base import SandboxSettings
from trajcore.storage import write_atomically
from trajcore.trajectory import Edit, Trajectory
from trajcore.world import World


class Refused(TrajError):
    """A command that is illegal in the present state; the message says why."""


class Delivery(Enum):
    """What becomes of a message that is typed in the middle of a recording."""

    INSERT = "insert"
    """It enters the run here; the replay can go on."""
    REPLACE = "replace"
    """It takes the place of the next recorded user message."""
    LIVE = "live"
    """It starts the live session from here."""


@dataclass(frozen=True)
class SessionSettings:
    """What a session is started with. `max_steps` bounds a live session's actions."""

    sandbox: str = "auto"
    world: SandboxSettings = field(default_factory=SandboxSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    max_steps: int | None = None
    keep_breakpoints: bool = False
    """Whether breakpoints are read from, and kept in, the user's state directory."""


class Session:
    """A recording being debugged. All methods belong to one event loop."""

    def __init__(self, trajectory: Trajectory, settings: SessionSettings | None = None) -> None:
        self.trajectory = trajectory
        self.settings = settings or SessionSettings()
        self.state = State.PAUSED
        self.mode = Mode.REPLAY
        self.breakpoints = Breakpoints(trajectory)
        self.services: dict[int, Service] = {}
        """How the user wants a step to be satisfied, by its index; executed where nothing is said."""
        self.failure: TrajError | None = None
        """What put the session into the state ERROR."""
        self._listeners: list[changes.Listener] = []
        self._sandbox_kind: str | None = None
        self._activity: asyncio.Task[None] | None = None
        self._interrupting: asyncio.Task[None] | None = None
        self._pause_asked = False
        if self.settings.keep_breakpoints:
            self.breakpoints.load()
        self._step_count = count_steps(trajectory.outline)
        self._begin_run()

    def _begin_run(self) -> None:
        self.run = Run(self.trajectory.outline.last_id)
        self._world = World(self.settings.sandbox, self.settings.world, self._tell)
        self._player = Player(self.trajectory, self.run, self._world, self.services, self._tell)
        self._live = LiveHost(self.run, self._world, self._set_state, self._tell)

    # What a front end can read

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
    def step_count(self) -> int:
        """How many recorded actions ask something of the world."""
        return self._step_count

    @property
    def busy(self) -> bool:
        """Whether a task of this session is under way."""
        return self._activity is not None and not self._activity.done()

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
        """Whether the agent spoke last, so that a live session can only begin with the user's word."""
        for entry in reversed(self.run.entries):
            if treatment(entry.head) is Treatment.DIALOGUE and entry.head.kind != "system":
                return entry.head.source != "user"
            if treatment(entry.head) is not Treatment.PASS:
                return False
        return True

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
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    # Commands

    async def prepare(self) -> None:
        """Find out which sandbox this session will have. Raises `SandboxUnavailable` or `BadInput`."""
        self._sandbox_kind = (await self._world.choose()).kind

    def step(self) -> None:
        """Play up to and including the next thing the agent did. Raises `Refused`."""
        self._check_more(Command.STEP)
        self._begin(Command.STEP, partial(self._replay, one_step=True))

    def resume(self) -> None:
        """Play to the next breakpoint or the end. Raises `Refused`."""
        self._check_more(Command.CONTINUE)
        self._begin(Command.CONTINUE, self._replay)

    def run_to(self, index: int) -> None:
        """Play up to, not including, the event at `index`. Raises `Refused`."""
        self._check_more(Command.RUN_TO)
        if index < self.position:
            label = self.trajectory.label(index)
            raise Refused(f"event {label} has been played already: R restarts the run")
        self._begin(Command.RUN_TO, partial(self._replay, stop_before=index))

    def interrupt(self) -> None:
        """Stop what is going on: a running command gets Ctrl-C, a model call ends. Raises `Refused`."""
        self._check(Command.INTERRUPT)
        self._pause_asked = self._live.stop_asked = True
        if self._world.executing:
            self._interrupting = asyncio.create_task(self._world.interrupt())
        elif self._activity is not None:
            self._activity.cancel()

    def restart(self) -> None:
        """Throw the sandbox away and go back before the first event. Raises `Refused`."""
        self._begin(Command.RESTART, self._start_over)

    def message(self, text: str, delivery: Delivery = Delivery.INSERT) -> None:
        """Give the user's word: into the recording at a pause in it, to the model at its end or when live.

        Raises `Refused` where it cannot be taken, `BadInput` when it is empty.
        """
        if not text.strip():
            raise BadInput("the message is empty")
        self._check(Command.MESSAGE)
        if self.busy:
            self._live.queue(text)
            self._say("the message will be delivered when the model's present step is done")
        elif self.state is not State.PAUSED or self.at_end or delivery is Delivery.LIVE:
            self._check_live()
            self._add_message(text)
            self._begin(Command.GO_LIVE, self._work)
        elif delivery is Delivery.REPLACE:
            self._replace_next(text)
        else:
            self._add_message(text)

    def go_live(self) -> None:
        """Hand the run so far and its sandbox to the model. Raises `Refused`, `BadInput`."""
        self._check(Command.GO_LIVE)
        self._check_live()
        if self.needs_message:
            raise Refused("the agent spoke last: type a message for the model to go on from")
        self._begin(Command.GO_LIVE, self._work)

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

    def serve(self, index: int, service: Service) -> None:
        """Choose how a step is satisfied when the replay comes to it. Raises `BadInput`."""
        if not asks_the_world(self.trajectory.head(index)):
            label = self.trajectory.label(index)
            raise BadInput(f"event {label} asks nothing of the sandbox: there is nothing to serve or skip")
        self.services[index] = service
        self._tell(changes.DocumentChanged(index))

    def set_value(self, index: int, path: Sequence[str | int], value: Any) -> Edit:
        """Edit one field of a recorded event. Raises `BadInput`."""
        edit = self.trajectory.set_value(index, path, value)
        self._tell(changes.DocumentChanged(index))
        return edit

    def flip(self, index: int, flag: str) -> Edit:
        """Turn a flag of an action's arguments over. Raises `BadInput` where the event has no such flag."""
        head = self.trajectory.head(index)
        if flag == "wait_for_response" and head.action != "message":
            label = self.trajectory.label(index)
            raise BadInput(f"only messages have {flag}, and event {label} is a {head.kind}")
        args = self.trajectory.data(index).get("args")
        value = args.get(flag, False) if isinstance(args, dict) else False
        return self.set_value(index, ("args", flag), not value)

    def undo(self) -> Edit | None:
        """Take the last edit back."""
        edit = self.trajectory.undo()
        if edit is not None:
            self._tell(changes.DocumentChanged(edit.index))
        return edit

    def redo(self) -> Edit | None:
        """Make the last undone edit again."""
        edit = self.trajectory.redo()
        if edit is not None:
            self._tell(changes.DocumentChanged(edit.index))
        return edit

    def save(self, path: Path | None = None, *, overwrite: bool = False) -> Path:
        """Save the edited recording. Raises `BadInput`, `FileChanged`."""
        saved = self.trajectory.save(path, overwrite=overwrite)
        self._tell(changes.DocumentChanged(None))
        return saved

    def save_run(self, path: Path) -> Path:
        """Save what happened in this run as a trajectory. Raises `BadInput`."""
        if not len(self.run):
            raise BadInput("nothing has happened in this run yet")
        write_atomically(path, self.run.to_json())
        return path

    async def idle(self) -> None:
        """Wait until no task of this session is under way; a fault of the program itself is raised here."""
        while self._activity is not None and not self._activity.done():
            await asyncio.wait({self._activity})
        if self._activity is not None and not self._activity.cancelled():
            self._activity.result()

    async def close(self) -> None:
        """End what is going on and remove the sandbox."""
        tasks = {task for task in (self._activity, self._interrupting) if task is not None}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self._live.close()
        await self._world.close()

    # Replaying

    async def _replay(self, *, one_step: bool = False, stop_before: int | None = None) -> None:
        player = self._player
        begun_at = player.position
        stopped: Breakpoint | None = None
        while not player.at_end and not self._pause_asked:
            at = player.position
            stopped = self.breakpoints.before(at) if at != begun_at else None
            if at == stop_before or stopped:
                break
            step_ends = await player.play()
            result = self.run.results.get(at)
            stopped = self.breakpoints.after(result) if result else None
            if step_ends and (one_step or stopped):
                player.settle()
                break
            await asyncio.sleep(0)
        self._conclude(stopped)

    def _conclude(self, stopped: Breakpoint | None) -> None:
        if stopped is not None:
            self._say(stopped.describe(self.trajectory))
        if not self._player.at_end:
            self._set_state(State.PAUSED)
            return
        last = self._last_meaningful()
        if last is not None and self.trajectory.head(last).kind in ENDINGS:
            self._set_state(State.FINISHED)
        elif last is not None and self._waits(last):
            self._set_state(State.AWAITING_INPUT, Mode.LIVE)
        else:
            self._set_state(State.PAUSED)
            self._say(f"end of the recording · {self.summary()}")
            return
        self._say(self.summary())

    def _last_meaningful(self) -> int | None:
        for index in range(len(self.trajectory) - 1, -1, -1):
            if treatment(self.trajectory.head(index)) is not Treatment.PASS:
                return index
        return None

    def _waits(self, index: int) -> bool:
        head = self.trajectory.head(index)
        return head.source != "user" and bool(head.wait_for_response)

    async def _start_over(self) -> None:
        await self._world.close()
        self._begin_run()
        self.failure = None
        self._tell(changes.RunChanged(restarted=True))
        self._tell(changes.PositionChanged(0))
        await self.prepare()
        self._set_state(State.PAUSED, Mode.REPLAY)

    # Live

    async def _work(self) -> None:
        try:
            ending = await self._live.work(self.settings.model, self.settings.max_steps)
        except Interrupted:
            self._say("interrupted: the model waits for your word")
            self._set_state(State.AWAITING_INPUT)
            return
        if ending.note:
            self._say(ending.note, "warning")
        self._set_state(State.FINISHED if ending.finished else State.AWAITING_INPUT)

    def _add_message(self, text: str) -> None:
        self._run_add(user_message(text))

    def _run_add(self, event: dict[str, Any]) -> None:
        self.run.add(event)
        self._tell(changes.RunChanged())

    def _replace_next(self, text: str) -> None:
        index = self.next_user_message
        if index is None:
            raise Refused("no user message is left in the recording to replace")
        self._player.replacements[index] = text
        self._say(f"the message will stand in place of event {self.trajectory.label(index)}")

    def _check_live(self) -> None:
        if not self.settings.model.model:
            raise ModelUnavailable(
                "no model is configured: pass --model, set LLM_MODEL, or set model under [llm] in config.toml"
            )
        sandbox = self._world.sandbox
        if sandbox is not None and not sandbox.executes:
            raise Refused("a live session needs a sandbox that executes: docker or bubblewrap")
        if self._world.lost:
            raise Refused("the sandbox of this run was lost: R restarts the run")

    # The machine

    def _begin(self, command: Command, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        why = refusal(self.state, command)
        if why is not None or self.busy:
            raise Refused(why or f"cannot {command.value} now: something is still under way")
        live = command is Command.GO_LIVE
        self._pause_asked = False
        self._set_state(State.THINKING if live else State.REPLAYING, Mode.LIVE if live else None)
        self._activity = asyncio.create_task(self._guarded(work))
        self._activity.add_done_callback(self._settle)

    async def _guarded(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await work()
        except asyncio.CancelledError:
            self._stopped()
        except TrajError as error:
            self.failure = error
            self._tell(changes.Progress(""))
            self._say(str(error), "error")
            self._set_state(State.ERROR)

    def _stopped(self) -> None:
        """The user has stopped what was under way."""
        self._tell(changes.Progress(""))
        self._set_state(State.AWAITING_INPUT if self.mode is Mode.LIVE else State.PAUSED)

    def _settle(self, task: asyncio.Task[None]) -> None:
        """A task that was stopped before it began, or that failed by a fault of our own, leaves a state too."""
        if task.cancelled():
            self._stopped()
            return
        fault = task.exception()
        if fault is not None:
            self.failure = TrajError(f"internal error: {type(fault).__name__}: {fault}")
            self.state = State.ERROR
            self._say(str(self.failure), "error")
            self._tell(changes.StateChanged(self.state, self.mode))

    def _check(self, command: Command) -> None:
        why = refusal(self.state, command)
        if why is not None:
            raise Refused(why)

    def _check_more(self, command: Command) -> None:
        self._check(command)
        if self.at_end:
            raise Refused("this is the end of the recording: m goes on with a model, R restarts")

    def _set_state(self, state: State, mode: Mode | None = None) -> None:
        mode = mode or self.mode
        if state is self.state and mode is self.mode:
            return
        if state is not self.state and state not in NEXT[self.state]:
            raise AssertionError(f"no way from {self.state.value} to {state.value}")
        self.state, self.mode = state, mode
        self._tell(changes.StateChanged(state, mode))

    def _say(self, text: str, severity: changes.Severity = "information") -> None:
        self._tell(changes.Said(text, severity))

    def _tell(self, change: changes.Change) -> None:
        for listener in tuple(self._listeners):
            listener(change)
