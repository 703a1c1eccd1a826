"""What is said of a recording that is not opened: how long it is, what its task was, and how it came out.

What was read is kept in the state directory, as long as the file has the same size and time.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import platformdirs

from trajcore.config import APP
from trajcore.errors import BadInput
from trajcore.events.kinds import ERROR, FINISH, MESSAGE, REJECT
from trajcore.formats.base import RowNeeded
from trajcore.journal.edits import EDITS, RUN, journal_directory, prefix_of
from trajcore.masking import known
from trajcore.reading import STATE, Missing, read_file
from trajcore.replay.policy import steps_of
from trajcore.replay.run import EXECUTED, Status
from trajcore.session import Session
from trajcore.storage import write_atomically
from trajcore.trajectory import Trajectory
from trajcore.views.recent import age, size
from trajcore.views.summaries import summary_of

ENDINGS: Final = (".json", ".jsonl", ".gz", ".zip", ".tar", ".tgz")
"""How the names of files end that may be recordings."""

GONE: Final = "is not there any more"
"""What is said of a recording that is gone."""

_VERSION: Final = 2
"""Of what is kept; another is read anew."""
_KEPT: Final = 500
_LARGEST: Final = 32 << 20
"""Bytes of a recording that is read for a glance at it: they take a third of a second."""
_MOST_FILES: Final = 5_000
"""So many files of a conversation are read for that."""
_LONGEST: Final = 200
_ENDS: Final = {FINISH: "finished", REJECT: "rejected", ERROR: "ended in an error"}
"""What is said of a recording by the kind of its last event."""
_EVENT_FILE: Final = re.compile(r"(event-)?\d+.*\.json")
_LOOKED_AT: Final = 64
"""So many names of a directory say whether it may be a recording."""

State = tuple[int, int]
"""The time of a file in nanoseconds, and its size in bytes."""


@dataclass(frozen=True)
class Glance:
    """What can be said of a recording at a glance."""

    steps: int = -1
    """How many there are; below zero where it was not read, or holds several recordings."""
    task: str = ""
    """The first words of what was asked for."""
    outcome: str = ""
    """How the last replay came out, or what was edited; empty where it was not replayed."""
    recorded: str = ""
    """How the recording itself ends."""
    is_recording: bool = True
    """Whether it can be opened, as far as that was looked into."""


def state_of(path: Path) -> State | None:
    """What a recording is like on disk; of a directory, its newest files count. None: it is gone."""
    try:
        events = path / "events"
        found = (events if os.path.isdir(events) else path).stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size


def may_be_recording(path: Path) -> bool:
    """Whether a glance is worth it: by its name, or by the names in it."""
    if path.suffix in ENDINGS:
        return True
    with contextlib.suppress(OSError), os.scandir(path) as found:
        names = [one.name for one, _ in zip(found, range(_LOOKED_AT), strict=False)]
        return "events" in names or "base_state.json" in names or any(map(_EVENT_FILE.fullmatch, names))
    return False


class Glances:
    """What is known of recordings at a glance. All of it reads files: none for an event loop."""

    def __init__(self) -> None:
        self._kept: dict[str, Any] | None = None
        self._changed = False

    def of(self, path: Path) -> Glance:
        """What can be said of a recording: what is kept of it, else read now."""
        path = path.absolute()
        state = state_of(path)
        if state is None:
            return Glance(is_recording=False)
        kept = self._all.get(str(path), {})
        glance = _glance(kept.get("glance")) if kept.get("state") == list(state) else None
        if glance is None:
            glance = _read(path, state)
            if glance.is_recording:  # what cannot be opened now may be so later, as it is
                self._put(path, state=list(state), glance=asdict(glance))
        return Glance(**{**asdict(glance), "outcome": _outcome(path, state, kept.get("replay"))})

    def keep_outcome(self, session: Session) -> None:
        """Keep how a session came out; one in which nothing was played or edited says nothing."""
        path, outcome = session.recording.path, outcome_of(session)
        if path is None or not outcome:
            return
        state = state_of(path.absolute())
        if state is not None:
            self._put(path.absolute(), replay={"state": list(state), "outcome": outcome})

    def keep(self) -> None:
        """Write what has been read since; where that cannot be kept, it is read again the next time."""
        if not self._changed:
            return
        kept = dict(list(self._all.items())[-_KEPT:])
        text = json.dumps({"version": _VERSION, "recordings": kept}, ensure_ascii=True)
        with contextlib.suppress(OSError, BadInput):
            with contextlib.suppress(Missing):
                read_file(_file(), STATE)  # what is no file of ours is not written into
            _file().parent.mkdir(parents=True, exist_ok=True)
            write_atomically(_file(), [known().text(text).encode()])
        self._changed = False

    def _put(self, path: Path, **what: Any) -> None:
        kept = self._all
        kept[str(path)] = {**kept.pop(str(path), {}), **what}
        self._changed = True

    @property
    def _all(self) -> dict[str, Any]:
        if self._kept is None:
            self._kept = {}
            with contextlib.suppress(BadInput, ValueError, RecursionError):
                said = json.loads(read_file(_file(), STATE))
                if isinstance(said, dict) and said.get("version") == _VERSION:
                    recordings = said.get("recordings")
                    found = recordings.items() if isinstance(recordings, dict) else ()
                    self._kept = {path: one for path, one in found if isinstance(one, dict)}
        return self._kept


def _file() -> Path:
    return Path(platformdirs.user_state_dir(APP)) / "glances.json"


def _glance(said: object) -> Glance | None:
    """What was kept; None where it is something else than we would write."""
    if not isinstance(said, Mapping):
        return None
    like = asdict(Glance())
    if said.keys() != like.keys() or any(type(said[name]) is not type(like[name]) for name in like):
        return None
    return Glance(**said)


def _read(path: Path, state: State) -> Glance:
    if not _is_small(path, state):
        return Glance()
    try:
        return glance_at(Trajectory.open(path))
    except RowNeeded as needed:
        return Glance(task=f"{len(needed.rows)} recordings")
    except (BadInput, OSError, RecursionError):
        return Glance(is_recording=False)


def _is_small(path: Path, state: State) -> bool:
    try:
        if stat.S_ISREG(path.stat().st_mode):
            return state[1] <= _LARGEST
        with os.scandir(path / "events" if os.path.isdir(path / "events") else path) as found:
            sizes = [one.stat().st_size for one, _ in zip(found, range(_MOST_FILES + 1), strict=False)]
    except OSError:
        return False
    return len(sizes) <= _MOST_FILES and sum(sizes) <= _LARGEST


def glance_at(trajectory: Trajectory) -> Glance:
    """What an open recording says of itself."""
    heads = map(trajectory.head, range(len(trajectory)))
    asked = (head for head in heads if head.source == "user" and head.kind == MESSAGE)
    last = trajectory.head(len(trajectory) - 1).kind if len(trajectory) else ""
    task = next(asked, None)
    return Glance(
        len(steps_of(trajectory.outline)),
        "" if task is None else summary_of(task.text).line[:_LONGEST],
        recorded=_ENDS.get(last, ""),
    )


def outcome_of(session: Session) -> str:
    """How a session came out in a word or two; empty where nothing was played or edited in it."""
    recording = session.recording
    results = recording.by_index(session.run.results).values()
    diverged = sum(result.status is Status.DIVERGED for result in results)
    if diverged:
        return f"{diverged} diverged"
    if recording.history and not recording.modified:
        return "edited"
    if not results:
        return ""
    if not any(result.status in EXECUTED for result in results):
        return "served from the recording"
    return "passed" if session.at_end else f"{session.steps_done} of {session.step_count} played"


def _outcome(path: Path, state: State, replay: object) -> str:
    """What is known of the work on a recording: what is unsaved, else how it came out last."""
    if _has_unsaved(path):
        return "unsaved work"
    if not isinstance(replay, dict) or not isinstance(replay.get("outcome"), str):
        return ""
    outcome: str = replay["outcome"][:_LONGEST]
    if replay.get("state") == list(state) or outcome == "edited":
        return outcome
    return f"{outcome}, edited since"


def _has_unsaved(path: Path) -> bool:
    prefix = prefix_of(path)
    with contextlib.suppress(OSError):
        names = (one.name for one in journal_directory().iterdir())
        return any(name.startswith(prefix) and name.endswith((EDITS, RUN)) for name in names)
    return False


def facts(path: Path, glance: Glance) -> str:
    """How large, how old and how long a recording is, and how it came out; said in a line."""
    if state_of(path) is None:
        return GONE
    steps = "" if glance.steps < 0 else f"{glance.steps} step{'s' * (glance.steps != 1)}"
    came_out = glance.outcome or glance.recorded if glance.is_recording else "cannot be opened"
    return " · ".join(filter(None, (size(path), age(path), steps, came_out)))
