"""The document commands of a session: each edit is told of, and what counts by index follows it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trajcore import changes
from trajcore.trajectory import Edit, Trajectory


class Editing:
    """Edits of the recording that is being debugged. Commands raise `BadInput` where they cannot be done."""

    def __init__(self, trajectory: Trajectory, tell: changes.Listener) -> None:
        self._trajectory = trajectory
        self._tell = tell

    def set_value(self, index: int, path: Sequence[str | int], value: Any) -> Edit:
        """Set one field of an event."""
        return self._made(self._trajectory.set_value(index, path, value))

    def flip(self, index: int, flag: str) -> Edit:
        """Turn a flag of an action's arguments over."""
        return self._made(self._trajectory.flip(index, flag))

    def undo(self) -> Edit | None:
        """Take the last edit back; None when there is none."""
        edit = self._trajectory.undo()
        return None if edit is None else self._made(edit)

    def redo(self) -> Edit | None:
        """Make the last undone edit again; None when there is none."""
        edit = self._trajectory.redo()
        return None if edit is None else self._made(edit)

    def save(self, path: Path | None = None, *, overwrite: bool = False) -> Path:
        """Save the edited recording. Raises `BadInput`, `FileChanged`."""
        saved = self._trajectory.save(path, overwrite=overwrite)
        self._tell(changes.DocumentChanged(None))
        return saved

    def _made(self, edit: Edit) -> Edit:
        self._tell(changes.DocumentChanged(edit.index))
        return edit
