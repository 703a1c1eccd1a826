"""What a terminal would do with the bytes that it received: a plain state machine, a character at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator

ESC = "\x1b"
STRINGS = ("OSC", "DCS", "SOS", "PM", "APC")
_SECOND = {"[": "CSI", **dict(zip("]PX^_", STRINGS, strict=True))}
_FINALS = {"ESC": "".join(map(chr, range(0x30, 0x7F))), "CSI": "".join(map(chr, range(0x40, 0x7F)))}
_C1 = {"\x9b": "CSI", "\x9d": "OSC", "\x90": "DCS", "\x98": "SOS", "\x9e": "PM", "\x9f": "APC"}
_SPOOFING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


DRAWN = (
    r"C0 0[78bcef]|ESC[78DEHM=>]|ESC#[3-68]|ESC[()*+][0AB]"
    r"|CSI[0-9;]*[@A-IK-MPSTXZ`abdefgr]|CSI[0-9;:]*m|CSI[012]?J|CSI[su]|CSI4[hl]|CSI!p|CSI[0-6]? q"
    r"|CSI[?](1|5|7|12|25|47|66|1000|1002|1003|1006|1047|1048|1049|2004|;)+[hl]"
)
"""What a shell may do to a terminal: draw, and set the modes of keypad, mouse and pasting."""

PRINTED = r"CSI(0|[12]|3[1-6])m"
"""The colours in which commands print."""


class _Machine:
    """A character at a time; `state` is empty, or the kind of the sequence that goes on."""

    def __init__(self, plain: str) -> None:
        self.state = self.text = ""
        self._plain = plain

    def take(self, char: str) -> str | None:
        """What a character completes or does, if that is more than being drawn."""
        if char in "\x18\x1a" or (char == ESC and self.state):
            cut = f"{self.state}{self.text} cut" if self.state else None
            self._begin("ESC" if char == ESC else "")
            return cut
        if char == ESC or (self.state not in STRINGS and "\x80" <= char <= "\x9f"):
            self._begin("ESC" if char == ESC else _C1.get(char, ""))
            return None if self.state else f"C1 {ord(char):02x}"
        if self.state in STRINGS:
            return self._end(char, "\x07\x9c")
        if char < " " or char == "\x7f":
            return None if char in self._plain else f"C0 {ord(char):02x}"
        if self.state:
            return self._in_sequence(char)
        return f"bidi {ord(char):04x}" if char in _SPOOFING else None

    def _in_sequence(self, char: str) -> str | None:
        if self.state == "ESC" and not self.text and char in _SECOND:
            self._begin(_SECOND[char])
            return None
        return self._end(char, _FINALS[self.state])

    def _begin(self, state: str) -> None:
        self.state, self.text = state, ""

    def _end(self, char: str, ends: str) -> str | None:
        self.text += char
        if char not in ends:
            return None
        whole = self.state + self.text
        self._begin("")
        return whole


def acts(data: bytes, plain: str = "\t\r\n") -> Iterator[str]:
    """What is more than characters to draw, in order: controls but those in `plain`, and sequences.

    A sequence is spelled `ESC…`, `CSI…`, `OSC…` and so on, as far as it came.
    """
    machine = _Machine(plain)
    for char in data.decode("utf-8", "surrogateescape"):
        # A byte that is no UTF-8 reaches a terminal of 8 bits as itself.
        act = machine.take(chr(ord(char) - 0xDC00) if "\udc80" <= char <= "\udcff" else char)
        if act is not None:
            yield act
    if machine.state:
        yield f"{machine.state}{machine.text} unfinished"


def assert_only_drawn(data: bytes, allowed: str = "") -> None:
    """Nothing but text and new lines was received, and the acts that the expression `allowed` matches."""
    found = [act for act in acts(data) if not (allowed and re.fullmatch(allowed, act))]
    assert not found, (found[:5], data[:2000])
