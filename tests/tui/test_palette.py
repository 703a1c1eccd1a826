"""The command palette and lists of choices take any key at once, before they have been laid out."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events
from textual.command import CommandList
from textual.fuzzy import Matcher

from program import finish, say, write
from screens import Shown, opened
from trajtui.actions.table import ACTIONS, BY_NAME, UserAction
from trajtui.actions.words import ALSO
from trajtui.screens.palette import Palette
from trajtui.widgets.inputs import Choices

KEYS = ["pagedown", "pageup", "down", "up", "home", "end", "enter", "tab", "a", "escape"]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.sampled(4)
async def test_a_key_in_the_first_moment_of_the_palette(tmp_path: Path, key: str) -> None:
    path = write(tmp_path / "demo.json", [say(0, "the task"), finish(1)])
    async with opened(path) as shown:
        shown.app.action_command_palette()
        shown.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await shown.pilot.pause()
        await shown.pilot.press(key)
        assert shown.app.is_running
        assert shown.app.fault is None


@pytest.mark.parametrize("action", ["page_down", "page_up"])
def test_a_list_that_is_not_laid_out_has_no_pages(action: str) -> None:
    choices = Choices("one", "two")
    choices.highlighted = 0
    getattr(choices, f"action_{action}")()
    assert choices.highlighted == 0


def test_it_is_the_palette_of_the_program() -> None:
    assert {"pagedown", "pageup"} <= {binding.key for binding in Palette.BINDINGS}


@pytest.mark.parametrize(
    ("word", "what"),
    [
        ("help", "help: all keys and marks"),
        ("exit", "quit"),
        ("clone", "duplicate the event"),
        ("diff", "show what"),
    ],
)
@pytest.mark.sampled(2)
async def test_actions_are_found_by_usual_words(tmp_path: Path, word: str, what: str) -> None:
    path = write(tmp_path / "demo.json", [say(0, "the task"), finish(1)])
    async with opened(path) as shown:
        await shown.press("ctrl+p")
        await shown.type(word)
        await shown.wait(what)


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_each_is_found_first_by_what_is_said_of_it(action: UserAction) -> None:
    fits = Matcher(action.what)
    assert max(ACTIONS, key=lambda other: fits.match(other.what)) is action


async def test_what_says_a_word_comes_before_what_only_means_it(tmp_path: Path) -> None:
    path = write(tmp_path / "demo.json", [say(0, "the task"), finish(1)])
    async with opened(path) as shown:
        for word, first in (("undo", "undo the last edit"), ("copy", "copy: a menu"), ("open", "open ")):
            await shown.press("ctrl+p")
            await shown.type(word)
            await shown.wait(lambda first=first: first in _first_command(shown))
            await shown.press("escape")
            await shown.wait(lambda: not isinstance(shown.app.screen, Palette))


def _first_command(shown: Shown) -> str:
    """The command that Enter would carry out."""
    found = [str(option.prompt) for option in shown.app.screen.query_one(CommandList).options]
    return found[0] if found else ""


def test_what_is_said_of_an_action_stands_alone() -> None:
    said = [action.what for action in ACTIONS]
    assert len(set(said)) == len(said)
    assert not [what for what in said if what.split()[-1] in ("it", "upwards") and len(what.split()) < 4]
    assert not [name for name in ALSO if name not in BY_NAME]


@pytest.mark.parametrize(("size", "beside"), [((160, 48), True), ((100, 30), False)])
async def test_the_help_has_a_title_and_columns_where_there_is_room(
    tmp_path: Path, size: tuple[int, int], beside: bool
) -> None:
    path = write(tmp_path / "demo.json", [say(0, "the task"), finish(1)])
    async with opened(path, size=size) as shown:
        await shown.press("question_mark")
        text = await shown.wait("Keys and marks")
        assert "arrows scroll" in text
        assert any("Replay" in row and "Looking around" in row for row in shown.rows) == beside
