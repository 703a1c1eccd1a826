"""What a session keeps on disk against its own end: its place, the journal of edits, that of the run."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from trajcore import notices
from trajcore.errors import in_words
from trajcore.journal.edits import Journal, Place
from trajcore.journal.runs import RunJournal
from trajcore.replay.run import Run
from trajcore.trajectory import Trajectory


class _Journals(Struct, frozen=True):
    """What is kept of one document in one file."""

    place: Place
    edits: Journal
    run: RunJournal

    def close(self) -> None:
        self.run.close()
        self.edits.close()
        self.place.close()


class Keeping:
    """Follows the notices of a session, of which `listen` has to be told, in order.

    Where nothing can be kept, `fault` says why, and nothing else is different.
    """

    def __init__(self, trajectory: Trajectory, run: Callable[[], Run], directory: Path | None = None) -> None:
        self._trajectory = trajectory
        self._run = run
        self._directory = directory
        self.fault = ""
        self._kept = self._journals()
        self.others = self._kept.place.others() if self._kept else []
        """Processes that had the recording open when this one opened it."""
        self._saving = 0
        """How much was edited when the save began that is under way."""

    def _journals(self) -> _Journals | None:
        """The journals of the document's present file."""
        trajectory = self._trajectory
        if trajectory.path is None:
            return None
        try:
            place = Place(trajectory.path, self._directory)
        except OSError as error:
            self._warn(f"unsaved work would not survive a crash, no journal can be kept: {in_words(error)}")
            return None
        run = RunJournal(self._run, lambda: trajectory.disk_state, place, self._warn)
        return _Journals(place, Journal(trajectory, place, self._warn), run)

    def _warn(self, text: str) -> None:
        self.fault = text

    def listen(self, notice: notices.Notice) -> None:
        """Keep what a notice tells of."""
        kept = self._kept
        if kept is None:
            return
        if self._trajectory.is_branch:
            self._listen_in_branch(notice, kept)
            return
        match notice:
            case notices.DocumentChanged(edits=edits):
                for made in edits:
                    kept.edits.record(made.edit, undone=made.undone)
            case notices.Saving():
                self._saving = kept.edits.mark()
            case notices.Saved():
                self._saved(kept, self._saving)
            case notices.RunChanged(restarted=True) | notices.RunSaved():
                kept.run.discard()
            case notices.RunChanged() | notices.BranchChanged():
                kept.run.begin()
            case notices.StepDone() | notices.PositionChanged() | notices.WentBack():
                kept.run.follow()
            case notices.QueueChanged(queued, returned):
                kept.run.queue((*returned, *queued))
            case notices.Discarded():
                kept.edits.discard()
                kept.run.queue(())
                kept.run.discard()

    def _listen_in_branch(self, notice: notices.Notice, kept: _Journals) -> None:
        """A branch keeps itself; the edits of the recording stay as they are."""
        match notice:
            case notices.BranchChanged():
                kept.run.discard()
            case notices.QueueChanged(queued, returned):
                kept.run.queue((*returned, *queued))
            case notices.Discarded():
                kept.edits.discard()
                kept.run.queue(())

    def _saved(self, before: _Journals, mark: int) -> None:
        """The document was saved, in the state of a mark, perhaps to another file: that is followed."""
        path = self._trajectory.path
        if path is None or Path(os.path.realpath(path)) == before.place.recording:
            before.edits.saved(mark)
            return
        self._kept = self._journals()
        if self._kept is not None:
            self._kept.edits.take_over(before.edits, mark)
            self._kept.run.take_over(before.run)
        before.edits.discard()
        before.run.queue(())
        before.run.discard()
        before.close()

    def close(self) -> None:
        """Write no more. What is unsaved stays on disk for the next start."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None
