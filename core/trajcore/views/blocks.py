"""Stretches of a view, as plain data: any front end draws them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property, partial
from typing import Final

from trajcore.text import as_shown, safe, without_escapes


class BlockKind(Enum):
    """What a block is; a front end chooses how that looks."""

    HEADING = "heading"
    TEXT = "text"
    """As it stands."""
    PROSE = "prose"
    """Markdown."""
    CODE = "code"
    """Written in the block's language."""
    OUTPUT = "output"
    """What came back from a sandbox, without the terminal's escapes."""
    ADDED = "added"
    """Lines that are added, behind the mark of a diff."""
    REMOVED = "removed"
    NOTE = "note"
    """Said beside the matter: flags, places, exit codes."""
    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True)
class Block:
    """A stretch of a view. Its text is safe to draw, and may have several lines."""

    kind: BlockKind
    text: str
    language: str = ""
    """What code is written in, by the name that highlighters know."""

    @property
    def size(self) -> int:
        """About how many characters it has; where they are many, `text` is better asked for in a thread."""
        return len(self.text)


class LongBlock(Block):
    """One whose text takes long to make: it is made when it is first asked for."""

    def __init__(self, kind: BlockKind, raw: str, language: str, make: Callable[[str], str]) -> None:
        self.__dict__.update(kind=kind, language=language, _raw=raw, _make=make)

    @cached_property
    def text(self) -> str:
        """See `Block.text`."""
        made: str = self.__dict__["_make"](self.__dict__["_raw"])
        return made

    @property
    def size(self) -> int:
        """See `Block.size`."""
        return len(self.__dict__["_raw"])

    def __repr__(self) -> str:
        return f"<{self.kind.value} of {self.size} characters>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LongBlock) and self._essence == other._essence

    def __hash__(self) -> int:
        return hash(self._essence)

    @property
    def _essence(self) -> tuple[object, ...]:
        return self.kind, self.__dict__["_raw"], self.language


def block_of(kind: BlockKind, raw: str, make: Callable[[str], str], language: str = "") -> Block:
    """A block whose text is made of `raw`: now, or where that is long, when it is asked for."""
    return LongBlock(kind, raw, language, make) if len(raw) > LONG else Block(kind, make(raw), language)


LONG: Final = 100_000
"""Texts of more characters are not made safe, shown or wrapped while a user waits for a key."""


BLANK: Final = Block(BlockKind.TEXT, "")
"""An empty line between two blocks."""


def text_of(value: object) -> str:
    """A value of an event as a text: what is none is written as JSON, nothing is empty."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def prefixed(kind: BlockKind, mark: str, value: object) -> Block:
    """A value whose lines stand behind the mark of a diff."""
    return block_of(kind, text_of(value), partial(each_behind, mark))


def each_behind(mark: str, text: str) -> str:
    """The lines of a text, each behind the mark of a diff."""
    return "\n".join(mark + line for line in safe(text).split("\n"))


def output(text: str) -> Block:
    """What came back from a sandbox."""
    return block_of(BlockKind.OUTPUT, text, output_text)


def output_text(text: str) -> str:
    """What a terminal would show of a text, safe and without colours."""
    return safe(without_escapes(as_shown(text)))
