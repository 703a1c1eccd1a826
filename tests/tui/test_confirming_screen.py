"""The question about a model's action on the screen: by words, letters and the mouse."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from documents import message
from loopback import Answer, Call, Loopback
from screens import Shown, opened
from trajcore.live.modelsettings import ModelSettings
from trajtui.widgets.question import QuestionBox

pytestmark = pytest.mark.bubblewrap

RISKY = "echo was run; rm -f *.tmp"


@asynccontextmanager
async def asked(tmp_path: Path, *more: Answer, size: tuple[int, int] = (160, 48)) -> AsyncIterator[Shown]:
    """The screen at the moment at which a risky command waits."""
    path = tmp_path / "recording.json"
    path.write_text(json.dumps([message(0)]))
    first = Answer("I clean up.", calls=[Call("execute_bash", {"command": RISKY})])
    with Loopback([first, *more]) as server:
        model = ModelSettings("openai/loopback", "sk-never-shown", server.url)
        async with opened(path, size=size, sandbox="bubblewrap", model=model) as screen:
            screen.server = server  # type: ignore[attr-defined]
            await screen.press("c")
            await screen.wait("end of the recording")
            await screen.press("L")
            await screen.wait("LIVE AWAITING CONFIRMATION", seconds=30)
            # The command alone may be in the Chat, as it comes; the parts of the box are drawn one by one.
            words = (RISKY, "deletes by wildcard", "Approve all: deleting", "Refuse")
            await screen.wait(lambda: all(word in screen.text for word in words))
            yield screen


def results(screen: Shown) -> list[str | None]:
    return [entry.head.observation for entry in screen.session.run.entries if entry.head.observation]


def question(screen: Shown) -> QuestionBox:
    found = screen.app.screen.query_one(QuestionBox)
    assert isinstance(found, QuestionBox)
    return found


@pytest.mark.parametrize("size", [(160, 48), (80, 24)])
async def test_the_question_shows_the_command_why_and_the_words(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with asked(tmp_path, size=size) as screen:
        for shown in (RISKY, "deletes by wildcard", "Approve", "Approve all: deleting", "Edit", "Refuse"):
            assert shown in screen.text
        await screen.wait("I clean up.")  # what it said before it asked stays
        await screen.press("a")
        await screen.wait("LIVE AWAITING INPUT", seconds=30)
        assert results(screen) == ["run"]
        assert "Refuse" not in screen.text
        assert screen.text.count("I clean up.") <= 1  # once, or scrolled away where it is small


async def test_letters_answer_only_while_the_question_has_the_focus(tmp_path: Path) -> None:
    async with asked(tmp_path) as screen:
        screen.timeline.focus()
        await screen.press("a", "l", "r")
        await screen.pilot.pause()
        assert screen.session.asked is not None
        await screen.press("tab", "shift+tab")
        question(screen).focus()
        await screen.press("a")
        await screen.wait("LIVE AWAITING INPUT", seconds=30)


async def test_the_mouse_says_a_word(tmp_path: Path) -> None:
    async with asked(tmp_path) as screen:
        row = next(number for number, text in enumerate(screen.rows) if "Approve all" in text)
        screen.timeline.focus()
        await screen.pilot.click(offset=(screen.rows[row].index("Approve"), row))
        await screen.wait("LIVE AWAITING INPUT", seconds=30)
        assert results(screen) == ["run"]


async def test_refusing_asks_for_a_reason_that_the_model_reads(tmp_path: Path) -> None:
    async with asked(tmp_path, Answer("I keep them.")) as screen:
        await screen.press("r")
        await screen.wait("Why?")
        await screen.type("keep a and l")
        await screen.press("enter")
        await screen.wait("I keep them.", seconds=30)
        assert results(screen) == ["user_rejected"]
        assert "keep a and l" in json.dumps(screen.server.bodies[-1]["messages"])  # type: ignore[attr-defined]


async def test_refusing_without_a_reason_waits_for_the_user(tmp_path: Path) -> None:
    async with asked(tmp_path) as screen:
        await screen.press("r")
        await screen.wait("Why?")
        await screen.press("enter")
        await screen.wait("LIVE AWAITING INPUT")
        assert results(screen) == ["user_rejected"]


async def test_an_edit_begins_with_the_command_and_runs_what_it_ends_with(tmp_path: Path) -> None:
    async with asked(tmp_path) as screen:
        await screen.press("e")
        await screen.wait("Run this instead")
        await screen.press("end")
        await screen.type("; echo edited")
        await screen.press("enter")
        await screen.wait("LIVE AWAITING INPUT", seconds=30)
        run = next(entry.event for entry in screen.session.run.entries if entry.head.action == "run")
        assert run.args.command == f"{RISKY}; echo edited"  # type: ignore[attr-defined]


async def test_leaving_the_edit_leaves_the_question(tmp_path: Path) -> None:
    async with asked(tmp_path) as screen:
        await screen.press("e")
        await screen.wait("Run this instead")
        await screen.press("escape")
        await screen.wait(lambda: "Run this instead" not in screen.text)
        assert screen.session.asked is not None


async def test_esc_interrupts(tmp_path: Path) -> None:
    async with asked(tmp_path) as screen:
        await screen.press("escape")
        await screen.wait("LIVE AWAITING INPUT")
        assert results(screen) == ["error"]
        assert not question(screen).display


async def test_what_is_being_typed_is_no_answer(tmp_path: Path) -> None:
    again = Answer(calls=[Call("execute_bash", {"command": "rm -f *.o"})], delay=1.0)
    async with asked(tmp_path, again) as screen:
        await screen.press("a")
        await screen.wait("LIVE THINKING", seconds=30)
        await screen.press("m")
        await screen.wait("Enter: deliver")
        await screen.wait("LIVE AWAITING CONFIRMATION", seconds=30)
        await screen.type("all are real")
        await screen.pilot.pause()
        assert screen.session.asked is not None
        assert "all are real" in screen.text
        await screen.press("escape")
        await screen.wait(lambda: question(screen).has_focus)
