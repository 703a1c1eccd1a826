"""A tab is as wide in every pane as in a terminal."""

from __future__ import annotations

from rich.text import Text

from trajcore.text import as_shown
from trajtui.widgets.inputs import SafeTextArea
from trajtui.widgets.lines import wrapped, wrapped_text
from trajtui.widgets.terminal import output_text

TABBED = "a\tb\n\tc"
SHOWN = ["a       b", "        c"]


def test_a_tab_is_as_wide_in_every_pane_as_in_a_terminal() -> None:
    assert as_shown(TABBED).split("\n") == SHOWN
    assert wrapped(TABBED, 80) == SHOWN
    assert [output_text(line).plain for line in TABBED.split("\n")] == SHOWN
    assert SafeTextArea(TABBED).indent_width == 8


def test_colours_take_no_room() -> None:
    assert output_text("\x1b[31ma\x1b[0m\tb").plain == "a       b"
    long = Text("a\tb " * 20)
    assert all(row.cell_len <= 40 for row in wrapped_text(long, 40))
