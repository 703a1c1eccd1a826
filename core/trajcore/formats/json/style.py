"""How a file writes its JSON, read off the events that are there, and new events written likewise."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from trajcore.formats.json.edit import LONE, members, skip_string

_ESCAPED: Final = re.compile(rb"\\u(?:00[89a-fA-F]|0[1-9a-fA-F]|[1-9a-fA-F])")


@dataclass(frozen=True)
class Style:
    """White space and escapes. `step` is None where a value is written on one line."""

    step: str | None = None
    outer: str = ""
    newline: str = "\n"
    comma: str = ", "
    colon: str = ": "
    ascii_only: bool = True

    def written(self, value: Any) -> bytes:
        """A value as JSON text in this style. Raises TypeError or ValueError for what is no JSON."""
        comma = self.comma if self.step is None else self.comma.rstrip(" ")
        text = json.dumps(
            value, ensure_ascii=self.ascii_only, indent=self.step, separators=(comma, self.colon)
        )
        if not self.ascii_only and LONE.search(text):
            # Half of a surrogate pair has no bytes of its own: it can only be written as an escape.
            text = LONE.sub(lambda half: f"\\u{ord(half[0]):04x}", text)
        return text.replace("\n", self.newline + self.outer).encode()

    @property
    def minified(self) -> bool:
        """Whether there is no white space at all."""
        return self.step is None and not self.comma.endswith(" ")


def escapes(raw: bytes) -> bool | None:
    """Whether a text writes characters beyond ASCII as escapes; None where it has none of them."""
    if not raw.isascii():
        return False
    return True if _ESCAPED.search(raw) else None


def style_of(raw: bytes, *, ascii_only: bool) -> Style:
    """The style of an event's JSON text. `ascii_only` is what its file does."""
    text = raw.decode()
    own = escapes(raw)
    escaped = ascii_only if own is None else own
    found = list(members(text))
    if not found:
        return Style(ascii_only=escaped)
    first = found[0]
    colon = text[skip_string(text, first.begin) : first.value]
    opening, closing = text[1 : first.begin], text[found[-1].end : -1]
    colon = ": " if "\n" in colon else colon
    if "\n" in opening:
        newline = "\r\n" if "\r\n" in opening else "\n"
        inner, outer = opening.rpartition("\n")[2], closing.rpartition("\n")[2]
        step = inner.removeprefix(outer) if inner.startswith(outer) else inner
        return Style(step, outer, newline, ",", colon, escaped)
    comma = text[first.end : found[1].begin] if len(found) > 1 else "," + colon.partition(":")[2]
    return Style(None, "", "\n", ", " if "\n" in comma else comma, colon, escaped)
