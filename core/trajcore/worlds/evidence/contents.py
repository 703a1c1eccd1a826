"""What is put where the recording tells only a part of a file, or its name alone.

Each line that is made up says so, so that no reader and no model takes it for the real thing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from trajcore.sandbox.shell.quoting import encoded
from trajcore.worlds.evidence.model import MARK, Grade, Known

LARGEST: Final = 4 << 20
"""Bytes of the largest file that is made."""
_MOST_LINES: Final = 200_000
_NAMED: Final = f"{MARK}the recording tells the name of this file, and not what it holds"
_LINE: Final = f"{MARK}this line is not in the recording"


def content(known: Known, *, padded: bool = True) -> bytes:
    """What a file is made to hold. Unless `padded`, it has not its recorded size."""
    size = known.size if padded and known.size is not None and known.size <= LARGEST else None
    match known.grade:
        case Grade.WHOLE:
            return encoded(known.text or "")
        case Grade.PARTIAL:
            return _partly(known, size)
    return encoded(filler(_NAMED, (len(_NAMED) if size is None else size - 1)) + "\n" if size != 0 else "")


def filler(words: str, length: int) -> str:
    """One line of a length that says that it is made up, as far as there is room for that."""
    return words[: max(length, 0)].ljust(length)


def _partly(known: Known, size: int | None) -> bytes:
    """The known lines at their numbers, and made up ones between and behind them."""
    numbers = [number for number in {*known.lines, *known.openings} if 1 <= number <= _MOST_LINES]
    last = max(numbers, default=0)
    if known.somewhere:
        return _with_unplaced(known, last, size)
    count = known.count if known.count is not None and last <= known.count <= _MOST_LINES else None
    if count is None:
        count = last + (not (size is not None and _taken(known, last, last) >= size))
    empty = [number for number in range(1, count + 1) if number not in known.lines]
    room = None if size is None else max(0, size - _taken(known, count, last))
    shares = _shares(known, empty, last, room)
    lines = [
        known.lines[number]
        if number in known.lines
        else known.openings.get(number, "") + filler(_LINE, shares[number])
        for number in range(1, count + 1)
    ]
    return encoded("\n".join(lines) + "\n")


def _with_unplaced(known: Known, last: int, size: int | None) -> bytes:
    """With lines behind the last that has a number of which nobody knows where they stand."""
    lines = {**known.lines, **dict(enumerate(known.somewhere, last + 2))}
    return _partly(replace(known, lines=lines, somewhere=(), count=None), size)


def _taken(known: Known, count: int, last: int) -> int:
    """Bytes of what is known of the first `count` lines, and of their ends."""
    texts = [text for number, text in (*known.lines.items(), *known.openings.items()) if number <= last]
    return sum(len(encoded(text)) for text in texts) + count


def _shares(known: Known, empty: list[int], last: int, room: int | None) -> dict[int, int]:
    """How long each made up line is: as the known ones, and those behind the last of these take the rest."""
    if room is None:
        return dict.fromkeys(empty, len(_LINE))
    between = [number for number in empty if number <= last]
    behind = [number for number in empty if number > last]
    usual = max(len(_LINE), sum(map(len, known.lines.values())) // max(1, len(known.lines)))
    each = room // max(1, len(empty))
    if between and behind:
        each = min(usual, room // (len(between) + 1))
    shares = dict.fromkeys(between, each)
    left = room - each * len(between)
    shares.update(dict.fromkeys(behind, left // max(1, len(behind))))
    if empty:
        shares[empty[-1]] += room - sum(shares.values())
    return shares
