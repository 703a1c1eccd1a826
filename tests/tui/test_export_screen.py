"""Exporting from the screen: what came back in this run is in it, and no file is overwritten unasked."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from documents import message, ran, run
from exporting import KEYS, written
from pressing import choose
from screens import Shown, opened

KEY = KEYS["an API key"]
EVENTS = [
    message(0, "go"),
    run(1, "printf '\\033[32mgreen\\033[0m\\n'; echo here"),
    ran(2, 1, "green\nthere"),
    run(3, f"echo {KEY}"),
    ran(4, 3, KEY),
]


async def export(screen: Shown, format: str, path: Path, rows: str = "all") -> None:
    """Go through the questions to the file."""
    await choose(screen, "export")
    await screen.wait("Export as")
    while screen.app.focused.highlighted_option.id != format:
        await screen.press("down")
    await screen.press("enter")
    if format != "svg":
        await screen.wait("Which rows?")
        while screen.app.focused.highlighted_option.id != rows:
            await screen.press("down")
        await screen.press("enter")
    await screen.wait("Export to")
    screen.app.focused.value = str(path)
    await screen.press("enter")


@pytest.mark.bubblewrap
@pytest.mark.parametrize("format", ["html", "md", "cast", "sh", "svg"])
async def test_what_came_back_in_this_run_is_exported(format: str, tmp_path: Path) -> None:
    path = tmp_path / f"out.{format}"
    async with opened(written(tmp_path / "x.json", EVENTS), sandbox="bubblewrap") as screen:
        await screen.press("c")
        await screen.wait("1 diverged", 60)
        await export(screen, format, path)
        await screen.wait("is all masked")
        await screen.press("enter")
        await screen.wait("exported: ")
    text = path.read_text(encoding="utf-8")
    assert KEY not in text
    if format == "html":
        assert '<span class="ink-2">green</span>' in text
        assert "<mark>" in text
        assert "diverged" in text
        assert "bubblewrap" in text
    if format == "md":
        assert "\n+here" in text
        assert "\n-there" in text
    if format == "cast":
        lines = [json.loads(line) for line in text.split("\n") if line and line[0] != "#"]
        assert any("\x1b[32mgreen" in line[2] for line in lines[1:])
    if format == "svg":
        assert "Timeline" in text


async def test_the_rows_up_to_the_cursor_are_exported(tmp_path: Path) -> None:
    path = tmp_path / "out.sh"
    async with opened(written(tmp_path / "x.json", EVENTS)) as screen:
        await screen.press("j")
        await export(screen, "sh", path, "here")
        await screen.wait("exported: ")
    assert "echo here" in path.read_text()
    assert "step 3" not in path.read_text()


async def test_a_file_is_overwritten_at_the_second_enter_alone(tmp_path: Path) -> None:
    path = tmp_path / "out.md"
    path.write_text("mine")
    async with opened(written(tmp_path / "x.json", EVENTS)) as screen:
        await export(screen, "md", path)
        await screen.wait("this file exists")
        assert path.read_text() == "mine"
        await screen.press("escape")
        await screen.settle()
        assert path.read_text() == "mine"
        await export(screen, "md", path)
        await screen.wait("this file exists")
        await screen.press("enter")
        await screen.wait("is all masked that should be?")
        assert re.search(r"step 3: an API key.*\n.*step 3, recorded: an API key", screen.text)
        assert KEY not in screen.text
        await screen.press("escape")
        await screen.wait("masked: an API key")
    assert path.read_text().startswith("### ")


async def test_nothing_is_executed_and_nothing_written_where_the_user_leaves(tmp_path: Path) -> None:
    async with opened(written(tmp_path / "x.json", EVENTS)) as screen:
        await choose(screen, "export")
        await screen.wait("Export as")
        await screen.press("escape")
        await screen.settle()
        assert screen.session.position == 0
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]
