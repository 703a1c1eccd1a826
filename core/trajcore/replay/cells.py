"""Comparing notebook cells: their text without what one version says and the other does not, and pictures."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from trajcore.events.base import Observation

_TRAILER: Final = re.compile(r"\n?\[Jupyter (current working directory|Python interpreter): [^\n]*\]\s*\Z")
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_CHUNK_FRAME: Final = 12
_PIXELS: Final = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT"})
_LARGEST: Final = 64 << 20


def shared_text(recorded: str, actual: str) -> tuple[str, str]:
    """Both texts without the closing lines about Jupyter that only one of them has.

    OpenHands has added them one after the other, and an action can ask for none.
    """
    before, after = _trailers(recorded), _trailers(actual)
    return _without(recorded, before - after), _without(actual, after - before)


def _trailers(text: str) -> set[str]:
    found = set()
    while match := _TRAILER.search(text):
        found.add(match.group(1))
        text = text[: match.start()]
    return found


def _without(text: str, names: set[str]) -> str:
    kept = ""
    while match := _TRAILER.search(text):
        text, line = text[: match.start()], match.group()
        kept = kept if match.group(1) in names else line + kept
    return text + kept


def picture_difference(recorded: Observation, actual: Observation) -> tuple[bool, str]:
    """Whether the pictures of two cells are the same byte for byte; and how they differ to the eye, if so."""
    before, after = _pictures(recorded), _pictures(actual)
    if len(before) != len(after):
        return False, f"pictures: {len(before)} recorded, {len(after)} actual"
    for number, (one, other) in enumerate(zip(before, after, strict=True), 1):
        if one != other and (_pixels(one) is None or _pixels(one) != _pixels(other)):
            return False, f"picture {number} differs"
    return before == after, ""


def _pictures(observation: Observation) -> Sequence[str]:
    return getattr(observation.extras, "image_urls", None) or ()


def _pixels(url: str) -> bytes | None:
    """What a PNG shows, without what was written beside it (the program, its version); None for others."""
    try:
        data = base64.b64decode(url.partition(",")[2], validate=True)
    except binascii.Error:
        return None
    if not data.startswith(_SIGNATURE):
        return None
    place, head, body = len(_SIGNATURE), b"", b""
    while place + _CHUNK_FRAME <= len(data):
        size, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        content = data[place + 8 : place + 8 + size]
        if kind == b"IDAT":
            body += content
        elif kind in _PIXELS:
            head += content
        place += size + _CHUNK_FRAME
    try:
        unpacking = zlib.decompressobj()
        rows = unpacking.decompress(body, _LARGEST)
    except zlib.error:
        return None
    return head + rows if unpacking.eof else None
