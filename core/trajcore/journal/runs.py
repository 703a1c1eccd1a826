"""The journal of a run: once it holds a message or a live step, its events on disk as they come.

What the user typed that nobody has been given yet is in it too, on a line of its own (`{"queued": [...]}`):
the last such line counts. Who knows only the lines of events passes over it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from trajcore.errors import in_words
from trajcore.journal.edits import QUEUED, RUN, Log, Place, json_line
from trajcore.masking import known
from trajcore.replay.run import Entry, Run


class RunJournal:
    """Keeps the events of the present run. Writing is done in a thread, in order."""

    def __init__(
        self,
        run: Callable[[], Run],
        state: Callable[[], tuple[int, ...]],
        place: Place,
        warn: Callable[[str], None],
    ) -> None:
        self._run = run
        self._state = state
        self._place = place
        self._warn = warn
        self._log = Log(place.file(RUN))
        self._kept: list[Entry] = []
        self._failed = False
        self.begun = False
        self._queued: tuple[str, ...] = ()
        self._for_queue = False
        """Whether nothing but such words is what it was begun for."""
        self._writer = ThreadPoolExecutor(1, "run-journal")

    def begin(self) -> None:
        """There is something in the run that the recording does not have; or there was, and it is gone."""
        if self._run().has_added:
            self.begun, self._for_queue = True, False
            self.follow()
        elif self.begun and self._queued:
            self._for_queue = True
            self.follow()
        elif self.begun:
            self.discard()

    def queue(self, texts: tuple[str, ...]) -> None:
        """The words that nobody has been given yet are these."""
        self._queued = texts
        if not self.begun and texts:
            self.begun = self._for_queue = True
            self.follow()
        elif self._for_queue and not texts:
            self.discard()
        elif self.begun:
            self._submit((), b"", _queued(texts))

    def take_over(self, other: RunJournal) -> None:
        """Keep what another journal keeps of the same run."""
        if other.begun and not other._for_queue:
            self.begin()
        self.queue(other._queued)

    def follow(self) -> None:
        """Keep what came since; where events are gone from the run, or are others now, all of it anew."""
        if not self.begun:
            return
        entries = [] if self._for_queue else self._run().entries
        count = len(self._kept)
        if count and count <= len(entries) and self._kept[-1] is entries[count - 1]:
            if len(entries) > count:
                self._submit(entries[count:], b"")
        else:
            waiting = _queued(self._queued) if self._queued else b""
            self._submit(list(entries), self._place.header(self._state()), waiting)
        self._kept = list(entries)

    def discard(self) -> None:
        """The run is saved, or given up; what is still queued is not."""
        self.begun = self._for_queue = False
        self._kept = []
        self._writer.submit(self._log.remove)
        if self._queued:
            self.queue(self._queued)

    def close(self) -> None:
        """Write what is still to be written, and no more. The file stays for the next start."""
        self._writer.submit(self._log.close)
        self._writer.shutdown(wait=True)

    def _submit(self, entries: Sequence[Entry], header: bytes, more: bytes = b"") -> None:
        self._writer.submit(self._write, entries, header, more)

    def _write(self, entries: Sequence[Entry], header: bytes, more: bytes) -> None:
        if self._failed:
            return
        try:
            if header:
                self._log.begin(header)
            self._log.append(b"".join(map(_line, entries)) + more)
        except OSError as error:
            self._failed = True
            self._log.close()
            self._warn(f"this run would not survive a crash: {self._log.path}: {in_words(error)}")


def _line(entry: Entry) -> bytes:
    raw = entry.raw if entry.kept is None else json.dumps(entry.data()).encode()
    line = {"id": entry.id, "cause": entry.cause, "live": entry.live, "event": raw.decode()}
    return json_line({**line, "skipped": True} if entry.skipped else line)


def _queued(texts: tuple[str, ...]) -> bytes:
    return json_line({QUEUED: known().tree(list(texts))})
