"""What is typed ahead, twice, or into next to no room: each reaches what it is meant for, once."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input, OptionList, Tabs

from documents import message, ran, run
from program import write
from screens import Shown, opened
from trajtui.screens.debugger import DebuggerScreen
from trajtui.screens.dialogs import Choose
from trajtui.screens.edit_event import EditEvent
from trajtui.screens.insert import AskText
from trajtui.screens.palette import Palette
from trajtui.screens.replace_text import ReplaceText
from trajtui.widgets.inputs import SafeTextArea

_CHARACTERS = {"colon": ":", "slash": "/", "equals_sign": "="}
EVENTS = [message(0, "go"), run(1, "ls"), ran(2, 1, "a"), message(3, "more"), run(4, "pwd"), ran(5, 4, "/")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "x.json", EVENTS)


async def typed_ahead(shown: Shown, *keys: str) -> None:
    """All keys at once, as a terminal that lags hands them on."""
    for key in keys:
        shown.app.post_message(events.Key(key, key if len(key) == 1 else _CHARACTERS.get(key)))
    for _ in range(2 + len(keys)):  # the keys wait for a dialog and for each other, and then it has them
        await shown.pilot.pause()


async def test_what_is_typed_behind_a_key_that_opens_a_dialog_is_typed_into_it(path: Path) -> None:
    async with opened(path) as shown:
        await typed_ahead(shown, "i", "d", "u", "d", "e")
        assert isinstance(shown.app.screen, AskText)
        assert shown.app.screen.query_one(SafeTextArea).value == "dude"
        assert len(shown.session.trajectory) == len(EVENTS)


async def test_letters_do_not_overtake_the_keys_between_them(path: Path) -> None:
    async with opened(path) as shown:
        await typed_ahead(shown, "m", "Q", "backspace", "Z", "home", "X", "end", "backspace", "Y")
        await shown.wait(lambda: shown.app.screen.conversation.box.typed == "XY")


async def test_what_is_typed_ahead_is_searched_for(path: Path) -> None:
    async with opened(path) as shown:
        await typed_ahead(shown, "ctrl+f", "q", "d")
        assert isinstance(shown.app.screen, ReplaceText)
        assert [one.value for one in shown.app.screen.query(Input)] == ["qd", ""]


@pytest.mark.parametrize(
    "keys",
    [
        ("colon", "4", "enter"),
        ("slash", "p", "w", "d", "enter"),
        ("slash", "escape", "end"),
        ("f", *"kind", "equals_sign", *"run", "enter", "end"),
        ("m", "h", "i", "enter", "end"),
        ("m", "h", "i", "escape", "end"),
        ("i", "escape", "end"),
        ("i", "h", "i", "enter", "end"),
        ("B", "escape", "end"),
    ],
    ids=" ".join,
)
async def test_what_is_typed_behind_the_end_of_a_line_is_a_command(path: Path, keys: tuple[str, ...]) -> None:
    async with opened(path) as shown:
        await typed_ahead(shown, *keys, "b")
        await shown.wait("4: breakpoint", seconds=5)


@pytest.mark.parametrize("key", ["f2", "ctrl+s", "ctrl+enter", "escape", "tab"])
async def test_a_dialog_takes_a_key_before_it_is_drawn(path: Path, key: str) -> None:
    async with opened(path) as shown:
        await typed_ahead(shown, "e", key)
        assert shown.app.fault is None
        assert isinstance(shown.app.screen, DebuggerScreen if key == "escape" else EditEvent)


async def test_a_second_answer_is_one_to_nothing(path: Path) -> None:
    """Else the second Enter would take the debugger off the screen."""
    async with opened(path) as shown:
        await shown.press("w", "q")
        dialog = shown.app.screen
        assert isinstance(dialog, Choose)
        dialog.query_one(OptionList).action_select()
        dialog.query_one(OptionList).action_select()
        await shown.settle()
        assert isinstance(shown.app.screen, DebuggerScreen)


async def test_a_dialog_that_another_is_in_front_of_is_not_answered(path: Path) -> None:
    async with opened(path) as shown:
        await shown.press("e")
        form = shown.app.screen
        assert isinstance(form, EditEvent)
        in_front = Choose("Sure?", {"no": "No", "yes": "Yes"})
        await shown.app.push_screen(in_front)
        form.dismiss(True)
        assert shown.app.screen is in_front
        await shown.press("escape", "escape")
        assert isinstance(shown.app.screen, DebuggerScreen)


async def test_the_form_and_the_json_do_not_take_turns_for_ever(path: Path) -> None:
    async with opened(path) as shown:
        await shown.press("e")
        form = shown.app.screen
        assert isinstance(form, EditEvent)
        turns = 0

        def counted(tab: str) -> None:
            nonlocal turns
            turns += 1
            show(tab)

        show, form._show = form._show, counted
        tabs = form.query_one(Tabs)
        for tab in ("raw", "form", "raw"):
            tabs.active = tab
        await shown.settle()
        assert turns <= 3
        assert not form._on_form
        assert tabs.active == "raw"


async def test_no_row_is_drawn_of_a_run_that_was_left(path: Path) -> None:
    """Going back shortens the run: the timeline knows before it is drawn again."""
    async with opened(path) as shown:
        await shown.press("m")
        await shown.type("hello")
        await shown.press("enter")
        await shown.wait("hello")
        before = len(shown.session.run)
        rows: list[int] = []
        timeline = shown.timeline

        def drawn(notice: object) -> None:
            if len(shown.session.run) < before:
                rows.append(sum(row.index(shown.session.trajectory) is None for row in timeline._timeline))

        shown.session.subscribe(drawn)
        await shown.press("R")
        await shown.wait("Restart all the same?")
        await shown.press("down", "enter")
        await shown.settle()
        assert rows
        assert set(rows) == {0}


@pytest.mark.parametrize("size", [(3, 3), (1, 1), (8, 2), (20, 5)], ids=str)
@pytest.mark.parametrize("keys", ["q", "I", "e", "B", "ctrl+f", "ctrl+p", "question_mark", "W", "m"])
@pytest.mark.sampled(9)
async def test_a_dialog_lives_where_there_is_no_room(path: Path, keys: str, size: tuple[int, int]) -> None:
    async with opened(path) as shown:
        await shown.press("w")
        await shown.pilot.resize_terminal(*size)
        await shown.press(keys, "down", "pagedown", "escape")
        assert shown.app.fault is None


async def test_the_themes_take_a_page_key_at_once(path: Path) -> None:
    async with opened(path) as shown:
        shown.app.search_themes()
        await typed_ahead(shown, "pagedown", "pageup")
        assert isinstance(shown.app.screen, Palette)
        assert shown.app.fault is None
