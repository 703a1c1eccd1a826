"""What is kept on disk of a branch: a file of its own from its first event on, until somebody deletes it.

The first line says of which recording it is, where it left it and with which model; the next hold the
trajectory as it was then; each of the others one thing that has come since. Whoever has a branch open holds
a lock on its file.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import platformdirs
from msgspec import convert

from trajcore.config import APP
from trajcore.dialects.base import ModelUse
from trajcore.document.edits import Edit, inverse
from trajcore.errors import BadInput, in_words
from trajcore.events.head import Head, head_of
from trajcore.journal.edits import json_line, prefix_of
from trajcore.live.outcome import Spent
from trajcore.replay.policy import ends_a_step
from trajcore.trajectory import Trajectory

FORMAT: Final = 1
SUFFIX: Final = ".branch.jsonl"
_PIECE: Final = 1 << 18
"""So many bytes of the trajectory stand in a line: a thread that writes one keeps all others waiting."""
_BASE: Final = (b'{"base":', b'{"base64":')

CUT_OFF: Final = "cut_off"
"""How a branch stands whose program ended before it could say."""


def branch_directory() -> Path:
    """Where branches are kept: in the user's state directory."""
    return Path(platformdirs.user_state_dir(APP)) / "branches"


@dataclass(frozen=True)
class Origin:
    """Of what a branch is, and since when.

    `recording` is the file, `row` the one of several in it. `origin` is the branch that it left, before the
    event called `cut`; `model` is who went on there.
    """

    recording: str
    row: str | None
    name: str
    origin: str
    cut: str
    model: str | None
    begun: str
    format: str
    process: int = 0

    @staticmethod
    def now(
        path: Path, row: str | None, name: str, origin: str, cut: str, model: str | None, format: str
    ) -> Origin:
        """A branch that begins now, in this process."""
        recording = os.fsencode(os.path.realpath(path)).decode("utf-8", "surrogateescape")
        begun = datetime.now().astimezone().isoformat(timespec="milliseconds")
        return Origin(recording, row, name, origin, cut, model, begun, format, os.getpid())


