"""The shapes in which OpenHands V0 and its tools keep a trajectory in one file.

A list of events; `{"trajectory": [...]}` (the REST answer); rows of JSON Lines with a `history`
(evaluations), whose members are events or, in 2024, pairs of an action and its observation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from trajcore.errors import BadInput
from trajcore.formats.base import Layout, Row, RowNeeded, Source, Span
from trajcore.formats.json.edit import members
from trajcore.formats.json.list import split
from trajcore.formats.json.text import described, loads, text_start

_LISTS: Final = ("trajectory", "history")
_NAMES: Final = {b'"': "a string", b"[": "a list", b"t": "true", b"f": "false", b"n": "null"}


def read(source: Source, row: str | None = None) -> Layout:
    """Find the events of a file. Raises `BadInput` with the place of what is wrong, `RowNeeded`."""
    data, name = source.data, source.name
    start = text_start(data, name)
    first = data[start:].lstrip()[:1]
    if first == b"{":
        begin, end = _list_in(source, start, row)
    elif row is not None:
        raise BadInput(f"{name} holds one trajectory: --row is for files with several.")
    else:
        begin, end = start, None
    try:
        found = split(data, begin, end)
    except ValueError:
        whole = loads(data[start:].decode(), name)
        raise BadInput(
            f"{name} is not a trajectory: expected a list of events, found {described(whole)}."
        ) from None
    if not found:
        raise BadInput(f"{name} holds no events: its list is empty.")
    return _layout(source, found, data.index(b"[", begin) + 1)


def rows(source: Source) -> list[Row]:
    """The rows of a JSON Lines file. Raises `BadInput`, naming the line, for what is no such file."""
    found: list[Row] = []
    at = text_start(source.data, source.name)
    for number, line in enumerate(source.data[at:].splitlines(keepends=True), 1):
        if line.strip():
            head = _row_head(line, number, source.name)
            found.append(Row(len(found), str(head.instance_id or head.id or ""), at, at + len(line)))
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


def _list_in(source: Source, start: int, row: str | None) -> tuple[int, int]:
    """The span of the list of events in a file that begins with an object."""
    data, name = source.data, source.name
    lines = [line for line in data[start:].splitlines() if line.strip()]
    if len(lines) > 1 and lines[0].rstrip().endswith(b"}"):
        begin, end = _picked(source, row)
    elif row not in (None, "0"):
        raise BadInput(f"{name} holds one trajectory, which is row 0.")
    else:
        begin, end = start, len(data)
    text = data[begin:end].decode()
    line = data.count(b"\n", 0, begin) + 1
    value = loads(text, name, first_line=line)
    key = next((key for key in _LISTS if isinstance(value.get(key), list)), None)
    if key is None:
        raise BadInput(f"{name} is not a trajectory: expected a list of events, found {described(value)}.")
    inside = next(member for member in reversed(list(members(text))) if member.key == key)
    return begin + len(text[: inside.value].encode()), begin + len(text[: inside.end].encode())


def _picked(source: Source, row: str | None) -> tuple[int, int]:
    found = rows(source)
    if row is None:
        if len(found) > 1:
            raise RowNeeded(source.name, found)
        return found[0].begin, found[0].end
    for candidate in found:
        if row == candidate.id or (row.isascii() and row.isdigit() and int(row) == candidate.number):
            return candidate.begin, candidate.end
    raise BadInput(f"{source.name} has no row {row!r}: rows are 0 to {len(found) - 1}, or named by their id.")


def _layout(source: Source, found: list[tuple[msgspec.Raw, int, int]], opening: int) -> Layout:
    events, spans = [], []
    for number, (raw, begin, end) in enumerate(found):
        for event, at, until in _events_of(source, number, raw, begin, end):
            events.append(event)
            spans.append(Span(0, at, until))
    return Layout((source,), events, spans, opening, paired=len(found) != len(events) or _is_paired(found))


def _is_paired(found: list[tuple[msgspec.Raw, int, int]]) -> bool:
    return any(bytes(memoryview(raw)[:1]) == b"[" for raw, _, _ in found)


def _events_of(
    source: Source, number: int, raw: msgspec.Raw, begin: int, end: int
) -> Iterator[tuple[msgspec.Raw, int, int]]:
    """The events of one member of the list: itself, or the two sides of a pair."""
    first = source.data[begin : begin + 1]
    if first == b"[":
        for side, at, until in split(source.data, begin, end):
            if source.data[at : at + 1] == b"{":
                yield side, at, until
            elif source.data[at:until] != b"null":
                raise _no_object(source, number, at)
    elif first == b"{":
        yield raw, begin, end
    else:
        raise _no_object(source, number, begin)


def _no_object(source: Source, number: int, begin: int) -> BadInput:
    found = _NAMES.get(source.data[begin : begin + 1], "a number")
    line = source.data.count(b"\n", 0, begin) + 1
    where = f"event #{number} (line {line})"
    return BadInput(f"{source.name} is not a trajectory: {where} is {found}, not an object.")
