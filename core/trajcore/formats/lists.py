"""A JSON list of records, as a whole file or inside an object.

A member of the list is a record or, in rows of 2024, a pair of them: an action and its observation. One
that is damaged is a record that cannot be read, and a list that was cut off has those up to the cut. Text
behind a whole list is no part of it, and is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Final, overload

import msgspec

from trajcore.errors import BadInput
from trajcore.formats.base import DAMAGED, Files, Layout, Source, Span
from trajcore.formats.json.damaged import Part, keys_before_break, object_fault, place, salvaged
from trajcore.formats.json.edit import members
from trajcore.formats.json.list import spans, split
from trajcore.formats.json.text import described, encoding_fault, loads, text_start

LISTS: Final = ("trajectory", "history")
"""The keys under which an object holds its records, the first that is there."""

_TEXT: Final = re.compile(rb"[^ \t\r\n]")
_NAMES: Final = {b'"': "a string", b"[": "a list", b"t": "true", b"f": "false", b"n": "null"}


class Lists:
    """`[…]`, and `{"trajectory": […]}` (the answer of OpenHands' REST interface)."""

    name: Final = "list"

    def records(self, files: Files, row: str | None) -> Iterator[Layout]:
        """The records of the list. Raises `BadInput`, which says where it breaks, where none is whole."""
        if files.directory is not None or files.has_lines:
            return
        source, begin = files.source, files.start
        if files.first != b"{":
            if row is not None:
                raise BadInput(f"{source.name} holds one trajectory: --row is for files with several.")
            yield layout(self.name, source, begin, None)
            return
        if row not in (None, "0"):
            raise BadInput(f"{source.name} holds one trajectory, which is row 0.")
        inside = list_in(source, begin, len(source.data))
        found = replace(layout(self.name, source, *inside), holder=(begin, len(source.data)))
        broken = inside[1] == len(source.data) and not found.missing and not found.damaged
        yield replace(found, missing=object_fault(source.data, begin)) if broken else found

    def write(self, records: Iterable[bytes | memoryview]) -> Iterator[bytes | memoryview]:
        """One list, its records as they are written, one below the other."""
        for index, record in enumerate(records):
            yield b",\n" if index else b"[\n"
            yield record
        yield b"\n]\n"


def list_in(source: Source, begin: int, end: int, keys: Sequence[str] = LISTS) -> tuple[int, int]:
    """The span of the list that an object holds under one of some keys, up to the end of what is no JSON.

    Raises `BadInput` where there is none.
    """
    data, name = source.data, source.name
    try:
        text = data[begin:end].decode()
        value = loads(text, name, first_line=data.count(b"\n", 0, begin) + 1)
    except (BadInput, UnicodeDecodeError):
        broken = data[begin:end].decode("latin-1")
        at = next((at for key, at in keys_before_break(broken) if key in keys and broken[at] == "["), None)
        if at is not None:
            return begin + at, end
        text_start(data, name)
        raise
    key = next((key for key in keys if isinstance(value.get(key), list)), None)
    if key is None:
        raise BadInput(f"{name} is not a trajectory: expected a list of events, found {described(value)}.")
    inside = next(member for member in reversed(list(members(text))) if member.key == key)
    return begin + len(text[: inside.value].encode()), begin + len(text[: inside.end].encode())


def layout(format: str, source: Source, begin: int, end: int | None) -> Layout:
    """The records of the list that begins at a byte. Raises `BadInput` where none of them is whole."""
    data, name = source.data, source.name
    try:
        found = split(data, begin, end)
    except ValueError:
        return _damaged(format, source, begin, end)
    if not found:
        raise BadInput(f"{name} holds no events: its list is empty.")
    opening = data.index(b"[", begin) + 1
    if encoding_fault(data) is None and {memoryview(raw)[0] for raw in found} == {ord("{")}:
        return Layout(format, (source,), found, _Spans(data, begin, found), opening)
    return of_parts(format, source, [Part(*span) for span in spans(data, begin, found)], opening)


def _damaged(format: str, source: Source, begin: int, end: int | None) -> Layout:
    """What is left of a list that is no JSON. Raises `BadInput` for what is nothing of the sort."""
    data, name = source.data, source.name
    if data[begin:].lstrip()[:1] == b"[":
        left = salvaged(data, begin, end)
        if any(part.fault is None for part in left.parts):
            opening = data.index(b"[", begin) + 1
            missing = left.cut or (_behind(data, left.closing) if end is None else "")
            return of_parts(format, source, left.parts, opening, left.closing, missing)
    text_start(data, name)
    whole = loads(data[begin:end].decode(), name)
    raise BadInput(f"{name} is not a trajectory: expected a list of events, found {described(whole)}.")


def _behind(data: bytes, closing: int) -> str:
    """What is to be said of text behind the bracket that closes a list; empty where there is none."""
    found = _TEXT.search(data, closing + 1)
    return "" if found is None else f"{place(data, found.start())}: text stands behind the list"


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


def of_parts(
    format: str,
    source: Source,
    parts: Sequence[Part],
    opening: int,
    closing: int | None = None,
    missing: str = "",
) -> Layout:
    """The records of a list of which not every member is one. Raises `BadInput` where none is whole."""
    records: list[msgspec.Raw] = []
    placed: list[Span] = []
    damaged: dict[int, str] = {}
    for part in parts:
        for begin, end, fault in _records_of(source, part):
            if fault is not None:
                damaged[len(records)] = fault
            records.append(DAMAGED if fault is not None else msgspec.Raw(source.data[begin:end]))
            placed.append(Span(0, begin, end))
    if not records:
        raise BadInput(f"{source.name} holds no events: its list is empty.")
    if len(damaged) == len(records):
        text_start(source.data, source.name)
        number, fault = next(iter(damaged.items()))
        raise BadInput(f"{source.name} is not a trajectory: event #{number} ({fault}).")
    paired = any(source.data[part.begin : part.begin + 1] == b"[" and part.fault is None for part in parts)
    return Layout(
        format, (source,), records, placed, opening, paired,
        damaged=damaged, closing=closing, missing=missing,
    )  # fmt: skip


def _records_of(source: Source, part: Part) -> Iterator[Part]:
    """The records of one member of the list: itself, or the two sides of a pair."""
    if part.fault is not None or source.data[part.begin : part.begin + 1] != b"[":
        yield _record(source, part)
        return
    sides = split(source.data, part.begin, part.end)
    for side in spans(source.data, part.begin, sides):
        if source.data[slice(*side)] != b"null":
            yield _record(source, Part(*side))


def _record(source: Source, part: Part) -> Part:
    """A record, damaged where it is no object."""
    begin, end, fault = part
    if fault is None and source.data[begin : begin + 1] != b"{":
        found = _NAMES.get(source.data[begin : begin + 1], "a number")
        return Part(begin, end, f"{place(source.data, begin)}: {found}, not an object")
    if fault is None:
        try:
            source.data[begin:end].decode()
        except UnicodeDecodeError as error:
            where = place(source.data, begin + error.start)
            return Part(begin, end, f"{where}: no UTF-8, {error.reason}")
    return part