class BranchLog:
    """Writes the file of one branch, in order, in a thread. `warn` is told once where that cannot be done."""

    def __init__(self, path: Path, warn: Callable[[str], None]) -> None:
        self.path = path
        self._warn = warn
        self._handle: int | None = None
        self._writer = ThreadPoolExecutor(1, "branch")

    def begin(self, origin: Origin, base: Iterable[bytes | memoryview]) -> None:
        """Make the file, with what the trajectory is now: its bytes, which nothing may change."""
        header = {"branch": FORMAT, **asdict(origin)}
        self._submit(lambda: self._begin(json_line(header), base))

    def go_on(self) -> None:
        """Write behind what there is. Raises `BadInput` where another program has the branch open."""
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
        except OSError as error:
            raise BadInput(f"{self.path} cannot be written: {in_words(error)}.") from None
        if not _locked(handle):
            os.close(handle)
            raise BadInput("this branch is open in another trajtui.")
        self._handle = handle
        self._append({"opened": os.getpid()})

    def event(self, event: Mapping[str, Any]) -> None:
        """An event has come."""
        self._append({"event": event})

    def anew(self, index: int, event: Mapping[str, Any]) -> None:
        """An event that had come says something else."""
        self._append({"anew": index, "event": event})

    def edit(self, edit: Edit, *, undone: bool = False) -> None:
        """An edit was made, or taken back."""
        self._append({"undo": inverse(edit).to_data()} if undone else {"do": edit.to_data()})

    def note(self, **what: Any) -> None:
        """Something else is to be known: its `name`, the `model` that is asked from here on and how
        (`asked`), what a `turn` of it came to, where it was `saved`, how it `stands`.
        """
        self._append(what)

    def remove(self) -> None:
        """The branch is deleted."""
        self._writer.submit(self._remove)
        self._writer.shutdown(wait=True)

    def close(self, stands: str) -> None:
        """Write no more: the branch is left in order."""
        self._append({"stands": stands, "closed": True})
        self._writer.submit(self._close)
        self._writer.shutdown(wait=True)

    def _append(self, line: Mapping[str, Any]) -> None:
        text = json_line(line)
        self._submit(lambda: self._write(text))

    def _submit(self, write: Callable[[], None]) -> None:
        self._writer.submit(self._guarded, write)

    def _guarded(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            self._close()
            self._warn(f"this branch would not survive a crash: {self.path}: {in_words(error)}")

    def _begin(self, header: bytes, base: Iterable[bytes | memoryview]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_NOFOLLOW
        self._handle = os.open(self.path, flags, 0o600)
        _locked(self._handle)
        self._write(header)
        for piece in _pieces(base):
            self._write(json_line(piece))

    def _write(self, line: bytes) -> None:
        view = memoryview(line)
        while view and self._handle is not None:
            view = view[os.write(self._handle, view) :]

    def _remove(self) -> None:
        self._close()
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def _pieces(base: Iterable[bytes | memoryview]) -> Iterator[dict[str, str]]:
    whole = b"".join(base)
    try:
        text = whole.decode()
    except UnicodeDecodeError:
        for at in range(0, len(whole), _PIECE):
            yield {"base64": base64.b64encode(whole[at : at + _PIECE]).decode()}
        return
    for at in range(0, len(text), _PIECE):
        yield {"base": text[at : at + _PIECE]}


def _locked(handle: int) -> bool:
    """Whether the lock of a branch's file is ours now, as far as there are locks there."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


@dataclass(frozen=True)
class Asked:
    """A model that was asked in a branch, how (`settings`, no secret among them), and the steps it took."""

    model: str
    settings: dict[str, Any]
    steps: int = 0


class KeptBranch:
    """A branch as it is on disk. Raises `BadInput` where its file is none of ours."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stands = CUT_OFF
        """How it stood last: the word of a report, or `cut_off`."""
        self.steps = 0
        """How many steps its model has taken."""
        self.asked: list[Asked] = []
        """The models that were asked in it, one behind the other."""
        self.saved: str | None = None
        """Where it was saved last."""
        self.spent = Spent()
        """What the turns of its model came to."""
        self.in_use = False
        """Whether a program has it open."""
        self.size = 0
        """Bytes on disk."""
        self._look()

    @property
    def was_cut_off(self) -> bool:
        """Whether its program ended before it could leave it in order."""
        return self.stands == CUT_OFF and not self.in_use

    def _look(self) -> None:
        lines = self._lines()
        header = next(lines, {})
        if header.get("branch") != FORMAT:
            raise BadInput(f"{self.path} is no branch that this version can read.")
        known: dict[str, Any] = {key: header.get(key) for key in Origin.__dataclass_fields__}
        self.origin = Origin(**known)
        self.name = str(self.origin.name)
        self.model = self.origin.model
        for line in lines:
            match line:
                case {"event": dict(event), **rest}:
                    self._count("anew" not in rest and _is_step(event))
                case {"name": str(name)}:
                    self.name = name
                case {"model": str(model), **rest}:
                    self.model = model
                    self._begins(model, rest.get("asked"))
                case {"saved": str(path)}:
                    self.saved = path
                case {"turn": dict(turn)}:
                    with contextlib.suppress(TypeError, ValueError):
                        self.spent = self.spent.plus(Spent.of(turn))
                case {"opened": _}:
                    self.stands = CUT_OFF
                case {"stands": str(stands)}:
                    self.stands = stands if line.get("closed") else CUT_OFF
        self.size = self.path.stat().st_size
        self.in_use = self._is_in_use()

    def _begins(self, model: str, settings: Any) -> None:
        """Another model, or the same asked otherwise, does what comes next."""
        self.asked.append(Asked(model, settings if isinstance(settings, dict) else {}))

    def _count(self, steps: int) -> None:
        self.steps += steps
        if self.asked and steps:
            self.asked[-1] = replace(self.asked[-1], steps=self.asked[-1].steps + steps)

    def _is_in_use(self) -> bool:
        handle = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            return not _locked(handle)
        finally:
            os.close(handle)

    @property
    def begun(self) -> datetime | None:
        """When it began, in local time; None where its file does not say."""
        try:
            return datetime.fromisoformat(str(self.origin.begun))
        except ValueError:
            return None

    def trajectory(self, recording: Trajectory | None = None) -> Trajectory:
        """What it holds, as a branch of a recording that is open, if one is. Raises `BadInput`."""
        base, lines = self._base()
        format = str(self.origin.format) or None
        found = Trajectory.from_bytes(base, self.name, self.origin.row, format)
        found.settle()
        if recording is not None:
            found = found.as_branch_of(recording)
        done = 0
        for line in lines:
            match line:
                case {"anew": int(index), "event": dict(event)}:
                    found.say_anew(index, event)
                case {"event": dict(event)}:
                    found.grow(event)
                case {"gone": int(count)}:
                    found.shrink(count)
                case {"spent": dict(use)}:
                    found.spent(convert(use, ModelUse))
                case {"do": dict(data)}:
                    found.apply_data(data)
                    done += 1
                case {"undo": dict()} if done:
                    found.undo()
                    done -= 1
                case {"undo": dict(data)}:
                    found.apply_data(data)
        return found

    def _base(self) -> tuple[bytes, Iterator[dict[str, Any]]]:
        """The bytes of the trajectory as it began, and the lines behind them."""
        lines = self._lines(with_base=True)
        next(lines, None)
        base, rest = bytearray(), []
        for line in lines:
            if "base" in line:
                base += str(line["base"]).encode()
            elif "base64" in line:
                base += base64.b64decode(str(line["base64"]))
            else:
                rest.append(line)
        return bytes(base), iter(rest)

    def _lines(self, *, with_base: bool = False) -> Iterator[dict[str, Any]]:
        """Its lines, up to one that was cut off; those of its beginning only where they are wanted."""
        try:
            handle = os.fdopen(os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW), "rb")
        except OSError as error:
            raise BadInput(f"{self.path} cannot be read: {in_words(error)}.") from None
        with handle as file:
            for line in file:
                if not with_base and line.startswith(_BASE):
                    continue
                try:
                    value = json.loads(line) if line.endswith(b"\n") else None
                except (ValueError, RecursionError):
                    return
                if not isinstance(value, dict):
                    return
                yield value

    def remove(self) -> None:
        """Delete it. Raises `BadInput` where it is open, or cannot be removed."""
        if self._is_in_use():
            raise BadInput(f"the branch {self.name} is open in another trajtui.")
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise BadInput(f"{self.path} cannot be removed: {in_words(error)}.") from None

    def note(self, **what: Any) -> None:
        """Write down what else is to be known of it, as `BranchLog.note` does. Raises `BadInput`."""
        log = BranchLog(self.path, lambda line: None)
        log.go_on()
        log.note(**what)
        log.close(self.stands)


def new_path(recording: Path, directory: Path | None = None) -> Path:
    """The file of a branch that begins."""
    name = f"{prefix_of(recording)}{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}"
    return (directory or branch_directory()) / name


def kept_branches(
    recording: Path | None, row: str | None = None, directory: Path | None = None
) -> list[KeptBranch]:
    """The branches that are kept of a recording (None: of all), the oldest first.

    What is none of ours is passed over.
    """
    prefix = "" if recording is None else prefix_of(recording)
    found = []
    with contextlib.suppress(OSError):
        for path in sorted((directory or branch_directory()).iterdir()):
            if path.name.startswith(prefix) and path.name.endswith(SUFFIX):
                with contextlib.suppress(BadInput, OSError, TypeError):
                    kept = KeptBranch(path)
                    if recording is None or kept.origin.row == row:
                        found.append(kept)
    return sorted(found, key=lambda kept: str(kept.origin.begun))


def _is_step(event: dict[str, Any]) -> bool:
    try:
        head: Head = head_of(event)
    except (TypeError, ValueError):
        return False
    return ends_a_step(head)
