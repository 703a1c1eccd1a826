"""The passages of the sandbox's log as rows of a pane: laid out once, and wrapped as a terminal does it."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final

from rich.ansi import AnsiDecoder
from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from trajcore.text import safe_with_colours
from trajcore.views.output import LOOKED_AT
from trajcore.views.sandboxlog import Passage, RuleTone
from trajtui.widgets.marking import Part
from trajtui.widgets.segments import Segment
from trajtui.widgets.wrapping import UNWRAPPED, wrapped

if TYPE_CHECKING:
    from trajtui.widgets.blocks import Row

_STILL: Final = Style(blink=False, blink2=False)
_RULE: Final = "──"
_CHOSEN_RULE: Final = "━━"


class Laid(Segment):
    """One passage. Of its output only what has come since is laid out again."""

    def __init__(self, passage: Passage, width: int, *, unfolded: bool) -> None:
        super().__init__([])
        self.passage = passage
        self._width = width
        self.unfolded = unfolded
        self.widest = 0
        self._first = passage.output.first
        self._starts = array("q")
        """The row at which each row of the output begins, once wrapped."""
        self.below: list[Row] = []
        """The rows below the output."""
        passage.output.take_changed()
        self.head = _at_words(passage.note, "note", width) if passage.note else self._prompt()
        self._add_output(0)
        self._end()

    def __len__(self) -> int:
        return len(self.head) + len(self.body) + len(self.below)

    def __getitem__(self, number: int) -> Row:
        place = number - len(self.head) - len(self.body)
        return self.below[place] if place >= 0 else super().__getitem__(number)

    def end(self, number: int) -> str:
        """What stands between a row and the next one in the text itself."""
        row = self[number]
        if isinstance(row, Text):
            return row.end
        return row[0].end if isinstance(row, tuple) and isinstance(row[0], Part) else "\n"

    def is_folding(self, number: int) -> bool:
        """Whether a row is of what can be folded, or stands for it."""
        return bool(self.passage.folded) and len(self) - len(self.below) <= number < len(self) - 1

    def more(self) -> Laid | None:
        """This, with what has come since; None where it has to be laid out anew."""
        output = self.passage.output
        if output.first != self._first:
            return None
        self._add_output(output.take_changed() - self._first)
        self._end()
        return self

    def _end(self) -> None:
        """Lay out what stands below the output."""
        self.below = [*self._said(), *self._rule()]

    def _prompt(self) -> list[Row]:
        return _wrapped(self.passage.prompt, "prompt", self._width)

    def _said(self) -> list[Row]:
        passage = self.passage
        failed = passage.ended is not None and passage.ended.failed
        if passage.folded and not self.unfolded:
            return _at_words(f"{passage.folded} · Enter", "note", self._width)
        return _wrapped(passage.said, "failed" if failed else "output", self._width) if passage.said else []

    def _rule(self) -> list[Row]:
        passage = self.passage
        if passage.ended is None:
            return []
        bad = passage.tone is RuleTone.BAD and not passage.is_gone
        return _at_words(f"{_RULE} {passage.rule}".rstrip(), "bad" if bad else "rule", self._width)

    def _add_output(self, first: int) -> None:
        """Lay the output out anew from a row of those that are kept."""
        output, rows, starts = self.passage.output, self.body, self._starts
        assert isinstance(rows, list)
        first = max(0, min(first, len(starts)))
        if first < len(starts):
            del rows[starts[first] :]
            del starts[first:]
        for number in range(self._first + first, len(output)):
            starts.append(len(rows))
            row = output.row(number)
            if len(row) <= self._width and row.isascii():
                rows.append((row, "output"))
            else:
                rows.extend(_folded(row, self._width))
            if len(row) > self.widest:
                self.widest = max(self.widest, drawn_output(row).cell_len)


def drawn_output(line: str) -> Text:
    """One row of a command's output, its colours kept, everything else made harmless."""
    if len(line) > LOOKED_AT:
        line = line[:LOOKED_AT] + "…"
    shown = safe_with_colours(line).replace("\n", " ")
    if "\x1b" not in shown:
        return Text(shown)
    text = AnsiDecoder().decode_line(shown)
    text.stylize(_STILL)
    return text


def as_chosen(rule: str) -> str:
    """The rule of the step that is selected."""
    return rule.replace(_RULE, _CHOSEN_RULE, 1)


def _folded(row: str, width: int) -> list[Row]:
    """A row of the output, cut where the pane ends as a terminal cuts it."""
    if "\x1b" not in row or width >= UNWRAPPED:
        return _wrapped(row, "output", width)
    text = drawn_output(row)
    if text.cell_len <= width:
        return [(row, "output")]
    parts = list(text.divide(_ends(text.plain, width)[:-1]))
    for part in parts[:-1]:
        part.end = ""
    return [*parts]


def _at_words(text: str, style: str, width: int) -> list[Row]:
    """The lines of what the program says, broken between its words."""
    return [(row, style) for row in wrapped(text, width)]


def _wrapped(text: str, style: str, width: int) -> list[Row]:
    """The lines of a text, cut where the pane ends."""
    rows: list[Row] = []
    for line in text.split("\n"):
        if width >= UNWRAPPED or 2 * len(line) <= width or cell_len(line) <= width:
            rows.append((line, style))
            continue
        start = 0
        for end in _ends(line, width):
            part = line[start:end]
            rows.append((Part(part, "") if end < len(line) else part, style))
            start = end
    return rows


def _ends(text: str, width: int) -> list[int]:
    """Behind which characters a line is cut into rows."""
    if text.isascii():
        return [*range(width, len(text), width), len(text)]
    ends, used = [], 0
    for at, character in enumerate(text):
        cells = cell_len(character)
        if used + cells > width and used:
            ends.append(at)
            used = 0
        used += cells
    return [*ends, len(text)]
