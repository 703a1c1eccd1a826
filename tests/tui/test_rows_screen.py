"""The rows of the timeline on the screen: what stands where, how wide it is, and what is drawn again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from documents import message, ran, run
from screens import opened
from trajcore.views.rows import RowLines

DEEP = "/workspace/project/source/library/parser.c"


def reading(id: int, first: int) -> dict[str, Any]:
    return {"id": id, "source": "agent", "action": "read", "args": {"path": DEEP, "view_range": [first, -1]}}


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    response = {"id": "r", "usage": {"prompt_tokens": 8000, "completion_tokens": 200}}
    delegate = {"id": 8, "source": "agent", "action": "delegate", "args": {"agent": "Helper"}}
    events = [
        message(0, "<uploaded_files>\n/workspace\n</uploaded_files>\nMend the parser.\n\nIt is broken."),
        run(1, "make " + "x" * 90, timestamp="2025-01-01T00:00:00",
            tool_call_metadata={"model_response": response}, llm_metrics={"accumulated_cost": 0.02}),
        ran(2, 1, exit_code=2, timestamp="2025-01-01T00:01:05"),
        reading(3, 10),
        {"id": 4, "source": "agent", "observation": "read", "cause": 3, "content": "ERROR:\nnone"},
        reading(5, 20), message(6, "one " * 40 + "one", "agent"), message(7, "one " * 40 + "two", "agent"),
        delegate, run(9, "inside"), ran(10, 9),
        {"id": 11, "source": "agent", "observation": "delegate", "cause": 8, "content": ""},
    ]  # fmt: skip
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(events))
    return path


async def test_a_row_says_what_tells_it_apart_and_how_it_came_out(recording: Path) -> None:
    async with opened(recording) as screen:
        await screen.wait("…/parser.c:10-")
        rows = [row[: screen.timeline.size.width] for row in screen.rows]
        told = {label: next(row for row in rows if f" {label} " in row[:8]) for label in "01356789"}
        assert "0 ❯ user     Mend the parser. +2" in told["0"]
        assert " 1 ◇ run      make xxx" in told["1"]
        assert told["1"].rstrip().endswith("… 1m05s   exit 2")
        assert told["3"].rstrip().endswith("error")
        assert [told[label].rstrip()[-3:] for label in "67"] == ["one", "two"]
        edges = {told[label].index(word) + len(word) for label, word in (("1", "exit 2"), ("3", "error"))}
        assert len(edges) == 1
        await screen.press("z")
        await screen.wait("8.2k tok  $0.020  1m05s   exit 2")


async def test_a_folded_delegation_has_the_place_in_it_and_the_raw_view_shows_answers_as_such(
    recording: Path,
):
    async with opened(recording) as screen:
        await screen.press("G", "k", "space")
        await screen.wait("▸ delegate Helper · 2 events")
        screen.session.run_to(9)
        await screen.settle()
        assert "▶  8 ◇ ▸ delegate Helper · 2 events" in screen.text
        await screen.press("v")
        await screen.wait("4 ◇ └ read")


async def test_a_key_draws_the_two_rows_that_the_cursor_leaves_and_comes_to(recording: Path) -> None:
    async with opened(recording, drawn=True) as screen:
        await screen.wait("…/parser.c:10-")
        with patch.object(RowLines, "line", autospec=True, side_effect=RowLines.line) as drawn:
            await screen.press("j")
            await screen.settle()
        assert {call.args[1] for call in drawn.call_args_list} == {0, 1}
