"""What every sandbox can do. Nothing here knows of replay, models or documents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol

if TYPE_CHECKING:
    from trajcore.events.base import Action, Observation

Emit = Callable[[bytes], None]
"""Receives output as it comes, exactly the bytes that the command wrote."""

OnProgress = Callable[[str], None]
"""Receives one line on how far a long operation is, for example "starting the container"."""

DEFAULT_IMAGE: Final = "nikolaik/python-nodejs:python3.12-nodejs22"
"""The image OpenHands uses."""


@dataclass(frozen=True)
class Limits:
    """How long a command may take, in seconds, and what is made of it then (both end in exit code -1).

    `no_change`: without new output. `hard`: altogether, when the action names no timeout of its own.
    `previous`: how long a command that still runs is given to end, when the next one shows that it had
    ended by then.
    """

    no_change: float = 10.0
    hard: float = 120.0
    previous: float = 30.0


DEFAULT_PIDS: Final = 4096
"""How many processes a sandbox may have at a time, where nothing is said."""


@dataclass(frozen=True)
class Resources:
    """How much of the machine a sandbox may take."""

    memory: int | None = None
    """Bytes; None: four fifths of what the machine has."""
    cpus: float | None = None
    """Processors; None: all."""
    pids: int = DEFAULT_PIDS
    """Processes and threads at a time."""


@dataclass(frozen=True)
class SandboxSettings:
    """How a sandbox is set up."""

    image: str = DEFAULT_IMAGE
    workspace: Path | None = None
    """A directory copied into the sandbox's /workspace before the first step."""
    mount: bool = False
    """The workspace is used itself, not a copy: what is done to /workspace is done to it, and stays."""
    container: str | None = None
    """Work in this running container, which is neither stopped nor removed, instead of one from `image`."""
    resources: Resources = field(default_factory=Resources)
    network: bool = False
    setup: Path | None = None
    """A shell script run before the first step."""
    limits: Limits = field(default_factory=Limits)
    track_files: bool = False
    """Whether `changed_files` has an answer; it costs a look at all files after each step."""


FileChangeKind = Literal["added", "changed", "deleted"]


@dataclass(frozen=True, slots=True)
class FileChange:
    """What became of one path. A directory's path ends with `/`.

    `before` and `after` are sizes in bytes, None where there was no file. `diff` is a unified diff, empty
    where there is none to show; `note` says in words what else there is to know.
    """

    path: str
    kind: FileChangeKind
    before: int | None
    after: int | None
    diff: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class FileChanges:
    """What changed in a stretch of time: `files`, and `more` that are not listed.

    `note` says what could not be seen, and is empty where everything was.
    """

    files: tuple[FileChange, ...] = ()
    more: int = 0
    note: str = ""

    @property
    def count(self) -> int:
        """How many there are, listed or not."""
        return len(self.files) + self.more


class Visitor(Protocol):
    """The user's own terminal, as long as they are in the sandbox."""

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""

    async def keys(self) -> bytes:
        """What was typed, as a terminal sends it; empty when no more will come."""

    def show(self, data: bytes) -> None:
        """What the sandbox writes."""


@dataclass(frozen=True)
class Checkpoint:
    """The world as it was at one moment."""

    token: object
    """What the machine and the sandbox need to find it again; nobody else's business."""
    shell: bytes
    """The state of the shell, as text that bash reads back."""
    editor: object
    """What the editor remembers for undo."""
    processes: tuple[str, ...]
    """Command lines of the processes that ran then, and that a restore cannot bring back."""
    seconds: float
    """What it took."""
    size: int
    """Bytes on disk that it added, as far as known."""


class Sandbox(Protocol):
    """One world in which actions are executed, from `start` to `close`."""

    @property
    def kind(self) -> str:
        """`docker`, `bubblewrap`, `local` or `recorded`."""

    @property
    def detail(self) -> str:
        """What else identifies it: the image or the container, for docker; may be empty."""

    @property
    def executes(self) -> bool:
        """Whether actions are really executed; a sandbox that does not serves recorded observations."""

    async def start(self, progress: OnProgress) -> None:
        """Make the world ready. Raises `SandboxUnavailable` with what to do about it."""

    async def execute(self, action: Action, recorded: Observation | None, emit: Emit) -> Observation | None:
        """Carry out one action and return what came back, without id, cause or timestamp.

        `recorded` is what came back when the trajectory was recorded: a sandbox that executes uses it
        only to know how long to wait for a command that never returned in time. None means that this
        sandbox has no answer (nothing was recorded, or the kind of action cannot be executed here).
        Raises `SandboxUnavailable` when the world was lost.
        """

    async def changed_files(self) -> FileChanges | None:
        """What has changed in the files since this was last asked, or since the start.

        None where that cannot be told: nothing is executed here, or `track_files` is off. Raises
        `SandboxUnavailable` when the world was lost.
        """

    async def forget_changes(self) -> None:
        """Let `changed_files` tell changes from how the files are now. Raises `SandboxUnavailable`."""

    async def interrupt(self) -> None:
        """Interrupt the running command, as Ctrl-C does; `execute` then returns within a second."""

    async def visit(self, visitor: Visitor) -> None:
        """Let the user into a shell of their own until they leave. Raises `Refused`, `SandboxUnavailable`."""

    async def checkpoint(self) -> Checkpoint | None:
        """The world as it is now. None when that cannot be kept: a command still runs in the shell, the
        world was lost, the disk has no room, or this kind of sandbox cannot go back.
        """

    async def restore(self, checkpoint: Checkpoint, progress: OnProgress) -> None:
        """Make the world what it was at `checkpoint`, also when the present one was lost.

        `changed_files` then tells changes from there. Running processes are not brought back.
        Raises `SandboxUnavailable`; the checkpoint stays good.
        """

    async def forget(self, checkpoint: Checkpoint) -> None:
        """Free what `checkpoint` takes; it cannot be restored any more. Never raises."""

    async def close(self) -> None:
        """Remove every trace of the world. Never raises; may be called twice, and in any state."""
