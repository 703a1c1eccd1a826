"""Where two texts differ."""

from __future__ import annotations

from trajcore.text import common_length


def difference(before: bytes, after: bytes) -> tuple[int, bytes, bytes]:
    """Where two texts in UTF-8 begin to differ, and what is there in each, in whole characters."""
    begin = common_length(before, after)
    while begin and (_inside(before, begin) or _inside(after, begin)):
        begin -= 1
    rest = min(len(before), len(after)) - begin
    end = _common_at_end(before, after, rest)
    while end and (_inside(before, len(before) - end) or _inside(after, len(after) - end)):
        end -= 1
    return begin, before[begin : len(before) - end], after[begin : len(after) - end]


def _inside(text: bytes, at: int) -> bool:
    """Whether a place is inside a character of UTF-8."""
    return at < len(text) and text[at] & 0xC0 == 0x80


def _common_at_end(one: bytes, other: bytes, most: int) -> int:
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if one[len(one) - middle : len(one) - low] == other[len(other) - middle : len(other) - low]:
            low = middle
        else:
            high = middle - 1
    return low
