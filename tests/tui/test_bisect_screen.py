"""Bisect on the screen: what is asked for, the verdicts as they come, the step; and nothing is disturbed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from documents import message, ran, run
from screens import Shown, opened
from trajcore.sandbox.machines import leftovers

pytestmark = pytest.mark.bubblewrap

RECORDING = [
    message(0, "go"),
    run(1, "echo one > file"), ran(2, 1),
    run(3, "echo two > file"), ran(4, 3),
    run(5, "echo three >> file"), ran(6, 5),
    run(7, "true"), ran(8, 7),
]  # fmt: skip
RECORDING[3]["args"]["thought"] = "Now it is **two**."


@asynccontextmanager
async def asked(tmp_path: Path, *typed: str, size: tuple[int, int] = (120, 36)) -> AsyncIterator[Shown]:
    """The debugger behind its first step, and what is typed into the dialog."""
    path = tmp_path / "recording.json"
    path.write_text(json.dumps(RECORDING))
    async with opened(path, size=size, sandbox="bubblewrap", checkpoints=8) as screen:
        await screen.press("s")
        await screen.wait(lambda: screen.stands_at(3))
        await screen.press("ctrl+p")
        await screen.wait("Search for commands")
        await screen.type("bisect")
        await screen.wait("bisect: the step that changed")
        await screen.press("enter")
        await screen.wait("The first step after which a command")
        for number, text in enumerate(typed):
            await screen.press(*["tab"] * bool(number))
            await screen.type(text)
        await screen.press("enter")
        yield screen


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_the_step_is_shown_and_gone_to(tmp_path: Path, size: tuple[int, int]) -> None:
    async with asked(tmp_path, "! grep -q two file", size=size) as screen:
        await screen.wait("Enter goes to the step")
        assert "first after step 2/4, event 3" in screen.text
        assert "Now it is two." in screen.text
        await screen.press("enter")
        await screen.wait("event 3 made the difference")
        assert screen.timeline.selected_index == 3
        assert screen.session.position == 3
        assert "two" not in (await screen.session.try_out("cat file")).output


async def test_a_command_without_a_difference_is_told_so_and_another_can_be_typed(tmp_path: Path) -> None:
    async with asked(tmp_path, "true") as screen:
        await screen.wait("it passes at both ends")
        await screen.press("enter")  # there is no step to go to
        await screen.press("escape")
        await screen.wait(lambda: "comes to something else" not in screen.text)
        assert screen.session.position == 3


async def test_an_expression_that_is_none_is_said_and_can_be_mended(tmp_path: Path) -> None:
    async with asked(tmp_path, "cat file", "(") as screen:
        await screen.wait("no regular expression")
        await screen.press("tab", "end", "backspace")
        await screen.type("three")
        await screen.press("enter")
        await screen.wait("first after step 3/4, event 5")


async def test_stopped_it_leaves_no_sandbox_and_the_session_as_it_was(tmp_path: Path) -> None:
    async with asked(tmp_path, "sleep 60") as screen:
        await screen.wait("steps in question")
        await screen.press("escape")
        await screen.wait("stopped: nothing was found")
        await screen.press("escape")
        await screen.wait(lambda: "comes to something else" not in screen.text)
        await screen.press("s")
        await screen.wait(lambda: screen.stands_at(5))
    with leftovers.found(docker=False) as left:
        assert left == []


async def test_edits_and_what_is_skipped_count(tmp_path: Path) -> None:
    path = tmp_path / "recording.json"
    path.write_text(json.dumps(RECORDING))
    async with opened(path, sandbox="bubblewrap", checkpoints=8) as screen:
        session = screen.session
        session.next_service(3)
        session.next_service(3)
        assert not session.is_carried_out(3)
        screen.app.screen.action_act("bisect")
        await screen.wait("The first step after which a command")
        await screen.type("! grep -q two file")
        await screen.press("enter")
        await screen.wait("it passes at both ends")
        assert "3 steps in question" in screen.text
