"""What a row says: how its event is called, what it is about, and how it came out."""

from __future__ import annotations

import pytest

from documents import message, ran, run
from showing import played, row_of, session_of
from trajcore.api import report_of
from trajcore.session import Session
from trajcore.settings import Delivery
from trajcore.views.event import blocks_for
from trajcore.views.rows import RowLine, row_line
from trajcore.views.summaries import summary_of
from trajcore.views.timeline import Timeline


def lines(session: Session, *, raw: bool = False) -> list[RowLine]:
    timeline = Timeline(session.trajectory, session.run, raw=raw)
    return [row_line(session, timeline[at]) for at in range(len(timeline))]


async def played_to(session: Session, index: int) -> None:
    session.run_to(index)
    await session.idle()


# How it is called


async def test_no_two_rows_are_called_alike_and_each_is_found_by_its_label() -> None:
    ids: list[int | None] = [0, -1, -1, 2, 2, None]
    session = session_of([message(id, f"say {at}") for at, id in enumerate(ids)])
    await played_to(session, 3)
    session.message("typed")
    await session.idle()
    session.editing.insert(4, [message(None, "inserted")])
    session.message("typed again")
    await session.idle()
    labels = [line.label for line in lines(session, raw=True)]
    assert labels == ["0", "#1", "#2", "+1", "+2", "2", "3", "#5", "#6"]
    recorded = [label for label in labels if not label.startswith("+")]
    assert [session.trajectory.resolve(label) for label in recorded] == list(range(7))
    assert "+2" in blocks_for(session, Timeline(session.trajectory, session.run)[4])[0].text
    await session.close()


async def test_what_names_a_step_in_words_uses_its_label() -> None:
    same = [message(0), run(1), ran(2, 1), run(1), ran(4, None, exit_code=3)]
    session = await played(same)
    report = report_of(session, "", 0)
    assert [step.label for step in report.steps] == ["1", "#3"]
    assert b'name="#3 run true"' in report.junit()
    assert [step["id"] for step in report.to_dict()["steps"]] == [1, 1]
    await session.close()


# What it is about


@pytest.mark.parametrize(
    ("text", "line", "more"),
    [
        ("one", "one", 0),
        ("\n\n  one\ntwo\n\nthree\n", "one", 3),
        (
            "<uploaded_files>\n/workspace/x\n</uploaded_files>\nI've uploaded it.\nFix it.",
            "I've",
            1,
        ),
        ("```python\nprint(1)\n```", "print(1)", 1),
        ("#!/bin/bash\nset -euo pipefail\nmake", "make", 0),
        ("---\n# Plan\n", "# Plan", 0),
        ("<b>bold</b> words", "<b>bold</b>", 0),
        ("```\n```", "```", 1),
        ("", "", 0),
    ],
)
def test_the_first_line_that_says_something_stands_for_a_text(text: str, line: str, more: int) -> None:
    summary = summary_of(text)
    assert summary.line.startswith(line)
    assert bool(summary.line) == bool(line)
    assert summary.more == more


async def test_a_text_of_any_length_is_summed_up_at_once() -> None:
    assert summary_of("x" * 5_000_000).more == 0
    assert summary_of("word\n" * 1_000_000).more == 999_999


# What was typed in its place


async def test_a_message_in_place_of_a_recorded_one_shows_before_and_after_it_is_played() -> None:
    session = session_of([message(0), run(1), ran(2, 1), message(3, "the old text")])
    await played_to(session, 1)
    session.message("the new text", Delivery.REPLACE)
    for position in (1, 4):
        await played_to(session, position)
        line = lines(session)[-1]
        assert (line.label, line.mark, line.summary) == ("3", "★", "the new text")
        texts = [block.text for block in blocks_for(session, row_of(session, 3))]
        assert texts.index("the new text") < texts.index("── recorded ──") < texts.index("the old text")
    await session.close()
