"""What was done and what was undone."""

from __future__ import annotations

import operator
from collections.abc import Sequence

from trajcore.document.edits import Edit


class History:
    """What was done and what was undone, and where between them the saved state is."""

    def __init__(self) -> None:
        self.done: list[Edit] = []
        self.undone: list[Edit] = []
        self._saved_at = 0

    @property
    def modified(self) -> bool:
        """Whether the state differs from the saved one."""
        return len(self.done) != self._saved_at

    def add(self, edit: Edit) -> None:
        """A new edit, behind which nothing can be redone."""
        if self._saved_at > len(self.done):
            self._saved_at = -1
        self.done.append(edit)
        self.undone.clear()

    def mark_saved(self, done: Sequence[Edit]) -> None:
        """The state in which just these edits were done is the saved one; it may be out of reach by now."""
        known = [*self.done, *reversed(self.undone)][: len(done)]
        reached = len(known) == len(done) and all(map(operator.is_, known, done))
        self._saved_at = len(done) if reached else -1
