"""What a row says: how its event is called, what it is about, and how it came out."""

from __future__ import annotations

from typing import Any

import pytest

from documents import message, ran, run
from showing import played, row_of, session_of
from trajcore.api import report_of
from trajcore.events.kinds import Service
from trajcore.events.parse import parse
from trajcore.replay.run import Status, StepResult
from trajcore.replay.verdict import Comparison, Match
from trajcore.sandbox.base import FileChange, FileChanges
from trajcore.session import Session
from trajcore.settings import Delivery
from trajcore.views import marks
from trajcore.views.event import blocks_for
from trajcore.views.marks import step_line
from trajcore.views.rows import RowLine, RowLines, directory_of, row_line
from trajcore.views.spent import Spent
from trajcore.views.summaries import shared_directory, summary_of, window
from trajcore.views.timeline import Row, Timeline


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


# What rows share, and what tells them apart


def shown(session: Session, directory: str = "", **options: bool) -> list[RowLine]:
    rows = RowLines(session, timeline := Timeline(session.trajectory, session.run), directory)
    return [rows.line(at, **options) for at in range(len(timeline))]


def read(id: int, path: str, **args: Any) -> dict[str, Any]:
    return {"id": id, "source": "agent", "action": "read", "args": {"path": path, **args}}


PARSER = "/workspace/pony/src/ast/parser.c"


async def test_the_directory_that_nearly_all_paths_share_is_folded_away() -> None:
    paths = [PARSER] * 12 + ["/workspace/pony/src/tests/a.c"] * 8 + ["/tmp/x"]
    events = [read(at, path) for at, path in enumerate(paths)]
    events[0]["args"]["view_range"] = [650, 700]
    events[1]["args"]["view_range"] = [690, -1]
    events[2]["args"].update(start=4, end=9)
    session = session_of([*events, run(21, f"cat {PARSER} /workspace/pony/src; x/workspace/pony/src/a")])
    directory = await directory_of(session.trajectory)
    assert directory == "/workspace/pony/src/"
    lines = [line.summary for line in shown(session, directory)]
    assert lines[:4] == [
        "…/ast/parser.c:650-700",
        "…/ast/parser.c:690-",
        "…/ast/parser.c:5-9",
        "…/ast/parser.c",
    ]
    assert lines[-2:] == ["/tmp/x", "cat …/ast/parser.c /workspace/pony/src; x/workspace/pony/src/a"]
    await session.close()


@pytest.mark.parametrize("paths", [[], ["a.c", "b.c"], ["/a", "/b"], ["/a/x", "/b/x"]])
def test_paths_that_share_nothing_are_left_alone(paths: list[str]) -> None:
    assert shared_directory(paths) == ""


async def test_going_to_where_the_shell_is_anyhow_is_left_out() -> None:
    commands = [
        *("cd /w/x && make", "cd /w/x && ls", "ls", "cd /w/x; pwd", "cd /w && ls", "cd /w && cd x && ls"),
        *("cd /w && ls", "cd /elsewhere", "cd /w && ls"),
    ]
    answered = [message(0)]
    for command in commands:
        answered += [run(len(answered), command), ran(len(answered) + 1, len(answered))]
    told = [*answered, run(90, "echo"), ran(91, 90, extras={"metadata": {"working_dir": "/a/b"}})]
    session = session_of([*told, run(92, "cd /a/b && ls")])
    assert [line.summary for line in shown(session)][1:] == [
        *("cd /w/x && make", "… ls", "ls", "… pwd", "cd /w && ls", "… cd x && ls", "cd /w && ls"),
        *("cd /elsewhere", "cd /w && ls", "echo", "… ls"),
    ]
    await session.close()


async def test_neighbours_that_begin_alike_say_where_they_differ() -> None:
    scripts = ["# Plan\n\n1. look\n2. mend", "# Plan\n\n1. look\n2. test", "# Plan\n"]
    session = session_of([message(at, text, "agent") for at, text in enumerate(scripts)])
    assert [line.summary for line in shown(session)] == ["# Plan … 2. mend", "# Plan … 1. look", "# Plan"]
    await session.close()


def test_a_long_line_is_cut_where_it_differs_from_the_ones_beside_it() -> None:
    long = "python -m pytest tests/of/everything --with-all-options -k "
    cut = window(long + "one", [long + "two"], 40)
    assert cut is not None
    assert (len(cut), cut[:14], cut[-7:]) == (40, "python -m pyt…", " -k one")
    assert window(long, ["something else"], 40) is None
    assert window(long, [long], 40) is None


# How it came out


def edit(id: int, **args: Any) -> dict[str, Any]:
    return {"id": id, "source": "agent", "action": "edit", "args": {"path": "f", **args}}


def edited(id: int, cause: int, content: str = "edited") -> dict[str, Any]:
    return {"id": id, "source": "agent", "observation": "edit", "cause": cause, "content": content}


@pytest.mark.parametrize(
    ("args", "lines"),
    [
        ({"command": "str_replace", "old_str": "a\nb", "new_str": "a\nc\nd"}, (1, 2)),
        ({"command": "str_replace", "old_str": "a\nb"}, (2, 0)),
        ({"command": "create", "file_text": "a\nb\n"}, (0, 2)),
        ({"command": "insert", "new_str": "a", "insert_line": 3}, (0, 1)),
        ({"command": "undo_edit"}, None),
        ({"old_str": 1, "new_str": {}}, None),
    ],
)
async def test_an_edit_says_how_many_lines_it_removes_and_adds(args: dict[str, Any], lines: Any) -> None:
    session = session_of([edit(0, **args), edited(1, 0), edit(2, **args), edited(3, 2, "ERROR:\nno")])
    assert [line.outcome.lines for line in shown(session)] == [lines, None]
    await session.close()


