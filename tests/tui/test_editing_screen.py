"""Editing on the debugger's screen: each key, several events at once, consequences, history, replacing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from documents import message, ran, run
from program import finish, say, write
from screens import Shown, opened
from trajcore.dialects.newevents import user_message
from trajtui.actions.table import ACTIONS
from trajtui.screens.edit_event import EditEvent
from trajtui.screens.history import HistoryList
from trajtui.screens.replace_text import ReplaceText

EVENTS: list[dict[str, Any]] = [
    message(0, "count the files"),
    run(1, "ls | wc -l"),
    ran(2, 1, "3"),
    say(3, "Three. Go on?", wait=True),
    message(4, "yes"),
    run(5, "git push"),
    ran(6, 5, "pushed"),
    finish(7),
]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write(tmp_path / "recording.json", EVENTS)


def ids(screen: Shown) -> list[int | None]:
    return list(screen.session.trajectory.outline.ids)


@asynccontextmanager
async def at(path: Path, index: int, size: tuple[int, int] = (140, 40)) -> AsyncIterator[Shown]:
    """The debugger with the cursor on an event."""
    async with opened(path, size=size) as screen:
        screen.timeline.follow(index)
        await screen.pilot.pause()
        yield screen


async def pressed(screen: Shown, *keys: str) -> None:
    await screen.press(*keys)
    await screen.settle()


def row_of(screen: Shown, index: int) -> str:
    """The row of an event of the timeline, as it is shown."""
    width = screen.timeline.outer_size.width
    label = screen.session.trajectory.label(index)
    return next(row[:width] for row in screen.rows if row[3:6].strip() == label)


# One event


async def test_d_deletes_the_step_with_its_observation_and_says_so(recording: Path):
    async with at(recording, 5) as screen:
        await pressed(screen, "d")
        assert ids(screen) == [0, 1, 2, 3, 4, 7]
        assert "deleted run 5 `git push` with its observation · u undoes" in screen.status
        assert "modified" in screen.status
        assert screen.selected == 5
        assert "finish" in row_of(screen, 5)
        await pressed(screen, "u")
        assert screen.session.trajectory.to_bytes() == recording.read_bytes()
        assert "modified" not in screen.status
        await pressed(screen, "ctrl+r")
        assert ids(screen) == [0, 1, 2, 3, 4, 7]


async def test_J_and_K_move_the_event_and_the_cursor_with_it(recording: Path):
    async with at(recording, 1) as screen:
        await pressed(screen, "J")
        assert ids(screen) == [0, 3, 1, 2, 4, 5, 6, 7]
        assert screen.selected == 2
        await pressed(screen, "J")
        assert ids(screen) == [0, 3, 4, 1, 2, 5, 6, 7]
        await pressed(screen, "K", "K", "K")
        assert ids(screen) == [1, 2, 0, 3, 4, 5, 6, 7]
        await pressed(screen, "K")
        assert "can't be moved further up" in screen.status


async def test_Y_duplicates_and_goes_to_the_copy(recording: Path):
    async with at(recording, 1) as screen:
        await pressed(screen, "Y")
        assert ids(screen) == [0, 1, 2, 8, 9, 3, 4, 5, 6, 7]
        assert screen.selected == 3


@pytest.mark.parametrize(
    ("key", "order"), [("i", [0, 1, 2, 3, 4, 8, 5, 6, 7]), ("o", [0, 1, 2, 3, 4, 5, 6, 8, 7])]
)
async def test_a_message_is_inserted_before_or_behind(recording: Path, key: str, order: list[int]):
    async with at(recording, 5) as screen:
        await screen.press(key)
        await screen.wait("Enter inserts")
        await screen.type("use jj")
        await screen.press("ctrl+j")
        await screen.type("please")
        await pressed(screen, "enter")
        assert ids(screen) == order
        inserted = screen.session.trajectory.data(order.index(8))
        assert (inserted["source"], inserted["args"]["content"]) == ("user", "use jj\nplease")
        assert screen.selected == order.index(8)
        assert "use jj" in row_of(screen, order.index(8))


async def test_a_message_is_only_thrown_away_at_the_second_escape(recording: Path):
    async with at(recording, 5) as screen:
        await screen.press("i")
        await screen.type("use jj")
        await screen.press("escape")
        assert "Esc again" in screen.text
        await pressed(screen, "escape")
        assert ids(screen) == [0, 1, 2, 3, 4, 5, 6, 7]
        await screen.press("i", "enter", "escape")
        await screen.settle()
        assert ids(screen) == [0, 1, 2, 3, 4, 5, 6, 7]


async def test_I_inserts_any_kind_filled_in_as_a_form(recording: Path):
    async with at(recording, 4) as screen:
        await screen.press("I")
        await screen.wait("Insert which kind")
        await screen.press("down", "enter")
        await screen.wait(lambda: isinstance(screen.app.screen, EditEvent))
        await screen.pilot.pause()
        await screen.type("git status")
        await pressed(screen, "ctrl+s")
        await screen.wait(lambda: not isinstance(screen.app.screen, EditEvent))
        assert ids(screen) == [0, 1, 2, 3, 4, 8, 5, 6, 7]
        made = screen.session.trajectory.data(5)
        assert (made["args"]["command"], made["source"]) == ("git status", "agent")
        assert made["message"] == "Running command: git status"


async def test_I_takes_anything_as_json(recording: Path):
    async with at(recording, 4) as screen:
        await screen.press("I", "end", "enter")
        await screen.wait(lambda: isinstance(screen.app.screen, EditEvent))
        await screen.pilot.pause()
        raw = screen.app.screen.query_one("#raw-text")
        raw.value = '{"source": "agent", "action": "", "args": {}}'
        await screen.press("ctrl+s")
        await screen.wait("a new event is a JSON object")
        raw.value = (
            '{"source": "environment", "observation": "agent_state_changed", "content": "", "extras": {}}'
        )
        await pressed(screen, "ctrl+s")
        await screen.wait(lambda: not isinstance(screen.app.screen, EditEvent))
        assert screen.session.trajectory.head(5).kind == "agent_state_changed"


async def test_what_is_moved_to_the_nearest_legal_place_is_said(recording: Path):
    async with at(recording, 0) as screen:
        await screen.press("v")
        screen.timeline.follow(6)
        await screen.press("i")
        await screen.type("between")
        await pressed(screen, "enter")
        assert "placed" in screen.status
        assert ids(screen).index(6) == ids(screen).index(5) + 1


async def test_space_flips_the_wait_of_a_message_and_offers_the_flags_of_a_command(recording: Path):
    async with at(recording, 3) as screen:
        await pressed(screen, "space")
        assert screen.session.trajectory.data(3)["args"]["wait_for_response"] is False
        await pressed(screen, "j", "j", "space")
        assert "hidden: false → true" in screen.text
        await pressed(screen, "down", "enter")
        assert screen.session.trajectory.data(5)["args"]["blocking"] is True


@pytest.mark.parametrize("key", ["d", "J", "Y", "i", "o", "I", "e", "space", "w"])
@pytest.mark.sampled(4)
async def test_what_this_run_added_is_not_edited_and_that_is_said(recording: Path, key: str):
    async with opened(recording) as screen:
        await screen.press("m")
        await screen.type("hello")
        await pressed(screen, "enter")
        while screen.selected is not None:
            await screen.press("k")
        before = screen.session.trajectory.to_bytes()
        await pressed(screen, key)
        assert "of the recording can be" in screen.status
        assert screen.session.trajectory.to_bytes() == before


# Several events


async def test_shift_selects_several_escape_one_and_the_status_counts(recording: Path):
    async with at(recording, 1) as screen:
        await pressed(screen, "shift+down", "shift+down")
        assert "3 selected" in screen.status
        await pressed(screen, "shift+up")
        assert "2 selected" in screen.status
        await pressed(screen, "escape")
        assert "selected" not in screen.status
        await pressed(screen, "shift+up", "j")
        assert "selected" not in screen.status


async def test_a_shift_click_selects_up_to_there(recording: Path):
    async with at(recording, 0) as screen:
        await screen.pilot.click(screen.timeline, offset=(10, 1))
        await screen.pilot.click(screen.timeline, offset=(10, 3), shift=True)
        await screen.settle()
        assert sorted(screen.timeline.picked) == [1, 3, 4]


async def test_several_are_deleted_in_one_step(recording: Path):
    async with at(recording, 1) as screen:
        await pressed(screen, "shift+down", "shift+down", "d")
        assert ids(screen) == [0, 5, 6, 7]
        assert len(screen.session.trajectory.history) == 1
        assert "selected" not in screen.status


async def test_several_move_together_and_stay_selected(recording: Path):
    async with at(recording, 3) as screen:
        await pressed(screen, "shift+down", "J")
        assert ids(screen) == [0, 1, 2, 5, 6, 3, 4, 7]
        assert sorted(screen.timeline.picked) == [5, 6]
        await pressed(screen, "K", "K")
        assert ids(screen) == [0, 3, 4, 1, 2, 5, 6, 7]
        assert sorted(screen.timeline.picked) == [1, 2]


async def test_x_sets_all_selected_steps_alike(recording: Path):
    async with at(recording, 0) as screen:
        await pressed(screen, "shift+down", "shift+down", "shift+down", "shift+down", "x")
        assert "2 steps: recorded" in screen.status
        await pressed(screen, "x")
        assert {index: how.value for index, how in screen.session.services.items()} == {1: "skip", 5: "skip"}


# Consequences


async def test_an_edit_of_what_was_played_is_stale_and_what_follows_is_downstream(recording: Path):
    async with at(recording, 0) as screen:
        await pressed(screen, "c")
        await screen.wait("FINISHED")
        screen.timeline.follow(3)
        await pressed(screen, "w", "2")
        assert "stale" in row_of(screen, 3)
        assert "✎" in row_of(screen, 3)
        assert "stale" not in row_of(screen, 5)
        await screen.wait("stale: played before this edit · t goes back to here")
        await pressed(screen, "j")
        await screen.wait("downstream: played before the edit at event 3")
        await pressed(screen, "u")
        await screen.wait(lambda: "stale" not in screen.text and "downstream" not in screen.text)


async def test_a_message_put_in_before_the_position_says_that_it_was_not_played(recording: Path):
    async with at(recording, 0) as screen:
        await pressed(screen, "c")
        await screen.wait("FINISHED")
        screen.session.editing.insert(1, [user_message("in between")])
        screen.timeline.follow(1)
        await pressed(screen, "2")
        row = next(row for row in screen.rows if "in between" in row)
        assert "not played" in row
        assert "stale" not in screen.text
        await screen.wait("not played: the run was past here already · t goes back to here")
        await pressed(screen, "u")
        await screen.wait(lambda: "not played" not in screen.text)


async def test_the_recorded_observation_of_an_edited_action_says_so(recording: Path):
    async with at(recording, 1) as screen:
        await pressed(screen, "2")
        await screen.wait("── recorded · exit 0 ──")
        screen.session.editing.set_value(1, ("args", "command"), "ls")
        await screen.wait("── recorded under the old action · exit 0 ──")
        screen.session.editing.undo()
        await screen.wait("── recorded · exit 0 ──")


async def test_an_edit_before_the_position_moves_it_along(recording: Path):
    async with at(recording, 0) as screen:
        await pressed(screen, "s")
        position = screen.session.position
        screen.timeline.follow(0)
        await screen.press("i")
        await screen.type("first")
        await pressed(screen, "enter")
        assert screen.session.position == position + 1
        assert screen.selected == 0


async def test_events_are_not_moved_under_a_running_replay(recording: Path, monkeypatch: pytest.MonkeyPatch):
    async with at(recording, 1) as screen:
        with monkeypatch.context() as patched:
            patched.setattr(type(screen.session), "busy", property(lambda self: True))
            for key in ("d", "J", "Y", "i", "I", "u", "U"):
                await screen.press(key)
                await screen.wait("Esc pauses it")
        assert ids(screen) == [0, 1, 2, 3, 4, 5, 6, 7]


# History


async def test_the_history_is_read_and_gone_to_any_point_of(recording: Path):
    async with at(recording, 3) as screen:
        await pressed(screen, "w", "j", "d", "d", "u")
        await screen.press("U")
        await screen.wait("the recording as it was opened")
        assert "wait_for_response = false in event 3" in screen.text
        assert "▶ delete message 4" in screen.text
        assert "(undone)" in screen.text
        await screen.press("home", "enter")
        await screen.wait(lambda: not isinstance(screen.app.screen, HistoryList))
        await screen.settle()
        assert screen.session.trajectory.to_bytes() == recording.read_bytes()
        assert "0 edits done, 3 undone" in screen.status
        await screen.press("U", "end", "enter")
        await screen.wait(lambda: not isinstance(screen.app.screen, HistoryList))
        await screen.settle()
        assert ids(screen) == [0, 1, 2, 3, 7]


async def test_leaving_the_history_changes_nothing(recording: Path):
    async with at(recording, 3) as screen:
        await pressed(screen, "w", "U", "home", "escape")
        assert len(screen.session.trajectory.history) == 1


# Find and replace


async def test_a_replacement_is_shown_before_it_is_made_and_is_one_step(recording: Path):
    async with at(recording, 0) as screen:
        await screen.press("ctrl+f")
        await screen.type("l")
        await screen.wait("matches in")
        await screen.press("ctrl+u")
        await screen.type("git")
        await screen.wait("1 match in 1 event")
        await screen.press("enter")
        await screen.type("jj")
        await screen.wait("‹git → jj› push")
        await screen.press("enter")
        await screen.wait("Replace 1 match in 1 event")
        assert not screen.session.trajectory.modified
        await screen.press("enter")
        await screen.wait(lambda: not isinstance(screen.app.screen, ReplaceText))
        await screen.settle()
        assert screen.session.trajectory.data(5)["args"]["command"] == "jj push"
        assert len(screen.session.trajectory.history) == 1
        assert "replace" in screen.status


async def test_nothing_is_replaced_by_nothing_unasked(recording: Path):
    async with at(recording, 0) as screen:
        await screen.press("ctrl+f")
        await screen.type("gitx")
        await screen.press("ctrl+z")
        await screen.wait("Remove 1 match in 1 event")
        await screen.press("enter", "enter", "enter")
        await screen.wait("Replace 1 match in 1 event by nothing?")
        await screen.press("enter")
        await screen.wait(lambda: isinstance(screen.app.screen, ReplaceText))
        assert not screen.session.trajectory.modified
        await screen.press("enter")
        await screen.wait("Keep them")
        await screen.press("j", "enter")
        await screen.settle()
        assert screen.session.trajectory.data(5)["args"]["command"] == " push"


async def test_a_match_can_be_gone_to(recording: Path):
    async with at(recording, 0) as screen:
        await screen.press("ctrl+f")
        await screen.type("git")
        await screen.wait("1 match in 1 event")
        await screen.press("down", "j", "k", "enter")
        await screen.wait(lambda: not isinstance(screen.app.screen, ReplaceText))
        assert screen.selected == 5
        assert not screen.session.trajectory.modified


async def test_a_broken_expression_is_said_and_escape_changes_nothing(recording: Path):
    async with at(recording, 0) as screen:
        await screen.press("ctrl+f")
        await screen.type("(")
        await screen.press("tab", "tab", "enter", "down", "enter")
        await screen.wait("no regular expression")
        await screen.press("escape")
        await screen.settle()
        assert not screen.session.trajectory.modified


async def test_a_replacement_by_a_group_that_is_not_there_is_said(recording: Path):
    async with at(recording, 0) as screen:
        await screen.press("ctrl+f")
        await screen.type("git")
        await screen.press("tab")
        await screen.type("\\7")
        await screen.press("tab", "enter", "down", "enter")
        await screen.wait("can't be used as a replacement")
        await screen.press("shift+tab", "enter")
        assert isinstance(screen.app.screen, ReplaceText)
        await screen.press("escape")
        await screen.settle()
        assert not screen.session.trajectory.modified


async def test_only_the_selected_events_are_searched(recording: Path):
    async with at(recording, 0) as screen:
        await screen.press("shift+down", "ctrl+f")
        await screen.wait("in the 2 selected events")
        await screen.type("e")
        await screen.wait("in 1 event ")


async def test_matches_are_drawn_harmless(tmp_path: Path):
    path = write(tmp_path / "x.json", [run(0, "a \x1b]0;t\x07 [red]needle[/red] \u202e")])
    async with opened(path) as screen:
        await screen.press("ctrl+f")
        await screen.type("needle")
        await screen.wait("1 match in 1 event")
        await screen.wait("[red]‹needle → ›[/red]")
        assert not set(screen.text) & set("\x1b\x07\u202e")


# Finding it


async def test_every_edit_is_in_the_help_and_in_the_palette(recording: Path):
    names = {action.name for action in ACTIONS}
    assert {"edit_event", "edit_outside", "insert_before", "insert_behind", "insert_kind", "delete"} <= names
    assert {"duplicate", "move_down", "move_up", "replace_text", "history", "undo", "redo"} <= names
    async with at(recording, 5) as screen:
        await screen.press("ctrl+p")
        await screen.type("delete the event")
        await screen.wait("delete the event with what belongs to it")
        await screen.press("enter")
        await screen.wait(lambda: ids(screen) == [0, 1, 2, 3, 4, 7])


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
@pytest.mark.sampled(2)
async def test_each_dialog_fits(recording: Path, size: tuple[int, int]):
    async with at(recording, 5, size=size) as screen:
        for key in ("e", "I", "i", "ctrl+f", "U"):
            await screen.press(key)
            await screen.pilot.pause()
            for dialog in screen.app.screen.query(".dialog"):
                assert screen.app.screen.region.contains_region(dialog.region), key
            await screen.press("escape")
            await screen.settle()
