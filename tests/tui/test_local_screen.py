"""The bare host in the screen: asked for once more, and shown in red for as long as it is used."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from rich.style import Style

from documents import message, ran, run
from program import write
from screens import Shown
from trajcore.live.modelsettings import ModelSettings
from trajcore.sandbox.base import SandboxSettings
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory
from trajtui.app import TrajApp
from trajtui.screens.debugger import DebuggerScreen

pytestmark = pytest.mark.asyncio


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    made = f"echo ran > {tmp_path}/ran"
    return write(tmp_path / "x.json", [message(0, "go"), run(1, made), ran(2, 1, "")])


@asynccontextmanager
async def opened(path: Path, size: tuple[int, int] = (160, 48)) -> AsyncIterator[Shown]:
    session = Session(Trajectory.open(path), Settings("local", SandboxSettings(), ModelSettings()))
    app = TrajApp(session, None)
    try:
        async with app.run_test(size=size) as pilot:
            debugger = app.screen_stack[0]
            assert isinstance(debugger, DebuggerScreen)
            shown = Shown(pilot, session, debugger)
            await shown.wait("`local` has no walls")
            yield shown
    finally:
        await session.close()


async def test_nothing_runs_before_it_is_agreed_to(recording: Path, tmp_path: Path) -> None:
    async with opened(recording) as screen:
        await screen.press("c", "s", "R")
        assert screen.session.position == 0
        assert screen.session.sandbox_kind is None
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("key", ["enter", "escape"])
async def test_the_harmless_answer_ends_the_program(recording: Path, tmp_path: Path, key: str) -> None:
    async with opened(recording) as screen:
        await screen.press(key)
        await screen.wait(lambda: not screen.app.is_running or screen.app._exit)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("size", [(160, 48), (80, 24)])
async def test_once_agreed_to_it_runs_and_is_red(
    recording: Path, tmp_path: Path, size: tuple[int, int]
) -> None:
    async with opened(recording, size) as screen:
        await screen.press("down", "enter")
        await screen.wait(lambda: screen.session.sandbox_kind == "local")
        await screen.press("c")
        await screen.settle()
        assert (tmp_path / "ran").read_text() == "ran\n"
        await screen.wait(lambda: "local" in screen.status)
        style = style_of(screen, "local")
        assert style.color is not None
        red, green, blue = style.color.get_truecolor()
        assert red > 2 * max(green, blue) or red > green + 60
        await screen.press("R")
        await screen.settle()
        assert "has no walls" not in screen.text


def style_of(screen: Shown, word: str) -> Style:
    """The style in which the status bar shows a word."""
    row = screen.app.screen._compositor.render_strips()[-2]
    return next(segment.style for segment in row if word in segment.text)
