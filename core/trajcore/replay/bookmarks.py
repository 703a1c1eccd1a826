"""Events that the user wants to find again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trajcore.errors import BadInput
from trajcore.trajectory import Trajectory


class Bookmarks:
    """The bookmarks of one recording. One whose event is out of the recording waits for it to come back."""

    def __init__(self, trajectory: Trajectory, recording: Trajectory) -> None:
        """`recording`: what is kept of them is of its events alone, while the trajectory has others too."""
        self._trajectory = trajectory
        self._recording = recording
        self._uids: set[int] = set()

    def __contains__(self, uid: object) -> bool:
        return uid in self._uids

    def __iter__(self) -> Iterator[int]:
        """The indices of their events, in order."""
        found = map(self._trajectory.index_of_uid, self._uids)
        return iter(sorted(index for index in found if index is not None))

    def toggle(self, uid: int) -> bool:
        """Set or remove a bookmark; whether there is one now."""
        self._uids ^= {uid}
        return uid in self._uids

    def kept(self) -> list[str]:
        """What is kept of them: the labels of their events."""
        found = map(self._recording.index_of_uid, self._uids)
        return [self._recording.label(index) for index in sorted(at for at in found if at is not None)]

    def restore(self, labels: Iterable[object]) -> None:
        """Set those that were kept; what makes no sense is passed over."""
        for label in labels:
            try:
                self._uids.add(self._trajectory.uid(self._trajectory.resolve(str(label))))
            except BadInput:
                continue
