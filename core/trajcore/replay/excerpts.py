"""Two texts that differ, as much of them as fits into a line: what stands around the first difference."""

from __future__ import annotations

from typing import Final

LONGEST: Final = 60
_BEFORE: Final = 20
_VISIBLE: Final = {ord(" "): "·", ord("\t"): "⇥"}


def difference(old: str, new: str, instead: str = "") -> str:
    """Where two texts differ and in what: `output differs at line 2: "old" → "new"`.

    `instead` is quoted in place of the second one's line, where it tells more.
    """
    before, after = old.split("\n"), new.split("\n")
    number = next(
        (at for at, (one, other) in enumerate(zip(before, after, strict=False)) if one != other),
        min(len(before), len(after)),
    )
    one = before[number] if number < len(before) else None
    other = after[number] if number < len(after) else None
    quoted = _both(one, other)
    if instead:
        quoted = (_both(one, None)[0], f'"{excerpt(instead)}"')
    return f"output differs at line {number + 1}: {quoted[0]} → {quoted[1]}"


def excerpt(line: str, longest: int = 2 * LONGEST) -> str:
    """A line, cut in its middle if it is too long."""
    line = _printable(line.strip()).replace("\t", " ")
    half = longest // 2
    return line if len(line) <= longest else f"{line[: half - 1]}…{line[-half:]}"


def _both(one: str | None, other: str | None) -> tuple[str, str]:
    """Both lines in quotes, `nothing` for one that is not there. They are never the same."""
    if one is None or other is None:
        first, second = ("nothing" if line is None else f'"{_plain(line)}"' for line in (one, other))
        return first, second
    pairs = enumerate(zip(one, other, strict=False))
    same = next((at for at, (letter, its) in pairs if letter != its), min(len(one), len(other)))
    start = max(0, same - _BEFORE)
    if max(len(one), len(other)) <= LONGEST:
        start = 0
    first, second = _cut(one, start), _cut(other, start)
    if first.split() == second.split():
        first, second = (text.translate(_VISIBLE) for text in (first, second))
    else:
        first, second = (text.replace("\t", " ").strip() for text in (first, second))
    return f'"{first}"', f'"{second}"'


def _plain(line: str) -> str:
    return _cut(line.strip(), 0).replace("\t", " ")


def _cut(line: str, start: int) -> str:
    end = start + LONGEST - 2 if len(line) > start + LONGEST else len(line)
    return ("…" if start else "") + _printable(line[start:end]) + ("…" if end < len(line) else "")


def _printable(text: str) -> str:
    """What cannot be seen is spelled out."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or letter == "\t" else ascii(letter)[1:-1] for letter in text
    )
