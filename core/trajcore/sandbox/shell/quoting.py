"""Writing arbitrary bytes as text that bash reads back unchanged, on lines a terminal accepts."""

from __future__ import annotations

import re
from typing import Final

LINE_LIMIT: Final = 3500
"""Bytes of quoted text on one typed line; a terminal in canonical mode drops what exceeds 4095."""

_SPECIAL: Final = re.compile(rb"[^ -~]|['\\!]")
_ESCAPES: Final = {bytes([code]): b"\\%03o" % code for code in range(1, 256)} | {b"\0": b""}
_ESCAPE_LENGTH: Final = 4


def escaped(data: bytes) -> bytes:
    r"""The inside of `$'…'` for `data`: every escape is `\ooo`; NUL, which bash cannot hold, goes."""
    return _SPECIAL.sub(lambda found: _ESCAPES[found[0]], data)


def quoted(text: str) -> bytes:
    """`text` as one bash word."""
    return b"$'" + escaped(encoded(text)) + b"'"


def encoded(text: str) -> bytes:
    """`text` as UTF-8; bytes smuggled in as surrogates come out as they were."""
    return text.encode("utf-8", "surrogateescape" if _only_smuggled(text) else "replace")


def cut(text: bytes, limit: int = LINE_LIMIT) -> list[bytes]:
    """Escaped `text` in pieces of at most `limit` bytes; no cut falls inside an escape."""
    pieces = []
    start = 0
    while len(text) - start > limit:
        end = start + limit
        escape = text.rfind(b"\\", end - _ESCAPE_LENGTH + 1, end)
        end = escape if escape != -1 else end
        pieces.append(text[start:end])
        start = end
    pieces.append(text[start:])
    return pieces


def _only_smuggled(text: str) -> bool:
    return all("\udc80" <= char <= "\udcff" for char in text if "\ud800" <= char <= "\udfff")
