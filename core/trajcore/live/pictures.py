"""Pictures as a model takes them: of four types, not too many, and named in words where it takes none."""

from __future__ import annotations

import base64
import functools
import importlib
from collections.abc import Sequence
from io import BytesIO
from typing import Any, Final

from trajcore.live.abilities import Abilities
from trajcore.live.messages.transcript import Message
from trajcore.pictures import Picture, type_of

_MOST: Final = 20
"""So many pictures are shown, the last ones: Anthropic takes more of them only where none is very large."""
_LARGEST: Final = 5_000_000
"""Bytes of one, as base64: Anthropic takes no more."""
_MOST_PIXELS: Final = 40_000_000
_CONVERTED: Final = ("BMP", "DIB", "ICO", "PPM", "TIFF", "AVIF")
"""What Pillow, if it is there, is let read: types that it needs no other program for."""
_BLIND: Final = "this model is not shown pictures"
_OTHER_TYPE: Final = "not one that models take: PNG, JPEG, GIF or WebP"
_TOO_LARGE: Final = "too large"
_TOO_MANY: Final = f"only the last {_MOST} are shown"
_ELSEWHERE: Final = "it is somewhere else, and is not fetched"


def name_of(url: str, why: str = "") -> str:
    """A picture in words: what it is, how much of it there is, and why it is not shown."""
    picture = Picture.at(url)
    what = f"{picture.type}, {picture.size:,} bytes" if picture.type else url
    return f"[picture: {what}{f'; {why}' if why else ''}]"


def as_seen(messages: Sequence[Message], abilities: Abilities) -> list[Message]:
    """Messages with the pictures that a model of these abilities takes; the others are named in words."""
    left = _MOST
    seen: list[Message] = []
    for message in reversed(messages):
        content = message.get("content")
        if isinstance(content, list):
            parts: list[dict[str, Any]] = []
            for part in reversed(content):
                part = _part(part, abilities, left > 0)
                left -= part.get("type") == "image_url"
                parts.append(part)
            if any(part.get("type") != "text" for part in content):
                message = {**message, "content": _plain(parts[::-1])}
        seen.append(message)
    return seen[::-1]


def _plain(parts: list[dict[str, Any]]) -> str | list[dict[str, Any]]:
    """Parts as one text, where all are that: there are servers that take no others."""
    if any(part.get("type") != "text" for part in parts):
        return parts
    return "\n".join(str(part.get("text", "")) for part in parts)


def _part(part: dict[str, Any], abilities: Abilities, room: bool) -> dict[str, Any]:
    if part.get("type") != "image_url":
        return part
    address = part.get("image_url")
    url = str(address.get("url") if isinstance(address, dict) else address)
    taken, why = _taken(url, abilities, room)
    if not taken:
        return {"type": "text", "text": name_of(url, why)}
    return {"type": "image_url", "image_url": {"url": taken}}


def _taken(url: str, abilities: Abilities, room: bool) -> tuple[str, str]:
    """The address that is sent, or why none is."""
    if not abilities.sees:
        return "", _BLIND
    if not room:
        return "", _TOO_MANY
    picture = Picture.at(url)
    if not picture.type:
        return (url, "") if url.startswith("https://") and abilities.fetches else ("", _ELSEWHERE)
    taken = _as_a_type_that_is_taken(picture)
    if not taken:
        return "", _OTHER_TYPE
    return (taken, "") if len(taken) <= _LARGEST else ("", _TOO_LARGE)


def _as_a_type_that_is_taken(picture: Picture) -> str:
    """Its address under the type that its data has, converted where that is possible; empty where not."""
    data = picture.content
    if not data:
        return ""
    kind = type_of(data)
    if not kind:
        kind, data = "image/png", _converted(data)
    return f"data:{kind};base64,{base64.b64encode(data).decode()}" if data else ""


@functools.lru_cache(maxsize=_MOST)
def _converted(data: bytes) -> bytes:
    """As PNG, if Pillow is installed and reads it; empty where not."""
    try:
        pillow = importlib.import_module("PIL.Image")
    except ImportError:
        return b""
    made = BytesIO()
    try:
        with pillow.open(BytesIO(data), formats=_CONVERTED) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                return b""
            picture.convert("RGBA").save(made, "PNG")
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, pillow.DecompressionBombError):
        return b""
    return made.getvalue()
