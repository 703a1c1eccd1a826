"""A row of the timeline as coloured text of a given width: columns line up, and what has no room goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct
from rich.cells import cell_len, set_cell_size
from rich.style import Style
from rich.text import Text

from trajcore.views import marks
from trajcore.views.rows import RowLine, RowTone
from trajcore.views.summaries import window

TIMES_FROM: Final = 70
"""From this width on a row says how long its step took when it was recorded."""
SPENT_FROM: Final = 100
"""From this width on it says what the model's response came to."""
_KIND_WIDTH: Final = 9
_LONGEST_KIND: Final = 16
_DEEPEST: Final = 8
_LEAST_SUMMARY: Final = 6
"""So many cells of a summary go before a duration."""
_ROOM_FOR_WORDS: Final = 40
"""Where a summary has less room than this, only the number of the lines that follow is said."""

_STYLES: Final = {
    RowTone.PLAIN: "timeline--aside",
    RowTone.GOOD: "timeline--good",
    RowTone.BAD: "timeline--bad",
    RowTone.EDITED: "timeline--edited",
    RowTone.LIVE: "timeline--live",
    RowTone.RUNNING: "timeline--running",
}

COMPONENTS: Final = frozenset(
    {
        *_STYLES.values(),
        "timeline--id",
        "timeline--kind",
        "timeline--user",
        "timeline--failed",
        "timeline--next",
        "timeline--breakpoint",
    }
)
"""The component classes that a row is drawn in."""


class Look(Struct, frozen=True):
    """How the rows of a pane are drawn: as wide as it is, with labels of so many digits."""

    width: int
    label_width: int
    style: Callable[[str], Style]


def row_text(line: RowLine, look: Look, *, is_next: bool, folded: bool) -> Text:
    """One row: gutter, label, whose it is, kind, summary, and at its end how it came out."""
    text, style = Text(), look.style
    if line.bookmark and not line.breakpoint:
        text.append(marks.BOOKMARK, style("timeline--next"))
    else:
        text.append(marks.BREAKPOINT if line.breakpoint else " ", style("timeline--breakpoint"))
    text.append(line.mark, style(_STYLES[line.tone]))
    text.append(marks.NEXT if is_next else " ", style("timeline--next"))
    text.append(f"{line.label:>{look.label_width}} ", style("timeline--id"))
    of = style("timeline--user" if line.by_user else "timeline--kind")
    text.append(f"{line.source} ", of if line.by_user else style("timeline--aside"))
    fold = ("▸ " if folded else "▾ ") if line.foldable else ""
    name = "  " * min(line.depth, _DEEPEST) + fold + _shortened(line.kind, _LONGEST_KIND)
    text.append(set_cell_size(name, max(_KIND_WIDTH, cell_len(name) + 1)), of)
    end = _end(line, look, look.width - text.cell_len)
    summary = _summary(line, max(0, look.width - text.cell_len - end.cell_len), style)
    text.append_text(summary).append_text(end)
    if line.downstream:
        text.stylize(style("timeline--aside") + Style(bold=False))
    return text


def _summary(line: RowLine, room: int, style: Callable[[str], Style]) -> Text:
    """What it is about, in exactly `room` cells, with the number of lines that follow it."""
    more = ""
    if line.more:
        words = f" line{'s' * (line.more != 1)}" if room >= _ROOM_FOR_WORDS else ""
        more = f" +{line.more}{words}"
    said = _fitted(line.summary, max(0, room - len(more)), line)
    text = Text(said, style("timeline--kind" if line.is_action else "timeline--aside"))
    text.append(more, style("timeline--aside"))
    text.truncate(room, pad=True)
    return text


def _end(line: RowLine, look: Look, room: int) -> Text:
    """What stands at the end: notes and columns, the last of which is at the edge.

    Where the whole has no room beside the beginning of a summary, the exit code alone is there, if that has.
    """
    outcome, style = line.outcome, look.style
    aside = style("timeline--aside")
    if outcome.note:
        return Text(f" {outcome.note}", aside)
    exit = style(
        "timeline--bad" if outcome.diverged else "timeline--failed" if outcome.failed else "timeline--aside"
    )
    pieces = [(" ".join(filter(None, [_changes(line), *_columns(line, look.width)])), aside)]
    if outcome.exit or outcome.duration or pieces[0][0].strip():
        pieces += [(f" {outcome.exit:>8}", exit), (f" {outcome.duration:>6}", aside)]
    text = Text(" ", aside)
    for said, how in pieces:
        text.append(said if text.plain.strip() else said.lstrip(), how)
    if outcome.exit and text.cell_len > room - _LEAST_SUMMARY:
        text = Text(f" {outcome.exit}", exit)
    return text if text.plain.strip() and text.cell_len <= room else Text()


def _columns(line: RowLine, width: int) -> list[str]:
    """What was recorded, where there is room: how long it took, and what the model's response came to."""
    tokens, cost = line.spent.tokens, line.spent.cost
    columns = []
    if width >= SPENT_FROM:
        columns += [f"{'' if tokens is None else _tokens(tokens):>9}"]
        columns += [f"{'' if cost is None else f'${cost:.3f}':>7}"]
    return [*columns, f"{line.recorded:>6}"] if width >= TIMES_FROM else columns


def _tokens(count: int) -> str:
    return f"{count / 1000:.1f}k tok" if count >= 1000 else f"{count} tok"


def _changes(line: RowLine) -> str:
    """How many files it changed, and how many lines an edit removes and adds."""
    outcome = line.outcome
    parts = [f"{marks.CHANGED}{outcome.files}"] if outcome.files else []
    parts += [f"{sign}{count}" for sign, count in zip("−+", outcome.lines or (0, 0), strict=True) if count]
    return " ".join(parts)


def _fitted(text: str, room: int, line: RowLine) -> str:
    """A summary in at most `room` cells; of a path the end is kept, else the beginning, and what differs."""
    if cell_len(text) <= room:
        return text
    if room < 2 or not text.isascii():
        return set_cell_size(text, max(0, room - 1)) + "…" * (room > 0)
    if line.is_path:
        return "…" + text[len(text) - room + 1 :]
    apart = window(text, line.beside, room) or text
    return apart if len(apart) <= room else apart[: room - 1] + "…"


def _shortened(text: str, room: int) -> str:
    return text if cell_len(text) <= room else set_cell_size(text, room - 1) + "…"
