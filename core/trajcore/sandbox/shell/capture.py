"""What a command has written, kept within bounds."""

from __future__ import annotations

from collections import deque

from trajcore.sandbox.base import OUTPUT_HEAD, OUTPUT_TAIL


class Capture:
    """Keeps the first megabyte and the last two of what it is given."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_size = 0

    def add(self, chunk: bytes) -> None:
        """Take in the next bytes."""
        if len(self._head) < OUTPUT_HEAD:
            self._head += chunk
            return
        self._tail.append(chunk)
        self._tail_size += len(chunk)
        while self._tail_size - len(self._tail[0]) > OUTPUT_TAIL:
            self._tail_size -= len(self._tail.popleft())

    def take(self) -> bytes:
        """All that is kept; the capture starts anew."""
        data = self.peek()
        self._head.clear()
        self._tail.clear()
        self._tail_size = 0
        return data

    def peek(self) -> bytes:
        """All that is kept."""
        return bytes(self._head) + b"".join(self._tail)
