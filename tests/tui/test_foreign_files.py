"""A file of another agent, at the command line and on the start screen: one line, and exit code 2."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input, OptionList, Static

import others
from documents import message, ran, run
from program import SAMPLES, trajtui, write
from trajcore.views.recent import remember
from trajtui.screens.start import StartApp

LINE = "this looks like an ATIF trajectory; it cannot be read yet."


@pytest.fixture
def trajectory(tmp_path: Path) -> Path:
    path = tmp_path / "run.json"
    path.write_bytes(others.pretty(others.ATIF_RUN))
    return path


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "FILE"],
        ["show", "FILE", "--json"],
        ["show", "FILE", "--check"],
        ["show", "FILE", "--check", "--json"],
        ["show", "FILE", "--row", "0"],
        ["replay", "FILE", "--sandbox", "recorded"],
        ["replay", "FILE", "--sandbox", "recorded", "--row", "1", "--report", "report.json", "--strict"],
        ["edit", "FILE", "-o", "out.json"],
        ["edit", "FILE", "--diff", "--set", "0:action=1"],
        ["edit", "FILE", "--in-place", "--delete", "#0"],
        ["FILE"],
        ["open", "FILE", "--sandbox", "recorded"],
    ],
    ids=" ".join,
)
@pytest.mark.sampled(3)
def test_every_command_refuses_it_by_name(trajectory: Path, arguments: list[str], tmp_path: Path) -> None:
    before = trajectory.read_bytes()
    done = trajtui(*(str(trajectory) if word == "FILE" else word for word in arguments), directory=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"trajtui: {trajectory}: {LINE}\n"
    assert sorted(tmp_path.iterdir()) == [trajectory]
    assert trajectory.read_bytes() == before


@pytest.mark.parametrize(
    "command", [["replay", "-", "--sandbox", "recorded"], ["show", "-"], ["show", "-", "--json"]]
)
def test_so_it_is_from_standard_input(command: list[str]) -> None:
    done = trajtui(*command, stdin=others.pretty(others.ATIF_RUN))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"trajtui: standard input: {LINE}\n"
    rows = trajtui(*command, stdin=others.FILES["Claude Code"][1])
    assert rows.returncode == 2
    assert "this looks like a Claude Code session" in rows.stderr


def test_so_are_directories_archives_and_what_is_nobodys(tmp_path: Path) -> None:
    for agent, path in others.directories(tmp_path).values():
        done = trajtui("show", path)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"trajtui: {path}: this looks like {agent}; it cannot be read yet.\n"
    packed = tmp_path / "download.zip"
    packed.write_bytes(others.archive(run=others.pretty(others.ATIF_RUN)))
    assert "an ATIF trajectory" in trajtui("replay", packed).stderr
    nobodys = write(tmp_path / "steps.json", [{"action": "ls"}, {"action": "cat README.md"}])
    done = trajtui("replay", nobodys, "--sandbox", "recorded")
    assert (done.returncode, done.stdout) == (2, "")
    assert "is no OpenHands recording" in done.stderr
    assert done.stderr.count("\n") == 1


# The start screen


async def shown(app: StartApp, pilot: Any) -> str:
    await app.workers.wait_for_complete()
    await pilot.pause()
    return str(app.query_one("#start-note", Static).render())


async def test_a_recent_file_has_its_size_and_age(trajectory: Path) -> None:
    trajectory.write_bytes(b" " * 75_300)
    remember(trajectory)
    os.utime(trajectory, (time.time() - 7_300,) * 2)
    app = StartApp()
    async with app.run_test(size=(160, 24)) as pilot:
        while "ago" not in (said := str(app.query_one(OptionList).get_option_at_index(0).prompt)):
            await pilot.pause()
        assert said == f"{trajectory}\n  75.3 kB · 2 hours ago · cannot be opened"


async def test_a_path_that_is_typed_is_refused_and_the_start_screen_stays(trajectory: Path) -> None:
    app = StartApp()
    async with app.run_test() as pilot:
        await pilot.press("slash")
        app.query_one(Input).value = str(trajectory)
        await pilot.press("enter")
        assert await shown(app, pilot) == f"{trajectory}: {LINE}"
        assert app.is_running
        assert app.opened is None
        app.query_one(Input).value = str(SAMPLES / "demo.json")
        await pilot.press("enter")
        await app.workers.wait_for_complete()
    assert app.return_value == SAMPLES / "demo.json"
    assert app.opened is not None
    assert app.opened.path == SAMPLES / "demo.json"


async def test_so_is_a_directory(tmp_path: Path) -> None:
    places = others.directories(tmp_path)
    app = StartApp()
    async with app.run_test() as pilot:
        await pilot.press("slash")
        for agent, path in places.values():
            app.query_one(Input).value = str(path)
            await pilot.press("enter")
            assert await shown(app, pilot) == f"{path}: this looks like {agent}; it cannot be read yet."
        assert app.is_running


async def test_a_recent_file_that_is_picked_is_refused_and_the_start_screen_stays(trajectory: Path) -> None:
    remember(trajectory)
    app = StartApp()
    async with app.run_test() as pilot:
        await pilot.press("enter")
        assert await shown(app, pilot) == f"{trajectory}: {LINE}"
        assert app.is_running


async def test_what_a_name_holds_cannot_act_on_the_start_screen(tmp_path: Path) -> None:
    path = tmp_path / "[bold]x[no\x1b]0;title\x07.json"
    path.write_bytes(others.pretty(others.ATIF_RUN))
    remember(path)
    app = StartApp()
    async with app.run_test() as pilot:
        await pilot.press("enter")
        text = await shown(app, pilot)
        assert "[bold]x[no" in text
        assert "\x1b" not in text
        assert text.endswith(LINE)


async def test_a_file_with_several_recordings_is_left_to_the_choice_of_one(tmp_path: Path) -> None:
    events = [message(0, "go"), run(1, "ls"), ran(2, 1, "a")]
    path = tmp_path / "output.jsonl"
    path.write_text("".join(json.dumps({"instance_id": n, "history": events}) + "\n" for n in "ab"))
    for row, opened in ((None, None), ("b", 3)):
        app = StartApp(row)
        async with app.run_test() as pilot:
            await pilot.press("slash")
            app.query_one(Input).value = str(path)
            await pilot.press("enter")
            await app.workers.wait_for_complete()
        assert app.return_value == path
        assert (app.opened and len(app.opened)) == opened
