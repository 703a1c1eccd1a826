"""Copying: a menu of what there is, the clipboard, and the file that is always written."""

from __future__ import annotations

import base64
from pathlib import Path

import platformdirs
import pytest

from documents import message, ran, run
from program import write
from screens import Shown, opened
from terminal import Terminal
from trajcore.views.copied import CLIPBOARD

LONG = "0123456789" * (CLIPBOARD // 10) + "cut here\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    events = [message(0, "go"), run(1, "echo one"), ran(2, 1, "one\ntwo"), run(3, "cat x"), ran(4, 3, LONG)]
    return write(tmp_path / "x.json", events)


def kept() -> str:
    return Path(platformdirs.user_cache_dir("trajtui"), "copied", "copied.txt").read_text()


async def copied(screen: Shown, *keys: str) -> str:
    """What was put into the clipboard by these keys."""
    await screen.press("y")
    await screen.wait("Copy")
    await screen.press(*keys)
    await screen.wait("copied.txt")
    return str(screen.app.clipboard)


async def test_a_key_of_the_menu_copies_what_it_names(path: Path) -> None:
    async with opened(path) as screen:
        await screen.press("j")
        assert await copied(screen, "o") == "one\ntwo" == kept()
        assert "copied output (7 characters) · also in ~" in screen.status
        assert await copied(screen, "c") == "echo one"
        await screen.press("shift+up")
        assert await copied(screen, "j", "enter") == "one\ntwo"  # output, of two rows
        assert await copied(screen, "c") == "go\necho one"
        await screen.press("y")
        await screen.wait("Copy of 2 rows")
        await screen.press("p", "y")  # no path here, and y leaves
        await screen.wait(lambda: "Copy of 2 rows" not in screen.text)
        assert kept() == "go\necho one"


async def test_each_part_is_a_command_of_the_palette(path: Path) -> None:
    async with opened(path) as screen:
        await screen.press("j", "ctrl+p")
        await screen.type("copy the event as")
        await screen.wait("copy the event as JSON")
        await screen.press("enter")
        await screen.wait("copied event")
        assert '"command": "echo one"' in screen.app.clipboard


async def test_what_is_too_long_for_a_terminal_is_in_the_file_alone(path: Path) -> None:
    async with opened(path) as screen:
        await screen.press("G")
        assert await copied(screen, "o") == ""
        assert "too long for the terminal's clipboard" in screen.status
        assert kept() == LONG.rstrip("\n")


@pytest.mark.terminal
def test_the_terminal_is_told_by_osc_52(terminal: Terminal, path: Path) -> None:
    raw = path.with_name("raw")
    terminal.start(path, "--sandbox", "recorded", raw=raw)
    terminal.wait("REPLAY PAUSED")
    terminal.press("j", "y")
    terminal.wait("Copy")
    terminal.press("c")
    terminal.wait("copied command (8 characters)")
    assert b"\x1b]52;c;" + base64.b64encode(b"echo one") + b"\x07" in raw.read_bytes()
