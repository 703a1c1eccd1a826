"""The edits of a recording: in words, as a history to go through, and as the difference a save would make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trajcore.difference import diff
from trajcore.document.edits import Edit
from trajcore.trajectory import Trajectory


def edit_line(edit: Edit) -> str:
    """What an edit did, and what else there is to know. The text is the recording's: not safe yet."""
    return f"{edit.label} · {edit.note}" if edit.note else edit.label


@dataclass(frozen=True)
class EditHistory:
    """Every point that the recording can be taken to, first to last, and at which it is (`done`).

    The first line is the recording as it was opened.
    """

    lines: Sequence[str]
    done: int


def edit_history(trajectory: Trajectory) -> EditHistory:
    """What was edited, and behind it what was undone."""
    edits = [*trajectory.history, *reversed(trajectory.undone)]
    lines = ("the recording as it was opened", *map(edit_line, edits))
    return EditHistory(lines, len(trajectory.history))


def difference(trajectory: Trajectory) -> Iterator[str]:
    """What a save would change, as the lines of a diff, without newlines; none where nothing differs.

    The recording is taken as it is now; the lines can be asked for in another thread. Raises `BadInput`
    where a file cannot be read.
    """
    return diff(trajectory)
