"""What a session keeps on disk against its own end: its place, the journal of edits, that of the run."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trajcore import notices
from trajcore.document.edits import Edit
from trajcore.journal.edits import Journal, Place
from trajcore.journal.runs import RunJournal
from trajcore.storage import in_words

if TYPE_CHECKING:
    from trajcore.session import Session


@dataclass(frozen=True)
class _Journals:
    """What is kept of one document in one file."""

    place: Place
    edits: Journal
    run: RunJournal

    def close(self) -> None:
        self.run.close()
        self.edits.close()
        self.place.close()


class Keeping:
    """Follows a session. Where nothing can be kept, `fault` says why, and nothing else is different."""

    def __init__(self, session: Session, directory: Path | None = None) -> None:
        self._session = session
        self._directory = directory
        self.fault = ""
        self._kept = self._journals()
        self.others = self._kept.place.others() if self._kept else []
        """Processes that had the recording open when this one opened it."""
        self._unsubscribe = session.subscribe(self._on_change)

    def _journals(self) -> _Journals | None:
        """The journals of the document's present file."""
        session, trajectory = self._session, self._session.trajectory
        if trajectory.path is None:
            return None
        try:
            place = Place(trajectory.path, self._directory)
        except OSError as error:
            self._warn(f"unsaved work would not survive a crash, no journal can be kept: {in_words(error)}")
            return None
        run = RunJournal(lambda: session.run, lambda: trajectory.disk_state, place, self._warn)
        return _Journals(place, Journal(trajectory, place, self._warn), run)

    def _warn(self, text: str) -> None:
        self.fault = text

    def _on_change(self, change: notices.Notice) -> None:
        if self._kept is None:
            return
        match change:
            case notices.RunChanged(restarted=True):
                self._kept.run.discard()
            case notices.RunChanged():
                self._kept.run.begin()
            case notices.StepDone() | notices.PositionChanged() | notices.WentBack():
                self._kept.run.follow()

    def record(self, edit: Edit, *, undone: bool = False) -> None:
        """Keep an edit that was made, or taken back."""
        if self._kept is not None:
            self._kept.edits.record(edit, undone=undone)

    def mark(self) -> int:
        """How much was edited up to now: to be given to `saved` when that is saved."""
        return self._kept.edits.mark() if self._kept is not None else 0

    def saved(self, mark: int) -> None:
        """The document was saved, in the state of a mark, perhaps to another file: that is followed."""
        path, before = self._session.trajectory.path, self._kept
        if before is None or path is None or Path(os.path.realpath(path)) == before.place.recording:
            if before is not None:
                before.edits.saved(mark)
            return
        self._kept = self._journals()
        if self._kept is not None:
            self._kept.edits.take_over(before.edits, mark)
            if before.run.begun:
                self._kept.run.begin()
        before.edits.discard()
        before.run.discard()
        before.close()

    def run_saved(self) -> None:
        """The run was saved."""
        if self._kept is not None:
            self._kept.run.discard()

    def discard(self) -> None:
        """The user gives up what is not saved."""
        if self._kept is not None:
            self._kept.edits.discard()
            self._kept.run.discard()

    def close(self) -> None:
        """Write no more. What is unsaved stays on disk for the next start."""
        self._unsubscribe()
        if self._kept is not None:
            self._kept.close()
            self._kept = None
