"""Texts of many megabytes that are read in pieces: what is held is what they stand in, once.

A Python string takes four bytes a character where a single one is an emoji, and as much again wherever
something is made of it. Nobody looks at more than a screen of it.
"""

from __future__ import annotations

import json
import re
from typing import Final, Protocol

import msgspec

PIECE: Final = 1 << 15
"""About so many characters make a piece."""


class LongText(Protocol):
    """A text in which places are known, from 0 to `size`, between which it can be read."""

    @property
    def size(self) -> int:
        """The place of its end: about how many characters it has, and never less."""
        ...

    @property
    def whole(self) -> str:
        """All of it, made anew at each call."""
        ...

    def part(self, begin: int, end: int) -> str:
        """What stands between two places."""
        ...

    def beginning(self, most: int) -> str:
        """What stands before the place `most`, or as much of that as is whole characters."""
        ...

    def behind(self, begin: int) -> LongText:
        """What stands behind a place."""
        ...

    def end_of_line(self, begin: int, most: int) -> int:
        """The place behind the line in which another one is; no more than `most` behind that."""
        ...

    def end_of_lines(self, begin: int, most: int) -> int:
        """The place behind the last line that ends within `most`; else behind a blank, or anywhere."""
        ...

    def has(self, mark: str) -> bool:
        """Whether something of ASCII, without quotes and backslashes, stands anywhere in it."""
        ...


class StringText:
    """A string that is held anyway."""

    def __init__(self, text: str) -> None:
        self.whole = text
        self.size = len(text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StringText) and self.whole == other.whole

    def __hash__(self) -> int:
        return hash(self.whole)

    def part(self, begin: int, end: int) -> str:
        """See `LongText.part`."""
        return self.whole[begin:end]

    def beginning(self, most: int) -> str:
        """See `LongText.beginning`."""
        return self.whole[:most]

    def behind(self, begin: int) -> LongText:
        """See `LongText.behind`."""
        return StringText(self.whole[begin:])

    def end_of_line(self, begin: int, most: int) -> int:
        """See `LongText.end_of_line`."""
        found = self.whole.find("\n", begin, begin + most)
        return found + 1 if found >= 0 else self._within(begin, most)

    def end_of_lines(self, begin: int, most: int) -> int:
        """See `LongText.end_of_lines`."""
        if begin + most >= self.size:
            return self.size
        found = self.whole.rfind("\n", begin, begin + most)
        return found + 1 if found >= 0 else self._within(begin, most)

    def _within(self, begin: int, most: int) -> int:
        end = begin + most
        if end >= self.size:
            return self.size
        blank = self.whole.rfind(" ", begin + most // 2, end)
        return blank + 1 if blank >= 0 else end

    def has(self, mark: str) -> bool:
        """See `LongText.has`."""
        return mark in self.whole


class JsonText:
    """A string in a JSON text, unescaped where it is looked at. A place in it is a byte.

    Two are the same if they stand in the same record, which never changes: an edit makes another one.
    """

    def __init__(self, record: object, quoted: msgspec.Raw | bytes | memoryview) -> None:
        """`quoted` is the string as it stands in a record that is valid JSON."""
        self._record = record
        self._bytes = memoryview(quoted)[1:-1]
        self.size = len(self._bytes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, JsonText) and (self._record is other._record and self.size == other.size)

    def __hash__(self) -> int:
        return hash((id(self._record), self.size))

    @property
    def whole(self) -> str:
        """See `LongText.whole`."""
        return self.part(0, self.size)

    def part(self, begin: int, end: int) -> str:
        """See `LongText.part`."""
        quoted = b'"%b"' % bytes(self._bytes[begin:end])
        try:
            return msgspec.json.decode(quoted, type=str)
        except (msgspec.DecodeError, UnicodeDecodeError):
            text: str = json.loads(quoted)  # halves of surrogate pairs are what Python alone takes
            return text

    def beginning(self, most: int) -> str:
        """See `LongText.beginning`."""
        window = bytes(self._bytes[:most])
        return self.part(0, self.size if len(window) == self.size else _between(window))

    def behind(self, begin: int) -> LongText:
        """See `LongText.behind`."""
        other = JsonText(self._record, b'""')
        other._bytes = self._bytes[begin:]
        other.size = len(other._bytes)
        return other

    def end_of_line(self, begin: int, most: int) -> int:
        """See `LongText.end_of_line`."""
        window = bytes(self._bytes[begin : begin + most])
        at = window.find(_NEWLINE)
        while at >= 0 and not _begins_escape(window, at):
            at = window.find(_NEWLINE, at + 1)
        return begin + at + len(_NEWLINE) if at >= 0 else self._within(begin, window)

    def end_of_lines(self, begin: int, most: int) -> int:
        """See `LongText.end_of_lines`."""
        window = bytes(self._bytes[begin : begin + most])
        if begin + len(window) == self.size:
            return self.size
        at = window.rfind(_NEWLINE)
        while at >= 0 and not _begins_escape(window, at):
            at = window.rfind(_NEWLINE, 0, at + 1)
        return begin + at + len(_NEWLINE) if at >= 0 else self._within(begin, window)

    def _within(self, begin: int, window: bytes) -> int:
        """A place behind a blank, or else between two characters, no further than a window."""
        if begin + len(window) == self.size:
            return self.size
        blank = window.rfind(b" ", len(window) // 2)
        return begin + (blank + 1 if blank >= 0 else _between(window))

    def has(self, mark: str) -> bool:
        """See `LongText.has`."""
        return re.search(re.escape(mark.encode()), self._bytes) is not None


_NEWLINE: Final = rb"\n"
"""As JSON has it; one that is written `\\u000a` ends no piece, only a line."""
_HIGH: Final = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}")
_ESCAPE: Final = 6
"""Bytes of the longest escape."""


def _begins_escape(window: bytes, at: int) -> bool:
    """Whether the backslash at a place begins an escape, in a window that begins between two characters."""
    first = at
    while first and window[first - 1] == 0x5C:
        first -= 1
    return (at - first) % 2 == 0


def _between(window: bytes) -> int:
    """The last place in a window that is between two characters, and in no surrogate pair."""
    end = len(window)
    while end and window[end - 1] & 0xC0 == 0x80:
        end -= 1
    if end and window[end - 1] >= 0xC0:  # of a character of several bytes the first; whole or not, it waits
        return end - 1
    end = len(window)
    at = window.rfind(b"\\", max(0, end - _ESCAPE))
    if at >= 0 and _begins_escape(window, at) and _is_open(window, at):
        end = at
    high = end - _ESCAPE
    if high >= 0 and _HIGH.fullmatch(window, high, end) and _begins_escape(window, high):
        end = high
    return end


def _is_open(window: bytes, at: int) -> bool:
    """Whether the escape at a place goes on behind the window."""
    return len(window) - at < (_ESCAPE if window[at + 1 : at + 2] == b"u" else 2)


def cut(record: msgspec.Raw | bytes, name: str, most: int) -> tuple[bytes, JsonText] | None:
    """A JSON object of whose member no more than the beginning is left, and the member whole.

    None where it is no string of more than `most` bytes, and where the object has what Python alone takes
    for JSON: it has to be read as a whole then.
    """
    try:
        members = msgspec.json.decode(record, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    member = memoryview(members.get(name, b""))
    if len(member) <= most or member[0] != 0x22:
        return None
    long = JsonText(record, member)
    beginning = bytes(member[1:-1][:most])
    members[name] = msgspec.Raw(b'"%b"' % beginning[: _between(beginning)])
    return msgspec.json.encode(members), long
