"""Pictures as recordings hold them: where they are, of which type and size. None is decoded here."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

_SIGNATURES: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_LOOKED_AT: Final = 1 << 18
"""So many characters of the data are looked at for its type and size; a preview may be before them."""


@dataclass(frozen=True)
class Picture:
    """What an address says of a picture: its type, and its data as base64; neither where it is elsewhere."""

    type: str
    data: str
    address: str = ""
    """Where it is, if not in the recording itself."""

    @classmethod
    def at(cls, url: str) -> Picture:
        """The picture at an address."""
        head, comma, data = url.partition(",")
        if not comma or not head.startswith("data:"):
            return cls("", "", url)
        return cls(head.removeprefix("data:").partition(";")[0].lower() or "data", data)

    @property
    def size(self) -> int:
        """About how many bytes it has."""
        return len(self.data) * 3 // 4

    @property
    def content(self) -> bytes:
        """Its data; empty where that is no base64."""
        return _decoded(self.data)

    @cached_property
    def _head(self) -> bytes:
        start = "".join(self.data[:_LOOKED_AT].split())
        return _decoded(start[: len(start) // 4 * 4])

    @property
    def true_type(self) -> str:
        """Its type by its first bytes, if it is one that is shown: what an address says is often wrong."""
        return type_of(self._head)

    @property
    def dimensions(self) -> tuple[int, int] | None:
        """How wide and high it says that it is, in pixels."""
        measure = _MEASURES.get(self.true_type)
        try:
            return None if measure is None else measure(self._head)
        except IndexError:
            return None


def type_of(data: bytes) -> str:
    """The type of a picture by its first bytes; empty where it is none that models take and screens show."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for signature, kind in _SIGNATURES if data.startswith(signature)), "")


def name_of(picture: Picture) -> str:
    """A picture in words, not yet made safe: `picture 800×500 · png · 30 kB`."""
    if not picture.type:
        return f"picture · elsewhere, not fetched · {picture.address}"
    kind, size = picture.true_type, size_of(picture.size)
    if not kind:
        return f"picture · says it is {picture.type}, and is none that can be shown · {size}"
    measured = picture.dimensions
    across = f" {measured[0]}×{measured[1]}" if measured else ""
    return f"picture{across} · {kind.removeprefix('image/')} · {size}"


def size_of(count: int) -> str:
    """A number of bytes for people."""
    for unit, factor in (("MB", 1_000_000), ("kB", 1_000)):
        if count >= factor:
            return f"{count / factor:.0f} {unit}" if count >= 10 * factor else f"{count / factor:.1f} {unit}"
    return f"{count} bytes"


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _of_png(data: bytes) -> tuple[int, int] | None:
    return _big(data, 16, 4), _big(data, 20, 4)


def _of_gif(data: bytes) -> tuple[int, int] | None:
    return _little(data, 6, 2), _little(data, 8, 2)


def _of_jpeg(data: bytes) -> tuple[int, int] | None:
    at = 2
    while data[at] == 0xFF:
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # a frame begins, not a table
            return _big(data, at + 7, 2), _big(data, at + 5, 2)
        at += 2 + _big(data, at + 2, 2) if marker != 0xFF else 1
    return None


def _of_webp(data: bytes) -> tuple[int, int] | None:
    match data[12:16]:
        case b"VP8X":
            return 1 + _little(data, 24, 3), 1 + _little(data, 27, 3)
        case b"VP8L":
            bits = _little(data, 21, 4)
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case b"VP8 ":
            return _little(data, 26, 2) & 0x3FFF, _little(data, 28, 2) & 0x3FFF
    return None


def _big(data: bytes, at: int, length: int) -> int:
    return int.from_bytes(_whole(data, at, length), "big")


def _little(data: bytes, at: int, length: int) -> int:
    return int.from_bytes(_whole(data, at, length), "little")


def _whole(data: bytes, at: int, length: int) -> bytes:
    """So many bytes. Raises `IndexError` where there are fewer."""
    if at + length > len(data):
        raise IndexError(at)
    return data[at : at + length]


_MEASURES: Final[dict[str, Callable[[bytes], tuple[int, int] | None]]] = {
    "image/png": _of_png,
    "image/gif": _of_gif,
    "image/jpeg": _of_jpeg,
    "image/webp": _of_webp,
}
