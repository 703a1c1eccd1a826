"""The journal: unsaved edits on disk as they are made, so that the end of the program loses none of them."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import platformdirs

from trajcore.config import APP
from trajcore.document.edits import Edit, inverse
from trajcore.errors import in_words
from trajcore.storage import is_alive
from trajcore.trajectory import Trajectory

FORMAT: Final = 1
EDITS: Final = ".jsonl"
RUN: Final = ".run.jsonl"
LOCK: Final = ".lock"
QUEUED: Final = "queued"
"""The key of a line of a run's journal that holds the words nobody has been given yet."""


def journal_directory() -> Path:
    """Where journals are: in the user's state directory."""
    return Path(platformdirs.user_state_dir(APP)) / "journal"


def unsaved_size() -> int:
    """Bytes that journals take on disk; none where their directory cannot be looked into."""
    try:
        with os.scandir(journal_directory()) as found:
            return sum(one.stat(follow_symlinks=False).st_size for one in found if os.path.isfile(one.path))
    except OSError:
        return 0


def prefix_of(recording: Path) -> str:
    """What the names of all journals of a recording begin with."""
    whole = os.fsencode(os.path.realpath(recording))
    return hashlib.sha256(whole).hexdigest()[:16] + "."


class Lock:
    """A file that is locked as long as its process lives."""

    def __init__(self, path: Path) -> None:
        """Raises BlockingIOError where a living process has it, OSError where it cannot be made."""
        self.path = path
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        self._handle = os.open(path, flags, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._handle)
            raise
        except OSError:
            # No locks on this file system: the process in the name has to do.
            process = process_of(path)
            if process != os.getpid() and is_alive(process):
                os.close(self._handle)
                raise BlockingIOError from None

    def release(self, *, remove: bool = True) -> None:
        """Give it up."""
        if remove:
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)
        os.close(self._handle)


def process_of(path: Path) -> int:
    """The process in the name of a journal or its lock."""
    number = path.name.split(".")[1].partition("-")[0]
    return int(number) if number.isdecimal() else 0


class Place:
    """The names of one program's journals of one recording, which is locked for as long as it has it open."""

    def __init__(self, recording: Path, directory: Path | None = None) -> None:
        """Raises OSError where the directory cannot be written."""
        self.recording = Path(os.path.realpath(recording))
        self.directory = directory or journal_directory()
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = f"{prefix_of(recording)}{os.getpid()}-{secrets.token_hex(3)}"
        self.stem = self.directory / name
        self._lock = Lock(self.file(LOCK))

    def file(self, suffix: str) -> Path:
        """One of its files."""
        return self.stem.with_name(self.stem.name + suffix)

    def header(self, state: tuple[int, ...]) -> bytes:
        """The first line of a journal: of what recording, in which state on disk, by whom, when."""
        return json_line({
            "journal": FORMAT,
            "recording": os.fsencode(self.recording).decode("utf-8", "surrogateescape"),
            "state": state,
            "process": os.getpid(),
            "program": f"{APP} {_version()}",
            "begun": datetime.now().astimezone().isoformat(timespec="seconds"),
        })  # fmt: skip

    def others(self) -> list[int]:
        """The processes that have the same recording open."""
        found = []
        for path in locks_of(self.recording, self.directory):
            if path != self._lock.path:
                try:
                    held = Lock(path)
                except BlockingIOError:
                    found.append(process_of(path))
                except OSError:
                    continue
                else:
                    held.release(remove=False)
        return sorted(set(found))

    def close(self) -> None:
        """Give the lock up; where journals are left, whoever opens the recording next finds them."""
        left = any(os.path.exists(self.file(suffix)) for suffix in (EDITS, RUN))
        self._lock.release(remove=not left)


def locks_of(recording: Path, directory: Path) -> Iterator[Path]:
    """The lock of each program that has, or had, a recording open; also of those whose lock is gone."""
    prefix = prefix_of(recording)
    names = set()
    with contextlib.suppress(OSError):
        for path in directory.iterdir():
            if path.name.startswith(prefix):
                names.add(".".join(path.name.split(".")[:2]))
    for name in sorted(names):
        yield directory / f"{name}{LOCK}"


def json_line(value: Any) -> bytes:
    """A value as one line of a journal."""
    return json.dumps(value).encode() + b"\n"


def _version() -> str:
    from importlib import metadata

    try:
        return metadata.version(APP)
    except metadata.PackageNotFoundError:
        return "?"


class Log:
    """A journal file, made with the first line and gone with the last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is such a file."""
        return self._handle is not None

    def begin(self, header: bytes) -> None:
        """Make the file, without anything that was in it. Raises OSError."""
        self.remove()
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_NOFOLLOW
        self._handle = os.open(self.path, flags, 0o600)
        self.append(header)

    def append(self, lines: bytes) -> None:
        """Add whole lines; they are with the system when this returns. Raises OSError."""
        if self._handle is not None:
            view = memoryview(lines)
            while view:
                view = view[os.write(self._handle, view) :]

    def remove(self) -> None:
        """Remove the file."""
        if self._handle is not None:
            self.close()
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Leave the file as it is."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


class Journal:
    """The unsaved edits of one document. `warn` is told once where they cannot be kept."""

    def __init__(self, trajectory: Trajectory, place: Place, warn: Callable[[str], None]) -> None:
        self._trajectory = trajectory
        self._place = place
        self._warn = warn
        self._log = Log(place.file(EDITS))
        self._lines: list[bytes] = []
        self._failed = False

    def record(self, edit: Edit, *, undone: bool = False) -> None:
        """Keep an edit that was made, or taken back. In the saved state there is nothing to keep."""
        step = {"undo": inverse(edit).to_data()} if undone else {"do": edit.to_data()}
        self._lines.append(json_line(step))
        if not self._trajectory.modified:
            self.discard()
        elif self._log.is_open:
            self._keep(lambda: self._log.append(self._lines[-1]))
        else:
            self._rewrite()

    def mark(self) -> int:
        """What is kept up to now: to be given to `saved` when that is saved."""
        return len(self._lines)

    def saved(self, mark: int) -> None:
        """What was kept up to a mark is in the file now, which may be another file than before."""
        del self._lines[:mark]
        if self._lines and self._trajectory.modified:
            self._rewrite()
        else:
            self.discard()

    def take_over(self, other: Journal, mark: int) -> None:
        """Go on for another journal, whose document was saved as this one's file in the state of a mark."""
        self._lines = list(other._lines)
        self.saved(mark)

    def discard(self) -> None:
        """Nothing is unsaved, or the user gives it up."""
        self._lines.clear()
        self._log.remove()

    def close(self) -> None:
        """Write no more. What is unsaved stays where the next start finds it."""
        self._log.close()

    def _rewrite(self) -> None:
        def write() -> None:
            self._log.begin(self._place.header(self._trajectory.disk_state))
            self._log.append(b"".join(self._lines))

        self._keep(write)

    def _keep(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            self._log.close()
            if not self._failed:
                self._failed = True
                self._warn(f"unsaved edits would not survive a crash: {self._log.path}: {in_words(error)}")
