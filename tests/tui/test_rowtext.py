"""A row of the timeline in a pane of any width."""

from __future__ import annotations

import pytest
from rich.style import Style

from trajcore.views.outcomes import Outcome
from trajcore.views.rows import RowLine, RowTone
from trajtui.widgets.rowtext import Look, row_text


def shown(outcome: Outcome, width: int) -> str:
    line = RowLine(
        label="3",
        mark="=",
        tone=RowTone.PLAIN,
        source="◇",
        kind="run",
        summary="python count.py poem.txt",
        by_user=False,
        is_action=True,
        is_path=False,
        outcome=outcome,
    )
    look = Look(width, 3, lambda name: Style())
    return row_text(line, look, is_next=False, folded=False).plain[:width]


@pytest.mark.parametrize("width", range(27, 80))
def test_an_exit_code_is_there_wherever_there_is_room_for_it(width: int) -> None:
    outcome = Outcome(exit="exit 1", duration="12ms", files=2, lines=(10, 12))
    row = shown(outcome, width)
    assert "exit 1" in row
    assert row.rstrip() == row
    assert "12ms" not in row or row.endswith("exit 1   12ms")


def test_where_nothing_has_room_the_row_is_cut_nowhere() -> None:
    outcome = Outcome(exit="exit 0→2", duration="3m05s", files=2)
    for width in range(18, 80):
        row = shown(outcome, width)
        assert row.endswith(("exit 0→2", "3m05s")) or "exit" not in row
