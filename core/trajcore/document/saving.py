"""Writing a document to its files: what is touched, in place or elsewhere, never over another's work.

A save has three steps, so that the middle one can be done in a thread while editing goes on: `Saver.job`
takes down what is to be written, `Job.write` writes it, `Saver.learn` remembers what is on disk then.
"""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from trajcore.document.body import Body
from trajcore.document.edits import Edit
from trajcore.document.zipped import repacked
from trajcore.errors import BadInput, FileChanged, in_words
from trajcore.formats.base import Store
from trajcore.formats.lists import Lists
from trajcore.reading import read_file, recording_bytes
from trajcore.storage import Identity, Piece, identity, write_atomically

Progress = Callable[[int, int], None]
"""Is told how many bytes of how many are written."""


class Output(Struct, frozen=True):
    """A file to be written: its bytes, and the record in it where each has a file of its own.

    `expected` is what the file must still be on disk; None where that is of no matter. `behind` is the
    file itself, where `path` was a link to it when it was opened.
    """

    path: Path
    pieces: Sequence[Piece]
    record: msgspec.Raw | bytes | None = None
    expected: tuple[Identity | None] | None = None
    behind: Path | None = None


class Job(Struct):
    """One save of the document as it was when the job was made, whatever is edited since."""

    target: Path
    outputs: Sequence[Output]
    gone: Sequence[Path] = ()
    """Files to be removed when all others are written."""
    aside: Mapping[str, bytes] = field(default_factory=dict)
    """What is kept of files that are gone, by the names that it has below the directory."""
    in_place: bool = True
    edits: Sequence[Edit] = ()
    """What had been done when the job was made."""
    written: dict[Path, Identity | None] = field(default_factory=dict)
    removed: list[Path] = field(default_factory=list)
    archived: Sequence[str] = ()
    """The files of the recording in the archive that it is."""
    complete: bool = False

    def write(self, progress: Progress | None = None) -> None:
        """Write it, in any thread. Raises `FileChanged` and `BadInput`; each file is whole then too.

        A crash in between leaves every file whole, and no record lost that was to stay.
        """
        total = sum(len(piece) for output in self.outputs for piece in output.pieces)
        before = 0
        for output in self.outputs:
            _check(output.path, output.expected)
        for output in self.outputs:
            if not self.in_place and len(self.outputs) > 1:
                output.path.parent.mkdir(parents=True, exist_ok=True)
            told = None if progress is None else _counted(progress, before, total)
            self.written[output.path] = write_atomically(
                output.behind or output.path, output.pieces, before=_checking(output), progress=told
            )
            before += sum(map(len, output.pieces))
        for name, data in self.aside.items():
            _keep(self.target / name, data)
        for path in reversed(self.gone):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise BadInput(f"{path} cannot be removed: {in_words(error)}.") from None
            self.removed.append(path)
        self.complete = True


