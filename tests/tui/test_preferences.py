"""What is the user's own and outlives the program: the theme, and how each recording is laid out."""

from __future__ import annotations

from pathlib import Path

import pytest

from documents import message, ran, run
from program import trajtui, write
from screens import opened
from terminal import Terminal
from trajcore.views.layout import Layout, theme_chosen


@pytest.fixture
def path(tmp_path: Path) -> Path:
    delegate = {"id": 1, "source": "agent", "action": "delegate", "args": {"agent": "Other", "inputs": {}}}
    inner = [run(2, "inner one"), ran(3, 2), run(4, "inner two"), ran(5, 4)]
    back = {"id": 6, "source": "agent", "observation": "delegate", "content": "", "cause": 1, "extras": {}}
    return write(tmp_path / "x.json", [message(0, "go"), delegate, *inner, back, run(7, "outer")])


async def test_a_recording_is_laid_out_as_it_was_last(path: Path) -> None:
    layout = Layout("files", "files", 0.3, 0.5, False, ("1",))
    async with opened(path, layout=layout) as screen:
        await screen.wait(lambda: "inner" not in screen.text)
        assert "outer" in screen.text
        assert screen.app.screen.side.shown.id == "files"
        assert screen.app.screen.panes.column.outer_size.width == pytest.approx(48, abs=1)
        assert screen.app.new_layout is None
        await screen.press("2", "v", "j", "space", "greater_than_sign")
        await screen.wait("inner two")
        layout = screen.app.new_layout
        assert layout.share > 0.3
        assert layout == Layout("event", "event", layout.share, 0.5, True)


@pytest.mark.terminal
def test_layout_and_theme_outlive_the_program(terminal: Terminal, path: Path) -> None:
    for first in (True, False):
        terminal.start(path, "--sandbox", "recorded", width=120, height=36)
        terminal.wait("REPLAY PAUSED")
        if first:
            terminal.press("2", "v")
            terminal.wait("every event of the file")
            terminal.press("C-p")
            terminal.wait("Search for commands")
            terminal.type("theme")
            terminal.wait("Change the current theme")
            terminal.press("Enter")
            terminal.wait("Search for themes")
            terminal.type("dracula")
            terminal.wait(lambda screen: "nord" not in screen)
            terminal.press("Enter")
            terminal.wait("dracula, also the next time")
        terminal.wait("user · message · 0")
        terminal.wait("5 ")
        terminal.press("q")
        terminal.wait("[exit 0]")
        terminal.close()
    assert theme_chosen() == "dracula"


async def test_the_theme_of_a_config_wins_and_that_is_said(path: Path) -> None:
    async with opened(path) as screen:
        screen.app._theme_of = "/x/config.toml"
        await screen.press("ctrl+p")
        await screen.type("theme")
        await screen.wait("Change the current theme")
        await screen.press("enter")
        await screen.wait("as /x/config.toml says")
        await screen.type("light")
        await screen.wait(lambda: "trajtui-light" in screen.text and "trajtui-dark" not in screen.text)
        await screen.press("enter")
        await screen.wait("trajtui-light, for now: /x/config.toml says [trajtui] theme")
    assert theme_chosen() == ""


def test_a_theme_that_nobody_knows_is_named_with_those_there_are(path: Path) -> None:
    config = path.with_name("mine.toml")
    config.write_text("[trajtui]\ntheme = 'draculla'\n")
    refused = trajtui(path, "--config", config)
    assert refused.returncode == 2
    assert f"{config}, [trajtui] theme: there is no 'draculla'; there are trajtui-dark, " in refused.stderr
    said = trajtui("config", "set", "theme", "draculla")
    assert (said.returncode, "there is no 'draculla'" in said.stderr) == (2, True)
    assert trajtui("config", "set", "theme", "dracula").returncode == 0


async def test_a_picture_is_saved_where_there_is_a_place_for_it(path: Path) -> None:
    async with opened(path) as screen:
        await screen.press("ctrl+p")
        await screen.type("screenshot")
        await screen.wait("save a picture of the screen")
        await screen.press("enter")
        await screen.wait("picture saved: ")
        assert "(there is no ~/Downloads)" in screen.status
    (picture,) = Path.cwd().glob("trajtui-*.svg")
    drawn = picture.read_text()
    assert "Search" not in drawn
    assert "inner" in drawn
