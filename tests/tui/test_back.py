"""Going back on the screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from documents import message, ran, run
from program import finish, say, write
from screens import opened


@pytest.fixture
def dialogue(tmp_path: Path) -> Path:
    return write(
        tmp_path / "dialogue.json",
        [
            message(0, "count the files"),
            {"id": 1, "source": "environment", "observation": "agent_state_changed", "content": ""},
            run(2, "ls | wc -l"),
            ran(3, 2, "3"),
            say(4, "Three. Shall I delete them?", wait=True),
            message(5, "no, leave them"),
            run(6, "true"),
            ran(7, 6, ""),
            say(8, "All is as it was."),
            finish(9, "counted"),
        ],
    )


async def test_a_step_is_taken_back_and_the_screen_says_how(dialogue: Path):
    async with opened(dialogue) as screen:
        await screen.press("s")
        await screen.wait(lambda: screen.stands_at(4) and "PAUSED" in screen.status)
        await screen.press("s")
        await screen.wait(lambda: screen.stands_at(5) and "PAUSED" in screen.status)
        await screen.press("S")
        await screen.wait(lambda: screen.stands_at(4) and "back before event 4" in screen.status)
        assert screen.selected == 2
        await screen.press("S")
        await screen.wait(lambda: screen.stands_at(0))
        await screen.press("S")
        await screen.wait("this is the beginning of the recording")


async def test_a_finished_run_can_be_taken_back(dialogue: Path):
    async with opened(dialogue) as screen:
        await screen.press("c")
        await screen.wait("REPLAY FINISHED")
        await screen.press("S")
        await screen.wait(lambda: "REPLAY PAUSED" in screen.status)


async def test_back_to_the_previous_breakpoint(dialogue: Path):
    async with opened(dialogue) as screen:
        await screen.press("j", "b", "c")
        await screen.wait(lambda: "breakpoint at 2 run ls | wc -l" in screen.status)
        await screen.press("C")
        await screen.wait("no breakpoint lies before this place")
        await screen.press("c")
        await screen.wait("REPLAY FINISHED")
        await screen.press("C")
        await screen.wait(lambda: screen.stands_at(2) and "REPLAY PAUSED" in screen.status)


async def test_the_selected_event_is_gone_back_to(dialogue: Path):
    async with opened(dialogue) as screen:
        await screen.press("c")
        await screen.wait("REPLAY FINISHED")
        await screen.press("g", "j", "t")
        await screen.wait(lambda: screen.stands_at(2) and "REPLAY PAUSED" in screen.status)
