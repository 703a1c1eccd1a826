"""What makes a world and opens the two ways into it; everything else is the same for all worlds.

A machine starts two bash programs. `TERMINAL`: an outer bash owns the terminal and runs interactive shells in
it, one after the other, so that `exit` or `kill -9 $$` ends a shell and not the world, and its exit code is
known. `CONTROL`: a bash on pipes, which serves files and the notebook.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import IO, Final, Protocol, runtime_checkable

from trajcore.errors import Refused
from trajcore.sandbox.base import OnProgress
from trajcore.sandbox.machines.stream import Stream
from trajcore.sandbox.trees.members import Member
from trajcore.sandbox.trees.walking import LeftOut

CONTROLS: Final = 2
"""How many ways in without a terminal there are: one for files, one for the notebook."""

ENVIRONMENT: Final = {
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "PAGER": "cat",
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "TERM": "xterm-256color",
}
"""The environment of a sandbox, in so far as its image does not say otherwise."""

COLUMNS: Final = 1000
ROWS: Final = 1000

BASH: Final = ("bash", "--noprofile", "--norc", "-c")

# Job control must be on (and standard error the terminal) for the terminal to be given to each shell and
# taken back from a killed one. The first line read is the key of the marks that tell of a shell's death; with
# that line again the next shell starts. What was typed before it was meant for the one that has ended.
TERMINAL: Final = r"""
trap : INT QUIT TERM HUP
set -m
stty sane -echo -onlcr 2>/dev/null
IFS= read -r key || exit
while :; do
  PS1= PS2= bash --noprofile --norc --noediting -i 2>&1
  printf '\033]7717;%s;D;%s\a' "$key" "$?"
  stty sane -echo -onlcr 2>/dev/null
  while IFS= read -r go || exit; do [[ $go != "$key" ]] || break; done
done
"""

# Says with a line that is no answer that it has (re)started, and knows nothing of what was defined before.
CONTROL: Final = r"""
trap : INT QUIT TERM HUP
while :; do
  printf '\030\n'
  bash --noprofile --norc 2>/dev/null
  IFS= read -r go || exit
done
"""


@dataclass(frozen=True)
class Layer:
    """The directory `at` of a world is the directory `upper` of this host.

    With `lowers` (the uppermost first) it is an overlay, and `upper` holds its changes. With `names`, only
    what is called so in `upper` is in `at`, and each is mounted there by itself. What is not `kept` is not
    the world's own: no way back changes it.
    """

    at: str
    upper: Path
    lowers: tuple[Path, ...] = ()
    names: frozenset[str] | None = None
    kept: bool = True


@dataclass(frozen=True)
class Snapshot:
    """The files of a world as they were at one moment."""

    what: object
    """The machine's own."""
    size: int
    """Bytes on disk that it added, as far as known."""
    lost: tuple[str, ...] = ()
    """What of the files it does not hold, in words, as far as known."""
    altered: tuple[str, ...] = ()
    """What of them it does not hold quite as it is."""


class TooLarge(Refused):
    """The files of a world are not kept, as they take more than `SandboxSettings.snapshot_bytes`."""

    def __init__(self, largest: int) -> None:
        """`largest` is what they may take, in bytes."""
        super().__init__(f"what was written takes more than {largest / 1e9:.1f} GB")


class Reopened(Enum):
    """What a machine is when it is to be taken back to a moment of its versions."""

    AS_IT_STANDS = "as it stands"
    """It and the ways into it are what they were; what runs in it is to be ended from inside."""
    WITH_ITS_FILES = "with its files"
    """Nothing runs in it any more; its files are what they were, and all ways into it must be opened anew."""
    FROM_THE_BEGINNING = "from the beginning"
    """The same, but its files are those that it began with, before anything was copied into it or set up."""


@runtime_checkable
class Rewritable(Protocol):
    """A machine whose files can be made what they were at an earlier moment, one by one."""

    @property
    def root(self) -> Path | None:
        """The world's root as this host sees it, guarded as from inside; None where it cannot be reached."""

    async def reopen(self, progress: OnProgress, *, anew: bool = False) -> Reopened:
        """Get ready to be taken back, also where the world was lost.

        With `anew`, it is not left as it stands: what runs in it cannot be ended from inside. Raises
        `SandboxUnavailable`.
        """


@runtime_checkable
class Unpacking(Protocol):
    """A machine of which `Rewritable.root` may be None: it puts there what it is given."""

    async def put(self, archive: IO[bytes]) -> None:
        """Unpack a tar archive at the root. Raises `SandboxUnavailable`."""

    async def originals(self, paths: Collection[str]) -> Mapping[str, bytes]:
        """What these files held, and where these links led to, when the machine began.

        `paths` may name directories too. What is not found is left out. Raises `SandboxUnavailable`.
        """


@runtime_checkable
class Exporting(Protocol):
    """A machine whose files can be taken out of it."""

    def members(self, path: str, left_out: LeftOut) -> Iterator[Member]:
        """What is at an absolute `path` without links, from the top down; blocks, and is read in a thread.

        `left_out` gets what is no file, directory or link. Raises `OSError`, `Refused`, `SandboxUnavailable`.
        """


@runtime_checkable
class Imaging(Protocol):
    """A machine that can be kept as an image of the container engine, beyond its own end."""

    async def keep_as(self, name: str) -> Sequence[str]:
        """Make the image; the answer is what of the files is not in it, in words.

        Raises `Refused` where the name is no good or taken, `SandboxUnavailable`. When it is cancelled,
        nothing is left behind.
        """


class Machine(Protocol):
    """An isolated world with a bash in it."""

    @property
    def kind(self) -> str:
        """The name of its row in the registry, for example `docker`."""

    @property
    def detail(self) -> str:
        """What else identifies it; may be empty."""

    @property
    def directory(self) -> str:
        """Where the shell starts and the workspace is, as seen inside."""

    async def start(self, progress: OnProgress) -> None:
        """Make the world, with an empty /workspace. Raises `SandboxUnavailable`."""

    async def terminal(self) -> Stream:
        """A pseudo-terminal on which `TERMINAL` runs. Raises `SandboxUnavailable`."""

    async def control(self) -> Stream:
        """Pipes to and from a new `CONTROL`, up to `CONTROLS` times. Raises `SandboxUnavailable`."""

    async def layers(self) -> tuple[Layer, ...] | None:
        """Where the world's files lie on this machine; None where they cannot be reached from outside."""

    async def copy_in(self, directory: Path) -> LeftOut:
        """Copy what `directory` holds into the start directory. Raises `SandboxUnavailable`."""

    @property
    def keeps(self) -> bool:
        """Whether `snapshot` has an answer."""

    @property
    def outside(self) -> tuple[str, ...]:
        """Files inside that a snapshot does not hold, because the machine puts something in their place."""

    async def snapshot(self) -> Snapshot | None:
        """The files as they are now; None from a machine that keeps nothing.

        Raises `SandboxUnavailable`, `TooLarge`. When it is cancelled, nothing is left behind.
        """

    async def restore(self, snapshot: Snapshot, progress: OnProgress) -> None:
        """Put the world away, whatever became of it, and make one that has the files of `snapshot`.

        All ways into it must be opened anew. Raises `SandboxUnavailable`; it may then be tried again.
        """

    async def forget(self, snapshot: Snapshot) -> None:
        """Free what only this snapshot takes. Never raises."""

    async def close(self) -> None:
        """Remove the world. Never raises; may be called twice, and in any state."""
