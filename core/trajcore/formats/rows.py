"""JSON Lines of objects, each of which holds a list of records: what evaluations write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from trajcore.errors import BadInput
from trajcore.formats.base import FileRow, Files, Layout, RowNeeded, Source
from trajcore.formats.json.text import described, loads
from trajcore.formats.lists import Lists, are_rows, layout, list_in


class Rows:
    """`{…, "history": […]}`, a trajectory on each line."""

    name: Final = "rows"

    def records(self, files: Files, row: str | None) -> Iterator[Layout]:
        """The records of the row that was picked. Raises `RowNeeded`, and `BadInput` naming the line."""
        if files.directory is None and are_rows(files):
            picked = _picked(files, row)
            span = list_in(files.source, picked.begin, picked.end)
            yield layout(self.name, files.source, *span)

    def write(self, records: Iterable[bytes | memoryview]) -> Iterator[bytes | memoryview]:
        """One trajectory alone is a list."""
        return Lists().write(records)


def rows(source: Source) -> list[FileRow]:
    """The rows of a JSON Lines file. Raises `BadInput`, naming the line, for what is no such file."""
    return _rows(Files(source.name, source.path, source.data))


def _rows(files: Files) -> list[FileRow]:
    found: list[FileRow] = []
    source, at = files.source, files.begin
    for number, line in enumerate(source.data[at:].splitlines(keepends=True), 1):
        if line.strip():
            head = _row_head(line, number, source.name)
            found.append(FileRow(len(found), str(head.instance_id or head.id or ""), at, at + len(line)))
        at += len(line)
    return found


class _RowHead(msgspec.Struct):
    instance_id: str | int | None = None
    id: str | int | None = None


def _row_head(line: bytes, number: int, name: str) -> _RowHead:
    try:
        return msgspec.json.decode(line, type=_RowHead)
    except (msgspec.DecodeError, RecursionError):
        value = loads(line.rstrip().decode(), name, first_line=number)
        if not isinstance(value, dict):
            raise BadInput(f"{name} is not a trajectory: line {number} is {described(value)}.") from None
        return _RowHead()


def _picked(files: Files, row: str | None) -> FileRow:
    found = _rows(files)
    name = files.source.name
    if row is None:
        if len(found) > 1:
            raise RowNeeded(name, found)
        return found[0]
    for candidate in found:
        if row == candidate.id or (row.isascii() and row.isdigit() and int(row) == candidate.number):
            return candidate
    raise BadInput(f"{name} has no row {row!r}: rows are 0 to {len(found) - 1}, or named by their id.")
