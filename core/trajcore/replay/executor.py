"""The sandbox of a session: chosen when asked, started at the first action, told of to the listeners.

What an action comes to there is worded by the runtime of the recording's agent.
"""

from __future__ import annotations

import asyncio
import gc
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from trajcore import notices
from trajcore.dialects.canonical import exit_code
from trajcore.dialects.registry import default_dialect
from trajcore.errors import SandboxUnavailable
from trajcore.events.head import head_of
from trajcore.events.kinds import RUN
from trajcore.replay.sides import UNKNOWN, Side
from trajcore.runtimes.registry import make_runtime
from trajcore.sandbox.base import Checkpoint, Sandbox, SandboxSettings

if TYPE_CHECKING:
    from trajcore.dialects.base import Dialect
    from trajcore.events.base import Action, Observation
    from trajcore.runtimes.base import Answered, Runtime
    from trajcore.sandbox.base import FileChanges, Visitor
    from trajcore.sandbox.registry import SandboxKind

_ALLOCATIONS: Final = 50_000
"""So many new objects lie between two searches of Python's for cycles."""


@dataclass(frozen=True)
class Answer:
    """What came back, None where the sandbox has no answer, and after how many seconds.

    `interrupted`: the user stopped the command. `files`: what it changed, None where that is not told.
    `reason` says why there is no answer.
    """

    observation: Observation | None
    seconds: float
    interrupted: bool = False
    files: FileChanges | None = None
    reason: str = ""


class Executor:
    """One sandbox from the first action to the end of the run."""

    def __init__(
        self,
        name: str,
        settings: SandboxSettings,
        tell: notices.Listener,
        dialect: Dialect | None = None,
    ) -> None:
        """`name` is the sandbox's, `dialect` the recording's, which says how its actions were run."""
        self._name = name
        self._settings = settings
        self._tell = tell
        self._dialect = dialect or default_dialect()
        self._runtime: Runtime | None = None
        self._sandbox: Sandbox | None = None
        self._kind: SandboxKind | None = None
        self._started = False
        self._choosing = asyncio.Lock()
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
        self.beginning: Checkpoint | None = None
        """The world as it was made, where that was kept."""

    @property
    def sandbox(self) -> Sandbox | None:
        """The sandbox, once it is chosen."""
        return self._sandbox

    async def choose(self) -> Sandbox:
        """Pick the sandbox, once. Raises `SandboxUnavailable` or `BadInput`."""
        from trajcore.sandbox.choose import choose

        async with self._choosing:
            if self._sandbox is None:
                choice = await choose(self._name, self._settings)
                self._runtime = self._new_runtime(choice.sandbox)
                self._sandbox, self._kind = choice.sandbox, choice.kind
                self._tell(notices.SandboxChosen(choice.sandbox.kind, choice.sandbox.detail, choice.why))
        return self._sandbox

    def _new_runtime(self, sandbox: Sandbox) -> Runtime:
        """Where nothing is executed, what was recorded is served, whoever's it is."""
        if sandbox.executes:
            return make_runtime(self._dialect.runtime, self._dialect.habits)
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
            await sandbox.start(lambda text: self._tell(notices.Progress(text)))
            self._started = True
            self.workspace = sandbox.directory or self.workspace
            _collect_rarely()
            self.start_seconds = time.perf_counter() - begun
            self.beginning = await self.quick_checkpoint()
        finally:
            self._tell(notices.Progress(""))
            if not self._started:
                await asyncio.shield(self.close())

    async def execute(self, action: Action, recorded: Observation | None, *, live: bool = False) -> Answer:
        """Carry out one action, its output told as it comes. Raises `SandboxUnavailable`."""
        sandbox = await self.ready()
        assert self._runtime is not None
        text = head_of(action.model_dump()).summary() if action.action != RUN else ""
        text = text or str(getattr(action.args, "command", ""))
        limit = self._settings.limits.hard if action.timeout is None else action.timeout
        served = not sandbox.executes
        self._tell(notices.Executing(action.action, text, self.directory, served, live, limit))
        begun = time.perf_counter()
        self.executing, self._interrupted = True, False
        try:
            answered = await self._runtime.carry_out(
                action, recorded, sandbox, self._settings.limits, self._emit
            )
            seconds, interrupted = time.perf_counter() - begun, self._interrupted
            files = await self.changed_files()
        except SandboxUnavailable:
            self.lost = True
            raise
        finally:
            self.executing = False
        observation = answered.observation
        self._follow(answered)
        served = observation is not None and observation is recorded
        code = self._dialect.unwrap(recorded).exit_code if served and recorded else exit_code(observation)
        self._tell(notices.Executed(code, seconds, _note(observation)))
        return Answer(observation, seconds, interrupted, files, answered.reason)

    async def changed_files(self) -> FileChanges | None:
        """What has changed in the sandbox's files since the last action; None where that is not told."""
        if self._sandbox is None or not self._settings.track_files:
            return None
        try:
            return await self._sandbox.changed_files()
        except SandboxUnavailable:  # the next action will find out, and say so
            return None

    async def interrupt(self) -> None:
        """Interrupt the running command, if one runs."""
        if self._sandbox is not None and self.executing:
            self._interrupted = True
            await self._sandbox.interrupt()

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
        return replace(checkpoint, memory=self._runtime.memory(), directory=self.directory)

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
        await sandbox.restore(checkpoint, lambda text: self._tell(notices.Progress(text)))
        self._runtime.recall(checkpoint.memory)
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
    """What the answer says beside its exit code: that a command still runs, or how an edit failed."""
    if observation is None:
        return "no answer"
    metadata = getattr(observation.extras, "metadata", None)
    if getattr(metadata, "exit_code", None) == -1:
        return str(getattr(metadata, "suffix", "")).strip().strip("[]").split(". ")[0]
    if observation.observation != RUN:
        return next(iter(observation.content.splitlines()), "")
    return ""


def _collect_rarely() -> None:
    """Look for cycles once in many thousand objects, for the rest of the program.

    Steps leave next to no cycles behind, and with Python's default of 700 objects the search costs a fifth of
    a short step.
    """
    youngest, *older = gc.get_threshold()
    if 0 < youngest < _ALLOCATIONS:
        gc.set_threshold(_ALLOCATIONS, *older)
