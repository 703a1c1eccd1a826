"""What a program that ended too early has left of a recording: unsaved edits, and an unsaved run."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from trajcore.errors import BadInput
from trajcore.journal.edits import EDITS, FORMAT, LOCK, QUEUED, RUN, Lock, journal_directory, locks_of
from trajcore.reading import Missing, read_file, recording_bytes
from trajcore.replay.run import Entry, Run
from trajcore.trajectory import Trajectory


class Orphan:
    """The journals of a process that is gone. As long as this is held, no other program takes them."""

    def __init__(self, lock: Lock, trajectory: Trajectory) -> None:
        self._lock = lock
        self._trajectory = trajectory
        stem = lock.path.name.removesuffix(LOCK)
        self.edits_path = lock.path.with_name(stem + EDITS)
        self.run_path = lock.path.with_name(stem + RUN)
        self.fault = ""
        """Why it cannot be looked at, where it cannot: it is left as it is."""
        self._header: dict[str, Any] = {}
        self._run_header: dict[str, Any] = {}
        self.edits: list[dict[str, Any]] = []
        """The unsaved edits as plain data, in order."""
        self.queued: tuple[str, ...] = ()
        """What the user had typed that nobody had been given yet, in order."""
        self.has_events = False
        """Whether an event of an unsaved run is there, beside such words."""
        try:
            lines = _lines(self.edits_path)
            self._header = next(lines, {})
            self.edits = _folded(lines)
            lines = _lines(self.run_path)
            self._run_header = next(lines, {})
            for line in lines:
                self.queued = _queued(line) if QUEUED in line else self.queued
                self.has_events = self.has_events or "event" in line
        except BadInput as error:
            self.fault = f"unsaved work was left that cannot be offered: {error}"
        self.has_run = bool(self._run_header)
        """Whether there is an unsaved run, or words that were to enter it."""
        state = list(trajectory.disk_state)
        kept = (self._header or self._run_header).get("state", [])
        self.file_changed = kept[:3] != state[:3]
        """Whether the recording is another one than when the journal was begun."""
        self.concerns = self.file_changed or kept[3:] == state[3:]
        """Whether it may be of this recording, not of another one in the same file."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left in it."""
        return not self.edits and not self.has_run and not self.fault

    @property
    def written(self) -> datetime:
        """When the last of it was written, in local time."""
        times = [0.0]
        for path in (self.edits_path, self.run_path):
            with contextlib.suppress(OSError):
                times.append(path.stat().st_mtime)
        return datetime.fromtimestamp(max(times))

    def restored(self, trajectory: Trajectory) -> Trajectory:
        """The recording as it is on disk, with the edits made again; `trajectory` itself is left alone.

        Raises `BadInput` where they cannot be made on it.
        """
        assert trajectory.path is not None
        fresh = Trajectory.open(trajectory.path, trajectory.row)
        for edit in self.edits:
            fresh.apply_data(edit)
        return fresh

    def run(self) -> Run:
        """The unsaved run, to be saved. Raises `BadInput` where nothing of it can be read."""
        found = Run(-1, self._trajectory)
        lines = _lines(self.run_path)
        next(lines, None)
        for line in lines:
            with contextlib.suppress(KeyError, TypeError, AttributeError, ValueError):
                raw = line["event"].encode()
                if isinstance(json.loads(raw), dict):
                    live, skipped = bool(line["live"]), line.get("skipped") is True
                    found.entries.append(
                        Entry(raw, None, None, live, int(line["id"]), line["cause"], skipped=skipped)
                    )
        if not found.entries:
            raise BadInput(f"{self.run_path} holds no event that could be read.")
        return found

    def save_run(self, path: Path) -> None:
        """Save the unsaved run as a trajectory; it is then no longer kept. Raises `BadInput`."""
        self.run().saving(path)()
        self.remove_run()

    def remove_edits(self) -> None:
        """The edits are restored, or given up."""
        self.edits = []
        self.edits_path.unlink(missing_ok=True)

    def remove_run(self) -> None:
        """The run is saved, or given up."""
        self.has_run = False
        self.run_path.unlink(missing_ok=True)

    def release(self) -> None:
        """Leave what is still there to the next start."""
        if self.is_empty:
            with contextlib.suppress(OSError):
                self.edits_path.unlink(missing_ok=True)
                self.run_path.unlink(missing_ok=True)
        self._lock.release(remove=self.is_empty)


def orphans(trajectory: Trajectory, directory: Path | None = None) -> list[Orphan]:
    """What is left of a recording by processes that are gone, the oldest first; each has to be released."""
    found: list[Orphan] = []
    if trajectory.path is None:
        return found
    for path in locks_of(trajectory.path, directory or journal_directory()):
        try:
            lock = Lock(path)
        except OSError:
            continue
        orphan = Orphan(lock, trajectory)
        if orphan.is_empty or not (orphan.concerns or orphan.fault):
            orphan.release()
        else:
            found.append(orphan)
    return sorted(found, key=lambda orphan: orphan.written)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a journal of ours, up to one that was cut off; none of a file that is not ours.

    Raises `BadInput` where it is no such file as we write.
    """
    try:
        data = read_file(path, recording_bytes(), own=True)
    except Missing:
        return
    for number, line in enumerate(io.BytesIO(data)):
        try:
            value = json.loads(line) if line.endswith(b"\n") else None
        except (ValueError, RecursionError):
            return
        if not isinstance(value, dict) or (number == 0 and value.get("journal") != FORMAT):
            return
        yield value


def _queued(line: dict[str, Any]) -> tuple[str, ...]:
    texts = line[QUEUED]
    return tuple(text for text in texts if isinstance(text, str)) if isinstance(texts, list) else ()


def _folded(lines: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was done and not undone. Undoing what the file had already is an edit too."""
    done: list[tuple[bool, dict[str, Any]]] = []
    for line in lines:
        if isinstance(line.get("do"), dict):
            done.append((True, line["do"]))
        elif isinstance(line.get("undo"), dict):
            if done and done[-1][0]:
                done.pop()
            else:
                done.append((False, line["undo"]))
    return [data for _, data in done]
