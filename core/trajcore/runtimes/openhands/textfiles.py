"""Bytes of a file as OpenHands' editor takes them: text or binary, in which encoding, with which line ends.

Follows openhands-aci 0.3.2, which asks binaryornot and charset-normalizer.
"""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass
from typing import Final

_SAMPLE: Final = 1 << 20
_CHUNK: Final = 1024
_SURE: Final = 0.9
_ASCII_TEXT: Final = b"\n\r\t\f\b" + bytes(range(32, 127))
_HIGH: Final = bytes(range(127, 256))
_BOMS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_ENOUGH: Final = 4
"""So many characters beyond ASCII make it certain that bytes are UTF-8."""
_ENOUGH_BYTES: Final = 10
"""So many bytes beyond ASCII make it possible to tell one of these encodings of other scripts."""
_OTHER_SCRIPTS: Final = (
    "1251",
    "koi8",
    "cyrillic",
    "1253",
    "1255",
    "big5",
    "gb",
    "euc",
    "shift",
    "932",
    "949",
)


class NoText(Exception):
    """The bytes are no text that the editor takes."""


class Undetectable(Exception):
    """No encoding fits the bytes; the message is what the editor answers."""


@dataclass(frozen=True, slots=True)
class Text:
    """What a file holds, every line end a newline, and how to write it back."""

    content: str
    encoding: str


async def read_text(data: bytes, path: str, *, to_change: bool) -> Text:
    """The text of a file of these bytes. Raises `NoText`, `Undetectable` and `UnicodeError`.

    The editor looks for the encoding first where it is `to_change` the file, and for text otherwise.
    """
    return await asyncio.to_thread(_read_text, data, path, to_change)


def _read_text(data: bytes, path: str, to_change: bool) -> Text:
    sample = data[:_SAMPLE]
    encoding = _encoding(sample) if to_change else None
    if _is_binary(data[:_CHUNK], path):
        raise NoText
    encoding = encoding or _encoding(sample)
    with io.TextIOWrapper(io.BytesIO(data), encoding=encoding) as lines:
        return Text("".join(lines), encoding)


def _encoding(sample: bytes) -> str:
    name, confidence = _detected(sample)
    return name if confidence > _SURE and name.lower() != "ascii" else "utf-8"


def _detected(sample: bytes) -> tuple[str, float]:
    """The encoding that fits best, and how sure that is. Raises `Undetectable`."""
    from charset_normalizer import detect

    found = detect(sample)
    name, confidence = found["encoding"], found["confidence"]
    if not isinstance(confidence, float) or not isinstance(name, str):
        raise Undetectable("'>' not supported between instances of 'NoneType' and 'float'")
    return name, confidence


def written(text: str, encoding: str) -> bytes:
    """`text` in an encoding, its line ends as they are. Raises `UnicodeError`."""
    buffer = io.BytesIO()
    with io.TextIOWrapper(buffer, encoding=encoding, newline="") as out:
        out.write(text)
        out.flush()
        return buffer.getvalue()


async def is_binary(data: bytes, path: str = "") -> bool:
    """Whether a file of these bytes is no text."""
    return await asyncio.to_thread(_is_binary, data[:_CHUNK], path)


def _is_binary(chunk: bytes, path: str) -> bool:
    if path.endswith(".pyc"):
        return True
    if not chunk or _is_unicode(chunk):
        return False
    low, high = (len(chunk.translate(None, those)) / len(chunk) for those in (_ASCII_TEXT, _HIGH))
    unlikely = (low > 0.3 and high < 0.05) or (low > 0.8 and high > 0.8)
    return unlikely or b"\0" in chunk or b"\xff" in chunk


def _is_unicode(chunk: bytes) -> bool:
    """Whether the bytes are, beyond doubt, text that is more than ASCII.

    binaryornot asks chardet, which is less ready to call bytes text of a Western encoding.
    """
    encoding = next((name for mark, name in _BOMS if chunk.startswith(mark)), "utf-8")
    try:
        text = chunk.decode(encoding)
    except UnicodeDecodeError:
        return encoding == "utf-8" and _is_of_another_script(chunk)
    return encoding != "utf-8" or sum(char > "\x7f" for char in text) >= _ENOUGH


def _is_of_another_script(chunk: bytes) -> bool:
    if len(chunk) - len(chunk.translate(None, _HIGH)) < _ENOUGH_BYTES:
        return False
    try:
        name, confidence = _detected(chunk)
    except Undetectable:
        return False
    return confidence > _SURE and any(part in name.lower() for part in _OTHER_SCRIPTS)
