"""What a terminal shows of a command's output, as it comes: rows, their colours kept."""

from __future__ import annotations

import codecs
import re
from typing import Final

from trajcore.picture import CONTROLS, ROWS, STRETCH, UNSEEN, Row, Screen, cells_of
from trajcore.text import TAB, drawing

LOOKED_AT: Final = 8_000
"""So many characters of a row are kept, and one more says that there were others."""
_REDRAWS: Final = re.compile(r"[\r\b\v\f]|\x1b(?!\[[0-9;:]*m)")
_REDRAWS_OR_TABS: Final = re.compile(r"[\r\b\t\v\f]|\x1b(?!\[[0-9;:]*m)")
_COLOURED: Final = re.compile(r"((?:\x1b\[[0-9;:]*m)*)([^\x1b]*)")
_COLOUR: Final = re.compile(r"\x1b\[[0-9;:]*m")
_PLAIN: Final = "\x1b[0m"
_LONGEST_STATE: Final = 100


class Output:
    """The rows of one output. Plain lines cost next to nothing; of what is redrawn each redrawing does."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._filter = drawing()
        self._held = ""
        """A return that may be the beginning of a new line."""
        self._screen = _Lines()
        self._changed = 0

    def __len__(self) -> int:
        return len(self._screen)

    @property
    def first(self) -> int:
        """The first row that is still kept."""
        return self._screen.dropped

    def row(self, number: int) -> str:
        """A row with its colours; nothing of one that is no longer kept."""
        return self._screen.text(number)

    def take_changed(self) -> int:
        """The first row that is another one than when this was last asked."""
        first, self._changed = self._changed, max(0, len(self) - 1)
        return min(first, len(self))

    def drop(self, rows: int) -> int:
        """Keep the first rows no longer; how many that were."""
        return self._screen.drop(rows)

    def feed(self, data: bytes) -> None:
        """More has come."""
        text = self._held + self._filter.feed(self._decoder.decode(data))
        self._held = "\r" if text.endswith("\r") else ""
        text = text[: len(text) - len(self._held)].replace("\r\n", "\n")
        if not text:
            return
        if _is_plain(text):
            changed = self._screen.add(text)
        else:
            lines = text.split("\n")
            parts = [*(f"{line}\n" for line in lines[:-1]), lines[-1]]
            changed = min(map(self._screen.take, filter(None, parts)))
        self._changed = min(self._changed, changed)
        self._screen.settle()


def _is_plain(text: str) -> bool:
    """Whether a text has nothing in it that goes back over what is there."""
    has_width = text.isascii() and "\x1b" not in text
    return (_REDRAWS if has_width else _REDRAWS_OR_TABS).search(text) is None


class _Lines(Screen):
    """A screen whose rows are texts until they are drawn over; those that nothing reaches stay texts."""

    def __init__(self) -> None:
        super().__init__()
        self._settled: list[str] = []
        self.dropped = 0
        self._colours = ""
        """The colours in force."""
        self._touched = 0

    def __len__(self) -> int:
        end = max(self._lowest, self._last)
        return end + 1 if end in self._rows else end

    def text(self, number: int) -> str:
        """A row, with its colours."""
        place = number - self.dropped
        if place < 0:
            return ""
        return self._settled[place] if place < len(self._settled) else str(self._rows.get(number, ""))

    def drop(self, rows: int) -> int:
        """Keep the first of the rows that nothing reaches no longer; how many that were."""
        rows = min(rows, len(self._settled))
        del self._settled[:rows]
        self.dropped += rows
        return rows

    def settle(self) -> None:
        """Nothing reaches what is far above: these rows stay as they are."""
        first, end = self.dropped + len(self._settled), self._lowest - 2 * ROWS
        if first < end and self._hidden is None:
            self._settled += [str(self._rows.pop(number, "")) for number in range(first, end + ROWS)]

    def take(self, text: str) -> int:
        """A line, or a piece of one; the first row that it has changed."""
        return self.add(text) if _is_plain(text) else self._draw(text)

    def add(self, text: str) -> int:
        """Lines that go on where the cursor is; the first row that is another one."""
        if not self._is_at_end:
            return self._draw(text)
        first = self._at
        before, *behind = UNSEEN.sub("", text).split("\n")
        before = _expanded(before, self._column)
        if before:
            self._line().append(self._coloured(before))
            self._last = max(self._last, first)
        if behind:
            self._begin(behind)
        else:
            self._column += _cells_in(before)
        return first

    def _begin(self, texts: list[str]) -> None:
        """Each of these texts on a line of its own, below the cursor."""
        first = self._at + 1
        texts = [_expanded(text, 0) for text in texts]
        rows = (_Line(self._coloured(text)) for text in texts)
        self._rows.update((at, row) for at, row in enumerate(rows, first) if row)
        self._at = self._lowest = first + len(texts) - 1
        self._last = max(self._last, self._at - (not texts[-1]))
        self._lines += len(texts)
        self._column = _cells_in(texts[-1])

    def _coloured(self, text: str) -> str:
        """A text with the colours that are in force before it; those in it are from now on."""
        before = self._colours
        for colour in _COLOUR.findall(text) if "\x1b" in text else ():
            self._colours = _after(self._colours, colour)
        return before + text if text else ""

    @property
    def _is_at_end(self) -> bool:
        row = self._rows.get(self._at)
        return self._at >= max(self._last, self._lowest) and (
            self._column == 0 if row is None else isinstance(row, _Line) and row.ends_at(self._column)
        )

    def _draw(self, text: str) -> int:
        """Carry out what a piece of the output says; the first row that it may have changed."""
        self._touched = self._at
        for found in STRETCH.finditer(text):
            stretch = found[0]
            if stretch[0] == "\x1b":
                self._obey(stretch)
            elif stretch in CONTROLS:
                CONTROLS[stretch](self)
            elif seen := UNSEEN.sub("", stretch):
                self.write(self._colours, seen)
            self._touched = min(self._touched, self._at)
        return self._touched

    def _obey(self, sequence: str) -> None:
        if sequence[-1] == "m":
            self._colours = _after(self._colours, sequence)
            return
        self.obey(sequence)
        if sequence[-1] in "hl":
            self._touched = 0

    def write(self, colours: str, text: str) -> None:
        """Characters where the cursor is, each in its own colours."""
        cells = cells_of(text)
        if self._column <= LOOKED_AT:
            self._row().write(self._column, [colours + cell if cell else "" for cell in cells])
            self._last = max(self._last, self._at)
        self._column += len(cells)

    def _row(self) -> Row:
        return self._line()

    def _line(self) -> _Line:
        row = self._rows.get(self._at)
        if not isinstance(row, _Line):
            row = self._rows[self._at] = _Line("")
        return row


class _Line(Row):
    """A row that is a text until it is drawn over."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text: str | None = text[: LOOKED_AT + 1]

    def __bool__(self) -> bool:
        return self._text != ""

    def append(self, text: str) -> None:
        """A text behind all that is there."""
        if self._text is None:
            self._text = str(self)
        if len(self._text) <= LOOKED_AT:
            self._text = (self._text + text)[: LOOKED_AT + 1]

    def ends_at(self, column: int) -> bool:
        """Whether a column is the first behind it."""
        return column == (self._end if self._text is None else _cells_in(self._text))

    def write(self, column: int, cells: list[str]) -> None:
        """Cells from a column on, over what is there."""
        self._take_apart()
        super().write(column, cells)

    def erase(self, column: int, which: str) -> None:
        """See `Row`."""
        self._take_apart()
        super().erase(column, which)

    def _take_apart(self) -> None:
        """Each cell with its own colours."""
        text, self._text = self._text, None
        colours, cells = "", list[str]()
        for found in _COLOURED.finditer(text or ""):
            for colour in _COLOUR.findall(found[1]):
                colours = _after(colours, colour)
            cells += [colours + cell if cell else "" for cell in cells_of(found[2])]
        if cells:
            super().write(0, cells)

    def __str__(self) -> str:
        if self._text is not None:
            return self._text
        colours, parts = "", list[str]()
        for cell, written in zip(self._cells[: self._end], self._written, strict=False):
            shown = cell if written == self._erased else " "
            own, _, character = shown.rpartition("m") if "\x1b" in shown else ("", "", shown)
            own = f"{own}m" if own else ""
            if own != colours and character:
                parts.append(_PLAIN + own)
                colours = own
            parts.append(character)
        return "".join(parts)


def _expanded(text: str, column: int) -> str:
    """A text that begins at a column, blanks in place of its tabs."""
    if "\t" not in text:
        return text
    return (" " * (column % TAB) + text).expandtabs(TAB)[column % TAB :]


def _after(colours: str, sequence: str) -> str:
    """The colours in force behind a sequence; what has been set long before all others is forgotten."""
    if sequence in ("\x1b[m", _PLAIN):
        return ""
    together = colours + sequence
    return together if len(together) <= _LONGEST_STATE else sequence


def _cells_in(text: str) -> int:
    """How many cells a text with its colours takes."""
    if text.isascii() and "\x1b" not in text:
        return len(text)
    return len(cells_of(_COLOUR.sub("", text)))
