"""What every sandbox can do. Nothing here knows of agents' events, of replay, models or documents."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Final, Literal, Protocol

from msgspec import Struct

Emit = Callable[[bytes], None]
"""Receives output as it comes, exactly the bytes that the command wrote."""

OnProgress = Callable[[str], None]
"""Receives one line on how far a long operation is, for example "starting the container"."""

OUTPUT_HEAD: Final = 1 << 20
"""Bytes of the beginning of an output that are kept."""

OUTPUT_TAIL: Final = 1 << 21
"""Bytes of the end of an output that are kept, where there are more."""

DEFAULT_IMAGE: Final = "nikolaik/python-nodejs:python3.12-nodejs22"
"""The image OpenHands uses."""


class Limits(Struct, frozen=True):
    """How long a command may take, in seconds, and what is made of it then (both end in exit code -1).

    `no_change`: without new output. `hard`: altogether, when the action names no timeout of its own.
    `previous`: how long a command that still runs is given to end, when the next one shows that it had
    ended by then.
    """

    no_change: float = 10.0
    hard: float = 120.0
    previous: float = 30.0


DEFAULT_QUICK_FILES: Final = 200_000
"""How many versions of files are kept of a run, where nothing is said."""

DEFAULT_PIDS: Final = 4096
"""How many processes a sandbox may have at a time, where nothing is said."""


class Resources(Struct, frozen=True):
    """How much of the machine a sandbox may take."""

    memory: int | None = None
    """Bytes; None: four fifths of what the machine has."""
    cpus: float | None = None
    """Processors; None: all."""
    pids: int = DEFAULT_PIDS
    """Processes and threads at a time."""


class Placed(Struct, frozen=True):
    """A tree of this machine, `name` in `directory`, of which the sandbox gets a copy at `target`.

    What is at `target` already stays, as far as the tree does not have it too.
    """

    directory: Path
    name: str
    target: str


Prepare = Callable[["Sandbox", OnProgress], Awaitable[None]]
"""Makes of a sandbox that has just been opened what it is to be before the first step."""


@dataclass(frozen=True)
class SandboxSettings:
    """How a sandbox is set up."""

    image: str = DEFAULT_IMAGE
    fetch: bool = True
    """Whether the image may be fetched from where it is, if it is not here."""
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
    placed: Placed | None = None
    """Files that are in the sandbox from the beginning."""
    prepare: Prepare | None = field(default=None, compare=False)
    """What else is done in it before anything else is."""
    limits: Limits = field(default_factory=Limits)
    track_files: bool = False
    """Whether `changed_files` has an answer; it costs a look at all files after each step."""
    snapshot_bytes: int = 4 << 30
    """What the files of one checkpoint may take on disk; it is not taken where they take more."""
    quick_bytes: int = 0
    """What the files of all quick checkpoints may take together; 0: there are none.

    It needs `track_files`.
    """
    quick_files: int = DEFAULT_QUICK_FILES
    """How many versions of files that may be."""


class Pause(Enum):
    """Why a command is no longer waited for, though it still runs."""

    NO_CHANGE = "no new output"
    AS_RECORDED = "the recorded output is there"
    HARD = "took too long"
    INTERRUPTED = "was interrupted"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds; None is for ever.

    `satisfied` is asked whenever there was no output for a second; if it says yes, that is enough.
    """

    no_change: float | None = None
    hard: float | None = None
    satisfied: Callable[[bytes], bool] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command came to, or has come to so far."""

    output: bytes
    """What it wrote since it was last told of; of very much, the first megabyte and the last two."""
    exit_code: int | None
    """None while it runs, and where its end was not seen."""
    directory: str
    """Where the shell is."""
    still_running: Pause | None = None
    """Why it is no longer waited for; None: it has ended."""
    interrupted: bool = False
    """Whether the user interrupted it."""
    restarted: bool = False
    """Whether it took the shell with it, and a new one was started."""
    background: int = -1
    """The last process that was put in the background; -1 for none."""
    in_new_shell: bool = False
    """Whether it ran in a new shell, because the one before it had ended by itself meanwhile."""


class CellOutcome(Struct, frozen=True):
    """What a notebook cell came to."""

    output: bytes | None
    """What it wrote and resulted in, up to a traceback, bounded as a command's; None: nothing at all."""
    cut: bool
    """Whether there was more output than is kept."""
    images: tuple[str, ...]
    """Pictures, as data URLs."""
    timed_out: bool
    """Whether it was interrupted because it took too long."""
    ending: str
    """What else ended it, and what became of its kernel, in words; empty where nothing did."""
    python: str
    """The path of the Python it ran in."""


