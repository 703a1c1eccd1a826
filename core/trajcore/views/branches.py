"""The branches of a recording: those of a session in a line each, and those on disk without one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from trajcore.branches import RECORDED, Branch, events_of, write
from trajcore.errors import BadInput, meant
from trajcore.journal.branches import CUT_OFF, KeptBranch, branch_directory, kept_branches
from trajcore.live.outcome import ERROR
from trajcore.replay.policy import steps_of
from trajcore.session import Session
from trajcore.text import safe_line
from trajcore.trajectory import Trajectory

_STANDS = {
    "": "",
    "awaiting_input": "waits for you",
    "finished": "finished",
    ERROR: "ended in an error",
    "paused": "paused",
    "end_of_recording": "at its end",
    CUT_OFF: "cut off",
    "open": "open in another trajtui",
}


@dataclass(frozen=True)
class BranchLine:
    """A branch, with what a list shows of it. Its texts are safe to draw."""

    branch: Branch
    name: str
    present: bool
    model: str
    steps: int
    origin: str
    """Where it leaves which branch; empty for the recorded one."""
    stands: str


def branch_lines(session: Session) -> list[BranchLine]:
    """The recorded branch first, then the others, the oldest first."""
    return [branch_line(session, branch) for branch in session.branches]


def branch_line(session: Session, branch: Branch) -> BranchLine:
    """One branch of a session."""
    present = branch is session.branches.present
    if present:
        stands = session.ending
    else:
        stands = "open" if branch.kept is not None and branch.kept.in_use else branch.stands
    return BranchLine(
        branch,
        safe_line(branch.name),
        present,
        safe_line(branch.model or ""),
        session.branches.steps_of(branch),
        "" if branch.is_recorded else safe_line(_left(branch.origin, branch.cut)),
        _STANDS.get(stands, stands),
    )


def _left(origin: str, cut: str) -> str:
    return f"from {cut or 'the end'} of {origin}"


# Without a session


def kept_of(file: str | None, row: str | None = None) -> list[KeptBranch]:
    """The branches that are on disk: of a recording, or (None) of all."""
    return kept_branches(None if file is None else Path(file), row)


def kept_named(file: str, name: str, row: str | None = None) -> KeptBranch:
    """One of them by its name, the latest of that name. Raises `BadInput` where there is none."""
    kept = kept_of(file, row)
    found = [one for one in kept if one.name == name]
    if not found:
        names = ", ".join(one.name for one in kept)
        there = f"there are {names}" if kept else "none is kept"
        raise BadInput(f"{file} has no branch {name}: {there}.{meant(name, (one.name for one in kept))}")
    return found[-1]


def objects(trajectory: Trajectory, kept: Iterable[KeptBranch]) -> Iterator[dict[str, Any]]:
    """A JSON object a branch, the recorded one first. `bytes` is what it takes on disk."""
    yield {
        "name": RECORDED, "model": None, "steps": len(steps_of(trajectory.outline)), "state": RECORDED,
        "origin": None, "cut": None, "begun": None, "saved": None, "bytes": 0, "models": [],
    }  # fmt: skip
    for one in kept:
        yield {
            "name": one.name, "model": one.model, "steps": one.steps,
            "state": "open" if one.in_use else one.stands, "origin": one.origin.origin,
            "cut": one.origin.cut or None, "begun": one.origin.begun, "saved": one.saved, "bytes": one.size,
            "models": [asdict(asked) for asked in one.asked],
        }  # fmt: skip


def lines(listed: Iterable[dict[str, Any]]) -> list[str]:
    """The same as a table."""
    return columns([
        (
            safe_line(str(one["name"])),
            safe_line(_who(one)),
            f"{one['steps']} step{'s' * (one['steps'] != 1)}",
            _STANDS.get(one["state"], one["state"]),
            "" if one["origin"] is None else safe_line(_left(one["origin"], one["cut"] or "")),
            size(one["bytes"]) if one["bytes"] else "",
        )
        for one in listed
    ])  # fmt: skip


def _who(listed: dict[str, Any]) -> str:
    """The models that were asked in a branch."""
    return ", ".join(dict.fromkeys(asked["model"] for asked in listed["models"])) or str(
        listed["model"] or ""
    )


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells, a line each, in which each column stands below itself."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def save(kept: KeptBranch, path: Path) -> None:
    """Save a branch as a trajectory of its own. Raises `BadInput`."""
    trajectory = kept.trajectory()
    write(trajectory, events_of(trajectory), path)
    if not kept.in_use:
        kept.note(saved=str(path))


def pruned(file: str | None, row: str | None, days: int) -> Iterator[KeptBranch]:
    """Delete the branches that were begun more than so many days ago; each is given when it is gone.

    Such that are open stay.
    """
    before = datetime.now().astimezone() - timedelta(days=days)
    for one in kept_of(file, row):
        if not one.in_use and (one.begun is None or one.begun < before):
            one.remove()
            yield one


def on_disk() -> tuple[int, int]:
    """How many branches of all recordings are kept, and how many bytes they take."""
    kept = kept_of(None)
    return len(kept), sum(one.size for one in kept)


def place() -> str:
    """Where they are kept."""
    return str(branch_directory())


def size(count: int) -> str:
    """A number of bytes, for people."""
    taken = float(count)
    for unit in ("bytes", "kB", "MB"):
        if taken < 1000:
            return f"{taken:.0f} {unit}"
        taken /= 1000
    return f"{taken:.1f} GB"
