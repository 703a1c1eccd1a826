"""The command palette and lists of choices take any key at once, before they have been laid out."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events

from program import finish, say, write
from screens import opened
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
