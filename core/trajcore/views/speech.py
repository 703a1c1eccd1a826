"""A model's text as it comes, to be written on a terminal or into a file: safe, and marked as the model's."""

from __future__ import annotations

from trajcore.text import safe
from trajcore.views.marks import live_start


class Speech:
    """Gives of each piece what may be written at once; the rest waits for the next one, or for the end."""

    def __init__(self, *, whole_lines: bool) -> None:
        """`whole_lines`: nothing is given of a line before its end has come."""
        self._whole_lines = whole_lines
        self._held: list[str] = []
        self._first = live_start("", "agent")
        # Every line begins with blanks, so that none can pass for a line of the program's own.
        self._following = " " * len(self._first)
        self._before = self._first
        self._in_line = False

    def more(self, piece: str) -> str:
        """What may be written now that this has come."""
        ready, held = self._cut(piece)
        if ready:
            ready = "".join((*self._held, ready))
            self._held.clear()
        if held:
            self._held.append(held)
        return self._marked(ready)

    def end(self) -> str:
        """What is left of a text that is complete, or broken off. What comes next is a new one."""
        left = self._marked("".join(self._held))
        if self._in_line:
            left += "\n"
        self._held.clear()
        self._before, self._in_line = self._first, False
        return left

    def _cut(self, piece: str) -> tuple[str, str]:
        """What need not wait, and what must: part of a whole line, a return that a newline may follow."""
        end = piece.rfind("\n") + 1 if self._whole_lines else len(piece) - piece.endswith("\r")
        return piece[:end], piece[end:]

    def _marked(self, text: str) -> str:
        parts: list[str] = []
        for line in safe(text).split("\n"):
            if parts:
                parts.append("\n")
                self._in_line = False
            if line and not self._in_line:
                parts.append(self._before)
                self._before, self._in_line = self._following, True
            parts.append(line)
        return "".join(parts)
