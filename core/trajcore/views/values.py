"""JSON as blocks: what has more than a few parts is folded, and so is what is in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import Any, Final

from trajcore.text import safe, safe_line
from trajcore.views.blocks import Block, BlockKind, Nest, block_of

_LANGUAGE: Final = "json"
_STEP: Final = "  "
_SHORT: Final = 72
"""A list or an object of so many characters stands in one line."""
_FEW: Final = 4
"""One of so many members is not folded,"""
_OPEN: Final = 3
"""unless it is as deep in others."""
_AT_ONCE: Final = 100
"""Of one with more members than this, so many are unfolded together."""
_TEXT: Final = 300
"""A text of more characters is folded, and unfolded into its lines."""
_BEGINNING: Final = 60
"""So much of it is shown while it is folded."""
_DEEPEST: Final = 100

Named = tuple[str, Any]
"""What stands before a member (its name and a colon, or nothing), and its value."""


def value_blocks(value: Any) -> tuple[Block, ...]:
    """A value as JSON: its members can be seen, and those with more than a few of their own are folded."""
    if isinstance(value, dict | list) and value and _in_a_line(value) is None:
        return _joined(_opened("", value, "", 0))
    return _joined(_member("", value, "", 0))


def _joined(blocks: Iterator[Block]) -> tuple[Block, ...]:
    """Lines below each other that are not folded are one block."""
    joined: list[Block] = []
    for plain, group in groupby(blocks, key=lambda block: block.folded is None):
        found = list(group)
        joined += [_line("\n".join(block.text for block in found))] if plain else found
    return tuple(joined)


def _member(before: str, value: Any, behind: str, depth: int) -> Iterator[Block]:
    line = _in_a_line(value)
    indent = _STEP * depth
    if line is not None:
        yield _line(safe(f"{indent}{before}{line}{behind}"))
    elif isinstance(value, str):
        yield _text(before, value, behind, depth)
    elif depth >= _DEEPEST:
        yield _line(f"{indent}{safe_line(before)}…{behind}")
    elif len(value) <= _FEW and depth < _OPEN:
        yield from _opened(before, value, behind, depth)
    else:
        opening, closing = _brackets(value)
        what = "key" if isinstance(value, dict) else "item"
        count = f"{len(value):,} {what}{'s' * (len(value) != 1)}"
        head = f"{indent}{safe_line(before)}{opening}… {count}{closing}{behind}"
        make = partial(_unfolded, before, value, behind, depth)
        yield Nest(BlockKind.CODE, head, _LANGUAGE, value, make)


def _unfolded(before: str, value: Any, behind: str, depth: int) -> tuple[Block, ...]:
    """The opening line by itself, since the whole is folded again there."""
    first, *rest = _opened(before, value, behind, depth)
    return first, *_joined(iter(rest))


def _opened(before: str, value: Any, behind: str, depth: int) -> Iterator[Block]:
    opening, closing = _brackets(value)
    indent = _STEP * depth
    yield _line(f"{indent}{safe_line(before)}{opening}")
    yield from _members(_named(value), 0, len(value), depth + 1)
    yield _line(f"{indent}{closing}{behind}")


def _members(named: Sequence[Named], begin: int, end: int, depth: int) -> Iterator[Block]:
    """Those from `begin` to `end`; many of them in groups, folded but for the first."""
    last = len(named) - 1
    for at in range(begin, min(end, begin + _AT_ONCE)):
        before, value = named[at]
        yield from _member(before, value, "," * (at < last), depth)
    for at in range(begin + _AT_ONCE, end, _AT_ONCE):
        until = min(end, at + _AT_ONCE)
        head = f"{_STEP * depth}… {at + 1:,} to {until:,} of {len(named):,}"
        yield Nest(BlockKind.CODE, head, _LANGUAGE, named[at:until], partial(_group, named, at, until, depth))


def _group(named: Sequence[Named], begin: int, end: int, depth: int) -> tuple[Block, ...]:
    title = _line(f"{_STEP * depth}… {begin + 1:,} to {end:,}:")
    return title, *_joined(_members(named, begin, end, depth))


def _text(before: str, value: str, behind: str, depth: int) -> Block:
    """A long text: its beginning, unfolded all of its lines."""
    indent = _STEP * depth
    lines = value.count("\n") + 1
    size = f"{lines:,} lines" if lines > 1 else f"{len(value):,} characters"
    head = f'{indent}{safe_line(before)}{safe_line(_dumped(value[:_BEGINNING]))[:-1]}…"{behind}  ({size})'
    opening = _line(f"{indent}{safe_line(before)}")
    make = partial(_text_parts, opening, value, indent + _STEP)
    return Nest(BlockKind.CODE, head, _LANGUAGE, value, make)


def _text_parts(opening: Block, value: str, indent: str) -> tuple[Block, ...]:
    return opening, block_of(BlockKind.TEXT, value, partial(_indented, indent))


def _indented(indent: str, text: str) -> str:
    return "\n".join(indent + line for line in safe(text).split("\n"))


def _line(text: str) -> Block:
    return Block(BlockKind.CODE, text, _LANGUAGE)


def _in_a_line(value: Any) -> str | None:
    """A value that is short, as JSON; None where it is long."""
    if isinstance(value, str):
        return _dumped(value) if len(value) <= _TEXT and value.count("\n") < 2 else None
    if not isinstance(value, dict | list):
        return _dumped(value)
    if len(value) > _SHORT or not all(_is_plain(one) for one in _values(value)):
        return None
    line = _dumped(value)
    return line if len(line) <= _SHORT else None


def _is_plain(value: Any) -> bool:
    return not isinstance(value, dict | list) and (not isinstance(value, str) or len(value) <= _TEXT)


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _brackets(value: Any) -> tuple[str, str]:
    return ("{", "}") if isinstance(value, dict) else ("[", "]")


def _values(value: Any) -> Sequence[Any]:
    return list(value.values()) if isinstance(value, dict) else value


def _named(value: Any) -> Sequence[Named]:
    if isinstance(value, dict):
        return [(f"{_dumped(str(name))}: ", one) for name, one in value.items()]
    return [("", one) for one in value]
