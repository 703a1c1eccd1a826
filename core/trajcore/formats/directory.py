"""A directory with one file for each record, named by a number: OpenHands' event store."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from trajcore.errors import BadInput
from trajcore.formats.base import DAMAGED, Files, Layout, Member, Source, Span, read_source
from trajcore.formats.json.text import described, loads, text_start
from trajcore.formats.lists import Lists
from trajcore.reading import recording_bytes

_BLANK: Final = b" \t\r\n"


class Numbered:
    """Files that are called by the ids of their events, which so are in the order of these."""

    def __init__(self, directory: Path, files: Sequence[Path]) -> None:
        self._directory = directory
        self._inside = files[0].parent.relative_to(directory)
        self.names: Sequence[str] = [path.relative_to(directory).as_posix() for path in files]
        self.last_number: int = max(int(path.stem) for path in files)

    def named(self, members: Sequence[Member]) -> list[str]:
        """A new record goes by its id. Raises `BadInput` where that is no number between its neighbours'."""
        named: list[str] = []
        last = -1
        for member in members:
            read = member.source is not None
            name = self.names[member.source] if member.source is not None else f"{member.number}.json"
            stem = Path(name).stem
            if not stem.isdigit() or int(stem) <= last:
                raise BadInput(
                    f"{self._directory} keeps its events in the order of their ids: an event that was moved, "
                    "or inserted in the middle, has no place there. Save it as one file instead (save as)."
                )
            named.append(name if read else (self._inside / name).as_posix())
            last = int(stem)
        return named

    def is_kept_at(self, target: Path) -> bool:
        """Elsewhere its events are a list."""
        return False

    def home(self, target: Path, first: msgspec.Raw | bytes) -> str:
        """In the directory itself."""
        return ""

    def at_home(self, name: str) -> str:
        """As it was."""
        return name

    def at_place(self, target: Path, name: str, data: bytes) -> bytes:
        """Nothing names the directory."""
        return data

    def beside(self, directory: Path) -> Sequence[str]:
        """Nothing goes along."""
        return ()

    def stale(self, directory: Path) -> Sequence[Path]:
        """No file tells anything of the others."""
        return ()

    def aside(self, source: int, *, damaged: bool) -> str:
        """Nothing is."""
        return ""

    def owner(self, directory: Path) -> str:
        """Nobody says so."""
        return ""


class Directory:
    """`0.json`, `1.json`, …, in the directory itself or in its `events`."""

    name: Final = "directory"

    def records(self, files: Files, row: str | None) -> Iterator[Layout]:
        """The records of a directory, damaged files among them. Raises `BadInput` where none is whole."""
        directory = files.directory
        if directory is None:
            return
        if row is not None:
            raise BadInput(f"{directory} is a directory: --row is for files with several trajectories.")
        found = _record_files(directory)
        if not found:
            raise BadInput(f"{directory} is a directory with no events in it: expected files like 0.json.")
        sources, records, spans = [], [], []
        damaged: dict[int, str] = {}
        left = recording_bytes()
        for number, path in enumerate(found):
            source = read_source(path, left)
            left -= len(source.data)
            sources.append(source)
            try:
                span = record_span(source)
            except BadInput as error:
                damaged[number] = str(error).removesuffix(".")
                span = 0, len(source.data)
            records.append(DAMAGED if number in damaged else msgspec.Raw(source.data[slice(*span)]))
            spans.append(Span(number, *span))
        if len(damaged) == len(records):
            raise BadInput(f"{damaged[0]}.")
        yield Layout(self.name, sources, records, spans, damaged=damaged, store=Numbered(directory, found))

    def write(self, records: Iterable[bytes | memoryview]) -> Iterator[bytes | memoryview]:
        """In one file its records are a list."""
        return Lists().write(records)


def _record_files(directory: Path) -> list[Path]:
    inside = directory / "events"
    place = inside if os.path.isdir(inside) else directory
    files = [path for path in place.glob("*.json") if path.stem.isascii() and path.stem.isdigit()]
    return sorted(files, key=lambda path: int(path.stem))


def record_span(source: Source) -> tuple[int, int]:
    """Where the object of a file is. Raises `BadInput`, which says where it breaks."""
    start = text_start(source.data, source.name)
    value = loads(source.data[start:].decode(), source.name)
    if not isinstance(value, dict):
        raise BadInput(f"{source.name} is no event: expected an object, found {described(value)}.")
    end = len(source.data.rstrip(_BLANK))
    return start + len(source.data[start:]) - len(source.data[start:].lstrip(_BLANK)), end
