"""Texts that are too long to be wrapped: their lines are cut out where they are looked at."""

from __future__ import annotations

import sys
import tracemalloc

import pytest
from rich.cells import cell_len

from trajcore.views.blocks import output
from trajtui.widgets.blocks import long_rows_of
from trajtui.widgets.sideways import LongLine
from trajtui.widgets.textrows import TextRows


@pytest.mark.parametrize("text", ["", "a", "a\n", "\n\nb", "a\tb\n漢字" * 300, "x" * 5_000 + "\ny"])
def test_the_rows_are_the_lines(text: str) -> None:
    rows, lines = TextRows(text, "style"), text.expandtabs(8).split("\n")
    assert [str(row[0]) for row in rows] == lines
    assert {row[1] for row in rows} == {"style"}
    assert rows.widest == max(map(cell_len, lines))
    assert all(isinstance(row[0], LongLine) == (len(row[0]) > 200) for row in rows)
    assert rows[:2] == list(rows)[:2]


def test_a_long_text_is_kept_once() -> None:
    text = "some words of a log, and a number\n" * 200_000
    block = output(text)
    tracemalloc.start()
    rows = long_rows_of(block, 80, "")
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(rows) == 200_001
    assert kept < sys.getsizeof(text) / 2
