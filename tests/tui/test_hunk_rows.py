"""Rows of what differs: the lines of both sides, however wide the pane, and nothing that is not looked at."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.style import Style

from trajcore.views.differing import as_lines
from trajcore.views.hunks import Hunks, Lines, hunks
from trajcore.views.unified import from_unified
from trajtui.widgets.hunks import Drawable, HunkRows, differences

LINES = st.lists(st.text("ab \t漢", max_size=60), max_size=30)


def of(lines: list[str]) -> Lines:
    return Lines.of("\n".join(lines))


def said(rows: HunkRows) -> list[str]:
    """The lines of both sides, put together of their rows, the left one of a pair first."""
    lines: list[str] = []
    for right in (False, True):
        for row in rows:
            for cell in row.cells if isinstance(row, Drawable) else ():
                if cell is None or cell.is_empty or cell.right is not right:
                    continue
                part = cell.line[cell.begin : cell.end]
                if cell.is_first:
                    lines.append(part)
                else:
                    lines[-1] += part
    return lines


@settings(max_examples=60)
@given(LINES, LINES, st.sampled_from([20, 60, 109, 110, 150]))
def test_rows_are_the_lines_of_both_sides(old: list[str], new: list[str], width: int) -> None:
    found = hunks(of(old), of(new))
    rows = HunkRows(found, width)
    assert len(list(rows)) == len(rows)
    pairs = [pair for hunk in found.hunks for pair in hunk.pairs]
    changed = [pair for pair in pairs if pair.left != pair.right]
    shown = said(rows)
    for pair in changed:
        for line in (pair.left, pair.right):
            if line is not None and not pair.in_blanks_alone:
                assert line.expandtabs(8) in shown
    assert all(row.text(Plain()).cell_len <= width for row in rows if isinstance(row, Drawable))
    begins = [isinstance(row, Drawable) and row.is_changed for row in rows]
    assert list(differences(rows)) == [
        at for at, one in enumerate(begins) if one and not (at and begins[at - 1])
    ]


class Plain:
    """A pane without colours."""

    def part_style(self, name: str) -> Style:
        return Style()


def many(count: int) -> Hunks:
    """The differences of two texts in which every third line is another one."""
    old = [f"{number} alpha beta" for number in range(count)]
    return hunks(of(old), of([line + " gamma" * (at % 3 == 0) for at, line in enumerate(old)]))


def unified(count: int) -> Hunks:
    """A diff of as many lines."""
    lines = (f"{sign}{number}" for number in range(count // 2) for sign in "-+")
    return from_unified([f"@@ -1,{count // 2} +1,{count // 2} @@", *lines])


@pytest.mark.parametrize("make", [many, unified])
@pytest.mark.parametrize("width", [80, 150])
def test_no_object_is_kept_for_each_line(make: Callable[[int], Hunks], width: int) -> None:
    counts = []
    for count in (300, 3_000):
        gc.collect()
        before = len(gc.get_objects())
        found = make(count)
        rows = HunkRows(found, width)
        gc.collect()
        counts.append(len(gc.get_objects()) - before)
        assert len(rows) >= count // 2
    assert counts[1] < counts[0] + 300  # whoever looks for garbage walks through all of them


def test_a_long_difference_is_said_in_the_same_lines() -> None:
    found = hunks(of(["a", "b", "c"]), of(["a", "x", "c"]))
    assert [line for hunk in found.hunks for line in as_lines(hunk)] == [" a", "-b", "+x", " c"]
