"""Branches on the screen: the live part in the timeline, the list, going from one to another."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import conversations as v1
from documents import message, ran, run
from loopback import Answer, Call, Loopback
from screens import Shown, opened
from trajcore.live.modelsettings import ModelSettings

pytestmark = pytest.mark.bubblewrap

RECORDING = [
    message(0, "go"),
    run(1, "echo one > file"), ran(2, 1, ""),
    run(3, "cat file; echo the tail"), ran(4, 3, "one\nthe tail"),
]  # fmt: skip


def forked() -> list[dict[str, Any]]:
    """A conversation of V1 that goes two ways, each adding a line to a file."""
    first, one = v1.run(2, "echo base > f"), v1.run(4, "echo A >> f; cat f")
    other = v1.hung(v1.run(6, "echo B >> f; cat f"), 3)
    return [
        v1.prompt(), v1.message(1, "user", "go"), first, v1.ran(3, first, ""),
        one, v1.ran(5, one, "base\nA"), other, v1.ran(7, other, "base\nB"),
    ]  # fmt: skip


@asynccontextmanager
async def live(tmp_path: Path, *more: Answer, size: tuple[int, int] = (160, 48)) -> AsyncIterator[Shown]:
    """The screen after a model was asked in the middle of the recording."""
    path = tmp_path / "recording.json"
    path.write_text(json.dumps(RECORDING))
    first = Answer("I look.", calls=[Call("execute_bash", {"command": "cat file; echo LIVE | tee file"})])
    with Loopback([first, Answer("So it is."), *more]) as server:
        model = ModelSettings("openai/loopback", "sk-never-shown", server.url)
        kept = {"keep_branches": True, "keep_journal": True, "checkpoints": 8}
        async with opened(path, size=size, sandbox="bubblewrap", model=model, **kept) as screen:
            await screen.press("s")
            await screen.wait(lambda: screen.stands_at(3))
            await say(screen, "look at it", "So it is.")
            yield screen


async def say(screen: Shown, text: str, answer: str) -> None:
    await screen.press("m")
    await screen.wait("─ Message ─")
    await screen.type(text)
    await screen.press("ctrl+l" if "Ctrl+L" in screen.text else "enter")
    await screen.wait(lambda: answer in screen.text and "LIVE AWAITING INPUT" in screen.text, seconds=60)


async def test_live_events_are_rows_that_the_debugger_works_on(tmp_path: Path) -> None:
    async with live(tmp_path) as screen:
        assert "⎇ live-1" in screen.text
        assert "the tail" not in screen.text
        await screen.press("G", "k", "2")
        await screen.wait("what came back")
        await screen.wait("LIVE")
        await screen.press("w", "b", "u", "e")
        await screen.wait("Ctrl+S applies")
        await screen.press("escape", "S", "S")
        await screen.wait(lambda: "PAUSED" in screen.status and screen.stands_at(3))
        await screen.press("s")
        await screen.wait("breakpoint at 6")
        await screen.press("s")
        await screen.wait(lambda: screen.stands_at(6))
        rows = [row[: screen.timeline.size.width] for row in screen.rows]
        assert "=" in next(row for row in rows if "echo LIVE" in row)


async def test_the_list_goes_to_a_branch_and_back(tmp_path: Path) -> None:
    async with live(tmp_path) as screen:
        await screen.press("alt+b")
        await screen.wait("Branches")
        assert any(
            "▶  live-1" in row and "openai/loopback" in row and "2 steps" in row for row in screen.rows
        )
        await screen.press("k", "enter")
        await screen.wait(lambda: "the tail" in screen.text and "⎇" not in screen.text)
        await screen.wait(lambda: screen.stands_at(3) and "REPLAY PAUSED" in screen.status)
        await screen.press("alt+b", "j", "enter")
        await screen.wait(lambda: "⎇ live-1" in screen.text and "LIVE AWAITING INPUT" in screen.status)


async def test_a_branch_gets_a_name_and_is_deleted_at_the_second_word(tmp_path: Path) -> None:
    async with live(tmp_path) as screen:
        await screen.press("alt+b", "n")
        for _ in "live-1":
            await screen.press("backspace")
        await screen.type("a try")
        await screen.press("enter")
        await screen.wait("▶  a try")
        await screen.press("d", "d")
        await screen.wait("this is the branch you are in")
        await screen.press("k", "enter")
        await screen.wait(lambda: screen.stands_at(3))
        await screen.press("alt+b", "j", "d")
        await screen.wait("d again deletes a try for good")
        assert "a try" in screen.text
        await screen.press("d")
        await screen.wait(lambda: not any("a try" in row and "step" in row for row in screen.rows))


async def test_a_branch_is_saved_as_a_file(tmp_path: Path) -> None:
    async with live(tmp_path) as screen:
        await screen.press("alt+b", "w")
        await screen.wait("Save live-1 as")
        await screen.press("enter")
        await screen.wait("saved")
    saved = json.loads((tmp_path / "recording.live-1.json").read_text())
    assert [event["content"] for event in saved if event.get("observation") == "run"][-1].startswith(
        "one\nLIVE"
    )


async def test_quitting_needs_no_word_as_nothing_is_lost(tmp_path: Path) -> None:
    async with live(tmp_path) as screen:
        await screen.press("q")
        await screen.pilot.pause(0.1)
        assert not screen.app.is_running or "Quit" not in screen.text


async def test_the_list_fits_a_small_terminal(tmp_path: Path) -> None:
    async with live(tmp_path, size=(80, 24)) as screen:
        await screen.press("alt+b")
        await screen.wait("Branches")
        assert all(len(row) <= 80 for row in screen.rows)
        assert any("live-1" in row and "2 steps" in row for row in screen.rows)


async def test_another_branch_of_the_recording_itself_is_gone_on_with_in_the_world_where_it_parts(
    tmp_path: Path,
) -> None:
    path = v1.directory(tmp_path / "tree", forked(), v1.state(7))
    async with opened(path, sandbox="bubblewrap", checkpoints=8) as screen:
        await screen.press("c")
        await screen.wait(lambda: "echo B" in screen.text and screen.stands_at(6))
        await screen.press("ctrl+p")
        await screen.type("recording itself")
        await screen.wait("go on with one")
        await screen.press("enter")
        await screen.wait("Branches of the recording itself")
        await screen.press("k", "c")
        await screen.wait("4 events in both")
        await screen.press("escape", "enter")
        await screen.wait(lambda: "echo A" in screen.text and screen.stands_at(4))
        await screen.press("c")
        await screen.wait(lambda: screen.stands_at(6))
        assert "2 steps: 2 equal" in screen.text
        await screen.press("u")
        await screen.wait(lambda: "echo B" in screen.text)
