"""What is shown of a long text at first: some of its beginning, of its end, and how much is between."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct

Maker = Callable[[str], str]
"""Makes what is shown of a text as it was received: safe, at least."""

_LOOKED_AT: Final = 20_000
"""So many characters at each end of a folded text are looked at for its lines."""


class Fold(Struct, frozen=True):
    """How much of a long text is shown at first: so many lines of its beginning, and of its end.

    Of each line so many characters are shown.
    """

    first: int
    last: int = 0
    widest: int = 300


class Folded(Struct, frozen=True):
    """What is shown of a block while it is folded: its beginning, its end, what is between in words."""

    head: str
    tail: str = ""
    more: str = ""


def folded(raw: str, fold: Fold, make: Maker) -> Folded | None:
    """A text as it is shown while folded; None where all of it is shown. Only its ends are made safe."""
    count = raw.count("\n") + 1
    hidden = count - fold.first - fold.last
    first, last = raw[:_LOOKED_AT].split("\n")[: fold.first], list[str]()
    if hidden > 1:
        last = raw[-_LOOKED_AT:].split("\n")[-fold.last :] if fold.last else last
        more = f"+{hidden:,} lines"
    elif len(raw) > fold.widest * count:
        more = f"{len(raw):,} characters in all"
    else:
        return None
    head, tail = (make("\n".join(_narrow(line, fold.widest) for line in lines)) for lines in (first, last))
    return Folded(head, tail, more)


def _narrow(line: str, widest: int) -> str:
    return line if len(line) <= widest else line[:widest] + "…"
