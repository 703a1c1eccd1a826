"""Stretches of a view, as plain data: any front end draws them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property, partial
from typing import Final

from trajcore.longtext import LongText, StringText
from trajcore.pictures import Picture, name_of
from trajcore.text import as_shown, safe, safe_line, without_escapes
from trajcore.views.folding import Fold, Folded, Maker, folded
from trajcore.views.pieces import Pieces


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
    HUNKS = "hunks"
    """Two texts as the lines in which they differ (`differing.HunksBlock`)."""
    HEADS = "heads"
    """What stands above each of two sides (`differing.Heads`)."""
    NOTE = "note"
    """Said beside the matter: flags, places, exit codes."""
    GOOD = "good"
    BAD = "bad"
    PICTURE = "picture"
    """The name of a picture, which a front end may show below it."""


@dataclass(frozen=True)
class Block:
    """A stretch of a view. Its text is safe to draw, and may have several lines."""

    kind: BlockKind
    text: str
    language: str = ""
    """What code is written in, by the name that highlighters know; behind a slash, a file's name tells it."""
    folded: Folded | None = None
    """What is shown of it at first, where it is long."""
    picture: Picture | None = None

    @property
    def size(self) -> int:
        """About how many characters it has; where they are many, `text` is better asked for in a thread."""
        return len(self.text)

    @property
    def beginning(self) -> str:
        """Of a long text about as much as a screen shows, at once; nothing where it cannot be had so soon."""
        return ""

    @property
    def parts(self) -> tuple[Block, ...]:
        """What takes its place when it is unfolded; nothing where that is its text."""
        return ()

    def pieces(self) -> Pieces | None:
        """A long text in pieces, which are yet to be found; None where `text` is all there is."""
        return None


class Nest(Block):
    """One that is unfolded into others, which may unfold again; they are made when they are asked for.

    `essence` is what they are made of, by which two are the same.
    """

    def __init__(self, kind: BlockKind, head: str, language: str, essence: object, make: Parts) -> None:
        self.__dict__.update(kind=kind, text=head, language=language, folded=Folded(head), picture=None)
        self.__dict__.update(_essence=essence, _make=make)

    @cached_property
    def parts(self) -> tuple[Block, ...]:
        """See `Block.parts`."""
        made: tuple[Block, ...] = self.__dict__["_make"]()
        return made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Nest) and (self.text, self._same) == (other.text, other._same)

    def __hash__(self) -> int:
        return hash(self.text)

    @property
    def _same(self) -> object:
        return self.__dict__["_essence"]


class LongBlock(Block):
    """One whose text takes long to make: it is made when it is asked for, and not kept."""

    def __init__(
        self, kind: BlockKind, raw: LongText, language: str, make: Maker, folded: Folded | None = None
    ) -> None:
        self.__dict__.update(kind=kind, language=language, folded=folded, picture=None, _raw=raw, _make=make)

    @property
    def text(self) -> str:
        """See `Block.text`."""
        made: str = self.__dict__["_make"](self._raw_text.whole)
        return made

    @property
    def size(self) -> int:
        """See `Block.size`."""
        return self._raw_text.size

    @property
    def beginning(self) -> str:
        """See `Block.beginning`."""
        made: str = self.__dict__["_make"](self._raw_text.beginning(_BEGINNING))
        return made[: len(made) * 3 // 4]  # its end may be half of something: of a sequence, of a secret

    def pieces(self) -> Pieces | None:
        """See `Block.pieces`."""
        make: Maker = self.__dict__["_make"]
        return Pieces(self._raw_text, make) if make in (safe, output_text) else None

    @property
    def _raw_text(self) -> LongText:
        raw: LongText = self.__dict__["_raw"]
        return raw

    def __repr__(self) -> str:
        return f"<{self.kind.value} of {self.size} characters>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LongBlock) and self._essence == other._essence

    def __hash__(self) -> int:
        return hash(self._essence)

    @property
    def _essence(self) -> tuple[object, ...]:
        return self.kind, self._raw_text, self.language


def block_of(
    kind: BlockKind, raw: str | LongText, make: Maker, language: str = "", fold: Fold | None = None
) -> Block:
    """A block whose text is made of `raw`: now, or where that is long, when it is asked for."""
    if not isinstance(raw, str):
        return LongBlock(kind, raw, language, make)
    short = None if fold is None else folded(raw, fold, make)
    if len(raw) > LONG:
        return LongBlock(kind, StringText(raw), language, make, short)
    return Block(kind, make(raw), language, short)


Parts = Callable[[], "tuple[Block, ...]"]

LONG: Final = 100_000
"""Texts of more characters are not made safe, shown or wrapped while a user waits for a key."""

_BEGINNING: Final = 12_000
"""So many characters of a long text can be made what is shown of them while a user waits for a key."""


BLANK: Final = Block(BlockKind.TEXT, "")
"""An empty line between two blocks."""


def code(text: str, language: str, fold: Fold | None = None) -> Block:
    """Something that is written in a language."""
    return block_of(BlockKind.CODE, text, safe, language, fold)


def prose(text: str, fold: Fold | None = None) -> Block:
    """Markdown."""
    return block_of(BlockKind.PROSE, text, safe, fold=fold)


def note(text: str) -> Block:
    """Something said beside the matter, in one line."""
    return Block(BlockKind.NOTE, safe_line(text))


def picture_block(picture: Picture) -> Block:
    """A picture by its name."""
    return Block(BlockKind.PICTURE, safe_line(name_of(picture)), picture=picture)


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


def output(text: str | LongText) -> Block:
    """What came back from a sandbox."""
    return block_of(BlockKind.OUTPUT, text, output_text)


def output_text(text: str) -> str:
    """What a terminal would show of a text, safe and without colours."""
    return safe(without_escapes(as_shown(text)))
