"""JSON Lines of objects, each of which holds a list of records: what evaluations write."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

import msgspec

from trajcore.errors import BadInput
from trajcore.formats.base import FileRow, Files, Layout, RowNeeded, faults_of, picked
from trajcore.formats.json.damaged import keys_before_break, text_before_break
from trajcore.formats.json.text import described, in_words, is_cut_off
from trajcore.formats.lists import Lists, layout, list_in


class Rows:
    """`{…, "history": […]}`, a trajectory on each line."""

    name: Final = "rows"

    def records(self, files: Files, row: str | None) -> Iterator[Layout]:
        """The records of the row that was picked. Raises `RowNeeded`, and `BadInput` naming the line."""
        if files.directory is not None or not files.has_lines:
            return
        found, name = _rows(files), files.source.name
        if row is None and all(one.fault for one in found):
            raise BadInput(f"{name} holds no trajectory.{faults_of(found)}")
        objects = [one for one in found if files.source.data[one.begin : one.end].lstrip()[:1] == b"{"]
        if row is None and objects == found[:1] and len(found) > 1:
            # No line but the first is even the beginning of a row: it is one object, and a log behind it.
            inside = list_in(files.source, found[0].begin, found[0].end)
            behind = f"line {found[1].line}, column 1: text stands behind the object"
            yield replace(layout(self.name, files.source, *inside), missing=behind)
            return
        if row is None and len(found) > 1:
            raise RowNeeded(name, found)
        one = picked(name, found, row or "0")
        yield layout(self.name, files.source, *list_in(files.source, one.begin, one.end))

    def write(self, records: Iterable[bytes | memoryview]) -> Iterator[bytes | memoryview]:
        """One trajectory alone is a list."""
        return Lists().write(records)


def _rows(files: Files) -> list[FileRow]:
    found: list[FileRow] = []
    at = files.start
    for line_number, line in enumerate(files.source.data[at:].splitlines(keepends=True), 1):
        if line.strip():
            found.append(_row(line, len(found), line_number, at, is_utf8=files.is_utf8))
        at += len(line)
    return found


_NOTHING: Final = msgspec.Raw(b"null")


class _Head(msgspec.Struct):
    instance_id: str | int | None = None
    id: str | int | None = None
    error: msgspec.Raw = _NOTHING
    trajectory: msgspec.Raw = _NOTHING
    history: msgspec.Raw = _NOTHING


_decoder: Final = msgspec.json.Decoder(_Head)
_IDS: Final = ("instance_id", "id")
_ERROR_LENGTH: Final = 200


def _row(line: bytes, number: int, line_number: int, at: int, *, is_utf8: bool) -> FileRow:
    end = at + len(line)
    try:
        head = _decoder.decode(line if is_utf8 else line.decode())
        ids: list[object] = [head.instance_id, head.id]
        failure = _failure(head)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        try:
            value = json.loads(line, parse_int=str)
        except (ValueError, RecursionError) as error:
            return FileRow(number, _id_before_break(line), at, end, line_number, _fault(error, line))
        if not isinstance(value, dict):
            return FileRow(number, "", at, end, line_number, f"it is {described(value)}")
        ids, failure = [value.get(key) for key in _IDS], ""
    id = next((str(id) for id in ids if isinstance(id, str | int) and id != ""), "")
    return FileRow(number, id, at, end, line_number, "", failure)


def _failure(head: _Head) -> str:
    """Why a row holds no trajectory, where its run says that it failed, or that there was none."""
    if any(bytes(found) not in (b"null", b"[]") for found in (head.trajectory, head.history)):
        return ""
    error: Any = msgspec.json.decode(head.error)
    if isinstance(error, str) and error.strip():
        said = " ".join(error.split())
        return f"a failed row, without a history: {said[:_ERROR_LENGTH]}" + "…" * (len(said) > _ERROR_LENGTH)
    if any(found is not _NOTHING for found in (head.trajectory, head.history)):
        return "a failed row: its history is empty"
    return "" if head.instance_id is None else "a failed row, without a history"


def _id_before_break(line: bytes) -> str:
    text = line.decode("latin-1")
    found = {key: text_before_break(text, at) for key, at in keys_before_break(text) if key in _IDS}
    id = next((found[key] for key in _IDS if found.get(key)), None) or ""
    return id.encode("latin-1", "replace").decode("utf-8", "replace")


def _fault(error: Exception, line: bytes) -> str:
    """Where a line breaks."""
    if isinstance(error, json.JSONDecodeError):
        text = line.decode("utf-8", "replace").rstrip()
        column = len(text) + 1 if is_cut_off(error, text) else error.colno
        return f"column {column}: {in_words(error, text, 'the line')}"
    if isinstance(error, UnicodeDecodeError):
        column = len(line[: error.start].decode("utf-8", "replace")) + 1
        return f"column {column}: no UTF-8, {error.reason}"
    return "it is nested too deeply"
