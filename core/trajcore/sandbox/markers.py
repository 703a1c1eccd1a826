"""Telling a terminal's output from the marks that the shell puts between commands.

A mark is an escape sequence of the kind terminals ignore: `ESC ] 7717 ; KEY ; … BEL`. A key is random
and known to the shell alone, so output cannot pose as a mark.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

INTRODUCER: Final = b"\x1b]7717;"
TERMINATOR: Final = b"\x07"
_LONGEST: Final = 8192


@dataclass(frozen=True, slots=True)
class Begun:
    """The command with this key starts now; what came before it belongs to nobody."""

    key: bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """The command with this key is done. `background` is bash's `$!`, empty when there is none."""

    key: bytes
    exit_code: int
    background: bytes
    directory: bytes


@dataclass(frozen=True, slots=True)
class Died:
    """The shell itself has ended with this exit code."""

    exit_code: int


Mark = Begun | Ended | Died


class Scanner:
    """Splits a stream of chunks into output and marks; keeps back only what may be the start of a mark."""

    def __init__(self) -> None:
        self._held = b""
        self._keys: set[bytes] = set()

    def accept(self, *keys: bytes) -> None:
        """From now on a mark is a mark only with one of these keys; others are output."""
        self._keys = set(keys)

    def feed(self, chunk: bytes) -> list[bytes | Mark]:
        """What `chunk` completes, in order."""
        if not self._held and b"\x1b" not in chunk:
            return [chunk] if chunk else []
        data = self._held + chunk
        found: list[bytes | Mark] = []
        begin = position = 0
        while (start := data.find(b"\x1b", position)) != -1:
            end = self._end_of_mark(data, start)
            if end is None:
                break
            mark = self._mark(data[start:end]) if end else None
            if mark is None:
                position = start + 1
                continue
            if start > begin:
                found.append(data[begin:start])
            found.append(mark)
            begin = position = end
        held = len(data) if start == -1 else start
        if held > begin:
            found.append(data[begin:held])
        self._held = data[held:]
        return found

    def flush(self) -> bytes:
        """What was kept back; called when no more will come."""
        held, self._held = self._held, b""
        return held

    def _end_of_mark(self, data: bytes, start: int) -> int | None:
        """Where the mark at `start` ends; 0 if it is none; None if that cannot be told yet."""
        head = data[start : start + len(INTRODUCER)]
        if head != INTRODUCER[: len(head)]:
            return 0
        end = data.find(TERMINATOR, start, start + _LONGEST)
        if end != -1:
            return end + 1
        key = data[start + len(INTRODUCER) : start + _LONGEST]
        possible = any(known.startswith(key[: len(known)]) for known in self._keys)
        return None if possible and len(data) - start < _LONGEST else 0

    def _mark(self, text: bytes) -> Mark | None:
        key, *fields = text[len(INTRODUCER) : -1].split(b";", 4)
        if key not in self._keys:
            return None
        match fields:
            case [b"A"]:
                return Begun(key)
            case [b"D", code] if code.isdigit():
                return Died(int(code))
            case [b"Z", code, background, directory] if code.isdigit():
                return Ended(key, int(code), background, directory)
        return None
