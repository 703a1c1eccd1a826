"""Positions between the events of a recording: where a replay stands, and where steps and delegations end."""

from __future__ import annotations

from collections.abc import Callable

from trajcore.document.edits import Edit


class Position:
    """A position between events: before the one at `index`, or at the end.

    An edit leaves it behind the last event before it that stayed. Where that event went, and comes back,
    the position is behind it again, unless it was put elsewhere meanwhile.
    """

    def __init__(self, index: int = 0) -> None:
        self.index = index
        self._lost: list[int] = []
        """Events (their uids) that it was behind and that have left the recording, one after the other."""

    def put(self, index: int) -> None:
        """Be before the event at another index."""
        self.index = index
        self._lost.clear()

    def follow(self, edit: Edit, index_of: Callable[[int], int | None], *, undone: bool = False) -> None:
        """Events came, went or moved. `index_of` tells where an event is now by its uid, None: nowhere."""
        self.index, gone = edit.place(self.index, undone=undone)
        self._lost += [uid for uid in gone if index_of(uid) is None]
        for number, uid in enumerate(self._lost):
            index = index_of(uid)
            if index is not None:
                self.index = index + 1
                del self._lost[number:]
                return
