"""Changing one value inside a JSON text and leaving every other byte alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from msgspec import Struct

_BLANK: Final = re.compile(r"[ \t\r\n]*")
_DECODER: Final = json.JSONDecoder(parse_int=float)
"""Finds where values end. What they are is of no matter, and Python refuses to convert very long integers."""

LONE: Final = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair."""

Path = Sequence[str | int]
"""Where a value is: keys of objects and indices of lists, outermost first."""


class Member(Struct, frozen=True):
    """One member of an object or a list, by its places in the text."""

    key: str | int
    begin: int
    """Where the key begins (the value, in a list)."""
    value: int
    end: int


def with_value(raw: bytes, path: Path, value: Any, *, ascii_only: bool | None = None) -> bytes:
    """`raw` with `value` at `path`; a key that is missing is added behind the others of its object.

    `ascii_only` says whether text is escaped; by default where `raw` has none but ASCII.
    Raises KeyError when the path leads through something that is not there.
    """
    text = raw.decode()
    begin = _container(text, path)
    member = next((m for m in _members_reversed(text, begin) if m.key == path[-1]), None)
    written = json_text(value, ascii_only=raw.isascii() if ascii_only is None else ascii_only)
    if member is not None:
        return (text[: member.value] + written + text[member.end :]).encode()
    return _with_member(text, begin, path, written).encode()


def without_value(raw: bytes, path: Path) -> bytes:
    """`raw` without the member at `path`, every repetition of its key included.

    Raises KeyError when it is not there.
    """
    text = raw.decode()
    begin = _container(text, path)
    found = list(members(text, begin))
    kept = [member for member in found if member.key != path[-1]]
    if len(kept) == len(found):
        raise KeyError(".".join(map(str, path)))
    for at in reversed(range(len(found))):
        if found[at].key != path[-1]:
            continue
        if at:
            text = text[: found[at - 1].end] + text[found[at].end :]
        else:
            behind = found[1].begin if len(found) > 1 else _skip_blank(text, found[0].end)
            text = text[: found[0].begin if len(found) > 1 else _open(text, begin)] + text[behind:]
        del found[at]
        found = list(members(text, begin))
    return text.encode()


def _open(text: str, begin: int) -> int:
    return _skip_blank(text, begin) + 1


def value_text(raw: bytes, path: Path) -> str | None:
    """The JSON text of the value at `path`, or None where there is none."""
    text = raw.decode()
    try:
        begin = _container(text, path)
        member = _find(text, begin, path[-1], path)
    except KeyError:
        return None
    return text[member.value : member.end]


def _container(text: str, path: Path) -> int:
    """Where the container begins that holds the last part of a path."""
    begin = _skip_blank(text, 0)
    for part in path[:-1]:
        begin = _find(text, begin, part, path).value
    return begin


def json_text(value: Any, *, ascii_only: bool) -> str:
    """A value as JSON on one line. Raises TypeError or ValueError for what is no JSON."""
    written = json.dumps(value, ensure_ascii=ascii_only)
    # Half of a surrogate pair has no bytes of its own: it can only be written as an escape.
    return written if written.isascii() or not LONE.search(written) else json.dumps(value)


def skip_string(text: str, at: int) -> int:
    """Where the string that begins at a place ends."""
    return _DECODER.raw_decode(text, at)[1]


def _find(text: str, begin: int, key: str | int, path: Path) -> Member:
    for member in _members_reversed(text, begin):
        if member.key == key:
            return member
    raise KeyError(".".join(map(str, path)))


def _members_reversed(text: str, begin: int) -> list[Member]:
    """Members of a container, last first: where a key is repeated, the last one counts."""
    return list(members(text, begin))[::-1]


def members(text: str, begin: int = 0) -> Iterator[Member]:
    """The members of the object or list that begins at `begin`; none of anything else."""
    begin = _skip_blank(text, begin)
    if text[begin] not in "{[":
        return
    closing = "}" if text[begin] == "{" else "]"
    at = _skip_blank(text, begin + 1)
    number = 0
    while text[at] != closing:
        key: str | int = number
        start = at
        if closing == "}":
            key, at = _DECODER.raw_decode(text, at)
            at = _skip_blank(text, _skip_blank(text, at) + 1)
        end = _DECODER.raw_decode(text, at)[1]
        yield Member(key, start, at, end)
        at = _skip_blank(text, end)
        if text[at] == ",":
            at = _skip_blank(text, at + 1)
        number += 1


def _with_member(text: str, begin: int, path: Path, written: str) -> str:
    key = path[-1]
    if text[begin] != "{" or not isinstance(key, str):
        raise KeyError(".".join(map(str, path)))
    quoted = json.dumps(key)
    others = list(members(text, begin))
    if not others:
        return f"{text[: begin + 1]}{quoted}: {written}{text[begin + 1 :]}"
    last = others[-1]
    key_end = _DECODER.raw_decode(text, last.begin)[1]
    colon = text[key_end : last.value]
    before = others[-2].end if len(others) > 1 else begin
    gap = text[before : last.begin]
    if len(others) == 1:
        gap = "," + (text[begin + 1 : last.begin] or colon.partition(":")[2])
    return text[: last.end] + gap + quoted + colon + written + text[last.end :]


def _skip_blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at
