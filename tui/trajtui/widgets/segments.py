"""Stretches of rows below each other, each laid out once: what the Chat is made of."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from rich.text import Text

from trajcore.views.blocks import LONG, Block, BlockKind
from trajcore.views.chat import ChatPart, ChatTone
from trajcore.views.folding import Folded
from trajtui.widgets.blocks import RENDERED, Row, RowMaker, Rows, all_rows_of, first_rows_of
from trajtui.widgets.hunks import Drawable
from trajtui.widgets.lines import widest, wrapped
from trajtui.widgets.piecerows import PieceRows
from trajtui.widgets.textrows import TextRows

_NARROWEST: Final = 10
_INDENT: Final = "    "
_STYLES: Final = {
    ChatTone.RECORDED: "chat--aside",
    ChatTone.THOUGHT: "chat--aside",
    ChatTone.ACTION: "chat--live",
    ChatTone.OUTCOME: "chat--aside",
    ChatTone.FAILED: "chat--bad",
    ChatTone.ASIDE: "chat--aside",
}
_OF_KINDS: Final = {BlockKind.ADDED: "chat--added", BlockKind.REMOVED: "chat--removed"}
_INDENTED: Final = frozenset({BlockKind.OUTPUT, BlockKind.ADDED, BlockKind.REMOVED})


@dataclass(eq=False)
class Segment:
    """Rows that belong together: who speaks, and below that what."""

    head: Rows
    body: Sequence[Row] = field(default_factory=list)
    key: Hashable | None = None
    """By which it is known whether it is unfolded, where it can be."""
    later: Callable[[], Sequence[Row]] | None = None
    """Makes its body, where that takes too long to be done while a user waits for a key."""
    part: ChatPart | None = None
    picture: Block | None = None
    """The block of the picture that it shows."""
    widest: int = 0
    """The cells of its widest row, where it is not wrapped."""

    def __len__(self) -> int:
        return len(self.head) + len(self.body)

    def __getitem__(self, number: int) -> Row:
        own = len(self.head)
        return self.head[number] if number < own else self.body[number - own]


def widest_of(rows: Sequence[Row]) -> int:
    """How many cells the widest row takes."""
    if isinstance(rows, TextRows | PieceRows):
        return rows.widest
    texts = (row for row in rows if not isinstance(row, Drawable))
    return widest(row if isinstance(row, Text) else row[0] for row in texts)


class Flow(Segment):
    """A text that comes in pieces. What is wrapped stays as it is, but for its last row."""

    def __init__(self, speaker: str, tone: ChatTone, width: int) -> None:
        self._style = _STYLES.get(tone, "")
        self._title = self._style if tone is ChatTone.ACTION else "chat--speaker"
        super().__init__(_head(speaker, self._title))
        self._width = max(_NARROWEST, width)
        self._rows: Rows = []
        self.body = self._rows
        self._open = ""

    def called(self, speaker: str) -> None:
        """Who speaks, which may come to be known later."""
        self.head = _head(speaker, self._title)

    def more(self, text: str) -> int | None:
        """More has come; the number of the first row that is another one now, None where none is."""
        if not text:
            return None
        first = len(self) - bool(self.body)
        del self._rows[-1:]
        rows = wrapped(self._open + text, self._width)
        self._open = rows[-1]
        self._rows += [(row, self._style) for row in rows]
        return first


def segment_of(part: ChatPart, width: int, *, folded: bool) -> Segment:
    """A part of the dialogue, laid out; what is long in it is left for later."""
    opens = part.tone is ChatTone.ACTION and part.block.kind is BlockKind.TEXT
    head = _head(part.speaker, "chat--speaker") if part.speaker else _blank() if opens else []
    key, short = part.key if part.folds else None, part.block.folded
    if folded and short is not None:
        return Segment(head, _folded(part, short, width), key)
    if part.block.size > (RENDERED if part.block.kind is BlockKind.PROSE else LONG):
        later = partial(body_of, part, part.block, width)
        first = body_of(part, part.block, width, first_rows_of) or [("…", "chat--aside")]
        return Segment(head, first, key, later)
    return Segment(head, body_of(part, part.block, width), key)


def body_of(part: ChatPart, block: Block, width: int, rows_of: RowMaker = all_rows_of) -> Rows:
    """The rows of what is said in a part, or the first of them."""
    style = _OF_KINDS.get(block.kind) or _STYLES.get(part.tone, "")
    indent = _INDENT if block.kind in _INDENTED else ""
    rows = rows_of(block, max(_NARROWEST, width - len(indent)), style)
    if not indent:
        return rows
    return [(indent + row[0], row[1]) if isinstance(row, tuple) else row for row in rows]


def _folded(part: ChatPart, short: Folded, width: int) -> Rows:
    kind = part.block.kind if part.block.kind in _INDENTED else BlockKind.TEXT
    rows = body_of(part, Block(kind, short.head), width)
    rows.append((f"{_INDENT}… {short.more} · Enter", "chat--more"))
    return rows + (body_of(part, Block(kind, short.tail), width) if short.tail else [])


def _head(speaker: str, style: str) -> Rows:
    return [*_blank(), (speaker, style)]


def _blank() -> Rows:
    return [("", "")]


class Segments:
    """Segments below each other, and which row belongs to which."""

    def __init__(self) -> None:
        self.all: list[Segment] = []
        self._starts: list[int] = [0]

    def __len__(self) -> int:
        return self._starts[-1]

    def set(self, first: int, segments: Sequence[Segment]) -> int:
        """These take the place of all from number `first` on; the row at which they begin."""
        self.all[first:] = segments
        return self.resized(first)

    def resized(self, first: int) -> int:
        """Segments from number `first` on have other rows; the row at which that one begins."""
        del self._starts[first + 1 :]
        at = self._starts[-1]
        for segment in self.all[first:]:
            at += len(segment)
            self._starts.append(at)
        return self._starts[first]

    def at(self, row: int) -> int:
        """The number of the segment that a row belongs to."""
        return max(0, min(bisect_right(self._starts, row) - 1, len(self.all) - 1))

    def start(self, number: int) -> int:
        """The first row of a segment."""
        return self._starts[number]

    def row(self, row: int) -> Row:
        """What stands in a row."""
        number = self.at(row)
        return self.all[number][row - self._starts[number]]
