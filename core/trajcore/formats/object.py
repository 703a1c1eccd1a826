"""An object that holds a list of records among other members: `{"info": …, "messages": […]}`; or several.

What stands around the list tells of all its records: how the agent was set up, what came of it. So it is a
record too, the first one: the object as it is written, with its list empty. A dialect reads and edits it as
any other; it stays where it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

import msgspec

from trajcore.errors import BadInput
from trajcore.formats.base import FileRow, Files, Layout, RowNeeded, Span, picked
from trajcore.formats.json.damaged import keys_before_break, object_fault
from trajcore.formats.json.edit import members
from trajcore.formats.json.list import spans, split
from trajcore.formats.lists import Lists, layout, list_in

AROUND: Final = ("messages", "trajectory")
"""The keys under which such an object holds its records, the first that is there."""
_BESIDE: Final = {"trajectory": frozenset({"history", "info", "replay_config", "environment"})}
"""One of these stands beside a list that is called so; alone, it is an answer of OpenHands' interface."""
_RUNS: Final = "attempts"
"""The key under which an object holds several such objects, each a row."""

_BLANK: Final = re.compile(rb"[ \t\r\n]*")
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_KEYS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Enclosed:
    """`{…, "messages": […], …}`."""

    name: Final = "object"

    def records(self, files: Files, row: str | None) -> Iterator[Layout]:
        """The object without its list, and the records of that. Raises `BadInput` where none is whole."""
        if files.directory is not None or files.first != b"{" or files.has_lines:
            return
        source, begin, end = files.source, files.start, len(files.source.data)
        keys = _keys_of(source.data, begin, end)
        runs = _runs_in(source.data, begin, keys)
        found = _list_of(source.data, begin, end, keys)
        if runs and (row is not None or found is None):
            rows = [FileRow(number, "", *span) for number, span in enumerate(runs)]
            if row is None and len(rows) > 1:
                raise RowNeeded(source.name, rows)
            chosen = picked(source.name, rows, row or "0")
            begin, end = chosen.begin, chosen.end
            found = _list_of(source.data, begin, end, _keys_of(source.data, begin, end))
        elif row not in (None, "0") and found is not None:
            raise BadInput(f"{source.name} holds one trajectory, which is row 0.")
        if found is None:
            return
        key, span = found
        inside = span or list_in(source, begin, end, AROUND)
        listed = layout(self.name, source, *inside)
        cut = "" if span else listed.missing or object_fault(source.data, begin)
        yield _enclosed(listed, key, (begin, end), None if cut else inside[1], cut)

    def write(self, records: Iterable[bytes | memoryview]) -> Iterator[bytes | memoryview]:
        """The first record with the others in its list."""
        first, *others = records
        text = bytes(first)
        split = opening(text, AROUND)
        if split is None:
            yield from Lists().write((first, *others))
            return
        yield text[:split]
        for index, record in enumerate(others):
            yield b",\n" if index else b"\n"
            yield record
        yield b"\n" + text[split:]


def _keys_of(data: bytes, begin: int, end: int) -> dict[str, msgspec.Raw] | None:
    """What an object holds, not read; None where it is broken."""
    try:
        return _KEYS.decode(memoryview(data)[begin:end])
    except (msgspec.DecodeError, RecursionError):
        return None


def _runs_in(data: bytes, begin: int, keys: dict[str, msgspec.Raw] | None) -> list[tuple[int, int]]:
    """Where the objects are that an object holds several of; none where it is no such."""
    if keys is None or not _is_list(keys.get(_RUNS)):
        return []
    try:
        span = _span(data, begin, keys, _RUNS)
        return list(spans(data, span[0], split(data, *span))) if span else []
    except (msgspec.DecodeError, RecursionError, ValueError):
        return []


def _is_list(value: msgspec.Raw | None) -> bool:
    return value is not None and bytes(memoryview(value)[:1]) == b"["


def _list_of(
    data: bytes, begin: int, end: int, keys: dict[str, msgspec.Raw] | None
) -> tuple[str, tuple[int, int] | None] | None:
    """Which list an object holds, and where, unless that takes a closer look; None where it has none."""
    if keys is None:
        text = data[begin:end].decode("latin-1")
        before = {key for key, at in keys_before_break(text) if text[at : at + 1] == "["}
        broken = next((key for key in AROUND if key in before), None)
        return None if broken is None else (broken, None)
    key = next((key for key in AROUND if _is_list(keys.get(key))), None)
    if key is None or (key in _BESIDE and _BESIDE[key].isdisjoint(keys)):
        return None
    return key, _span(data, begin, keys, key)


def _span(data: bytes, begin: int, found: dict[str, msgspec.Raw], key: str) -> tuple[int, int] | None:
    """Where the value of a key is; None where keys are repeated, so that lengths do not tell."""
    at = begin
    for name, raw in found.items():
        at = _skipped(data, at + 1)
        quoted = _STRING.match(data, at)
        if quoted is None:
            return None
        at = _skipped(data, _skipped(data, quoted.end()) + 1)
        size = memoryview(raw).nbytes
        if data[at : at + size] != bytes(raw):
            return None
        if name == key:
            return at, at + size
        at = _skipped(data, at + size)
        if data[at : at + 1] != b",":
            return None
    return None


def _skipped(data: bytes, at: int) -> int:
    found = _BLANK.match(data, at)
    return found.end() if found else at


def _enclosed(listed: Layout, key: str, whole: tuple[int, int], until: int | None, cut: str) -> Layout:
    """The records of a list with what stands around it before them. `until` is where the list ends."""
    begin, end = whole
    data, opened = listed.sources[0].data[:end], listed.opening or 0
    closing = listed.closing if until is None else until - 1
    behind = b"]}" if closing is None or until is None else data[closing:].rstrip()
    return replace(
        listed,
        records=[msgspec.Raw(data[begin:opened] + behind), *listed.records],
        spans=[Span(0, begin, opened), *listed.spans],
        damaged={at + 1: fault for at, fault in listed.damaged.items()},
        closing=closing if closing is not None else len(data),
        missing=cut,
        around=key,
        holder=(begin, len(data.rstrip())),
    )


def opening(text: bytes, keys: Sequence[str]) -> int | None:
    """Where the list begins that an object holds under one of some keys: behind its bracket."""
    written = text.decode()
    held = [one for one in members(written) if one.key in keys and written[one.value] == "["]
    return len(written[: held[-1].value].encode()) + 1 if held else None
