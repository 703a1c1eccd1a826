"""The sandbox of a session: chosen when asked, started at the first action, told of to the listeners.

What an action comes to there is worded by the runtime of the recording's agent.
"""

from __future__ import annotations

import asyncio
import gc
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from trajcore import notices
from trajcore.dialects.canonical import exit_code
from trajcore.dialects.registry import default_dialect
from trajcore.errors import Refused, SandboxUnavailable
from trajcore.events.head import head_of
from trajcore.events.kinds import RUN
from trajcore.events.satisfied import Kept, kept_of
from trajcore.masking import MaskedOutput, known
from trajcore.replay.masked import masked_files, masked_observation
from trajcore.replay.sides import UNKNOWN, Side
from trajcore.runtimes.registry import make_runtime
from trajcore.runtimes.typed import asks_in_secret, echo_of
from trajcore.sandbox.base import Checkpoint, OnProgress, Outcome, Sandbox, SandboxSettings
from trajcore.worlds.maps import PathMaps
from trajcore.worlds.plan import EVIDENCE

if TYPE_CHECKING:
    from trajcore.dialects.base import Dialect
    from trajcore.events.base import Action, Observation
    from trajcore.replay.reconstruction import Reconstruction
    from trajcore.runtimes.base import Answered, Runtime
    from trajcore.runtimes.habits import Habits
    from trajcore.sandbox.base import FileChanges, Visitor
    from trajcore.sandbox.registry import SandboxKind
    from trajcore.worlds.plan import World, Worlds

_NO_MAPS: Final = PathMaps()
_TAIL: Final = 200
"""So many bytes of what a command has written last tell whether it asks for a secret."""
_ALLOCATIONS: Final = 50_000
"""So many new objects lie between two searches of Python's for cycles."""


class Answer(Struct, frozen=True):
    """What came back, None where the sandbox has no answer, and after how many seconds.

    `interrupted`: the user stopped the command. `files`: what it changed, None where that is not told.
    `reason` says why there is no answer. `made_up`: paths that it has read of which nobody knows what was
    there when it was recorded. `typed`: what the user typed into it, as far as it was shown; None: nothing.
    """

    observation: Observation | None
    seconds: float
    interrupted: bool = False
    files: FileChanges | None = None
    reason: str = ""
    made_up: tuple[str, ...] = ()
    typed: tuple[str, ...] | None = None

    @property
    def kept(self) -> Kept | None:
        """What a saved run is to keep of how it was carried out."""
        return kept_of(interrupted=self.interrupted, typed=self.typed)


class _Memory(Struct, frozen=True):
    """What belongs to a checkpoint beside the world."""

    runtime: object
    made_up: object


