"""A JSON list of records, as a whole file or inside an object.

A member of the list is a record or, in rows of 2024, a pair of them: an action and its observation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Final, overload

import msgspec

from trajcore.errors import BadInput
from trajcore.formats.base import Files, Layout, Source, Span
from trajcore.formats.json.edit import members
from trajcore.formats.json.list import spans, split
from trajcore.formats.json.text import described, loads

LISTS: Final = ("trajectory", "history")
"""The keys under which an object holds its records, the first that is there."""

_NAMES: Final = {b'"': "a string", b"[": "a list", b"t": "true", b"f": "false", b"n": "null"}


class Lists:
    """`[…]`, and `{"trajectory": […]}` (the answer of OpenHands' REST interface)."""

    name: Final = "list"

    def records(self, files: Files, row: str | None) -> Iterator[Layout]:
        """The records of the list. Raises `BadInput` with the place of what is wrong."""
        if files.directory is not None or are_rows(files):
            return
        source, begin = files.source, files.begin
        if files.first != b"{":
            if row is not None:
                raise BadInput(f"{source.name} holds one trajectory: --row is for files with several.")
            yield layout(self.name, source, begin, None)
            return
        if row not in (None, "0"):
            raise BadInput(f"{source.name} holds one trajectory, which is row 0.")
        yield layout(self.name, source, *list_in(source, begin, len(source.data)))

    def write(self, records: Iterable[bytes | memoryview]) -> Iterator[bytes | memoryview]:
        """One list, its records as they are written, one below the other."""
        for index, record in enumerate(records):
            yield b",\n" if index else b"[\n"
            yield record
        yield b"\n]\n"


def are_rows(files: Files) -> bool:
    """Whether a file is JSON Lines of objects, several of them. Raises `BadInput` as `Files.begin` does."""
    if files.first != b"{":
        return False
    lines = [line for line in files.source.data[files.begin :].splitlines() if line.strip()]
    return len(lines) > 1 and lines[0].rstrip().endswith(b"}")


def list_in(source: Source, begin: int, end: int) -> tuple[int, int]:
    """The span of the list of records inside an object. Raises `BadInput` where there is none."""
    data, name = source.data, source.name
    text = data[begin:end].decode()
    line = data.count(b"\n", 0, begin) + 1
    value = loads(text, name, first_line=line)
    key = next((key for key in LISTS if isinstance(value.get(key), list)), None)
    if key is None:
        raise BadInput(f"{name} is not a trajectory: expected a list of events, found {described(value)}.")
    inside = next(member for member in reversed(list(members(text))) if member.key == key)
    return begin + len(text[: inside.value].encode()), begin + len(text[: inside.end].encode())


def layout(format: str, source: Source, begin: int, end: int | None) -> Layout:
    """The records of the list that begins at a byte. Raises `BadInput` for what is no list of objects."""
    data, name = source.data, source.name
    try:
        found = split(data, begin, end)
    except ValueError:
        whole = loads(data[begin:].decode(), name)
        raise BadInput(
            f"{name} is not a trajectory: expected a list of events, found {described(whole)}."
        ) from None
    if not found:
        raise BadInput(f"{name} holds no events: its list is empty.")
    opening = data.index(b"[", begin) + 1
    if {memoryview(raw)[0] for raw in found} == {ord("{")}:
        return Layout(format, (source,), found, _Spans(data, begin, found), opening)
    return _of_members(format, source, found, spans(data, begin, found), opening)


class _Spans(Sequence[Span]):
    """Where the records of a list are, each a member of it: found out when one is edited or saved."""

    def __init__(self, data: bytes, begin: int, records: Sequence[msgspec.Raw]) -> None:
        self._list = data, begin, records

    @cached_property
    def _found(self) -> list[Span]:
        return [Span(0, at, until) for at, until in spans(*self._list)]

    def __len__(self) -> int:
        return len(self._list[2])

    @overload
    def __getitem__(self, index: int) -> Span: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Span]: ...
    def __getitem__(self, index: int | slice) -> Span | Sequence[Span]:
        return self._found[index]


def _of_members(
    format: str,
    source: Source,
    found: Sequence[msgspec.Raw],
    places: Iterable[tuple[int, int]],
    opening: int,
) -> Layout:
    """The records of a list of which not every member is one."""
    records, placed, paired = [], [], False
    for number, (raw, (begin, end)) in enumerate(zip(found, places, strict=True)):
        paired = paired or source.data[begin : begin + 1] == b"["
        for record, at, until in _records_of(source, number, raw, begin, end):
            records.append(record)
            placed.append(Span(0, at, until))
    return Layout(format, (source,), records, placed, opening, paired)


def _records_of(
    source: Source, number: int, raw: msgspec.Raw, begin: int, end: int
) -> Iterator[tuple[msgspec.Raw, int, int]]:
    """The records of one member of the list: itself, or the two sides of a pair."""
    first = source.data[begin : begin + 1]
    if first == b"[":
        sides = split(source.data, begin, end)
        for side, (at, until) in zip(sides, spans(source.data, begin, sides), strict=True):
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
