"""Pictures on the screen: named, drawn below their names, shown large, opened outside when asked to."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from documents import message
from pictures import png, url
from program import write
from screens import opened
from trajtui.graphics import Graphics, graphics
from trajtui.screens.picture import PictureScreen

TWO_COLOURS = png(4, 4, b"\xff\x00\x00" * 8 + b"\x00\x00\xff" * 8)


def recording(*urls: str) -> list[dict[str, Any]]:
    first = message(0, "look")
    first["args"]["image_urls"] = list(urls)
    return [first, message(1, "end")]


async def test_a_picture_is_named_drawn_and_shown_large(tmp_path: Path) -> None:
    path = write(tmp_path / "x.json", recording(url(TWO_COLOURS), "https://example.org/a.png"))
    async with opened(path) as shown:
        await shown.press("2")
        text = await shown.wait("▀▀▀▀")
        assert "picture 4×4 · png · " in text
        assert "picture · elsewhere, not fetched · https://example.org/a.png" in text
        strips = shown.app.screen._compositor.render_strips()
        drawn = next(segment for row in strips for segment in row if "▀" in segment.text)
        assert drawn.style.color.triplet == (255, 0, 0)
        await shown.press("enter", "j", "j", "j", "enter")
        await shown.wait("o opens it outside")
        assert isinstance(shown.app.screen, PictureScreen)
        await shown.wait(lambda: "▀" in shown.text or "▄" in shown.text)
        await shown.press("escape")
        await shown.wait(lambda: not isinstance(shown.app.screen, PictureScreen))


@pytest.mark.parametrize("way", ["palette", "click"])
async def test_where_nothing_can_open_it_the_path_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    path = write(tmp_path / "x.json", recording(url(TWO_COLOURS, "image/jpeg")))
    async with opened(path, size=(200, 48)) as shown:
        await shown.press("2")
        await shown.wait("▀▀▀▀")
        if way == "palette":
            await shown.app.screen.run_action("act('open_picture')")
        else:
            row = next(number for number, row in enumerate(shown.rows) if "picture 4×4" in row)
            await shown.pilot.click(offset=(shown.rows[row].index("picture 4×4"), row))
        text = await shown.wait("nothing here can open it; it is in ")
        written = Path(text.partition("it is in ")[2].split()[0])
        assert written.read_bytes() == TWO_COLOURS
        assert written.suffix == ".png"
        assert not stat.S_IMODE(written.parent.stat().st_mode) & 0o077


async def test_an_opener_is_given_the_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opener, told = tmp_path / "bin" / "xdg-open", tmp_path / "told"
    opener.parent.mkdir()
    opener.write_text(f'#!/bin/sh\necho "$1" > {told}\n', encoding="utf-8")
    opener.chmod(0o755)
    monkeypatch.setenv("PATH", f"{opener.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("DISPLAY", ":0")
    async with opened(write(tmp_path / "x.json", recording(url(TWO_COLOURS))), size=(200, 48)) as shown:
        await shown.press("2")
        await shown.wait("▀▀▀▀")
        assert not told.exists(), "nothing is opened unasked"
        await shown.app.screen.run_action("act('open_picture')")
        await shown.wait("opened with xdg-open")
        assert Path(told.read_text(encoding="utf-8").strip()).read_bytes() == TWO_COLOURS


async def test_what_is_broken_says_so(tmp_path: Path) -> None:
    bomb, broken = png(30_000, 30_000, b""), png(80, 50)[:60]
    html = url(b"<html><script>", "image/png")
    path = write(tmp_path / "x.json", recording(url(bomb), url(broken), html))
    async with opened(path) as shown:
        await shown.press("2")
        await shown.wait("not shown: it is too large to be shown")
        text = await shown.wait("not shown: its data is damaged")
        assert "picture 30000×30000 · png" in text
        assert "picture · says it is image/png, and is none that can be shown" in text
        await shown.app.screen.run_action("act('tab_sandbox')")


@pytest.mark.parametrize(
    ("said", "way"),
    [
        ({"TERM": "xterm-256color"}, Graphics.BLOCKS),
        ({}, Graphics.BLOCKS),
        ({"TERM": "xterm-kitty"}, Graphics.KITTY),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/tmux"}, Graphics.BLOCKS),
        ({"TERM": "tmux-256color", "TERM_PROGRAM": "iTerm.app"}, Graphics.BLOCKS),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, Graphics.SIXEL),
        ({"TERM": "foot"}, Graphics.SIXEL),
    ],
)
def test_pictures_are_sent_only_to_terminals_that_say_they_can(said: dict[str, str], way: Graphics) -> None:
    assert graphics(said) is way
