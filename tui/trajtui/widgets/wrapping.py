"""Lines of a text as rows of a pane: broken where there is no more room, best between words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from trajcore.text import TAB
from trajtui.abandoned import go_on
from trajtui.widgets.marking import Part
from trajtui.widgets.sideways import LongLine, line_of

CONSOLE = Console(color_system="truecolor", force_terminal=True, width=10_000, legacy_windows=False)
"""Where texts become segments; nothing is ever written to it."""

_BETWEEN: Final = 1_000
"""After so many rows it is asked whether anybody still waits for them."""
WRAPPED: Final = 2_000_000
"""Longer texts are not wrapped."""
UNWRAPPED: Final = 10**9
"""The width to which a text is wrapped that is not to be wrapped."""


def wrapped_text(line: Text, width: int) -> list[Text]:
    """The rows of a coloured line, each at most `width` cells wide."""
    if line.cell_len <= width:
        return [line]
    rows = list(line.wrap(CONSOLE, width, tab_size=TAB, overflow="fold"))
    end_rows(rows, line.plain)
    return rows


def end_rows(rows: list[Text], line: str) -> None:
    """Have each row of a line end in the blanks that stand between it and the next one."""
    for row in rows[:-1]:
        said = row.plain.rstrip()
        said = said if line.startswith(said) else said.lstrip()
        if not line.startswith(said):
            return  # half a wide character, in a pane that has no room for it
        rest = line[len(said) :]
        line = rest.lstrip()
        row.end = rest[: len(rest) - len(line)]


def wrapped(text: str, width: int) -> list[str]:
    """The rows of a safe text, broken at spaces where there are any; each at most `width` cells wide.

    One with which a line goes on in the next row is a `Part`.

    Of a text that is not wrapped each line is a row, of any width.
    """
    rows: list[str] = []
    too_long = len(text) > WRAPPED or width >= UNWRAPPED
    for number, line in enumerate(text.expandtabs(TAB).split("\n")):
        if number % _BETWEEN == 0:
            go_on()
        if too_long:
            rows.append(line_of(line))
        elif len(line) <= width and (line.isascii() or cell_len(line) <= width):
            rows.append(line)
        else:
            rows.extend(_broken(line, width))
    return rows


def widest(rows: Iterable[str | Text]) -> int:
    """How many cells the widest row takes."""
    most = 0
    for row in rows:
        if isinstance(row, LongLine):
            most = max(most, row.width)
        elif 2 * len(row) > most:
            most = max(most, row.cell_len if isinstance(row, Text) else cell_len(row))
    return most


def _broken(line: str, width: int) -> list[str]:
    rows, at = list[str](), 0
    while at < len(line):
        if len(rows) % _BETWEEN == 0:
            go_on()
        end = at + fitting(line[at : at + width], width)
        space = line.rfind(" ", at, end + 1) if end < len(line) else -1
        if space - at > width // 3:
            rows.append(Part(line[at:space], " " if space + 1 < len(line) else " \n"))
            at = space + 1
        else:
            rows.append(Part(line[at:end], "") if end < len(line) else line[at:end])
            at = end
    return rows


def fitting(head: str, width: int) -> int:
    """How many characters fit into `width` cells; at least one."""
    if head.isascii() or cell_len(head) <= width:
        return len(head)
    used = 0
    for place, character in enumerate(head):
        used += cell_len(character)
        if used > width:
            return max(1, place)
    return len(head)
