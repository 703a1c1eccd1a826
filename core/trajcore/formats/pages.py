"""Pages of a REST interface's answer, one, or several in their order.

`{"events": […], "has_more": …}`, or `{"items": […], "next_page_id": …}`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from trajcore.errors import BadInput
from trajcore.formats.base import Files, Layout
from trajcore.formats.json.damaged import Part, keys_before_break, object_fault, salvaged
from trajcore.formats.json.edit import members
from trajcore.formats.json.list import spans, split
from trajcore.formats.lists import Lists, of_parts

_KEYS: Final = {"events": "has_more", "items": "next_page_id"}
"""Where the events of a page are, and what says that there are more."""
_DECODER: Final = json.JSONDecoder(parse_int=float)
_BLANK: Final = " \t\r\n"


class Pages:
    """One page, or several: on lines, one behind the other, in a list."""

    name: Final = "pages"

    def records(self, files: Files, row: str | None) -> Iterator[Layout]:
        """The records of all pages. Raises `BadInput` where there are pages, and none of it is whole."""
        if files.directory is not None or row is not None or files.first not in (b"{", b"["):
            return
        pages: list[_Page] = []
        for begin, end in _objects(files):
            page = _page(files.source.data, begin, end)
            if page is None:
                return
            pages.append(page)
        if not pages:
            return
        last = max((number for number, page in enumerate(pages) if page.parts), default=None)
        if last is None:
            raise BadInput(f"{files.source.name} holds no events: its pages are empty.")
        for page in pages[:last]:
            page.keep_torn_end(files.source.data)
        parts = [part for page in pages for part in page.parts]
        more = pages[-1].more and f"its last page says that there are more events ({pages[-1].more})"
        missing = pages[-1].missing or more
        yield of_parts(self.name, files.source, parts, pages[0].opening, pages[last].closing, missing)

    def write(self, records: Iterable[bytes | memoryview]) -> Iterator[bytes | memoryview]:
        """In a new file its records are a list."""
        return Lists().write(records)


class _Page:
    """A page: its records, and where the list of them begins and ends."""

    def __init__(self, parts: list[Part], opening: int, closing: int, end: int) -> None:
        self.parts = parts
        self.opening = opening
        self.closing = closing
        self.end = end
        self.more = ""
        """The key that says that there are more events, where it does."""
        self.missing = ""

    def keep_torn_end(self, data: bytes) -> None:
        """Make what was cut off of it a damaged record: other pages stand behind it."""
        if self.missing:
            rest = data[self.closing : self.end]
            begin = self.closing + len(rest) - len(rest.lstrip(b", \t\r\n"))
            if begin < self.end:
                self.parts.append(Part(begin, self.end, self.missing))
                self.closing = self.end


class _Answer(msgspec.Struct):
    events: list[msgspec.Raw] | None = None
    has_more: bool | None = None
    items: list[msgspec.Raw] | None = None
    next_page_id: str | None = None


_decoder: Final = msgspec.json.Decoder(_Answer)


def _page(data: bytes, begin: int, end: int) -> _Page | None:
    """The page that an object is; None where it is none. Of a damaged one what is whole."""
    try:
        answer = _decoder.decode(memoryview(data)[begin:end])
        text = data[begin:end].decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _damaged_page(data, begin, end)
    key = "items" if answer.events is None else "events"
    found: list[msgspec.Raw] | None = getattr(answer, key)
    if found is None:
        return None
    inside = next(member for member in reversed(list(members(text))) if member.key == key)
    at = begin + len(text[: inside.value].encode())
    closing = begin + len(text[: inside.end].encode()) - 1
    parts = [Part(*span) for span in spans(data, at, found)]
    page = _Page(parts, at + 1, closing, end)
    page.more = _KEYS[key] if getattr(answer, _KEYS[key]) else ""
    return page


def _damaged_page(data: bytes, begin: int, end: int) -> _Page | None:
    text = data[begin:end].decode("latin-1")
    places = dict(keys_before_break(text))
    key = next((key for key in _KEYS if key in places), "events")
    at = places.get(key)
    if at is None or text[at : at + 1] != "[":
        return None
    left = salvaged(data, begin + at, end)
    page = _Page(left.parts, begin + at + 1, left.closing, end)
    is_whole = not left.cut and all(part.fault is None for part in left.parts)
    page.missing = object_fault(data, begin, end) if is_whole else left.cut
    page.more = _KEYS[key] if text.startswith(("true", '"'), places.get(_KEYS[key], len(text))) else ""
    return page


def _objects(files: Files) -> Iterator[tuple[int, int]]:
    """Where each object of a file is, which may be on lines, in a list or one behind the other."""
    data, begin = files.source.data, files.start
    if files.has_lines:
        at = begin
        for line in data[begin:].split(b"\n"):
            text = line.strip()
            if text:
                start = at + line.index(text[:1])
                yield start, start + len(text)
            at += len(line) + 1
    elif files.first == b"[":
        try:
            yield from spans(data, begin, split(data, begin))
        except ValueError:
            yield from ((part.begin, part.end) for part in salvaged(data, begin).parts)
    else:
        yield from _one_behind_the_other(data.decode("latin-1"), begin)


def _one_behind_the_other(text: str, at: int) -> Iterator[tuple[int, int]]:
    end = len(text.rstrip(_BLANK))
    while at < end:
        at += len(text[at:]) - len(text[at:].lstrip(_BLANK))
        try:
            until = _DECODER.raw_decode(text, at)[1]
        except (ValueError, RecursionError):
            until = end
        yield at, until
        at = until
