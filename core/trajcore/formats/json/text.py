"""Whether bytes are text at all, and where JSON goes wrong."""

from __future__ import annotations

import codecs
import json
import re
from typing import Any, Final

from trajcore.errors import BadInput

_CHUNK: Final = 1 << 20
_VISIBLE: Final = re.compile(rb"\S")


def text_start(data: bytes, name: str) -> int:
    """Where the text begins, behind a byte order mark. Raises `BadInput` for what is empty or no UTF-8."""
    start = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    if _VISIBLE.search(data, start) is None:
        raise BadInput(f"{name} is empty: expected a JSON list of events.")
    if b"\0" in data[:_CHUNK]:
        raise BadInput(f"{name} is a binary file, not JSON.")
    if data.isascii():  # by far the fastest way to know that it is UTF-8, and most recordings are
        return start
    decoder = codecs.getincrementaldecoder("utf-8")()
    for at in range(0, len(data), _CHUNK):
        try:
            decoder.decode(data[at : at + _CHUNK], final=at + _CHUNK >= len(data))
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, at + error.start) + 1
            raise BadInput(f"{name} is not valid UTF-8 (line {line}): {error.reason}.") from None
    return start


def loads(text: str, name: str, *, first_line: int = 1) -> Any:
    """The value of a JSON text. Raises `BadInput` with line and column of what is wrong in it."""
    try:
        return json.loads(text, parse_int=float)
    except json.JSONDecodeError as error:
        cut = not text[error.pos :].strip() or error.msg.startswith("Unterminated string")
        fault = "the file ends too early" if cut else error.msg[:1].lower() + error.msg[1:]
        line = error.lineno + first_line - 1
        raise BadInput(f"{name} is not JSON (line {line}, column {error.colno}): {fault}.") from None
    except RecursionError:
        raise BadInput(f"{name} is nested too deeply to be a trajectory.") from None


def described(value: object) -> str:
    """A JSON value in words."""
    if isinstance(value, dict):
        keys = ", ".join(repr(key[:40]) for key in list(value)[:4])
        return f"an object with the keys {keys}" if keys else "an empty object"
    if isinstance(value, list):
        return "a list"
    return {str: "a string", bool: "true or false", type(None): "null"}.get(type(value), "a number")