class Executor:
    """One sandbox from the first action to the end of the run."""

    def __init__(
        self,
        name: str,
        settings: SandboxSettings,
        tell: notices.Listener,
        dialect: Dialect | None = None,
        worlds: Worlds | None = None,
        reconstruction: Reconstruction | None = None,
        habits: Habits | None = None,
    ) -> None:
        """`name` is the sandbox's, `dialect` the recording's, which says how its actions were run.

        `worlds` says in which world to begin; without them it is the bare sandbox. `reconstruction` makes the
        files that the recording began with, where they are to be had of its own evidence. `habits` are how
        the commands of the recording were run, where they are not those of its dialect.
        """
        self._name = name
        self._worlds = worlds
        self._decided: World | None = None
        self._settings = settings
        self._tell = tell
        self._dialect = dialect or default_dialect()
        self._reconstruction = reconstruction
        self._habits = habits or self._dialect.habits
        self._runtime: Runtime | None = None
        self._sandbox: Sandbox | None = None
        self._kind: SandboxKind | None = None
        self.why = ""
        """Why it is this sandbox, in words, once it is chosen."""
        self._started = False
        self._output = self._new_output()
        self._choosing = asyncio.Lock()
        self._typing = asyncio.Lock()
        self.directory = "/workspace"
        """Where the shell is."""
        self.workspace = self.directory
        """Where the project is: the shell's directory at first."""
        self.start_seconds = 1.0
        """What it takes to make the sandbox: a guess, until it was made."""
        self.restore_seconds = 1.0
        self.lost = False
        self.executing = False
        self._interrupted = False
        self._typed: tuple[str, ...] | None = None
        self._tail = b""
        """What the running command has written last."""
        self._begun = 0.0
        self.beginning: Checkpoint | None = None
        """The world as it was made, where that was kept."""

    @property
    def sandbox(self) -> Sandbox | None:
        """The sandbox, once it is chosen."""
        return self._sandbox

    @property
    def started(self) -> bool:
        """Whether anything can have happened in the world."""
        return self._started

    def opened(self) -> Sandbox:
        """The sandbox, which has been started. Raises `Refused`."""
        if self._sandbox is None or not self._started:
            raise Refused("the sandbox has not been started yet: a step starts it")
        if not self._sandbox.executes:
            raise Refused(f"nothing is executed in a {self._sandbox.kind} sandbox: it has no files")
        return self._sandbox

    async def choose(self) -> Sandbox:
        """Pick the sandbox, once. Raises `SandboxUnavailable` or `BadInput`."""
        from trajcore.sandbox.choose import choose

        async with self._choosing:
            if self._sandbox is None:
                name, settings = await self._decide()
                choice = await choose(name, settings)
                self._runtime = self._new_runtime(choice.sandbox)
                self._sandbox, self._kind, self.why = choice.sandbox, choice.kind, choice.why
                self._tell(notices.SandboxChosen(choice.sandbox.kind, choice.sandbox.detail, choice.why))
        return self._sandbox

    async def _decide(self) -> tuple[str, SandboxSettings]:
        """Which sandbox to ask for, and how it is to be set up, for the world that the run is to begin in."""
        if self._worlds is None:
            return self._name, self._settings
        try:
            world = await self._worlds.decide(self._settings, self._tell_progress)
        finally:
            self._tell(notices.Progress(""))
        is_new, self._decided = self._decided is None, world
        if is_new:
            self._tell_world(world, self._worlds.found.line)
        if not world.steps and world.kind != EVIDENCE:
            return world.sandbox, world.settings
        return world.sandbox, replace(world.settings, prepare=partial(self._prepare, world))

    def _tell_world(self, world: World, told: str) -> None:
        missing = world.missing
        self._tell(
            notices.WorldChosen(
                world.kind,
                world.image,
                world.repository,
                world.commit,
                missing=missing.image if missing else "",
                why=missing.why if missing else "",
                told=told,
                maps=tuple(one.text for one in world.maps.maps),
            )
        )
        for warning in world.warnings:
            self._tell(notices.Said(warning, "warning"))

    async def _prepare(self, world: World, sandbox: Sandbox, progress: OnProgress) -> None:
        """Make the files of evidence, and run in the shell what ran there before the first step.

        Raises `SandboxUnavailable`.
        """
        from trajcore.worlds import prelude

        if self.reconstruction is not None:
            await self._reconstruct(self.reconstruction, sandbox, progress)
        await prelude.run(world.steps, sandbox, self._emit, self)
        self.directory = sandbox.directory

    def begins(self, command: str) -> None:
        """See `prelude.Teller`."""
        self._tell(notices.Executing(notices.PRELUDE, command, self.directory, False))
        self._output = self._new_output()
        self._begun = time.perf_counter()

    def ended(self, outcome: Outcome) -> None:
        """See `prelude.Teller`."""
        self.directory = outcome.directory
        self._output.end()
        self._tell(notices.Executed(outcome.exit_code, time.perf_counter() - self._begun))

    def _tell_progress(self, text: str) -> None:
        self._tell(notices.Progress(text))

    @property
    def world(self) -> World | None:
        """The world that the run begins in, once that is known."""
        return self._decided

    @property
    def reconstruction(self) -> Reconstruction | None:
        """What makes the files that the recording began with, where this run's world is made so."""
        made = self._decided is not None and self._decided.kind == EVIDENCE
        return self._reconstruction if made else None

    @property
    def maps(self) -> PathMaps:
        """The directories of the recording that have another name here."""
        return _NO_MAPS if self._decided is None else self._decided.maps

    def _new_runtime(self, sandbox: Sandbox) -> Runtime:
        """Where nothing is executed, what was recorded is served, whoever's it is."""
        if sandbox.executes:
            return make_runtime(self._dialect.runtime, self._habits)
        from trajcore.runtimes.recorded import RecordedRuntime

        return RecordedRuntime()

    async def ready(self) -> Sandbox:
        """The sandbox, started. Raises `SandboxUnavailable`, also when it was lost earlier in this run."""
        if self.lost:
            raise SandboxUnavailable("The sandbox of this run was lost: restart the run for a fresh one.")
        sandbox = self._sandbox or await self.choose()
        if not self._started:
            await self._start(sandbox)
        return sandbox

    async def _start(self, sandbox: Sandbox) -> None:
        if sandbox.executes:
            self._tell(notices.Progress(f"starting {sandbox.kind}"))
        begun = time.perf_counter()
        try:
            await sandbox.start(self._tell_progress)
            self._started = True
            self.workspace = sandbox.directory or self.workspace
            _collect_rarely()
            self.start_seconds = time.perf_counter() - begun
            self.beginning = await self.quick_checkpoint()
        finally:
            self._tell(notices.Progress(""))
            if not self._started:
                await asyncio.shield(self.close())

    async def _reconstruct(self, made: Reconstruction, sandbox: Sandbox, progress: OnProgress) -> None:
        """Make the files that the recording began with."""
        progress("making the files that the recording tells of")
        built = await made.make(sandbox)
        self._tell(notices.Said(f"world: {built.words}"))
        for line in built.notes:
            self._tell(notices.Said(line, "warning"))

    async def execute(
        self, action: Action, recorded: Observation | None, *, live: bool = False, uid: int | None = None
    ) -> Answer:
        """Carry out one action, its output told as it comes; `uid` is of the recorded step that it is.

        Raises `SandboxUnavailable`.
        """
        sandbox = await self.ready()
        assert self._runtime is not None
        text = head_of(action.model_dump()).summary() if action.action != RUN else ""
        text = text or str(getattr(action.args, "command", ""))
        limit = self._settings.limits.hard if action.timeout is None else action.timeout
        served = not sandbox.executes
        id = action.id if live else None
        is_input = getattr(action.args, "is_input", False) is True
        where = self.directory
        self._tell(notices.Executing(action.action, text, where, served, live, limit, uid, id, is_input))
        self._output = self._new_output()
        begun = time.perf_counter()
        self.executing, self._interrupted, self._typed, self._tail = True, False, None, b""
        before = self.directory
        made_up: tuple[str, ...] = ()
        try:
            if self.reconstruction is not None:
                await self.reconstruction.arm(sandbox)
                begun = time.perf_counter()
            answered = await self._runtime.carry_out(
                self.maps.mapped(action), recorded, sandbox, self._settings.limits, self._emit
            )
            seconds, interrupted, typed = time.perf_counter() - begun, self._interrupted, self._typed
            if self.reconstruction is not None:
                made_up = await self.reconstruction.looked_at(sandbox, action, answered.observation, before)
            files = await self.changed_files()
        except SandboxUnavailable:
            self.lost = True
            raise
        finally:
            self.executing = False
            self._output.end()
        observation = answered.observation
        if observation is not None and observation is not recorded:
            observation = masked_observation(self.maps.restored(observation, action))
        self._follow(answered)
        served = observation is not None and observation is recorded
        code = self._dialect.unwrap(recorded).exit_code if served and recorded else exit_code(observation)
        said = "" if observation is None or self._has_told else known().text(observation.content)
        failed = observation is not None and head_of(_as_event(observation)).failed
        self._tell(notices.Executed(code, seconds, _note(observation), said, failed))
        return Answer(observation, seconds, interrupted, files, answered.reason, made_up, typed)

    async def changed_files(self) -> FileChanges | None:
        """What has changed in the sandbox's files since the last action; None where that is not told."""
        if self._sandbox is None or not self._settings.track_files:
            return None
        try:
            return masked_files(await self._sandbox.changed_files())
        except SandboxUnavailable:  # the next action will find out, and say so
            return None

    async def interrupt(self) -> None:
        """Interrupt the running command, if one runs."""
        if self._sandbox is not None and self.executing:
            self._interrupted = True
            await self._sandbox.interrupt()

    async def send_input(self, text: str) -> None:
        """Type into the running command. Raises `Refused` where none runs, `SandboxUnavailable`."""
        if self._sandbox is None or not self.executing:
            raise Refused("nothing runs that could be typed into")
        async with self._typing:
            hidden = asks_in_secret(self._tail) or known().text(text) != text
            echo = b"" if hidden else echo_of(text)
            await self._sandbox.send_input(text.encode("utf-8", "surrogateescape"), self._emit, echo)
            if text:
                self._typed = (self._typed or ()) + (text,) * (not hidden)

    @property
    def rewinds(self) -> bool:
        """Whether this kind of sandbox can be taken back to earlier moments."""
        return self._kind is None or self._kind.rewinds

    @property
    def offline(self) -> bool:
        """Whether what runs here is known to have no network."""
        walled = self._kind is not None and self._kind.walled
        return walled and not self._settings.network and self._settings.container is None

    @property
    def reconstructed(self) -> bool:
        """Whether the files here were made of what the recording tells of them."""
        return self.reconstruction is not None

    @property
    def side(self) -> Side:
        """Whose shell it is here, and on which machine."""
        sandbox = self._sandbox
        return UNKNOWN if sandbox is None else Side(sandbox.user or None, sandbox.host or None)

    @property
    def described(self) -> str:
        """Where actions are carried out, in words."""
        if self._kind is None:
            return "the sandbox"
        return f"the {self._kind.name} sandbox" if self._kind.walled else "the host itself"

    @property
    def unkept(self) -> tuple[str, ...]:
        """What no checkpoint brings back, whatever happens."""
        mounted = self._settings.mount and self._settings.workspace is not None
        return ("the earlier state of the mounted directory",) if mounted else ()

    async def visit(self, visitor: Visitor) -> None:
        """Let the user into the sandbox until they leave. Raises `Refused`, `SandboxUnavailable`."""
        await (await self.ready()).visit(visitor)

    async def checkpoint(self) -> Checkpoint | None:
        """The world as it is now; None where that cannot be kept."""
        if self._sandbox is None or not self._started or self.lost:
            return None
        checkpoint = await self._sandbox.checkpoint()
        return self._completed(checkpoint)

    async def quick_checkpoint(self) -> Checkpoint | None:
        """The world as it was after the last action; None where that costs more than next to nothing."""
        if self._sandbox is None or not self._started or self.lost or not self._settings.quick_bytes:
            return None
        checkpoint = await self._sandbox.quick_checkpoint()
        return self._completed(checkpoint)

    def _completed(self, checkpoint: Checkpoint | None) -> Checkpoint | None:
        """The same, with what the sandbox knows nothing of."""
        if checkpoint is None or self._runtime is None:
            return checkpoint
        made_up = None if self.reconstruction is None else self.reconstruction.memory()
        return replace(checkpoint, memory=_Memory(self._runtime.memory(), made_up), directory=self.directory)

    def is_there(self, checkpoint: Checkpoint) -> bool:
        """Whether a checkpoint can still be restored."""
        return self._sandbox is not None and self._sandbox.is_there(checkpoint)

    def price_of(self, checkpoint: Checkpoint) -> float:
        """Seconds that it is expected to take to restore a checkpoint."""
        told = 0.0 if self._sandbox is None else self._sandbox.price_of(checkpoint)
        return told or self.restore_seconds

    async def restore(self, checkpoint: Checkpoint) -> None:
        """Make the world what it was. Raises `SandboxUnavailable`."""
        sandbox = self._sandbox
        assert sandbox is not None
        assert self._runtime is not None
        begun = time.perf_counter()
        self.lost = True
        await sandbox.restore(checkpoint, self._tell_progress)
        memory = checkpoint.memory if isinstance(checkpoint.memory, _Memory) else _Memory(None, None)
        self._runtime.recall(memory.runtime)
        if self.reconstruction is not None:
            self.reconstruction.recall(memory.made_up)
        self.lost = False
        self.directory = checkpoint.directory or sandbox.directory
        self.restore_seconds = time.perf_counter() - begun

    async def forget(self, checkpoint: Checkpoint) -> None:
        """Free what a checkpoint takes."""
        if self._sandbox is not None:
            await self._sandbox.forget(checkpoint)

    async def close(self) -> None:
        """Remove the sandbox and everything in it; another can be made after it."""
        sandbox, self._sandbox, self._kind, self._runtime = self._sandbox, None, None, None
        if sandbox is not None:
            await sandbox.close()
        self.beginning = None
        self._started = self.lost = False
        self.directory = "/workspace"

    def _emit(self, data: bytes) -> None:
        self._tail = (self._tail + data)[-_TAIL:]
        self._output.write(data)

    def _new_output(self) -> MaskedOutput:
        """What hands on the output of the next command."""
        self._has_told = False
        return MaskedOutput(known(), self._tell_output)

    def _tell_output(self, data: bytes) -> None:
        self._has_told = True
        self._tell(notices.Output(data))

    def _follow(self, answered: Answered) -> None:
        """Where the shell is now; in a recording that is served, where it was."""
        outcome = answered.outcome
        directory = getattr(outcome, "directory", "")
        if outcome is None:
            observation = answered.observation
            metadata = None if observation is None else getattr(observation.extras, "metadata", None)
            directory = getattr(metadata, "working_dir", None)
        elif getattr(outcome, "still_running", None) is not None:
            return
        if isinstance(directory, str) and directory:
            self.directory = directory


def _note(observation: Observation | None) -> str:
    """What is to be said beside the exit code and the content: that a command still runs."""
    if observation is None:
        return "no answer"
    metadata = getattr(observation.extras, "metadata", None)
    if getattr(metadata, "exit_code", None) == -1:
        return str(getattr(metadata, "suffix", "")).strip().strip("[]").split(". ")[0]
    return ""


def _as_event(observation: Observation) -> dict[str, str]:
    """As much of an observation as says whether it tells of a failure."""
    return {"observation": observation.observation, "content": observation.content}


def _collect_rarely() -> None:
    """Look for cycles once in many thousand objects, for the rest of the program.

    Steps leave next to no cycles behind, and with Python's default of 700 objects the search costs a fifth of
    a short step.
    """
    youngest, *older = gc.get_threshold()
    if 0 < youngest < _ALLOCATIONS:
        gc.set_threshold(_ALLOCATIONS, *older)
