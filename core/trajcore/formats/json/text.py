"""Whether bytes are text at all, and where JSON goes wrong."""

from __future__ import annotations

import codecs
import json
import re
from typing import Any, Final

from trajcore.errors import BadInput

_CHUNK: Final = 1 << 20
_ENCODINGS: Final = {
    "UTF-32": rb"\xff\xfe\0\0|\0\0\xfe\xff",  # before UTF-16, which begins likewise
    "UTF-32LE": rb"[^\0]\0\0\0",
    "UTF-32BE": rb"\0\0\0[^\0]",
    "UTF-16": rb"\xff\xfe|\xfe\xff",
    "UTF-16LE": rb"[^\0]\0[^\0]\0",
    "UTF-16BE": rb"\0[^\0]\0[^\0]",
}
"""Other encodings of JSON, by how a file in them begins: with a mark, or with characters of ASCII."""
_VISIBLE: Final = re.compile(rb"\S")


def text_start(data: bytes, name: str) -> int:
    """Where the text begins, behind a byte order mark. Raises `BadInput` for what is empty or no UTF-8."""
    start = text_begin(data, name)
    fault = encoding_fault(data)
    if fault is not None:
        line, reason = fault
        raise BadInput(f"{name} is not valid UTF-8 (line {line}): {reason}.")
    return start


def text_begin(data: bytes, name: str) -> int:
    """As `text_start`, whatever the bytes behind the beginning are. Raises `BadInput` for what is no text."""
    start = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    if _VISIBLE.search(data, start) is None:
        raise BadInput(f"{name} is empty: expected a JSON list of events.")
    if b"\0" in data[:_CHUNK]:
        encoding = next((name for name, begins in _ENCODINGS.items() if re.match(begins, data)), None)
        if encoding is None:
            raise BadInput(f"{name} is a binary file, not JSON.")
        convert = f"iconv -f {encoding} -t UTF-8"
        raise BadInput(f"{name} is {encoding}, and JSON is UTF-8: convert it ({convert}).")
    return start


def first_character(data: bytes) -> bytes:
    """The first byte of a text that is no white space, behind a byte order mark; empty: there is none."""
    start = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    found = _VISIBLE.search(data, start)
    return found[0] if found else b""


def encoding_fault(data: bytes) -> tuple[int, str] | None:
    """The line in which bytes are no UTF-8, and why; None where they are."""
    if data.isascii():  # by far the fastest way to know that it is UTF-8, and most recordings are
        return None
    decoder = codecs.getincrementaldecoder("utf-8")()
    for at in range(0, len(data), _CHUNK):
        try:
            decoder.decode(data[at : at + _CHUNK], final=at + _CHUNK >= len(data))
        except UnicodeDecodeError as error:
            return data.count(b"\n", 0, at + error.start) + 1, error.reason
    return None


def loads(text: str, name: str, *, first_line: int = 1) -> Any:
    """The value of a JSON text. Raises `BadInput` with line and column of what is wrong in it."""
    try:
        return json.loads(text, parse_int=float)
    except json.JSONDecodeError as error:
        line, fault = error.lineno + first_line - 1, in_words(error, text)
        raise BadInput(f"{name} is not JSON (line {line}, column {error.colno}): {fault}.") from None
    except RecursionError:
        raise BadInput(f"{name} is nested too deeply to be a trajectory.") from None


def in_words(error: json.JSONDecodeError, text: str, what: str = "the file") -> str:
    """What is wrong with a JSON text. `what` is cut off, where it is."""
    cut = is_cut_off(error, text)
    return f"{what} ends too early" if cut else error.msg[:1].lower() + error.msg[1:]


def is_cut_off(error: json.JSONDecodeError, text: str) -> bool:
    """Whether nothing is wrong with a JSON text but that it ends."""
    return not text[error.pos :].strip() or error.msg.startswith("Unterminated string")


def described(value: object) -> str:
    """A JSON value in words."""
    if isinstance(value, dict):
        keys = ", ".join(repr(key[:40]) for key in list(value)[:4])
        return f"an object with the keys {keys}" if keys else "an empty object"
    if isinstance(value, list):
        return "a list"
    return {str: "a string", bool: "true or false", type(None): "null"}.get(type(value), "a number")
