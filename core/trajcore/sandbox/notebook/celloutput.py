"""What a cell has written: all of it to who watches, and in bounds for the observation."""

from __future__ import annotations

import re
from typing import Final

from trajcore.sandbox.base import Emit
from trajcore.sandbox.notebook.kernellink import Frame
from trajcore.sandbox.shell.capture import Capture

_COLOURS: Final = re.compile(r"\x1b\[\d+(;\d+){0,2}m")
_HEAD: Final = 1 << 20
_TAIL: Final = 1 << 21
_CUT: Final = "\n[... Observation truncated due to length ...]\n"
_IMAGES: Final = 48 << 20
_NO_OUTPUT: Final = "[Code executed successfully with no output]"


class CellOutput:
    """Takes in the frames of one cell."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._kept = Capture()
        self._size = 0
        self._has_text = False
        self._failed = False
        self._after_result = False
        self._at_line_start = True
        self._room = _IMAGES
        self.images: list[str] = []
        """Pictures as data URLs."""

    def add(self, frame: Frame) -> None:
        """Show a frame, and keep what belongs to the answer: nothing that follows a traceback does."""
        if frame.kind in "ob":
            self._show(frame.payload, result=False)
        elif frame.kind in "te":
            self._show(frame.payload, result=True)
        if self._failed and frame.kind != "e":
            return
        if frame.kind in "ote":
            self._has_text = True
            self._failed = frame.kind == "e"
            self._size += len(frame.payload)
            self._kept.add(frame.payload)
        elif frame.kind == "p" and len(frame.payload) <= self._room:
            self._room -= len(frame.payload)
            self.images.append("data:image/png;base64," + frame.payload.decode("ascii", "replace"))

    def end(self) -> None:
        """Nothing follows: what is shown ends with a line's end if it ended with a result."""
        if self._after_result:
            self._show(b"", result=False)

    @property
    def has_text(self) -> bool:
        """Whether the cell has written anything or had a result."""
        return self._has_text

    def text(self) -> str:
        """What OpenHands makes of it: no colours, and words where there was no output."""
        if not self._has_text:
            return _NO_OUTPUT
        data = self._kept.peek()
        if self._size > len(data):
            head, tail = (part.decode("utf-8", "replace") for part in (data[:_HEAD], data[-_TAIL:]))
            return _COLOURS.sub("", head + _CUT + tail)
        return _COLOURS.sub("", data.decode("utf-8", "replace"))

    def _show(self, data: bytes, result: bool) -> None:
        if result != self._after_result and not self._at_line_start:
            data = b"\n" + data
        self._after_result = result
        if data:
            self._at_line_start = data.endswith(b"\n")
            self._emit(data)
