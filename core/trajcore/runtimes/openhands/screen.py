"""How the output of a command reads on OpenHands' terminal, and how much of it an observation holds."""

from __future__ import annotations

import asyncio
from typing import Final

from trajcore.text import as_recorded

_SLOW: Final = 1 << 16
_LINES: Final = 10_000
_LONGEST: Final = 30_000
_CUT: Final = "\n[... Observation truncated due to length ...]\n"


async def screen_text(data: bytes) -> str:
    """The text that a terminal shows for `data`, without colours and without blanks at the ends of lines."""
    if len(data) > _SLOW:
        return await asyncio.to_thread(shown, data)
    return shown(data)


def shown(data: bytes) -> str:
    """As `screen_text`, at once; slow for megabytes."""
    return as_recorded(data.decode("utf-8", "replace")).strip()


def last_lines(text: str) -> tuple[str, str]:
    """`text` as far as a terminal's scroll-back reaches, and what to say when that is not all of it."""
    if text.count("\n") < _LINES:
        return text, ""
    kept = text.rsplit("\n", _LINES)[1:]
    note = f"[Previous command outputs are truncated. Showing the last {_LINES} lines of the output below.]\n"
    return "\n".join(kept), note


def shortened(text: str) -> str:
    """`text` without its middle when it is longer than an observation may be (30,000 characters)."""
    if len(text) <= _LONGEST:
        return text
    half = _LONGEST // 2
    return text[:half] + _CUT + text[-half:]