class Saver:
    """Remembers what is on disk, to write only what differs and to notice what somebody else wrote."""

    def __init__(self, body: Body, path: Path | None) -> None:
        self._body = body
        self.path = path
        self._behind = Path(os.path.realpath(path)) if path is not None and os.path.islink(path) else None
        """The file itself, where a link to it was opened; wherever that leads by now, it is saved there."""
        self._is_store = body.is_store
        self.packed = body.sources[0].packed
        """How the file is packed; empty where it is not."""
        self._archived: Sequence[str] = ()
        """The files of the recording in its archive, once that was written; before, those that were read."""
        self._has_moved = False
        """Whether it was saved elsewhere, where its files name it by another directory."""
        self._on_disk: dict[Path, Identity | None] = {
            source.path: source.known or identity(source.path) for source in body.sources if source.path
        }
        self._filed: dict[Path, msgspec.Raw | bytes] = {
            source.path: record
            for source, record in zip(body.sources, body.records if body.is_store else (), strict=False)
            if source.path
        }
        """For a store, the record that each of its files holds."""

    @property
    def directory(self) -> str:
        """The directory that is saved to, as it is really called; empty where that is none."""
        return os.path.realpath(self.path) if self.path is not None and os.path.isdir(self.path) else ""

    @property
    def state(self) -> tuple[int, ...]:
        """What tells the files that were read, or written last, from any others.

        The last number is where in its file the records begin.
        """
        opening = self._body.opening if self._is_store == self._body.is_store else 1
        if len(self._on_disk) == 1:
            return *(next(iter(self._on_disk.values())) or (0, 0, 0)), opening
        known = sorted((str(path), found) for path, found in self._on_disk.items())
        return len(known), zlib.crc32(repr(known).encode()), 0, opening

    @property
    def is_written_packed(self) -> bool:
        """Whether what is packed is saved in its own place: files in a zip are, nothing else is."""
        return self.packed == "zip" and self._is_store

    @property
    def changed(self) -> Path | None:
        """A file that is no longer the one that was read, or written last."""
        return next((path for path, known in self._on_disk.items() if identity(path) != known), None)

    def job(self, target: Path, numbers: Sequence[int | None], *, overwrite: bool) -> Job:
        """What a save has to do. Raises `FileChanged` and `BadInput`.

        `numbers` names the new records of a store, by the index of each.
        """
        if not self._is_own(target):
            store = self._body.store if self._is_store else None
            if store is not None and store.is_kept_at(target):
                return Job(target, self._elsewhere(store, target, numbers), in_place=False)
            there = None if overwrite else (identity(target),)
            if store is not None and target.suffix.lower() == ".zip":
                output = Output(target, (self.archive(target),), None, there)
                names = tuple(map(store.at_home, self._named(numbers)))
                return Job(target, [output], in_place=False, archived=names)
            return Job(target, [Output(target, self.whole(), None, there)], in_place=False)
        if self.is_written_packed:
            return self._zip_job(target, numbers, overwrite=overwrite)
        if self.packed:
            raise BadInput(f"{self.path} is packed ({self.packed}): name another file to save it to.")
        if self._is_store:
            return self._store_job(numbers, overwrite=overwrite)
        path = self.path or target
        expected = self._expected(path, overwrite=overwrite)
        return Job(path, [Output(path, self.whole(), None, expected, self._behind)])

    def archive(self, target: Path) -> bytes:
        """A store as a zip of the directory that its program keeps it in. Raises `BadInput`."""
        store = self._body.store
        assert store is not None
        top = store.home(target.with_suffix(""), self._body.records[0]) or target.stem
        place, made = Path(top), io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
            for output in self._elsewhere(store, place, []):
                named = _named_by(store.at_home, place, output)
                packed.writestr(named.path.as_posix(), b"".join(map(bytes, named.pieces)))
        return made.getvalue()

    def run_job(self, target: Path) -> Job:
        """A save of a store as a recording of its own, where its program finds it. Raises `BadInput`.

        The other files of the recording go along.
        """
        store = self._body.store
        assert store is not None
        place = target / store.home(target, self._body.records[0])
        try:
            taken = os.path.islink(place) or (os.path.lexists(place) and any(place.iterdir()))
        except OSError as error:
            raise BadInput(f"{place} cannot be written: {in_words(error)}.") from None
        if taken:
            raise BadInput(f"{place} is there already: name another directory to save the run in.")
        outputs = self._elsewhere(store, place, [])
        return Job(place, [_named_by(store.at_home, place, own) for own in outputs], in_place=False)

    def whole(self) -> tuple[Piece, ...]:
        """The bytes of one file that holds the whole document as it is now."""
        body = self._body
        return tuple(Lists().write(body.all_written()) if body.is_store else body.pieces())

    def learn(self, job: Job) -> bool:
        """Remember what a job has written; whether the document is saved with it.

        Saved to another file, that is the document's own from then on; a pipe or a device is no such file.
        """
        if job.in_place:
            self._on_disk.update(job.written)
            self._archived = job.archived if job.complete else self._archived
            for output in job.outputs:
                if output.path in job.written and output.record is not None:
                    self._filed[output.path] = output.record
            for path in job.removed:
                self._filed.pop(path, None)
                self._on_disk.pop(path, None)
            return job.complete
        if not job.complete or not (os.path.isfile(job.target) or len(job.outputs) > 1):
            return False
        self.path, self._behind, self._has_moved = job.target, None, True
        self._filed = {output.path: output.record for output in job.outputs if output.record is not None}
        self._is_store = bool(self._filed or job.archived)
        self._archived, self.packed = job.archived, "zip" if job.archived else ""
        self._on_disk = dict(job.written)
        return True

    def _is_own(self, target: Path) -> bool:
        if self.path is None or target == self.path:
            return target == self.path
        try:
            return target.samefile(self.path)
        except OSError:
            return False

    def _store_job(self, numbers: Sequence[int | None], *, overwrite: bool) -> Job:
        store, directory = self._body.store, self.path
        assert store is not None
        assert directory is not None
        owner = "" if overwrite else store.owner(directory)
        if owner:
            raise FileChanged(f"{directory} is being written by {owner}.")
        wanted = {directory / name: index for name, index in self._named(numbers).items()}
        gone = [path for path in self._filed if path not in wanted]
        if not overwrite:
            for path in gone:
                _check(path, (self._on_disk.get(path),))
        outputs = [
            Output(
                path,
                self._in_file(store, directory, path.relative_to(directory).as_posix(), index),
                self._body.records[index],
                self._expected(path, overwrite=overwrite),
            )
            for path, index in wanted.items()
            if self._differs(path, index)
        ]
        renamed = gone or any(output.path not in self._filed for output in outputs)
        stale = store.stale(directory) if renamed else ()
        return Job(directory, outputs, [*gone, *stale], dict(self._body.aside()) if gone else {})

    def _zip_job(self, path: Path, numbers: Sequence[int | None], *, overwrite: bool) -> Job:
        store = self._body.store
        assert store is not None
        expected = self._expected(path, overwrite=overwrite)
        if expected is not None:
            _check(path, expected)
        now = {name: self._filed_bytes(at) for name, at in self._named(numbers).items()}
        now.update(self._body.aside())
        if self._has_moved:
            now = {store.at_home(name): data for name, data in now.items()}
        data = repacked(read_file(path, recording_bytes()), self._archived or store.names, now)
        return Job(path, [Output(path, (data,), None, expected, self._behind)], archived=tuple(now))

    def _elsewhere(self, store: Store, target: Path, numbers: Sequence[int | None]) -> list[Output]:
        """The files of a store in another directory, where none of them may be yet, and what goes along."""
        free = (None,)
        own = [
            Output(
                target / name,
                (store.at_place(target, name, self._filed_bytes(index)),),
                self._body.records[index],
                free,
            )
            for name, index in self._named(numbers).items()
        ]
        source = self.path
        beside = () if source is None or not os.path.isdir(source) else store.beside(source)
        others = [(name, read_file(source / name, recording_bytes())) for name in beside if source]
        others += [one for one in self._body.aside() if one[0] not in dict(others)]
        placed = ((name, store.at_place(target, name, data)) for name, data in others)
        return [*own, *(Output(target / name, (data,), None, free) for name, data in placed)]

    def _in_file(self, store: Store, directory: Path, name: str, index: int) -> tuple[Piece, ...]:
        if not self._has_moved:
            return tuple(self._body.filed(index))
        return (store.at_place(directory, name, self._filed_bytes(index)),)

    def _filed_bytes(self, index: int) -> bytes:
        return b"".join(map(bytes, self._body.filed(index)))

    def _expected(self, path: Path, *, overwrite: bool) -> tuple[Identity | None] | None:
        return None if overwrite else (self._on_disk.get(path),)

    def _differs(self, path: Path, index: int) -> bool:
        held, record = self._filed.get(path), self._body.records[index]
        return held is None or (held is not record and bytes(held) != bytes(record))

    def _named(self, numbers: Sequence[int | None]) -> dict[str, int]:
        """The file of each record. Raises `BadInput` where their names would not keep the events in order."""
        body, store = self._body, self._body.store
        assert store is not None
        known = len(numbers)
        members = [body.member(at, numbers[at] if at < known else None) for at in range(len(body))]
        return {name: index for index, name in enumerate(store.named(members))}


def _named_by(naming: Callable[[str], str], directory: Path, output: Output) -> Output:
    """An output of a directory under another name in it."""
    return replace(output, path=directory / naming(output.path.relative_to(directory).as_posix()))


def _keep(path: Path, data: bytes) -> None:
    """Write a file where none is that holds anything else."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number = 1
    named = path
    while os.path.lexists(named):
        if os.path.isfile(named) and read_file(named, recording_bytes()) == data:
            return
        number += 1
        named = path.with_name(f"{path.name}.{number}")
    write_atomically(named, (data,))
    named.chmod(0o600)  # as OpenHands writes its own: it may hold secrets


def _checking(output: Output) -> Callable[[], None] | None:
    return None if output.expected is None else lambda: _check(output.path, output.expected)


def _check(path: Path, expected: tuple[Identity | None] | None) -> None:
    if expected is not None and identity(path) != expected[0]:
        raise FileChanged(f"{path} has changed on disk since it was opened.")


def _counted(progress: Progress, before: int, total: int) -> Callable[[int], None]:
    return lambda done: progress(before + done, total)
