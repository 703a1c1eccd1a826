"""What is said: the first sentence, when a sentence fades, all of them as a list, a long one whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from documents import message, ran, run
from program import finish, write
from screens import Shown, opened
from trajcore import State, notices
from trajtui.screens.messages import MessageList, NoteBox

LONG = "it cannot be done: " + "for this reason, and for that; " * 12 + "and no more"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    steps = [one for id in range(1, 6, 2) for one in (run(id, "true"), ran(id + 1, id, ""))]
    return write(tmp_path / "steps.json", [message(0, "go"), *steps, finish(7)])


@pytest.mark.bubblewrap
async def test_the_first_sentence_says_what_to_press_and_in_what_it_runs(recording: Path) -> None:
    async with opened(recording, sandbox="bubblewrap") as screen:
        await screen.wait("s plays the first step · in bubblewrap")
        await screen.press("s")
        await screen.wait("1 run: exit 0, equal, ")
        assert "plays the first step" not in screen.status


async def test_a_sentence_fades_when_the_user_moves_on_not_when_its_own_key_moves(recording: Path) -> None:
    async with opened(recording) as screen:
        await screen.wait("s plays the first step · nothing is executed")
        await screen.press("s", "s")
        await screen.wait(lambda: screen.stands_at(5) and "3 run: exit 0" in screen.status)
        assert screen.selected == 3
        await screen.press("j")
        await screen.wait(lambda: "3 run" not in screen.status)
        await screen.press("s")
        await screen.wait("5 run: exit 0")
        await screen.pilot.click("#timeline", offset=(20, 0))
        await screen.wait(lambda: "5 run: exit 0" not in screen.status)
        await screen.press("D")  # it moves the cursor or not, and says why
        await screen.settle()
        await screen.press("escape", "G")
        screen.app.screen.session._tell(notices.Said("from elsewhere"))
        await screen.wait("from elsewhere")
        await screen.press("d")  # the row goes, the cursor with it, and it says so
        await screen.wait("deleted ")
        await screen.settle()
        assert "deleted " in screen.status


async def test_all_that_was_said_is_a_list_whose_messages_are_read_whole_and_copied(recording: Path) -> None:
    async with opened(recording, (120, 36)) as screen:
        await screen.press("s")
        await screen.wait("1 run: exit 0")
        screen.app.screen.notes.say(LONG, bad=True)
        screen.app.screen.notes.say("the last")
        await screen.press("H")
        await screen.wait(lambda: isinstance(screen.app.screen, MessageList) and "Messages" in screen.text)
        await screen.wait("y copies")
        lines = [line for line in screen.rows if ":" in line and line.strip("│ ")[:2].isdigit()]
        assert "1 run: exit 0" in lines[-3]
        assert " ✗ it cannot be done" in lines[-2]
        assert "the last" in lines[-1]
        assert "and no more" not in screen.text
        await screen.press("k")
        await screen.wait("and no more")
        await screen.press("y")
        await screen.wait("copied what was said")
        assert screen.app.clipboard == LONG
        await screen.press("escape")
        await screen.wait("REPLAY PAUSED")
        await screen.press("ctrl+p")
        await screen.type("messages")
        await screen.wait("messages: all that was said")


async def test_what_is_cut_ends_so_and_a_click_shows_it_whole(recording: Path) -> None:
    async with opened(recording) as screen:
        screen.app.screen.notes.say(LONG)
        await screen.wait("it cannot be done")
        assert screen.status.rstrip().endswith("…")
        await screen.pilot.click("#status", offset=(40, 0))
        await screen.wait("and no more")
        await screen.press("escape")
        await screen.wait("REPLAY PAUSED")


def fault(screen: Shown) -> None:
    screen.app.screen.say(LONG, bad=True)


async def test_a_long_fault_opens_by_itself_unless_something_is_typed_or_asked(recording: Path) -> None:
    async with opened(recording) as screen:
        debugger = screen.app.screen
        await screen.press("m")
        await screen.type("hello")
        fault(screen)
        await screen.settle()
        assert screen.app.screen is debugger
        await screen.press("escape")
        debugger.say("short", bad=True)
        await screen.wait("short")
        assert screen.app.screen is debugger
        fault(screen)
        await screen.wait("and no more")
        assert "O takes" not in screen.text
        await screen.press("escape")
        await screen.wait(lambda: screen.app.screen is debugger)
        before = screen.selected
        fault(screen)
        await screen.wait("and no more")
        await screen.press("y")
        await screen.settle()
        assert screen.app.screen is not debugger
        await screen.pilot.press("j", "m", *"sd")  # the box asks nothing: they are for what is beneath
        await screen.wait("sd")
        assert screen.app.screen is debugger
        assert screen.selected == (before or 0) + 1
        assert not screen.session.position
        await screen.press("backspace", "backspace", "escape")
        await screen.press("question_mark")
        await screen.settle()
        debugger.say(LONG, bad=True)
        await screen.settle()
        assert not isinstance(screen.app.screen, NoteBox)


async def test_where_there_is_no_sandbox_the_box_says_the_ways_out(
    recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(recording) as screen:
        monkeypatch.setattr(type(screen.session), "state", property(lambda session: State.ERROR))
        fault(screen)
        await screen.wait("O takes another sandbox · R restarts · y copies · Esc closes")
        await screen.press("O")
        await screen.wait("Sandbox and world")
