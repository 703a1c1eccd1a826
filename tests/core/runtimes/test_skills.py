"""What OpenHands' kernel offered to the cells of 2024, word for word; every kernel here offers it too."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acting import execute
from trajcore.events.actions import RunIpythonAction, RunIpythonArgs
from trajcore.events.base import Observation
from trajcore.events.observations import RunIpythonExtras, RunIpythonObservation
from trajcore.runtimes.openhands import skills

REVIEW = (
    "Please review the changes and make sure they are correct (correct indentation, no duplicate lines, "
    "etc). Edit the file again if necessary.]"
)

Told = Callable[..., str]


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Told:
    """Calls one of the functions in a directory of its own; the answer is what it prints."""
    monkeypatch.chdir(tmp_path)
    module: Any = importlib.reload(skills)

    def call(name: str, *args: Any, **named: Any) -> str:
        getattr(module, name)(*args, **named)
        return capsys.readouterr().out.replace(str(tmp_path), "/w")

    return call


def numbered(first: int, last: int) -> str:
    return "".join(f"{number}|line {number}\n" for number in range(first, last + 1))


def file_of(lines: int) -> None:
    Path("a.txt").write_text("".join(f"line {number}\n" for number in range(1, lines + 1)))


def test_a_file_is_made_and_written(told: Told) -> None:
    assert told("create_file", "a.py") == (
        "[File: /w/a.py (1 lines total)]\n(this is the beginning of the file)\n1|\n"
        "(this is the end of the file)\n[File a.py created.]\n"
    )
    assert told("create_file", "a.py") == "ERROR: File 'a.py' already exists.\n"
    assert told("insert_content_at_line", "a.py", 1, "one\nthree") == (
        "[File: /w/a.py (2 lines total after edit)]\n(this is the beginning of the file)\n1|one\n2|three\n"
        f"(this is the end of the file)\n[File updated (edited at line 1). {REVIEW}\n"
    )
    assert "1|one\n2|two\n3|three\n" in told("insert_content_at_line", "a.py", 2, "two\n")
    answer = told("append_file", "a.py", "four")
    assert "3|three\n4|four\n" in answer
    assert f"[File updated (edited at line 3). {REVIEW}\n" in answer
    answer = told("edit_file_by_replace", "a.py", to_replace="two\nthree", new_content="2")
    assert "(3 lines total after edit)" in answer
    assert "1|one\n2|2\n3|four\n" in answer
    assert Path("a.py").read_text() == "one\n2\nfour\n"


def test_a_window_of_a_hundred_lines_is_shown(told: Told) -> None:
    file_of(250)
    assert told("open_file", "a.txt") == (
        f"[File: /w/a.txt (250 lines total)]\n(this is the beginning of the file)\n{numbered(1, 100)}"
        "(150 more lines below)\n[Use `scroll_down` to view the next 100 lines of the file!]\n"
    )
    head = "[File: /w/a.txt (250 lines total)]\n"
    assert told("scroll_down") == (
        f"{head}(100 more lines above)\n{numbered(101, 201)}(49 more lines below)\n"
    )
    end = f"{head}(150 more lines above)\n{numbered(151, 250)}(this is the end of the file)\n"
    assert told("scroll_down") == end
    assert told("scroll_up").startswith(f"{head}(100 more lines above)\n101|")
    assert told("goto_line", 120) == (
        f"{head}(69 more lines above)\n{numbered(70, 170)}(80 more lines below)\n"
    )
    assert told("goto_line", 250) == end
    assert told("open_file", "a.txt", 250, 10).startswith(f"{head}(240 more lines above)\n")


def test_what_is_not_there_is_an_error(told: Told) -> None:
    assert told("open_file", "no.txt") == "ERROR: File no.txt not found.\n"
    assert told("append_file", "no.txt", "x") == "ERROR: Invalid path or file name.\n"
    assert told("edit_file_by_replace", "no.txt", "a", "b") == "ERROR: File no.txt not found.\n"
    assert told("search_file", "x", "no.txt") == "ERROR: File no.txt not found.\n"
    assert told("search_dir", "x", "no") == told("find_file", "x", "no") == "ERROR: Directory no not found\n"
    for name in ("scroll_up", "scroll_down"):
        assert told(name) == "ERROR: No file open. Use the open_file function first.\n"
    file_of(3)
    assert told("open_file", "a.txt", 4) == "ERROR: Line number must be between 1 and 3\n"
    assert told("goto_line", 0) == "ERROR: Line number must be between 1 and 3.\n"


def test_a_replacement_that_cannot_be_made_is_said(told: Told) -> None:
    Path("a.txt").write_text("a\na\n  b  c\n")
    assert told("edit_file_by_replace", "a.txt", " ", "x") == "ERROR: `to_replace` must not be empty.\n"
    assert "must be different" in told("edit_file_by_replace", "a.txt", "a", "a")
    assert "appears more than once" in told("edit_file_by_replace", "a.txt", "a", "x")
    assert told("edit_file_by_replace", "a.txt", "z", "x") == (
        "[No exact match found in a.txt for\n```\nz\n```\n]\n"
    )
    assert "3|d\n" in told("edit_file_by_replace", "a.txt", "b c", "d")
    assert "Invalid start line number: 9." in told("edit_file_by_line", "a.txt", 9, 9, "x")
    assert Path("a.txt").read_text() == "a\na\nd\n"


def test_files_and_lines_are_found(told: Told) -> None:
    Path("d").mkdir()
    Path("d/a.txt").write_text("one\n  two x\n")
    Path("d/.hidden").write_text("x\n")
    assert told("search_file", "x", "d/a.txt") == (
        '[Found 1 matches for "x" in d/a.txt]\nLine 2: two x\n[End of matches for "x" in d/a.txt]\n'
    )
    assert told("search_dir", "x", "d") == (
        '[Found 1 matches for "x" in d]\nd/a.txt (Line 2): two x\n[End of matches for "x" in d]\n'
    )
    assert told("find_file", "a", "d") == (
        '[Found 1 matches for "a" in d]\nd/a.txt\n[End of matches for "a" in d]\n'
    )
    assert told("find_file", "z") == '[No matches found for "z" in ./]\n'
    assert told("search_dir", "z") == 'No matches found for "z" in ./\n'


@given(st.integers(1, 400), st.integers(1, 400), st.integers(2, 120))
def test_what_is_shown_is_within_the_file_and_holds_the_line(total: int, line: int, size: int) -> None:
    line = min(line, total)
    text = "".join(f"{number}\n" for number in range(1, total + 1))
    path = Path("shown")
    path.write_text(text)
    _, *lines, _ = skills._around(str(path), line, size).split("\n")
    assert f"{line}|{line}" in lines
    assert lines == [
        f"{n}|{n}" for n in range(int(lines[0].split("|")[0]), len(lines) + int(lines[0].split("|")[0]))
    ]
    assert len(lines) <= size + 2


@pytest.mark.asyncio(loop_scope="module")
async def test_every_kernel_offers_them(world: Any) -> None:
    async def cell(code: str, recorded: Observation | None = None) -> str:
        action = RunIpythonAction(args=RunIpythonArgs(code=code, include_extra=False))
        answer = await execute(world.sandbox, action, recorded, lambda _: None)
        assert answer is not None
        return answer.content

    assert "[File note.txt created.]" in await cell("create_file('note.txt')")
    assert "1|hello\n" in await cell("insert_content_at_line('note.txt', 1, 'hello\\n' * 150)")
    assert (await cell("open_file('note.txt')")).endswith(
        "[Use `scroll_down` to view the next 100 lines of the file!]"
    )
    earlier = RunIpythonObservation(content="(50 more lines below)", extras=RunIpythonExtras(code=""))
    assert (await cell("open_file('note.txt')", earlier)).endswith("(50 more lines below)")
    await cell("import os; os._exit(3)")
    assert "(150 lines total)" in await cell("open_file('note.txt')")
