"""A tab is as wide in every pane as in a terminal."""

from __future__ import annotations

from rich.text import Text

from trajcore.text import as_shown
from trajcore.views.output import Output
from trajtui.widgets.inputs import SafeTextArea
from trajtui.widgets.wrapping import wrapped, wrapped_text


def rows_of(text: str) -> list[str]:
    """The rows of what a command wrote, as the Sandbox pane has them."""
    output = Output()
    output.feed(text.encode())
    return [output.row(number) for number in range(len(output))]


TABBED = "a\tb\n\tc"
SHOWN = ["a       b", "        c"]


def test_a_tab_is_as_wide_in_every_pane_as_in_a_terminal() -> None:
    assert as_shown(TABBED).split("\n") == SHOWN
    assert wrapped(TABBED, 80) == SHOWN
    assert rows_of(TABBED) == SHOWN
    assert SafeTextArea(TABBED).indent_width == 8


def test_colours_take_no_room() -> None:
    assert [Text.from_ansi(row).plain for row in rows_of("\x1b[31ma\x1b[0m\tb")] == ["a       b"]
    long = Text("a\tb " * 20)
    assert all(row.cell_len <= 40 for row in wrapped_text(long, 40))
