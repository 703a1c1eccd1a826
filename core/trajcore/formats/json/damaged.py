"""JSON that is damaged: which of it is whole, and where the rest breaks.

A list that was cut off, or one of whose members was torn, is read member by member. Behind a break the next
member is looked for that is like the others, which what is inside of a torn one mostly is not. All of it
takes time in proportion to the text, whatever is in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Set
from typing import Any, Final, NamedTuple

from msgspec import Struct

from trajcore.formats.json.text import in_words

_WHITE: Final = b" \t\r\n"
_BLANKS: Final = re.compile(r"[ \t\r\n]*")
_NEXT: Final = re.compile(r",[ \t\r\n]*(?=[\[{])")
_DECODER: Final = json.JSONDecoder(parse_int=float)
_MORE: Final = "Extra data"
"""How Python's reader says that text stands behind a value."""
_WITHIN: Final = frozenset(",:}]")
"""What can stand behind a list that is inside of a member."""
_NESTED: Final = 100_000
"""So many characters a text that is nested too deeply counts for."""
_MOST: Final = 8
"""So many times its length may be read of a text in search of members."""


_LIKENESS: Final = 3
"""One key of so many has to be common to two members: they are of different kinds."""


class Part(NamedTuple):
    """A member of a list, by its place in the bytes. `fault` says where it breaks; None: it is whole."""

    begin: int
    end: int
    fault: str | None = None


class Salvaged(Struct, frozen=True):
    """What is left of a list. `closing` is where it ends: at its bracket or, cut off, behind its last part.

    `cut` says where it was cut off, or where a comma has no member; it is empty where nothing is missing.
    """

    parts: list[Part]
    closing: int
    cut: str = ""


def salvaged(data: bytes, begin: int, end: int | None = None) -> Salvaged:
    """The parts of the list that begins at a byte, and ends before `end`."""
    return _Salvage(data, begin, len(data) if end is None else end).done()


def place(data: bytes, at: int) -> str:
    """A place in the bytes of a file, by line and column."""
    start = data.rfind(b"\n", 0, at) + 1
    line, column = data.count(b"\n", 0, at) + 1, len(data[start:at].decode("utf-8", "replace")) + 1
    return f"line {line}, column {column}"


def object_fault(data: bytes, begin: int, end: int | None = None) -> str:
    """Where the object that begins at a byte breaks; empty where it is whole, up to the end."""
    text = data[begin:end].decode("latin-1")
    try:
        json.loads(text, parse_int=float)
    except json.JSONDecodeError as error:
        fault = "text stands behind the object" if error.msg == _MORE else in_words(error, text)
        return f"{place(data, begin + error.pos)}: {fault}"
    except RecursionError:
        return ""
    return ""


def keys_before_break(text: str, at: int = 0) -> Iterator[tuple[str, int]]:
    """The keys of the object that begins here, up to where it breaks, and where the value of each begins."""
    at = _blanks_end(text, at)
    follows = "," if text[at : at + 1] == "{" else ""
    while follows == ",":
        try:
            key, at = _DECODER.raw_decode(text, _blanks_end(text, at + 1))
            at = _blanks_end(text, at)
            if not isinstance(key, str) or text[at : at + 1] != ":":
                return
            at = _blanks_end(text, at + 1)
            yield key, at
            at = _blanks_end(text, _DECODER.raw_decode(text, at)[1])
        except (ValueError, RecursionError):
            return
        follows = text[at : at + 1]


def text_before_break(text: str, at: int) -> str | None:
    """The string or the number that begins here, as text; None where it is another value, or not whole."""
    try:
        value, end = json.JSONDecoder(parse_int=str).raw_decode(text, at)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, str) and end < len(text) else None


class _Text(str):
    """A text in which errors do not count the lines before them, as they do unasked."""

    __slots__ = ()

    def count(self, *_: Any) -> int:
        """None."""
        return 0

    def rfind(self, *_: Any) -> int:
        """Nowhere."""
        return -1