class DirectoryEntry(Struct, frozen=True):
    """One name in a directory."""

    name: str
    is_directory: bool


class PathKind(Struct, frozen=True):
    """What a path leads to: `file` (of `size` bytes), `directory`, `missing` or `other`."""

    name: str
    size: int = 0


class Files(Protocol):
    """Reading and writing inside a sandbox. Paths are absolute, and links are followed inside it.

    Failures are `OSError`s with the errno that a local file would have given; a lost sandbox is
    `SandboxUnavailable`.
    """

    async def kind(self, path: str) -> PathKind:
        """What `path` leads to."""

    async def read(self, path: str, largest: int = ...) -> bytes:
        """The content of a file of at most `largest` bytes."""

    async def list(self, path: str) -> list[DirectoryEntry]:
        """What a directory holds, hidden names included, sorted by name."""

    async def write(self, path: str, content: bytes, parents: bool = True, mode: int | None = None) -> None:
        """Replace what a file holds; a new file's missing directories are made if `parents` is set.

        `mode` is that of a new file; an old one keeps its own.
        """

    async def replace(self, path: str, content: bytes) -> None:
        """Put a new file that only its owner may read and write in the place of a file or a link to one."""

    async def output(self, command: str, seconds: float = ...) -> str:
        """What a command of ours prints, in one line of words. It may take `seconds` more than others."""

    async def scratch(self) -> str:
        """A directory for files of ours where they are no change of the world, if there is one."""


FileChangeKind = Literal["added", "changed", "deleted"]


@dataclass(frozen=True, slots=True)
class FileChange:
    """What became of one path. A directory's path ends with `/`.

    `before` and `after` are sizes in bytes, None where there was no file. `diff` is a unified diff, empty
    where there is none to show; `note` says in words what else there is to know. `digest` stands for what it
    holds now, and is empty where that is not known.
    """

    path: str
    kind: FileChangeKind
    before: int | None
    after: int | None
    diff: str = ""
    note: str = ""
    digest: bytes = field(default=b"", compare=False, repr=False)


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


class Exported(Struct, frozen=True):
    """What was written on this machine of a world's files."""

    entries: int
    """Files, directories and links."""
    size: int
    """Bytes of what the files hold, their holes aside."""
    notes: tuple[str, ...] = ()
    """What of it is missing or otherwise than inside, in words."""


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
    processes: tuple[str, ...]
    """Command lines of the processes that ran then, and that a restore cannot bring back."""
    seconds: float
    """What it took."""
    size: int
    """Bytes on disk that it added, as far as known."""
    lost: tuple[str, ...] = ()
    """What else there was that a restore cannot bring back, in words."""
    altered: tuple[str, ...] = ()
    """What it brings back not quite as it was, in words."""
    memory: object = None
    """What the agent's runtime remembered, kept with it by who drives both."""
    directory: str = ""
    """Where the shell was, as they know it; it need not be there any more."""


