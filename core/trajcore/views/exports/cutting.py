"""Long texts, cut in the middle: how much was left out is said."""

from __future__ import annotations

from dataclasses import dataclass

from trajcore.pictures import size_of


@dataclass(frozen=True)
class Limit:
    """How much of a text is kept."""

    characters: int
    lines: int


def cut(text: str, limit: Limit) -> tuple[str, str]:
    """A text, or its beginning and its end, and what is said of what was left out between them."""
    lines = text.split("\n")
    if len(text) <= limit.characters and len(lines) <= limit.lines:
        return text, ""
    head, tail = text[: limit.characters * 2 // 3], text[-(limit.characters // 3) :]
    first, last = head.split("\n")[: limit.lines * 2 // 3], tail.split("\n")[-(limit.lines // 3) :]
    if len(text) <= limit.characters:
        first, last = lines[: limit.lines * 2 // 3], lines[-(limit.lines // 3) :]
    kept = "\n".join(first), "\n".join(last)
    left = len(text) - len(kept[0]) - len(kept[1])
    between = text[len(kept[0]) : len(text) - len(kept[1])]
    said = f"{between.count(chr(10)):,} lines, {size_of(len(between.encode('utf-8', 'replace')))}, left out"
    return (f"{kept[0]}\n⋯ {said} ⋯\n{kept[1]}", said) if left > 0 else (text, "")
