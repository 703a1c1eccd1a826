"""What is said in the Chat, as segments."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from trajcore.views.blocks import Block, BlockKind
from trajcore.views.chat import ChatPart, ChatTone
from trajcore.views.folding import Folded
from trajtui.widgets.blocks import Row, RowMaker, Rows, all_rows_of, first_rows_of, takes_long
from trajtui.widgets.marking import Part
from trajtui.widgets.segments import Segment
from trajtui.widgets.wrapping import wrapped

_NARROWEST: Final = 10
_OF_DIFFS: Final = 8
"""So many rows are shown of a diff that is folded."""
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
_KEPT: Final = _INDENTED | {BlockKind.PROSE}
"""What looks folded as it does unfolded."""


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
    if takes_long(part.block):
        is_diff = part.block.kind is BlockKind.HUNKS
        later = partial(_later, part, width, folded=folded and is_diff)
        first = body_of(part, part.block, width, first_rows_of) or [("…", "chat--aside")]
        return Segment(head, first, part.key if is_diff else key, later)
    if part.block.kind is BlockKind.HUNKS:
        rows = body_of(part, part.block, width)
        key = part.key if len(rows) > _OF_DIFFS + 1 else None
        return Segment(head, _begun(rows) if folded and key else rows, key)
    return Segment(head, body_of(part, part.block, width), key)


def _later(part: ChatPart, width: int, *, folded: bool) -> Sequence[Row]:
    rows = body_of(part, part.block, width)
    return _begun(rows) if folded and len(rows) > _OF_DIFFS + 1 else rows


def body_of(part: ChatPart, block: Block, width: int, rows_of: RowMaker = all_rows_of) -> Sequence[Row]:
    """The rows of what is said in a part, or the first of them."""
    style = _OF_KINDS.get(block.kind) or _STYLES.get(part.tone, "")
    indent = _INDENT if block.kind in _INDENTED else ""
    rows = rows_of(block, max(_NARROWEST, width - len(indent)), style)
    if not indent:
        return rows
    return [(_indented(row[0]), row[1]) if isinstance(row, tuple) else row for row in rows]


def _indented(row: str) -> Part:
    return Part(_INDENT + row, row.end if isinstance(row, Part) else "\n", len(_INDENT))


def _folded(part: ChatPart, short: Folded, width: int) -> Rows:
    kind = part.block.kind if part.block.kind in _KEPT else BlockKind.TEXT
    head, tail = (
        body_of(part, Block(kind, text), width) if text else () for text in (short.head, short.tail)
    )
    return [*head, _more(short.more), *tail]


def _begun(rows: Sequence[Row]) -> Rows:
    return [*rows[:_OF_DIFFS], _more(f"+{len(rows) - _OF_DIFFS} lines")]


def _more(what: str) -> Row:
    return (f"{_INDENT}… {what} · Enter", "chat--more")


def _head(speaker: str, style: str) -> Rows:
    return [*_blank(), (speaker, style)]


def _blank() -> Rows:
    return [("", "")]