async def test_recorded_and_actual_outcomes_stand_in_a_row() -> None:
    session = session_of([run(0, "a"), ran(1, 0), run(2, "b"), ran(3, 2, exit_code=1), edit(4), edited(5, 4),
                          edit(6), edited(7, 6, "ERROR:\nno")])  # fmt: skip
    assert [(line.exit, line.outcome.failed) for line in shown(session)] == [
        ("exit 0", False), ("exit 1", True), ("", False), ("error", True),
    ]  # fmt: skip
    await played_to(session, 8)
    text = {"observation": "edit", "content": "ERROR:\nno"}
    gone, whole = (parse({**text, "content": content}).event for content in (text["content"], "fine"))
    for uid, code, recorded_code, actual in (
        (0, 137, 0, None), (2, 1, 1, None), (4, None, None, gone), (6, None, None, whole),
    ):  # fmt: skip
        comparison = Comparison(None, "") if uid != 2 else Comparison(Match.EQUAL, "")
        status = Status.MATCHED if uid == 2 else Status.DIVERGED
        files = FileChanges((FileChange("f", "changed", 1, 2, "--- f\n+++ f\n@@\n-a\n+b\n+c\n"),), 2)
        session.run.results[uid] = StepResult(
            uid, uid, "run", status, comparison, code, recorded_code, 1.5, "", actual, None, files
        )
    lines = shown(session)
    assert [(line.exit, line.outcome.failed, line.outcome.diverged) for line in lines] == [
        ("0→137", True, True), ("exit 1", True, False), ("ok→error", True, True), ("error→ok", False, True),
    ]  # fmt: skip
    assert [line.outcome.files for line in lines] == [3] * 4
    assert [line.outcome.lines for line in lines] == [None, None, None, (1, 2)]
    await session.close()


async def test_what_was_recorded_of_time_and_model_has_columns() -> None:
    def acted(id: int, response: str, cost: float, second: int) -> dict[str, Any]:
        usage = {"prompt_tokens": 1000 * id, "completion_tokens": 5}
        return run(id, "x", timestamp=f"2025-01-01T00:00:{second:02}", llm_metrics={"accumulated_cost": cost},
                   tool_call_metadata={"model_response": {"id": response, "usage": usage}})  # fmt: skip

    session = session_of([
        acted(1, "a", 0.5, 0), ran(2, 1, timestamp="2025-01-01T00:00:02.500"),
        acted(3, "a", 0.5, 3), ran(4, 3, timestamp="nonsense"),
        acted(5, "b", 0.75, 4), ran(6, 5, timestamp="2025-01-01T00:00:04"), run(7), ran(8, 7),
    ])  # fmt: skip
    lines = shown(session, times=True, spent=True)
    assert [line.recorded for line in lines] == ["2.5s", "", "", ""]
    assert [line.spent for line in lines] == [Spent(1005, 0.5), Spent(), Spent(5005, 0.25), Spent()]
    await session.close()


async def test_a_printed_step_that_was_not_carried_out_says_no_duration() -> None:
    session = session_of([message(0), run(1), ran(2, 1), run(3), ran(4, 3)])
    session.serve(3, Service.SKIP)
    await played_to(session, 5)
    printed = [step_line("1", result, "echo") for result in session.results.values()]
    assert not [line for line in printed if "ms" in line]
    await session.close()


async def test_the_row_of_a_step_that_was_not_carried_out_says_no_duration() -> None:
    session = session_of([message(0), run(1), ran(2, 1), run(3), ran(4, 3)])
    session.serve(3, Service.SKIP)
    await played_to(session, 5)
    rows = [row_line(session, Row(session.trajectory.uid(index))) for index in (1, 3)]
    assert [line.mark for line in rows] == [marks.SERVED, marks.SKIPPED]
    assert [line.outcome.duration for line in rows] == ["", ""]
    await session.close()


# Delegations


async def test_a_folded_delegation_stands_for_all_that_is_in_it() -> None:
    delegate = {"id": 0, "source": "agent", "action": "delegate", "args": {"agent": "Helper"}}
    back = {"id": 5, "source": "agent", "observation": "delegate", "cause": 0, "content": "done"}
    session = session_of([delegate, run(1, "a"), ran(2, 1), run(3, "b"), ran(4, 3), back, run(6), ran(7, 6)])
    session.serve(3, Service.SKIP)
    await played_to(session, 4)
    timeline = Timeline(session.trajectory, session.run, folded={0})
    session.toggle_breakpoint(3)
    line = RowLines(session, timeline).line(0)
    assert (line.summary, line.mark, line.breakpoint) == ("Helper · 4 events · ⊘1 r1", "⊘", True)
    assert [timeline.at_or_after(index) for index in range(8)] == [0, 0, 0, 0, 0, 1, 1, 1]
    await session.close()


# In the raw view


async def test_what_came_back_is_told_from_actions_by_its_shape_and_each_says_whose_it_is() -> None:
    state = {"id": 3, "source": "environment", "observation": "agent_state_changed", "content": ""}
    session = session_of([message(0), run(1), ran(2, 1), state])
    found = [(line.source, line.kind) for line in lines(session, raw=True)]
    assert found == [("❯", "user"), ("◇", "run"), ("◇", "└ run"), ("⌂", "└ state")]
    await session.close()
