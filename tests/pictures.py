"""Pictures made of nothing but zlib: whole ones, bombs, and what only says that it is one."""

from __future__ import annotations

import base64
import struct
import zlib


def png(width: int, height: int, pixels: bytes | None = None) -> bytes:
    """A picture in one colour, or of these pixels, three bytes each."""
    whole = b"\xff\x00\x00" * width * height if pixels is None else pixels
    rows = b"".join(b"\0" + whole[at : at + 3 * width] for at in range(0, len(whole), 3 * width))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def url(data: bytes, kind: str = "image/png") -> str:
    """The address of a picture that is in the recording itself."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