class _Salvage:
    """One reading of a list that is damaged."""

    def __init__(self, data: bytes, begin: int, end: int) -> None:
        self._data = data
        # A character for each byte: places in the text are places in the file.
        self._text = _Text(data[:end].rstrip(_WHITE).decode("latin-1"))
        self._at = data.index(b"[", begin) + 1
        self._in_object = data[:begin].rstrip(_WHITE).endswith(b":")
        self._parts: list[Part] = []
        self._keys: set[str] = set()
        """Of all members that are whole."""
        self._fewest = 0
        """So many keys the smallest of them has."""
        self._left = _MOST * (len(self._text) + _NESTED)

    def done(self) -> Salvaged:
        """Read all of it."""
        text, closing, lone = self._text, self._at, ""
        while True:
            begin, self._at = self._at, _blanks_end(text, self._at)
            if text[self._at : self._at + 1] == "]":
                if text[begin - 1] == ",":
                    lone = lone or f"{place(self._data, begin - 1)}: nothing stands behind this comma"
                return Salvaged(self._parts, self._at, lone)
            part, follows = self._part()
            if part is None:
                cut = f"{place(self._data, len(text))}: the file ends too early"
                return Salvaged(self._parts, closing, cut)
            if part.end > part.begin:
                self._parts.append(part)
                closing = part.end
            else:
                lone = lone or f"{place(self._data, part.begin)}: nothing stands before this comma"
            self._at = follows + (text[follows : follows + 1] == ",")

    def _part(self) -> tuple[Part | None, int]:
        """The part that begins here, and where the comma or the bracket behind it is. None: there is none."""
        text, begin = self._text, self._at
        if begin >= len(text):
            return None, begin
        try:
            value, end = _DECODER.raw_decode(text, begin)
        except json.JSONDecodeError as error:
            broken, fault = error.pos, in_words(error, text)
        except RecursionError:
            broken, fault = begin, "it is nested too deeply"
        else:
            follows = _blanks_end(text, end)
            if follows >= len(text) or text[follows] in ",]":
                return self._whole(value, begin, end), follows
            broken, fault = follows, "expecting ',' delimiter"
        return self._torn(begin, broken, fault)

    def _whole(self, value: Any, begin: int, end: int) -> Part:
        try:
            self._data[begin:end].decode()
        except UnicodeDecodeError as error:
            return Part(begin, end, f"{place(self._data, begin + error.start)}: no UTF-8, {error.reason}")
        keys = _keys(value)
        if keys:
            self._keys |= keys
            self._fewest = min(self._fewest or len(keys), len(keys))
        return Part(begin, end)

    def _torn(self, begin: int, broken: int, fault: str) -> tuple[Part | None, int]:
        text = self._text
        follows = self._next(begin)
        if follows is None:
            follows = len(text) - 1
            if fault.endswith("too early") or broken > follows or text[follows] != "]":
                return None, begin
        end = begin + len(text[begin:follows].rstrip(" \t\r\n"))
        return Part(begin, end, f"{place(self._data, broken)}: {fault}"), follows

    def _next(self, begin: int) -> int | None:
        """The comma before the next member that is whole, like the others, and not inside of the torn one."""
        own = {key for key, _ in keys_before_break(self._text, begin)}
        at = begin
        while self._left > 0 and (found := _NEXT.search(self._text, at)):
            end, comma = self._followed(found.start(), found.end(), own)
            if comma is not None:
                return comma
            # What is whole and stands inside of the torn one holds none that stands beside it.
            at = max(end, found.end())
        return None

    def _followed(self, comma: int, at: int, own: Set[str]) -> tuple[int, int | None]:
        """Up to where all is whole behind a comma, and the comma before the first that is like the others.

        None: there is none, or they do not stand in the list that is read.
        """
        text, begin, like = self._text, at, None
        while True:
            try:
                value, end = _DECODER.raw_decode(text, at)
            except json.JSONDecodeError as error:
                self._left -= error.pos - begin + 1
                return at, like
            except RecursionError:
                self._left -= _NESTED
                return at, like
            if like is None and self._is_like(_keys(value), own):
                like = comma
            comma = _blanks_end(text, end)
            if text[comma : comma + 1] != ",":
                break
            at = _blanks_end(text, comma + 1)
        self._left -= end - begin
        if text[comma : comma + 1] == "]":
            return end, like if self._closes(comma) else None
        return end, like if comma >= len(text) else None

    def _is_like(self, keys: Set[str], own: Set[str]) -> bool:
        """Whether these are the keys of one like those that are whole, or the torn one with its `own`."""
        known = self._keys | own
        common = len(keys & known)
        return not known or (common > 0 and _LIKENESS * common >= self._fewest)

    def _closes(self, at: int) -> bool:
        """Whether a bracket closes the list itself.

        What stands behind it goes on with the object that it is in or, where it is in none, with nothing that
        would be inside of a member.
        """
        if not self._in_object:
            follows = _blanks_end(self._text, at + 1)
            return self._text[follows : follows + 1] not in _WITHIN
        self._left -= len(self._text) - at
        behind = self._text[at + 1 :].strip(" \t\r\n").removeprefix(",")
        try:
            return isinstance(json.loads("{" + behind), dict)
        except (ValueError, RecursionError):
            return False


def _keys(value: object) -> set[str]:
    """The keys of an object, or of those in a pair."""
    if isinstance(value, list):
        return {key for one in value if isinstance(one, dict) for key in one}
    return set(value) if isinstance(value, dict) else set()


def _blanks_end(text: str, at: int) -> int:
    found = _BLANKS.match(text, at)
    return found.end() if found else at
