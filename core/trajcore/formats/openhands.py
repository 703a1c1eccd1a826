"""The canonical OpenHands file: one JSON list of events."""

from __future__ import annotations

import codecs
import json
import re
from typing import Final

import msgspec

from trajcore.errors import BadInput
from trajcore.formats.base import Layout

_BOM: Final = codecs.BOM_UTF8
_BETWEEN: Final = re.compile(rb"[\s,]*")
_NAMES: Final = {b'"': "a string", b"[": "a list", b"t": "true", b"f": "false", b"n": "null"}
_CHUNK: Final = 1 << 20


def read(data: bytes, name: str) -> Layout:
    """Find the events of the list in `data`. Raises `BadInput` with the place of what is wrong in `name`."""
    start = len(_BOM) if data.startswith(_BOM) else 0
    if not data[start:].strip():
        raise BadInput(f"{name} is empty: expected a JSON list of events.")
    _check_text(data, name)
    events = _split(data, start, name)
    if not events:
        raise BadInput(f"{name} holds no events: its list is empty.")
    spans = _spans(data, start, events)
    _check_events(data, spans, name)
    return Layout(events, spans)


def _check_text(data: bytes, name: str) -> None:
    if b"\0" in data[:_CHUNK]:
        raise BadInput(f"{name} is a binary file, not JSON.")
    decoder = codecs.getincrementaldecoder("utf-8")()
    for at in range(0, len(data), _CHUNK):
        try:
            decoder.decode(data[at : at + _CHUNK], final=at + _CHUNK >= len(data))
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, at + error.start) + 1
            raise BadInput(f"{name} is not valid UTF-8 (line {line}): {error.reason}.") from None


def _split(data: bytes, start: int, name: str) -> list[msgspec.Raw]:
    try:
        return msgspec.json.decode(memoryview(data)[start:], type=list[msgspec.Raw])
    except msgspec.DecodeError:
        return _split_slowly(data[start:].decode(), name)


def _split_slowly(text: str, name: str) -> list[msgspec.Raw]:
    """Split what msgspec refuses: JSON that only Python accepts (NaN), and faults, which get their place."""
    try:
        whole = json.loads(text)
    except json.JSONDecodeError as error:
        cut = not text[error.pos :].strip()
        fault = "the file ends too early" if cut else error.msg[:1].lower() + error.msg[1:]
        raise BadInput(f"{name} is not JSON (line {error.lineno}, column {error.colno}): {fault}.") from None
    except RecursionError:
        raise BadInput(f"{name} is nested too deeply to be a trajectory.") from None
    if not isinstance(whole, list):
        raise BadInput(f"{name} is not a trajectory: expected a list of events, found {_described(whole)}.")
    events, at = [], text.index("[") + 1
    decoder = json.JSONDecoder()
    for _ in whole:
        while text[at] in " \t\r\n,":
            at += 1
        end = decoder.raw_decode(text, at)[1]
        events.append(msgspec.Raw(text[at:end].encode()))
        at = end
    return events


def _described(value: object) -> str:
    if isinstance(value, dict):
        keys = ", ".join(repr(key) for key in list(value)[:4])
        return f"an object with the keys {keys}" if keys else "an empty object"
    return {str: "a string", bool: "true or false", type(None): "null"}.get(type(value), "a number")


def _spans(data: bytes, start: int, events: list[msgspec.Raw]) -> list[tuple[int, int]]:
    spans = []
    at = data.index(b"[", start) + 1
    for event in events:
        between = _BETWEEN.match(data, at)
        begin = between.end() if between else at
        at = begin + memoryview(event).nbytes
        spans.append((begin, at))
    return spans


def _check_events(data: bytes, spans: list[tuple[int, int]], name: str) -> None:
    for number, (begin, _) in enumerate(spans):
        first = data[begin : begin + 1]
        if first != b"{":
            found = _NAMES.get(first, "a number")
            line = data.count(b"\n", 0, begin) + 1
            where = f"event #{number} (line {line})"
            raise BadInput(f"{name} is not a trajectory: {where} is {found}, not an object.")
