"""The document commands of a session: each edit is followed by the run, and told of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from trajcore import notices
from trajcore.document.saving import Progress
from trajcore.errors import Refused
from trajcore.tasks import finished_in_thread
from trajcore.trajectory import Edit, Trajectory

if TYPE_CHECKING:
    from trajcore.dialects.findings import Repair
    from trajcore.search import Match


class Follow(Protocol):
    """Is called with each edit that was made, or taken back (`undone`), before anybody is told of it."""

    def __call__(self, edit: Edit, *, undone: bool = False) -> None:
        """Follow the edit."""


class Editing:
    """Edits of the recording that is being debugged. Commands raise `BadInput` where they cannot be done.

    Those that add, remove or move events, and steps through the history, raise `Refused` while the run
    is going on: it counts them.
    """

    def __init__(
        self,
        trajectory: Trajectory,
        tell: notices.Listener,
        follow: Follow,
        busy: Callable[[], bool] = lambda: False,
    ) -> None:
        self._busy = busy
        self._trajectory = trajectory
        self._tell = tell
        self._follow = follow
        self._saving = asyncio.Lock()

    def set_value(self, index: int, path: Sequence[str | int], value: Any) -> Edit:
        """Set one field of an event."""
        return self._made(self._trajectory.set_value(index, path, value))

    def set_values(self, index: int, values: Iterable[tuple[Sequence[str | int], Any]]) -> Edit:
        """Set several fields of an event in one step."""
        return self._made(self._trajectory.set_values(index, list(values)))

    def unset(self, index: int, path: Sequence[str | int]) -> Edit:
        """Remove a field of an event."""
        return self._made(self._trajectory.unset(index, path))

    def replace_event(self, index: int, raw: bytes) -> Edit:
        """Put another JSON text in the place of an event's."""
        return self._made(self._trajectory.replace_event(index, raw))

    def flip(self, index: int, flag: str) -> Edit:
        """Turn a flag of an action's arguments over."""
        return self._made(self._trajectory.flip(index, flag))

    def insert(self, at: int, events: Sequence[dict[str, Any]]) -> Edit:
        """Put new events in before the event at `at`, or at the nearest legal place."""
        self._check_still()
        return self._made(self._trajectory.insert(at, events))

    def delete(self, indices: Sequence[int]) -> Edit:
        """Delete events with all that belongs to them."""
        self._check_still()
        return self._made(self._trajectory.delete(indices))

    def move(self, indices: Sequence[int], by: int) -> Edit:
        """Move events with all that belongs to them by so many units, down or (below 0) up."""
        self._check_still()
        return self._made(self._trajectory.move(indices, by))

    def move_to(self, indices: Sequence[int], before: int) -> Edit:
        """Move events with all that belongs to them before the event at `before`."""
        self._check_still()
        return self._made(self._trajectory.move_to(indices, before))

    def duplicate(self, indices: Sequence[int]) -> Edit:
        """Put copies of events, and of all that belongs to them, behind them."""
        self._check_still()
        return self._made(self._trajectory.duplicate(indices))

    def switch(self, branch: str) -> Edit:
        """Go on with another of the recording's own branches."""
        self._check_still()
        return self._made(self._trajectory.switch(branch))

    def replace(self, matches: Sequence[Match], replacement: str) -> Edit:
        """Put a text in the place of what a search found, in one step."""
        from trajcore.search import replace

        return self._made(replace(self._trajectory, matches, replacement))

    def undo(self) -> Edit | None:
        """Take the last edit back; None when there is none."""
        self._check_still()
        edit = self._trajectory.undo()
        return None if edit is None else self._made(edit, undone=True)

    def redo(self) -> Edit | None:
        """Make the last undone edit again; None when there is none."""
        self._check_still()
        edit = self._trajectory.redo()
        return None if edit is None else self._made(edit)

    def revert_to(self, count: int) -> None:
        """Undo or redo until so many edits are done."""
        self._check_still()
        made: list[notices.Made] = []
        while len(self._trajectory.history) != count:
            undoing = len(self._trajectory.history) > count
            edit = self._trajectory.undo() if undoing else self._trajectory.redo()
            if edit is None:
                break
            self._follow(edit, undone=undoing)
            made.append(notices.Made(edit, undoing))
        if made:
            structural = any(one.edit.structural for one in made)
            self._tell(notices.DocumentChanged(None, structural, tuple(made)))

    def made_again(self, data: Mapping[str, Any]) -> Edit:
        """Make an edit again that was kept as plain data."""
        return self._made(self._trajectory.apply_data(data))

    def repair(self, repair: Repair) -> list[Edit]:
        """Make the edits that mend what a check found, as it is now. Raises `BadInput`, `Refused`."""
        if repair.changes:
            self._check_still()
        return [self._made(edit) for edit in self._trajectory.mend(repair)]

    async def repair_all(self, *, warnings: bool = False) -> int:
        """Mend all errors that can be, and `warnings` where they are asked for; the answer is how many were.

        Raises `Refused` where the run goes on meanwhile: what was mended by then stays.
        """
        from trajcore.repairing import Mender

        mender, count = Mender(warnings=warnings), 0
        while True:
            self._check_still()
            findings = await asyncio.to_thread(self._trajectory.checking())
            self._check_still()
            mended = mender.mended(findings, self.repair)
            if mended is None:
                return count
            count += len(mended)

    async def save(self, path: Path | None = None, *, overwrite: bool = False) -> Path:
        """Save the recording as it is now, whatever is edited meanwhile. Raises `BadInput`, `FileChanged`.

        Saved to another file, it is that file from then on. Once begun, a save is not cut off.
        """
        async with self._saving:
            job = self._trajectory.saving(path, overwrite=overwrite)
            self._tell(notices.Saving())
            told = throttled(asyncio.get_running_loop(), job.target, self._tell)
            try:
                await finished_in_thread(lambda: job.write(told))
            finally:
                self._trajectory.saved(job)
                if job.complete:
                    self._tell(notices.Saved(str(job.target)))
                self._tell(notices.Progress(""))
                self._tell(notices.DocumentChanged(None))
        return job.target

    def _check_still(self) -> None:
        if self._busy():
            raise Refused("the run is going on: Esc pauses it, then the events can be changed")

    def _made(self, edit: Edit, *, undone: bool = False) -> Edit:
        self._follow(edit, undone=undone)
        touched = edit.touched_before if undone else edit.touched
        uid = self._trajectory.uid(touched[0]) if touched else None
        self._tell(notices.DocumentChanged(uid, edit.structural, (notices.Made(edit, undone),)))
        return edit


def throttled(loop: asyncio.AbstractEventLoop, target: Path, tell: notices.Listener) -> Progress:
    """Tells of a save's progress in the event loop, at each hundredth and no more often."""
    last = 0

    def told(done: int, total: int) -> None:
        nonlocal last
        part = 100 * done // max(total, 1)
        if part > last:
            last = part
            change = notices.Progress(f"saving {target.name}", done / total)
            loop.call_soon_threadsafe(tell, change)

    return told