class Sandbox(Protocol):
    """One world in which actions are executed, from `start` to `close`."""

    @property
    def kind(self) -> str:
        """The name of its row in the registry, for example `docker`."""

    @property
    def detail(self) -> str:
        """What else identifies it: the image or the container, for docker; may be empty."""

    @property
    def executes(self) -> bool:
        """Whether actions are really executed; a sandbox that does not serves recorded observations."""

    async def start(self, progress: OnProgress) -> None:
        """Make the world ready. Raises `SandboxUnavailable` with what to do about it."""

    @property
    def files(self) -> Files:
        """The files inside. Raises `Refused` where nothing is executed."""

    @property
    def directory(self) -> str:
        """Where the shell was when it was last heard of."""

    @property
    def user(self) -> str:
        """Whose the shell is."""

    @property
    def host(self) -> str:
        """The name of the machine that the shell sees itself on."""

    @property
    def busy(self) -> bool:
        """Whether a command still runs in the shell."""

    async def run(self, command: str, patience: Patience, emit: Emit) -> Outcome:
        """Type a command into the shell, and follow it. What its shell becomes stays for the next one.

        Raises `Refused` while another one runs, `SandboxUnavailable` when the world was lost.
        """

    async def follow(self, patience: Patience, emit: Emit) -> Outcome:
        """Follow the command that still runs. Raises `Refused` when none does, `SandboxUnavailable`."""

    async def type(self, data: bytes, emit: Emit, echo: bytes = b"") -> bool:
        """Type into the running program; `echo` counts as its output. Raises as `follow`.

        The answer is whether what was typed comes back as a part of what the program writes.
        """

    async def new_shell(self) -> None:
        """Have another shell take the place of the one there is, and end what runs in that.

        It knows nothing of the former, and begins where the first one did. Raises `SandboxUnavailable`, also
        where what runs cannot be ended.
        """

    async def run_cell(self, code: str, limit: float, emit: Emit, first: str = "") -> CellOutcome | None:
        """Run a notebook cell where the shell is, for at most `limit` seconds. None: there is no Python.

        `first` is code that each new kernel runs, unseen, before its first cell.

        Raises `SandboxUnavailable`.
        """

    async def changed_files(self) -> FileChanges | None:
        """What has changed in the files since this was last asked, or since the start.

        None where that cannot be told: nothing is executed here, or `track_files` is off. Raises
        `SandboxUnavailable` when the world was lost.
        """

    async def forget_changes(self) -> None:
        """Let `changed_files` tell changes from how the files are now. Raises `SandboxUnavailable`."""

    async def interrupt(self) -> None:
        """Interrupt the running command, as Ctrl-C does; what follows it then returns within a second."""

    async def send_input(self, data: bytes, emit: Emit, echo: bytes = b"") -> None:
        """Type what the user says into the running command, while it is followed.

        `echo` counts as its output, unless it shows by itself what is typed. From then on the user waits for
        it, and no limit of time does. Raises `Refused` where no command runs that could be typed into, or
        what runs reads nothing, `SandboxUnavailable`.
        """

    async def visit(self, visitor: Visitor) -> None:
        """Let the user into a shell of their own until they leave. Raises `Refused`, `SandboxUnavailable`."""

    async def checkpoint(self) -> Checkpoint | None:
        """The world as it is now. None when that cannot be kept: a command still runs in the shell, the
        world was lost, the disk has no room, or this kind of sandbox cannot go back.

        Raises `Refused` where it would take more than `snapshot_bytes`.
        """

    def price_of(self, checkpoint: Checkpoint) -> float:
        """Seconds that it is expected to take to restore `checkpoint`; 0 where nothing is known of that."""

    async def quick_checkpoint(self) -> Checkpoint | None:
        """The same of what `changed_files` told last, in next to no time; None where it cannot be kept so.

        Whatever changed since is not of it. It may cost earlier ones their place (`is_there`).
        """

    def is_there(self, checkpoint: Checkpoint) -> bool:
        """Whether `checkpoint` can still be restored."""

    async def restore(self, checkpoint: Checkpoint, progress: OnProgress) -> None:
        """Make the world what it was at `checkpoint`, also when the present one was lost.

        `changed_files` then tells changes from there. Running processes are not brought back.
        Raises `SandboxUnavailable`; the checkpoint stays good.
        """

    async def forget(self, checkpoint: Checkpoint) -> None:
        """Free what `checkpoint` takes; it cannot be restored any more. Never raises."""

    async def export(
        self, path: str, target: Path, progress: OnProgress, *, overwrite: bool = False
    ) -> Exported:
        """Write what is at `path` inside, a file or a directory with all in it (`/`: the whole world), here.

        A `target` that is called `.tar`, `.tar.gz` or `.tgz` becomes an archive, any other one a directory,
        or a file where `path` is one. It is there as a whole or not at all, also when this is cancelled.
        Nothing runs with its owner's rights any more; sockets, pipes and devices are left out. `overwrite`: a
        file that is there is lost. Raises `BadInput` where it cannot be read or written, `Refused` where this
        sandbox gives nothing out, `SandboxUnavailable`.
        """

    async def export_image(self, name: str, progress: OnProgress) -> Exported:
        """Keep the whole world as an image of the container engine, called `name`, which is new.

        Raises `Refused` where there is no engine or the name is taken, `SandboxUnavailable`.
        """

    async def close(self) -> None:
        """Remove every trace of the world. Never raises; may be called twice, and in any state."""
