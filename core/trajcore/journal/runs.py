"""The journal of a run: once it holds a message or a live step, its events on disk as they come."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from trajcore.journal.edits import RUN, Log, Place, json_line
from trajcore.replay.run import Entry, Run
from trajcore.storage import in_words


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
        self._writer = ThreadPoolExecutor(1, "run-journal")

    def begin(self) -> None:
        """From now on there is something in the run that the recording does not have."""
        self.begun = True
        self.follow()

    def follow(self) -> None:
        """Keep what came since; where events are gone from the run, or are others now, all of it anew."""
        if not self.begun:
            return
        entries = self._run().entries
        count = len(self._kept)
        if count and count <= len(entries) and self._kept[-1] is entries[count - 1]:
            if len(entries) > count:
                self._submit(entries[count:], b"")
        else:
            self._submit(list(entries), self._place.header(self._state()))
        self._kept = list(entries)

    def discard(self) -> None:
        """The run is saved, or given up."""
        self.begun = False
        self._kept = []
        self._writer.submit(self._log.remove)

    def close(self) -> None:
        """Write what is still to be written, and no more. The file stays for the next start."""
        self._writer.submit(self._log.close)
        self._writer.shutdown(wait=True)

    def _submit(self, entries: Sequence[Entry], header: bytes) -> None:
        self._writer.submit(self._write, entries, header)

    def _write(self, entries: Sequence[Entry], header: bytes) -> None:
        if self._failed:
            return
        try:
            if header:
                self._log.begin(header)
            self._log.append(b"".join(map(_line, entries)))
        except OSError as error:
            self._failed = True
            self._log.close()
            self._warn(f"this run would not survive a crash: {self._log.path}: {in_words(error)}")


def _line(entry: Entry) -> bytes:
    raw = entry.raw if entry.kept is None else json.dumps(entry.data()).encode()
    line = {"id": entry.id, "cause": entry.cause, "live": entry.live, "event": raw.decode()}
    return json_line({**line, "skipped": True} if entry.skipped else line)
