"""Telling a terminal's output from the marks that the shell puts between commands.

A mark is an escape sequence of the kind terminals ignore: `ESC ] 7717 ; KEY ; … BEL`. A key is random
and known to the shell alone, so output cannot pose as a mark.

A command that is carried out by that shell can look the key up (`__trajtui_n`), or put functions of its own
in the place of ours: bash has no place where one command's code could not look, and the mark must be made
where the shell gets to after an interrupt. Such a recording cheats itself alone: its step seems to end
early or with another exit code, at worst the next one too. What is typed, what may be done and where it is
done do not hang on a mark.
"""

from __future__ import annotations

import itertools
import re
import secrets
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

INTRODUCER: Final = b"\x1b]7717;"
TERMINATOR: Final = b"\x07"
_SECRET: Final = secrets.token_bytes(32)
_COUNT: Final = itertools.count()
_LONGEST: Final = 8192
_FIELD: Final = rb"[^\x1b\x07;]*"
_MARK: Final = re.compile(
    rb"\x1b\]7717;([0-9a-z]+);(?:A|D;([0-9]+)|Z;([0-9]+);(%b);(%b);([12]?);([^\x1b\x07]*))\x07"
    % (_FIELD, _FIELD)
)


@dataclass(frozen=True, slots=True)
class Begun:
    """The command with this key starts now; what came before it belongs to nobody."""

    key: bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """The command with this key is done.

    `background` is bash's `$!`, empty when there is none; `options` is its `$-`. `whole`: what was
    typed behind the command is carried out too. `poor`: it had no descriptors left for our redirections, and
    has said so behind the output.
    """

    key: bytes
    exit_code: int
    background: bytes
    options: bytes
    whole: bool
    poor: bool
    directory: bytes


@dataclass(frozen=True, slots=True)
class Died:
    """The shell itself has ended with this exit code."""

    exit_code: int


Mark = Begun | Ended | Died


def new_key() -> bytes:
    """A key that nobody can tell from those before it; asking the system for each takes far longer."""
    return blake2b(b"%d" % next(_COUNT), key=_SECRET, digest_size=8).hexdigest().encode()


def begin_mark(key: bytes) -> bytes:
    """The bytes that make a `Begun`."""
    return INTRODUCER + key + b";A" + TERMINATOR


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
        begin = 0
        for match in _MARK.finditer(data):
            if match[1] not in self._keys:
                continue
            start = match.start()
            if start > begin:
                found.append(data[begin:start])
            found.append(_mark(match))
            begin = match.end()
        held = self._unfinished(data, begin)
        if held > begin:
            found.append(data[begin:held])
        self._held = data[held:]
        return found

    def flush(self) -> bytes:
        """What was kept back; called when no more will come."""
        held, self._held = self._held, b""
        return held

    def _unfinished(self, data: bytes, begin: int) -> int:
        """Where what may become a mark starts, behind `begin`; the end of `data` where there is none.

        No mark holds an escape or a bell, so only the last escape can be the start of one.
        """
        start = data.rfind(b"\x1b", begin)
        if start == -1 or data.find(TERMINATOR, start) != -1 or len(data) - start >= _LONGEST:
            return len(data)
        head = data[start : start + len(INTRODUCER)]
        key = data[start + len(INTRODUCER) : start + _LONGEST]
        possible = head == INTRODUCER[: len(head)] and any(
            known.startswith(key[: len(known)]) for known in self._keys
        )
        return start if possible else len(data)


def _mark(match: re.Match[bytes]) -> Mark:
    key, died, code, background, options, whole, directory = match.groups()
    if code is not None:
        return Ended(key, int(code), background, options, whole == b"1", whole == b"2", directory)
    return Begun(key) if died is None else Died(int(died))
