"""Mending all that is wrong with a recording: one fault after the other, each an edit that can be undone."""

from __future__ import annotations

import io
import os
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from trajcore.dialects.changes import Copied, Inserted, Moved, RecordChange, Refiled, Removed, Rewritten
from trajcore.dialects.findings import Delete, Finding, Insert, Repair, Set, Severity, Unset
from trajcore.document.edits import Rewrite, Splice
from trajcore.errors import BadInput
from trajcore.reading import read_file, recording_bytes
from trajcore.storage import write_atomically
from trajcore.trajectory import Edit, Trajectory

_COPY: Final = ".before-repair"
"""Behind the name of a recording: the copy of it as it was."""
_TRIES: Final = 3
"""So often the same fault is mended before it counts as one that cannot be."""


def copied(path: Path) -> Path:
    """A copy of a recording beside it, a directory as an archive that opens here, too. Raises `BadInput`."""
    ending = ".zip" if os.path.isdir(path) else ""
    whole = path.resolve()
    names = (whole.with_name(f"{whole.name}{_COPY}{f'.{at}' * (at > 1)}{ending}") for at in count(1))
    target = next(name for name in names if not os.path.lexists(name))
    write_atomically(
        target, (_archived(whole) if os.path.isdir(path) else read_file(whole, recording_bytes()),)
    )
    target.chmod(0o600)
    return target


def _archived(directory: Path) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(directory.rglob("*")):
            if os.path.isfile(path) and not os.path.islink(path):
                name = f"{directory.name}/{path.relative_to(directory).as_posix()}"
                archive.writestr(name, read_file(path, recording_bytes()))
    return made.getvalue()


@dataclass(frozen=True)
class Mended:
    """A finding, and the edits that have mended it."""

    finding: Finding
    edits: Sequence[Edit]


def mending(trajectory: Trajectory, *, warnings: bool = False) -> Iterator[Mended]:
    """Mend errors, and `warnings` where they are asked for, until no repair is left that can be made.

    Each finding is of the recording as a check found it just before; what is left then is what another check
    finds.
    """
    mender = Mender(warnings=warnings)
    while (mended := mender.mended(trajectory.checking()(), trajectory.mend)) is not None:
        yield from mended


class Mender:
    """Mends what one check after the other finds, faults of files first: they hide what is in these."""

    def __init__(self, *, warnings: bool = False) -> None:
        self._warnings = warnings
        self._tried: Counter[tuple[str, str, str]] = Counter()

    def mended(
        self, findings: Sequence[Finding], mend: Callable[[Repair], Iterable[Edit]]
    ) -> list[Mended] | None:
        """As many repairs as can be made on the state that was checked; None: there is none left.

        `mend` makes the edits of one, and raises `BadInput` where it cannot.
        """
        able = [finding for finding in findings if self._is_able(finding)]
        if not able:
            return None
        stage = min(finding.stage for finding in able)
        done, state = [], _Pass()
        for finding in reversed([finding for finding in able if finding.stage == stage]):
            repair = finding.repair
            if repair is None or not state.admits(repair):
                continue
            self._tried[_name(finding)] += 1
            edits: list[Edit] = []
            try:
                for edit in mend(repair):
                    state.follow(edit)
                    edits.append(edit)
            except BadInput:
                self._tried[_name(finding)] = _TRIES
                if not edits:
                    continue
            done.append(Mended(finding, edits))
        return done

    def _is_able(self, finding: Finding) -> bool:
        wanted = self._warnings or finding.severity is Severity.ERROR
        return wanted and finding.repair is not None and self._tried[_name(finding)] < _TRIES


def _name(finding: Finding) -> tuple[str, str, str]:
    return finding.code, finding.text, finding.file or finding.event


class _Pass:
    """What repairs of one check can still be made after others of it: those before them, untouched."""

    def __init__(self) -> None:
        self._end: int | None = None
        """Records from here on are not where they were."""
        self._written: set[int] = set()

    def admits(self, repair: Repair) -> bool:
        """Whether a repair finds all as the check did."""
        at, places = _reach(repair)
        return (
            self._end is None or max((*at, *(place - 1 for place in places)), default=-1) < self._end
        ) and (not self._written.intersection(at))

    def follow(self, edit: Edit) -> None:
        """Take note of an edit."""
        for change in edit.changes:
            match change:
                case Rewrite(index=index):
                    self._written.add(index)
                case Splice(at=at):
                    self._end = at if self._end is None else min(self._end, at)


def _reach(repair: Repair) -> tuple[list[int], list[int]]:
    """The records or events that a repair changes, and the places before which it puts others."""
    at: list[int] = []
    places: list[int] = []
    for change in repair.changes:
        _reach_of(change, at, places)
    for step in repair.steps:
        match step:
            case Set(index) | Unset(index) | Delete(index):
                at.append(index)
            case Insert(after):
                places.append(after + 1)
    return at, places


def _reach_of(change: RecordChange, at: list[int], places: list[int]) -> None:
    match change:
        case Rewritten(record) | Refiled(record):
            at.append(record)
        case Removed(records):
            at.extend(records)
        case Moved(records, place):
            at.extend((*records, place))
        case Inserted(place):
            places.append(place)
        case Copied(records, _, place):
            at.extend(records)
            places.append(place)
