"""The members of a JSON list, each as its own bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

_BETWEEN: Final = re.compile(rb"[\s,]*")
_DECODER: Final = json.JSONDecoder(parse_int=float)


def split(data: bytes, begin: int, end: int | None = None) -> list[msgspec.Raw]:
    """The members of the list that begins at a byte.

    `end` is where the list ends, where anything follows it. Raises ValueError for what is not a list;
    what only Python takes for JSON (NaN, numbers without end) is accepted.
    """
    try:
        return msgspec.json.decode(memoryview(data)[begin:end], type=list[msgspec.Raw])
    except (msgspec.DecodeError, RecursionError):
        return _split_slowly(data[begin:end].decode())


def spans(data: bytes, begin: int, members: Sequence[msgspec.Raw]) -> Iterator[tuple[int, int]]:
    """Where the members of the list that begins at a byte are."""
    at = data.index(b"[", begin) + 1
    for member in members:
        between = _BETWEEN.match(data, at)
        start = between.end() if between else at
        at = start + memoryview(member).nbytes
        yield start, at


def _split_slowly(text: str) -> list[msgspec.Raw]:
    try:
        whole = json.loads(text, parse_int=float)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(whole, list):
        raise ValueError("not a list")
    members, at = [], text.index("[") + 1
    for _ in whole:
        while text[at] in " \t\r\n,":
            at += 1
        end = _DECODER.raw_decode(text, at)[1]
        members.append(msgspec.Raw(text[at:end].encode()))
        at = end
    return members
