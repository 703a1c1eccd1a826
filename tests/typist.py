"""Somebody who types in the shell of a visit."""

from __future__ import annotations

import asyncio


class Typist:
    """Types one line after the other, each when the prompt is there."""

    size = (30, 90)

    def __init__(self, *lines: str) -> None:
        self._lines = list(lines)
        self.shown = b""
        self._prompt = asyncio.Event()

    async def keys(self) -> bytes:
        await self._prompt.wait()
        self._prompt.clear()
        return f"{self._lines.pop(0)}\n".encode() if self._lines else b""

    def show(self, data: bytes) -> None:
        self.shown += data
        if data.rstrip().endswith((b"#", b"$")):
            self._prompt.set()
