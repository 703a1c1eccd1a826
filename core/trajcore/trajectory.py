"""The trajectory: an ordered sequence of events over the bytes of its file, edits, undo, saving."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from trajcore.dialects.base import Branch, Dialect, ModelUse, Played, Text
from trajcore.dialects.registry import recognised
from trajcore.document import fieldedits, runs, structure
from trajcore.document.document import Document
from trajcore.document.edits import Edit
from trajcore.document.fieldedits import ValuePath
from trajcore.document.outline import Outline
from trajcore.document.saving import Job, Saver
from trajcore.errors import BadInput
from trajcore.events.head import Head
from trajcore.formats.base import Files, Layout
from trajcore.formats.eventnames import whole_of
from trajcore.longtext import LongText
from trajcore.runtimes.habits import Habits
from trajcore.storage import Piece, write_atomically

if TYPE_CHECKING:
    from trajcore.dialects.findings import Finding, Repair
    from trajcore.dialects.toolmap import ToolMap
    from trajcore.events.parse import Parsed

__all__ = ["Edit", "Trajectory"]

_T = TypeVar("_T")

_SHOWN: Final = 3
"""So many damaged events are named."""

_ARCHIVE: Final = ".zip"
_LONGEST_NUMBER: Final = 20
"""Digits of the longest id that can be named."""


class Trajectory:
    """An ordered sequence of events. Bytes that no edit touched are written as they were read.

    Each edit is one step of the history. What belongs together (`unit_of`) is inserted around, deleted,
    moved and copied as a whole; ids that are there never change. All edits raise `BadInput`, in words
    that say what to do, where they can't be made, and have then changed nothing.
    """

    def __init__(self, layout: Layout, dialect: Dialect, name: str, path: Path | None = None) -> None:
        """A trajectory over what a format found and a dialect claims.

        Raises `BadInput` when none of it is an event.
        """
        self.name = name
        self.path = path
        self.row: str | None = None
        """Which trajectory of a file with several it is, as it was asked for."""
        self.dialect = dialect
        self.layout = layout
        self._document = Document(layout, name, dialect)
        self._saver = Saver(self._document.body, path)
        self._files = self._saver
        """What is known of the recording's own files, also while this holds a branch of it."""
        self.grown: set[int] = set()
        """The uids of what has happened in a branch and was taken in: what its model did, and was told."""

    @classmethod
    def open(cls, path: Path, row: str | None = None, format: str | None = None) -> Trajectory:
        """Read a file or an event store; `row` picks one of several by number or id.

        `format` names its dialect or its container, where it is not to be found out. A file of a conversation
        that is in several stands for all of it. Raises `BadInput`, naming the file, when it cannot be read or
        is no trajectory, and `RowNeeded`.
        """
        path = whole_of(path)
        made = cls(*recognised(Files(str(path), path), row, format), str(path), path)
        made.row = row
        return made

    @classmethod
    def from_bytes(
        cls, data: bytes, name: str = "trajectory", row: str | None = None, format: str | None = None
    ) -> Trajectory:
        """Read a whole file that is in memory. Raises as `open` does."""
        return cls(*recognised(Files(name, None, data), row, format), name)

    def __len__(self) -> int:
        return len(self._document)

    @property
    def outline(self) -> Outline:
        """Ids, kinds and pairs of the events, by index."""
        return self._document.outline

    @property
    def all_read(self) -> bool:
        """Whether all events have been read; those of a large recording are, when `outline` is asked for."""
        return self._document.events.all_read

    @property
    def beginning(self) -> Outline:
        """The outline of the first events alone, where no more has been read yet; else of all.

        What it says of them is final, but for the answers and the ends of delegations that come later.
        """
        return self._document.beginning

    @property
    def habits(self) -> Habits:
        """How the commands of the recording were run."""
        return self.dialect.habits_of(self._document.records)

    def damage(self, index: int) -> str | None:
        """Where an event breaks that cannot be read, by line and column; None where it can be.

        It is kept byte for byte, has no kind, and is never played.
        """
        return self._document.damage(index)

    def as_stored(self, index: int) -> bytes:
        """What a save writes for an event: its text or, where it is damaged, the bytes that were read."""
        return bytes(self._document.written(index)) if self.damage(index) else self.raw(index)

    @property
    def damaged(self) -> Mapping[int, str]:
        """Where each event breaks that cannot be read, by index."""
        return self._document.damaged

    @property
    def faults(self) -> tuple[str, ...]:
        """What is to be said of the file itself, a line each: what of it is damaged, what is missing."""
        damaged = [f"#{index} ({fault})" for index, fault in self._document.body.damaged.items()]
        more = f" and {len(damaged) - _SHOWN} more" if len(damaged) > _SHOWN else ""
        what = "1 event is" if len(damaged) == 1 else f"{len(damaged)} events are"
        said = f"{what} damaged, kept byte for byte and passed over: {', '.join(damaged[:_SHOWN])}{more}."
        misplaced = [f"{fault}." for fault in self._document.body.misplaced.values()]
        others = f"{len(misplaced) - _SHOWN} more files do not stand where they should."
        listed = [*misplaced[:_SHOWN], *[others] * (len(misplaced) > _SHOWN)]
        return (*(said,) * bool(damaged), *listed, *[f"{self.layout.missing}."] * bool(self.layout.missing))

    def head(self, index: int) -> Head:
        """What a timeline shows of an event."""
        return self._document.head(index)

    def raw(self, index: int) -> bytes:
        """The JSON text of an event: that of its record, or of what a dialect sees in several."""
        return self._document.text(index)

    def data(self, index: int) -> dict[str, Any]:
        """An event as a Python object, a new one at each call."""
        return self._document.data(index)

    def modern(self, index: int) -> dict[str, Any]:
        """As `data`, older spellings brought up to date: arguments are in `args`, details in `extras`."""
        return self.dialect.canonical(self.data(index))

    def skimmed(self, index: int) -> tuple[dict[str, Any], LongText | None]:
        """As `modern`, to be looked at: of a content of many megabytes the beginning, and that content."""
        data, content = self._document.skimmed(index)
        return self.dialect.canonical(data), content

    def own_fields(self, index: int) -> tuple[tuple[str, ...], Mapping[str, Any]]:
        """Where in `data` the fields of an event's kind are, and what they hold in today's spelling."""
        return self.dialect.own_fields(self.data(index))

    def parsed(self, index: int) -> Parsed:
        """An event as a typed model, and what is wrong with it."""
        return self._document.parsed(index)

    def problems(self, index: int) -> tuple[str, ...]:
        """What is wrong with an event."""
        return self._document.problems(index)

    def label(self, index: int) -> str:
        """How an event is called in messages: its id, or `#index` where it has none of its own."""
        return self._document.label(index)

    def index_of(self, id: int) -> int | None:
        """The index of the first event with this id."""
        return self.outline.by_id.get(id)

    def uid(self, index: int) -> int:
        """The number that an event keeps for its life: through edits, moves, deletion and undo."""
        return self._document.events.uid(index)

    @property
    def uids(self) -> Sequence[int]:
        """The uids of all events in their present order, which no later edit changes."""
        uids = self._document.events.uids
        return tuple(uids) if isinstance(uids, list) else uids

    def index_of_uid(self, uid: int) -> int | None:
        """Where the event with a uid is now; None while it is out of the recording."""
        return self._document.events.index_of(uid)

    def by_index(self, by_uid: Mapping[int, _T]) -> dict[int, _T]:
        """What is kept by uid, by the present indices and in the same order; without deleted events."""
        here = self._document.events.index_of
        return {index: value for uid, value in by_uid.items() if (index := here(uid)) is not None}

    def resolve(self, reference: str) -> int:
        """The index of the event that a user named: an id, or `#index`. Raises `BadInput`."""
        if not reference.strip():
            raise BadInput(f"{self.name} has no event without a name: give an id, or #index.")
        named = self.outline.by_name.get(reference.strip())
        if named is not None:
            return named
        number = reference.strip().removeprefix("#")
        if number.isascii() and number.isdigit() and len(number) <= _LONGEST_NUMBER:
            index = int(number) if reference.strip().startswith("#") else self.index_of(int(number))
            if index is not None and index < len(self):
                return index
        raise BadInput(f"{self.name} has no event {reference}.")

    # Branches

    @property
    def own_branches(self) -> Sequence[Branch]:
        """The branches that the recording itself has, where it is a tree; the active one is what is shown."""
        return self.dialect.branches(self._document.records)

    def switch(self, branch: str) -> Edit:
        """Show and play another of them, named by its last event, or how its id begins. Raises `BadInput`."""
        return structure.switch(self._document, branch)

    @property
    def own_name(self) -> str:
        """The last event of its own branch that is shown; empty where it has none."""
        return next((one.name for one in self.own_branches if one.active), "")

    def on_branch(self, branch: str) -> Trajectory:
        """The recording on one of its own branches, apart from this. Raises `BadInput`."""
        other = copy(self)
        other._document = self._document.copied()
        other._saver = Saver(other._document.body, None)
        if structure.own_branch(other._document, branch).name != self.own_name:
            other.switch(branch)
        return other

    @property
    def is_branch(self) -> bool:
        """Whether it holds what followed from a recording, not the recording itself."""
        return self._saver is not self._files

    def branch(self, events: Iterable[Played]) -> tuple[Trajectory, Sequence[int]]:
        """A trajectory of what has happened in a run of this one, which goes on apart from it.

        An event has the same uid in both. Beside it, the uids of what the run added, in order. It is of the
        same recording, and has no file yet. Any thread may make it. Raises `BadInput` where the dialect has
        no words for what was added.
        """
        document, added = runs.document_after(self._document, events)
        other = copy(self)
        other._document, other._saver, other.grown = document, Saver(document.body, None), set(self.grown)
        return other, added

    def as_branch_of(self, recording: Trajectory) -> Trajectory:
        """This trajectory, read from what was kept of a branch, as one of a recording."""
        other = copy(recording)
        other.layout, other.dialect = self.layout, self.dialect
        other._document, other._saver = self._document, Saver(self._document.body, None)
        other.grown = self.grown
        return other

    def hold(self, other: Trajectory) -> Trajectory:
        """Be another branch of the same recording from now on; the answer is what this was."""
        held = copy(self)
        self.layout, self.dialect = other.layout, other.dialect
        self._document, self._saver, self.grown = other._document, other._saver, other.grown
        return held

    def settle(self) -> None:
        """What is there now counts as unedited."""
        self._document.settle()

    def grow(self, event: Mapping[str, Any]) -> Sequence[int]:
        """Take in what has just happened, at the end: no edit. Raises `BadInput`.

        The answer are the uids of what it became in the recording: before an event, which is the last, there
        may come what that cannot be without.
        """
        uids = self._document.grow(event)
        self.grown.update(uids)
        return uids

    def spent(self, use: ModelUse) -> None:
        """Take down what a reply of a live model came to, where the recording keeps that: no edit."""
        self._document.spent(use)

    @property
    def tools(self) -> ToolMap:
        """The tools that a live model can be offered."""
        return self.dialect.tools_in(self._document.records)

    def shrink(self, count: int) -> None:
        """The last events, so many, were taken in too early: they have not happened."""
        last = range(len(self) - count, len(self))
        self.grown.difference_update(map(self.uid, last))
        self._document.shrink(last)

    def say_anew(self, index: int, event: Mapping[str, Any]) -> None:
        """Correct an event that was taken in so. Raises `BadInput`."""
        self._document.say_anew(index, event)

    # Editing an event. An action's copies in the model's tool calls follow it.

    def set_value(self, index: int, path: ValuePath, value: Any) -> Edit:
        """Set one field of an event; a key that is missing is added. Raises `BadInput`."""
        return self.set_values(index, [(path, value)])

    def set_values(self, index: int, values: Sequence[tuple[ValuePath, Any]]) -> Edit:
        """Set several fields of an event, in order. Raises `BadInput`."""
        return fieldedits.set_values(self._document, index, values)

    def set_fields(self, values: Sequence[tuple[int, ValuePath, Any]], label: str) -> Edit:
        """Set fields of several events, each given with its index. Raises `BadInput`."""
        return fieldedits.set_fields(self._document, values, label)

    def unset(self, index: int, path: ValuePath) -> Edit:
        """Remove one field of an event. Raises `BadInput`."""
        return fieldedits.unset(self._document, index, path)

    def replace_event(self, index: int, raw: bytes) -> Edit:
        """Put another JSON object in the place of an event; what is equal in both keeps its bytes.

        Raises `BadInput`, with line and column, where `raw` is no JSON object.
        """
        return fieldedits.replace_event(self._document, index, raw)

    def flip(self, index: int, flag: str) -> Edit:
        """Turn a flag of an action's arguments over. Raises `BadInput` where the event has no such flag."""
        return fieldedits.flip(self._document, index, flag)

    # Editing the sequence

    def unit_of(self, index: int) -> tuple[int, ...]:
        """The events that belong together with one, itself included."""
        return self._document.unit_of(self._document.known(index))

    def legal_place(self, at: int) -> int:
        """The place nearest to `at`, 0 to `len`, where new events separate no unit."""
        return structure.legal_place(self._document, at)

    def insert(self, at: int, events: Sequence[Mapping[str, Any]]) -> Edit:
        """Insert events, so that the first has index `at`, or at the nearest legal place (`Edit.note`).

        They get an id, a time and a source where their neighbours have them and they do not.
        """
        return structure.insert(self._document, at, events)

    def delete(self, indices: Sequence[int]) -> Edit:
        """Delete units. Raises `BadInput` where no event would be left."""
        return structure.delete(self._document, indices)

    def duplicate(self, indices: Sequence[int]) -> Edit:
        """Copy units, behind the last of them, with ids and tool calls of their own."""
        return structure.duplicate(self._document, indices)

    def move(self, indices: Sequence[int], by: int) -> Edit:
        """Move units so many legal places down (up, where negative); such that are apart come together.

        Raises `BadInput` where they are at the end already.
        """
        return structure.move(self._document, indices, by)

    def move_to(self, indices: Sequence[int], before: int) -> Edit:
        """Move units before the event at an index, `len` for the end, or near it (`Edit.note`)."""
        return structure.move_to(self._document, indices, before)

    # History

    @property
    def modified(self) -> bool:
        """Whether there are edits that the file does not have."""
        return self._document.history.modified

    @property
    def edited(self) -> frozenset[int]:
        """The events that differ from the file as it was read: rewritten or new ones."""
        return self._document.events.edited

    def as_read(self, index: int) -> dict[str, Any] | None:
        """An event as it was before its edits; None where it is new, or that is not known."""
        return self._document.as_read(index)

    @property
    def rewritten(self) -> frozenset[int]:
        """Those of the file's events that say something else than they did in it."""
        return frozenset(index for index in self.edited if self._document.events.was_read(index))

    @property
    def history(self) -> Sequence[Edit]:
        """What was done and not undone, first to last."""
        return tuple(self._document.history.done)

    @property
    def undone(self) -> Sequence[Edit]:
        """What was undone and can be done again, the next one to be redone last."""
        return tuple(self._document.history.undone)

    def undo(self) -> Edit | None:
        """Take the last edit back; None when there is none."""
        return self._document.undo()

    def redo(self) -> Edit | None:
        """Make the last undone edit again; None when there is none."""
        return self._document.redo()

    def revert_to(self, length: int) -> list[Edit]:
        """Undo or redo until the history has this length; the answer is what was undone, or redone, in order.

        Raises `BadInput` where it can't have that length.
        """
        if not 0 <= length <= len(self.history) + len(self.undone):
            raise BadInput(f"there are no {length} edits to go to.")
        steps = length - len(self.history)
        found = (self.undo() if steps < 0 else self.redo() for _ in range(abs(steps)))
        return [edit for edit in found if edit is not None]

    def apply_data(self, data: Mapping[str, Any]) -> Edit:
        """Make an edit again from `Edit.to_data`. Raises `BadInput` where it was made on something else."""
        return self._document.made_again(data)

    # Saving

    def texts(self) -> Sequence[msgspec.Raw | bytes]:
        """The JSON texts of all events as they are now, which no later edit changes."""
        if self.dialect.one_to_one:
            return tuple(self._document.records)
        return tuple(self._document.text(index) for index in range(len(self)))

    def checking(self) -> Callable[[], list[Finding]]:
        """A check of the events as they are now, which may run in any thread."""
        from trajcore.dialects.examined import found
        from trajcore.dialects.findings import with_damage

        texts, damaged, missing = self.texts(), self.damaged, self.layout.missing
        misplaced, dialect = self._document.misplaced, self.dialect
        kept, shown = self._document.kept(self._saver.directory), self._document.shown
        events = len(texts)

        def check() -> list[Finding]:
            faults = dialect.examine(kept)
            if faults is None:
                return with_damage(dialect.check(texts), damaged, missing, events, misplaced)
            told = {shown.get(fault.record) for fault in faults if fault.record in kept.damaged}
            others = {at: fault for at, fault in damaged.items() if at not in told}
            own = [*dialect.check(texts), *found(faults, kept, shown)]
            return with_damage(own, others, missing, events)

        return check

    def mend(self, repair: Repair) -> Iterator[Edit]:
        """The edits of a repair that a finding of this state offers, each made when it is asked for.

        Raises `BadInput`.
        """
        from trajcore.dialects.findings import made

        if repair.changes:
            yield self._document.mended(repair.words, repair.changes, follow=repair.follow)
        for step in repair.steps:
            yield made(step, self)

    @property
    def original(self) -> bytes:
        """The bytes that were read, of its only or its first file."""
        return self._document.body.sources[0].data

    def pieces(self, source: int = 0) -> Iterator[bytes | memoryview]:
        """The bytes of one of its files as it would be saved now."""
        return self._document.body.pieces(source)

    def to_bytes(self, source: int = 0) -> bytes:
        """One of its files as it would be saved now; most trajectories have but one."""
        return b"".join(self.pieces(source))

    def as_one_file(self) -> tuple[bytes | memoryview, ...]:
        """The bytes of the one file that holds all of it as it is now, which no later edit changes."""
        return self._saver.whole()

    def save(self, path: str | Path | None = None, *, overwrite: bool = False) -> Path:
        """Write what was edited, each file whole or not at all, and return where.

        Raises `FileChanged` when an opened file is no longer the one that was read, unless `overwrite`
        is given, and `BadInput` where it cannot be written or a directory of events can't keep the order.
        """
        job = self.saving(None if path is None else Path(path), overwrite=overwrite)
        try:
            job.write()
        finally:
            self.saved(job)
        return job.target

    def saving(self, path: Path | None = None, *, overwrite: bool = False) -> Job:
        """A save of the present state: `write` it in any thread, then give it to `saved`.

        Raises as `save` does.
        """
        target = path or self._saver.path
        if target is None:
            which = "branch has no file yet" if self.is_branch else "trajectory came from standard input"
            raise BadInput(f"this {which}: name a file to save it to.")
        job = self._saver.job(target, self.outline.ids, overwrite=overwrite)
        job.edits = self.history
        return job

    def saved(self, job: Job) -> None:
        """Take note of a save that was written, or that failed on the way.

        Saved to another file, the document is that file from then on.
        """
        if self._saver.learn(job):
            self._document.history.mark_saved(job.edits)
            if self._saver.path is not None and not self.is_branch:
                self.path, self.name = self._saver.path, str(self._saver.path)

    def run_file(self, events: Iterable[Played]) -> Iterator[bytes]:
        """The file of a run of this recording, as its dialect writes one.

        Raises `BadInput`, when its bytes are asked for, where the dialect has no words for what was added.
        """
        written = self.dialect.run(events)
        return runs.run_file(self._document, events) if written is None else written

    def run_records(self, events: Iterable[Played]) -> Sequence[Text]:
        """The texts of the records of such a file. Raises as `run_file` does."""
        return runs.run_document(self._document, events).records

    def write_run(self, events: Iterable[Played], path: Path, before: Callable[[], None]) -> Path:
        """Write a run of this recording, and return where; any thread may.

        `before` is called when all is written and is to take the place of what is there; what it raises
        stops that. A recording whose records have files of their own becomes a directory, where no ending of
        a name asks for one file: then nothing may be there yet; `.zip` asks for an archive of that. Raises
        `BadInput` and `FileChanged`.
        """
        if self.keeps_run_at(path):
            document = runs.run_document(self._document, events, path.name)
            job = Saver(document.body, self._files.path).run_job(path)
            job.write()
            return job.target
        pieces: Iterable[Piece] = self.run_file(events)
        if path.suffix == _ARCHIVE and self.keeps_run_at(path.with_suffix("")):
            document = runs.run_document(self._document, events, path.stem)
            pieces = [Saver(document.body, self._files.path).archive(path)]
        write_atomically(path, pieces, before=before)
        return path

    def keeps_run_at(self, path: Path) -> bool:
        """Whether a run that is saved there becomes a directory."""
        store = self._document.body.store
        return store is not None and self.dialect.run(()) is None and store.is_kept_at(path)

    @property
    def needs_name(self) -> bool:
        """Whether it can only be saved to another file: it came from standard input, is packed, or a branch
        that has none.
        """
        return self._saver.path is None or bool(self._saver.packed and not self._saver.is_written_packed)

    @property
    def disk_state(self) -> tuple[int, ...]:
        """What tells the files as they were read, or saved last, from any others."""
        return self._files.state
