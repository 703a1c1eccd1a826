"""The debugger's screen: each key, the words of its states, its dialogs, and what it makes of any size."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from documents import message, ran, run
from loopback import Answer, Call, Loopback
from program import finish, say, write
from screens import Shown, opened
from trajcore import notices
from trajcore.live.modelprocess import MODELS
from trajcore.live.modelsettings import ModelSettings
from trajcore.views.marks import MEANINGS
from trajtui.actions.table import ACTIONS
from trajtui.screens.dialog import Dialog

DIALOGUE: list[dict[str, Any]] = [
    message(0, "count the files"),
    {"id": 1, "source": "environment", "observation": "agent_state_changed", "content": "",
     "extras": {"agent_state": "running"}},
    run(2, "ls | wc -l"),
    ran(3, 2, "3"),
    say(4, "Three. Shall I delete them?", wait=True),
    message(5, "no, leave them"),
    run(6, "grep -c x missing.txt"),
    ran(7, 6, "grep: missing.txt: No such file or directory", exit_code=2),
    say(8, "All is as it was."),
    finish(9, "counted"),
]  # fmt: skip


@pytest.fixture
def dialogue(tmp_path: Path) -> Path:
    return write(tmp_path / "dialogue.json", DIALOGUE)


@pytest.fixture
def open_ended(tmp_path: Path) -> Path:
    """A recording that simply ends, with the agent's word."""
    return write(tmp_path / "open.json", [*DIALOGUE[:4], say(4, "Three.")])


# What is there at first


async def test_it_opens_paused_before_the_first_event(dialogue: Path):
    async with opened(dialogue) as screen:
        text = await screen.wait(lambda: "recorded" in screen.rows[0])
        assert "REPLAY PAUSED   0/2 " in screen.status
        assert "dialogue.json" in screen.rows[0]
        assert "10 events · 2 steps" in screen.rows[0]
        assert "no model" in screen.rows[0]
        assert "count the files" in text
        assert "modified" not in text


async def test_a_row_says_who_what_and_how_it_came_out(dialogue: Path):
    async with opened(dialogue) as screen:
        rows = {index: row for row in screen.rows for index in range(10) if f"  {index} " in row[:12]}
        assert "user" in rows[0]
        assert "exit 0" in rows[2]
        assert "say" in rows[4]
        assert "waits" in rows[4]
        assert "exit 2" in rows[6]
        assert 3 not in rows
        assert 1 not in rows


async def test_a_recording_can_be_opened_at_an_event(dialogue: Path):
    async with opened(dialogue, at="5") as screen:
        await screen.wait(lambda: screen.stands_at(5) and screen.selected == 4)
        assert "REPLAY PAUSED   1/2  " in screen.status


# Replaying


@pytest.mark.parametrize("key", ["s", "f10"])
async def test_a_step_lands_on_what_it_did_and_says_it(dialogue: Path, key: str):
    steps = (
        (4, 2, "1/2   2 run: exit 0, served from the recording"),
        (5, 4, "1/2   4 say: Three. Shall I delete them?"),
        (8, 6, "2/2   6 run: exit 2, served from the recording"),
    )
    async with opened(dialogue) as screen:
        for position, cursor, said in steps:
            await screen.press(key)
            await screen.wait(f"REPLAY PAUSED   {said}")
            assert screen.session.position == position
            assert screen.selected == cursor
            shown = next(row for row in screen.rows if "▶" in row)
            assert f" {position} " in shown[:12]


@pytest.mark.parametrize("key", ["c", "f5"])
async def test_continue_runs_through_to_the_finish(dialogue: Path, key: str):
    async with opened(dialogue) as screen:
        await screen.press(key)
        await screen.wait("REPLAY FINISHED")
        assert "2/2   2 steps: 2 served from the recording" in screen.status


async def test_a_wait_in_the_middle_never_stops_a_replay_and_is_no_state_of_it(dialogue: Path):
    async with opened(dialogue) as screen:
        for _ in range(5):
            assert "AWAITING" not in screen.status
            await screen.press("s")
            await screen.settle()
        assert "REPLAY FINISHED" in screen.status


async def test_a_wait_at_the_very_end_goes_live(tmp_path: Path):
    path = write(tmp_path / "x.json", [*DIALOGUE[:4], say(4, "Shall I?", wait=True)])
    async with opened(path) as screen:
        await screen.press("c")
        await screen.wait("LIVE AWAITING INPUT")


async def test_a_recording_that_simply_ends_is_paused_at_its_end(open_ended: Path):
    async with opened(open_ended) as screen:
        await screen.press("c")
        await screen.wait("end of the recording")
        assert "REPLAY PAUSED" in screen.status
        await screen.press("s")
        await screen.wait("this is the end of the recording")


@pytest.mark.parametrize("key", ["b", "f9"])
async def test_a_breakpoint_is_shown_stops_and_goes(dialogue: Path, key: str):
    async with opened(dialogue) as screen:
        await screen.press("j", "j", "j", "j", key)
        await screen.wait("●")
        await screen.press("g", "c")
        await screen.wait("breakpoint at 6 run grep -c x missing.txt")
        assert screen.stands_at(6)
        assert screen.selected == 5  # the word that was played last
        await screen.press("j", key)
        await screen.wait(lambda: "●" not in screen.text)


async def test_run_to_stops_before_the_selected_event(dialogue: Path):
    async with opened(dialogue) as screen:
        await screen.press("j", "j", "j", "t")
        await screen.wait(lambda: screen.stands_at(5))
        await screen.press("g", "t")
        await screen.wait(lambda: screen.stands_at(0))


async def test_restart_goes_back_before_the_first_event(dialogue: Path):
    async with opened(dialogue) as screen:
        await screen.press("c")
        await screen.wait("REPLAY FINISHED")
        await screen.press("R")
        await screen.wait(lambda: "REPLAY PAUSED" in screen.status and screen.stands_at(0))
        await screen.press("1")
        await screen.wait(lambda: not any("ls | wc -l" in row for row in screen.side))
        await screen.press("c")
        await screen.wait("REPLAY FINISHED")


@pytest.mark.bubblewrap
@pytest.mark.parametrize("key", ["escape", "p", "ctrl+c"])
async def test_a_running_command_is_interrupted(tmp_path: Path, key: str):
    path = write(
        tmp_path / "x.json", [message(0, "wait"), run(1, "echo begun; sleep 300"), ran(2, 1), finish(3)]
    )
    async with opened(path, sandbox="bubblewrap") as screen:
        await screen.press("c")
        await screen.wait(lambda: "begun" in screen.side)
        assert "REPLAY REPLAYING" in screen.status
        await screen.press("s")
        await screen.wait("1 ahead")
        await screen.press(key)
        await screen.wait("REPLAY PAUSED", seconds=3)


@pytest.mark.bubblewrap
async def test_both_observations_of_a_step_that_diverged_are_shown(tmp_path: Path):
    path = write(
        tmp_path / "x.json", [message(0, "go"), run(1, "echo actual"), ran(2, 1, "as recorded"), finish(3)]
    )
    async with opened(path, sandbox="bubblewrap") as screen:
        await screen.press("c")
        await screen.wait("1 diverged")
        await screen.press("2", "g", "j")
        text = await screen.wait("as recorded")
        assert "≠" in text
        assert "── actual" in text
        assert "── recorded" in text


# Refusals


async def test_a_command_that_is_illegal_now_says_why_and_does_nothing(dialogue: Path):
    async with opened(dialogue) as screen:
        await screen.press("c")
        await screen.wait("REPLAY FINISHED")
        for key in ("s", "c"):
            await screen.press("u")
            await screen.wait("nothing to undo")
            await screen.press(key)
            await screen.wait("the run is finished")
            assert "REPLAY FINISHED" in screen.status


async def test_escape_with_nothing_to_interrupt_does_nothing(dialogue: Path):
    async with opened(dialogue) as screen:
        before = await screen.wait("s plays the first step")  # the sandbox is chosen by then
        await screen.press("escape")
        await screen.settle()
        assert screen.text == before


async def test_going_live_without_a_model_says_what_to_set(tmp_path: Path):
    path = write(tmp_path / "x.json", [*DIALOGUE, message(10, "go on")])
    async with opened(path) as screen:
        await screen.press("c")
        await screen.wait(lambda: screen.stands_at(11))
        await screen.press("L")
        await screen.wait("no model is configured")
        assert "ERROR" not in screen.status


# Editing and saving


async def test_a_flag_is_flipped_undone_and_done_again(dialogue: Path):
    original = dialogue.read_bytes()
    async with opened(dialogue) as screen:
        await screen.press("w")
        await screen.wait("✎")
        assert "modified" in screen.status
        assert "waits" in next(row for row in screen.rows if "count the files" in row)
        await screen.press("u")
        await screen.wait(lambda: "modified" not in screen.status and "✎" not in screen.text)
        await screen.press("u")
        await screen.wait("nothing to undo")
        await screen.press("ctrl+r")
        await screen.wait(lambda: "modified" in screen.status)
        await screen.press("ctrl+r")
        await screen.wait("nothing to redo")
        assert dialogue.read_bytes() == original
        await screen.press("ctrl+s")
        await screen.wait(lambda: "saved" in screen.status and "modified" not in screen.status)
    before, after = original.splitlines(), dialogue.read_bytes().splitlines()
    changed = [(one, other) for one, other in zip(before, after, strict=True) if one != other]
    assert len(changed) == 1
    assert b'"wait_for_response": true' in changed[0][1]


async def test_only_messages_have_a_wait_to_flip(dialogue: Path):
    async with opened(dialogue) as screen:
        await screen.press("j", "w")
        await screen.wait("has no wait_for_response: only messages do")
        assert "modified" not in screen.status


async def test_saving_without_an_edit_keeps_the_bytes(dialogue: Path):
    original = dialogue.read_bytes()
    async with opened(dialogue) as screen:
        await screen.press("ctrl+s")
        await screen.wait("saved")
    assert dialogue.read_bytes() == original


async def test_a_file_that_changed_on_disk_is_not_overwritten_unasked(dialogue: Path):
    async with opened(dialogue) as screen:
        await screen.press("w")
        await screen.wait("modified")
        dialogue.write_bytes(b"[]  from somebody else")
        await screen.press("ctrl+s")
        await screen.wait("has changed on disk")
        await screen.press("escape")
        await screen.wait("modified")
        assert dialogue.read_bytes() == b"[]  from somebody else"
        await screen.press("ctrl+s")
        await screen.wait("has changed on disk")
        await screen.press("enter")  # the first answer is the harmless one
        await screen.wait(lambda: "modified" in screen.status)
        assert dialogue.read_bytes() == b"[]  from somebody else"
        await screen.press("ctrl+s")
        await screen.wait("has changed on disk")
        await screen.press("end", "enter")
        await screen.wait(lambda: "saved" in screen.status)
    assert len(json.loads(dialogue.read_bytes())) == len(DIALOGUE)


async def test_a_file_that_cannot_be_written_keeps_the_edit(dialogue: Path):
    if os.geteuid() == 0:
        pytest.skip("root may write everything")
    async with opened(dialogue) as screen:
        await screen.press("w")
        dialogue.chmod(0o444)
        await screen.press("ctrl+s")
        await screen.wait("cannot be written")
        assert "modified" in screen.status


async def test_the_run_is_saved_under_a_name_that_is_asked_for(dialogue: Path):
    async with opened(dialogue) as screen:
        await screen.press("ctrl+o")
        await screen.wait("nothing has happened in this run yet")
        await screen.press("c")
        await screen.wait("FINISHED")
        await screen.press("ctrl+o")
        await screen.wait("dialogue.run.json")
        await screen.press("escape")
        await screen.wait("FINISHED")
        assert not dialogue.with_name("dialogue.run.json").exists()
        await screen.press("ctrl+o")
        await screen.wait("dialogue.run.json")
        await screen.press("enter")
        await screen.wait("run saved")
    assert len(json.loads(dialogue.with_name("dialogue.run.json").read_bytes())) == len(DIALOGUE)


async def test_a_file_that_exists_is_overwritten_at_the_second_enter_only(dialogue: Path, tmp_path: Path):
    taken = tmp_path / "taken.json"
    taken.write_text("mine")
    async with opened(dialogue) as screen:
        await screen.press("c")
        await screen.wait("FINISHED")
        await screen.press("ctrl+o")
        await screen.wait("Save this run as")
        screen.app.screen.query_one(Input).value = str(taken)
        await screen.press("enter")
        await screen.wait("Enter again overwrites")
        assert taken.read_text() == "mine"
        await screen.press("enter")
        await screen.wait("run saved")
        assert taken.read_text() != "mine"
        await screen.press("ctrl+o")
        await screen.wait("Save this run as")
        for value, why in ((tmp_path, "directory"), (tmp_path / "no" / "x.json", "no directory")):
            screen.app.screen.query_one(Input).value = str(value)
            await screen.press("enter")
            await screen.wait(why)


# Messages


async def test_in_the_middle_the_message_box_offers_three_ways(dialogue: Path):
    async with opened(dialogue) as screen:
        await screen.press("s", "m")
        text = await screen.wait("Enter: insert here")
        assert 'Alt+R: in place of 5 "no, leave them"' in text
        assert "Ctrl+L: go live from here" in text


async def test_the_process_of_the_model_starts_when_the_box_opens(
    dialogue: Path, monkeypatch: pytest.MonkeyPatch
):
    started: list[bool] = []
    monkeypatch.setattr(MODELS, "start", lambda: started.append(True))
    async with opened(dialogue, model=ModelSettings("openai/m")) as screen:
        await screen.press("s")
        assert not started
        await screen.press("m")
        await screen.wait("Enter: insert here")
    assert started


async def test_at_the_end_there_is_nothing_to_choose(dialogue: Path):
    async with opened(dialogue) as screen:
        await screen.press("c")
        await screen.wait("FINISHED")
        await screen.press("m")
        text = await screen.wait("Enter: send")
        assert "insert" not in text
        assert "Alt+R" not in text


async def test_where_no_user_message_is_left_none_can_be_replaced(dialogue: Path):
    async with opened(dialogue, at="6") as screen:
        await screen.wait(lambda: screen.stands_at(6))
        await screen.press("m")
        assert "Alt+R" not in await screen.wait("Enter: insert here")


async def test_escape_leaves_the_box_and_keeps_the_text(dialogue: Path):
    async with opened(dialogue) as screen:
        await screen.press("m")
        await screen.wait("Enter: insert here")
        await screen.type("half a thought")
        await screen.press("escape")
        await screen.wait(lambda: "Enter: insert here" not in screen.text)
        await screen.press("j")
        assert screen.selected == 2
        await screen.press("m")
        await screen.wait("half a thought")


async def test_letters_are_text_while_a_message_is_typed(dialogue: Path):
    async with opened(dialogue) as screen:
        await screen.press("m")
        await screen.wait("Enter: insert here")
        await screen.type("scqRwLb? 12")
        await screen.wait("scqRwLb? 12")
        assert screen.stands_at(0)
        assert "modified" not in screen.status


async def test_what_is_typed_at_once_after_m_is_text(dialogue: Path):
    async with opened(dialogue) as screen:
        await screen.press("m", *"swcq")
        await screen.wait("swcq")
        assert screen.stands_at(0)


async def test_an_inserted_message_stands_in_the_timeline_and_the_replay_goes_on(dialogue: Path):
    async with opened(dialogue) as screen:
        await screen.press("s")
        await screen.wait(lambda: screen.stands_at(4))
        await screen.press("m")
        await screen.wait("Enter: insert here")
        await screen.type("mind the step")
        await screen.press("enter")
        await screen.wait("★")
        assert "mind the step" in screen.text
        assert screen.stands_at(4)
        await screen.press("c")
        await screen.wait("FINISHED")
        saved = [entry.data() for entry in screen.session.run.entries]
    texts = [event["args"]["content"] for event in saved if event.get("action") == "message"]
    assert texts.index("mind the step") == 1


async def test_what_the_keys_of_the_message_box_do_follows_what_runs(dialogue: Path):
    """The box is opened while a step runs; once that is done, a message can go in the place of another."""
    async with opened(dialogue) as screen:
        await screen.press("s")
        await screen.wait(lambda: screen.stands_at(4))
        session = screen.session
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(session), "busy", property(lambda _: True))
            await screen.press("m")
            await screen.wait("Enter: deliver when the present event is done")
            await screen.type("yes, all of them")
            await screen.press("alt+r")
            await screen.wait("Esc pauses it, then the message can go there")
        session._tell(notices.StateChanged(session.state, session.mode))
        await screen.wait("Alt+R: in place of 5")
        await screen.press("alt+r")
        await screen.wait("in place of event 5")


async def test_a_message_that_can_stand_in_the_place_of_none_says_so(dialogue: Path):
    async with opened(dialogue) as screen:
        await screen.press("c")
        await screen.wait("FINISHED")
        await screen.press("m")
        await screen.type("instead")
        await screen.press("alt+r")
        await screen.wait("no user message is left in the recording to replace")


async def test_a_replacement_stands_in_place_of_the_next_user_message(dialogue: Path):
    async with opened(dialogue) as screen:
        await screen.press("s", "m")
        await screen.wait("Enter: insert here")
        await screen.type("yes, all of them")
        await screen.press("alt+r")
        await screen.wait("in place of event 5")
        assert "★   5 ❯ user     yes, all of them" in screen.text
        await screen.press("c")
        await screen.wait("FINISHED")
        assert "★   5 ❯ user     yes, all of them" in screen.text
        said = [entry.data()["args"].get("content") for entry in screen.session.run.entries
                if entry.head.kind == "message" and entry.head.source == "user"]  # fmt: skip
    assert said == ["count the files", "yes, all of them"]


async def test_an_empty_message_is_not_sent(dialogue: Path):
    async with opened(dialogue) as screen:
        await screen.press("m")
        await screen.wait("Enter: insert here")
        await screen.press("space", "enter", "enter")
        await screen.settle()
        assert "Enter: insert here" in screen.text
        assert not screen.session.run.entries


@pytest.mark.bubblewrap
async def test_a_live_session_streams_works_in_the_sandbox_and_ends(open_ended: Path):
    answers = [
        Answer(
            "I look around first.",
            calls=[Call("execute_bash", {"command": "echo from the model"})],
            pause=0.3,
        ),
        Answer(calls=[Call("finish", {"message": "Looked around."})]),
    ]
    with Loopback(answers) as server:
        model = ModelSettings("openai/loopback", "sk-never-shown", server.url)
        async with opened(open_ended, sandbox="bubblewrap", model=model) as screen:
            await screen.press("c")
            await screen.wait("end of the recording")
            await screen.press("L")
            await screen.wait("Enter: send")
            await screen.type("look")
            await screen.press("enter")
            await screen.wait("LIVE THINKING", seconds=30)
            await screen.wait(lambda: "I look" in screen.text and "first." not in screen.text, seconds=30)
            await screen.wait("LIVE FINISHED", seconds=30)
            assert "end of the recording" not in screen.status
            assert "Looked around." in await screen.wait("I look around first.")
            await screen.press("1")
            await screen.wait(lambda: "from the model" in screen.side)
            assert "★" in screen.text
            assert "sk-never-shown" not in screen.text


# Quitting


async def test_quitting_asks_only_where_work_would_be_lost(dialogue: Path):
    async with opened(dialogue) as screen:
        await screen.press("c")
        await screen.wait("FINISHED")
        await screen.press("q")
        await screen.wait(lambda: not screen.app.is_running)


async def test_quitting_with_an_unsaved_edit_asks_and_stays_unless_told(dialogue: Path):
    async with opened(dialogue) as screen:
        await screen.press("w", "q")
        await screen.wait("Quit without saving")
        await screen.press("enter")
        await screen.wait("REPLAY PAUSED")
        await screen.press("q")
        await screen.wait("Quit without saving")
        await screen.press("escape")
        await screen.wait("REPLAY PAUSED")
        await screen.press("q")
        await screen.wait("Quit without saving")
        await screen.press("j", "j", "enter")
        await screen.wait(lambda: not screen.app.is_running)


async def test_quitting_saves_first_where_that_is_wanted_as_the_keys_for_it_do(dialogue: Path):
    async with opened(dialogue) as screen:
        await screen.press("w", "m")
        await screen.wait("Enter: insert here")
        await screen.type("kept")
        await screen.press("enter")
        await screen.wait("★")
        await screen.press("q")
        await screen.wait("edits of the recording and messages of this run")
        await screen.press("j", "enter")
        await screen.wait("Save this run as")
        await screen.press("escape")
        await screen.wait(lambda: "modified" not in screen.status and "saved" in screen.status)
        assert json.loads(dialogue.read_text())[0]["args"]["wait_for_response"] is True
        await screen.press("q")
        await screen.wait("Not saved: messages of this run")
        await screen.press("j", "enter")
        await screen.wait("Save this run as")
        await screen.press("enter")
        await screen.wait(lambda: not screen.app.is_running)
    assert "kept" in dialogue.with_name(f"{dialogue.stem}.run.json").read_text()


async def test_ctrl_c_at_rest_says_how_to_quit(dialogue: Path):
    async with opened(dialogue) as screen:
        await screen.press("ctrl+c")
        await screen.wait("q quits")


async def test_quitting_and_restarting_ask_where_a_message_of_this_run_would_be_lost(dialogue: Path):
    async with opened(dialogue) as screen:
        await screen.press("m")
        await screen.wait("Enter: insert here")
        await screen.type("x")
        await screen.press("enter")
        await screen.wait("★")
        for key, question in (("q", "Quit without saving"), ("R", "Keep the run")):
            await screen.press(key)
            await screen.wait(question)
            await screen.press("escape")
            await screen.wait("★")


# Looking around


@pytest.mark.parametrize(
    ("keys", "index"),
    [
        ("j", 2), ("down", 2), ("j j k", 2), ("j j up", 2), ("G", 9), ("end", 9), ("G g", 0), ("G home", 0),
        ("k", 0), ("G j", 9), ("pagedown", 9), ("pagedown pageup", 0),
    ],
)  # fmt: skip
@pytest.mark.sampled(3)
async def test_the_cursor_moves_and_stays_inside(dialogue: Path, keys: str, index: int):
    async with opened(dialogue) as screen:
        await screen.press(*keys.split())
        await screen.wait(lambda: screen.selected == index, seconds=3)


async def test_pages_move_the_cursor_by_what_is_in_view(tmp_path: Path):
    path = write(tmp_path / "x.json", [message(id, f"message {id}") for id in range(500)])
    async with opened(path) as screen:
        await screen.press("pagedown")
        await screen.wait(lambda: 20 < (screen.selected or 0) < 48)
        first = screen.selected
        await screen.press("pagedown")
        await screen.wait(lambda: screen.selected == 2 * (first or 0))
        assert f"message {screen.selected}" in screen.text
        await screen.press("pageup", "pageup")
        await screen.wait(lambda: screen.selected == 0)


@pytest.mark.parametrize(("key", "tab"), [("1", "sandbox"), ("2", "event"), ("5", "chat")])
async def test_a_number_shows_its_tab(dialogue: Path, key: str, tab: str):
    async with opened(dialogue) as screen:
        await screen.press("1" if key != "1" else "2", key)
        await screen.wait(lambda: screen.app.screen.query_one(f"#{tab}").display)


async def test_a_click_selects_a_row_and_a_tab(dialogue: Path):
    async with opened(dialogue) as screen:
        await screen.pilot.click("#timeline", offset=(12, 2))
        await screen.wait(lambda: screen.selected == 4)
        await screen.pilot.click("#tabs", offset=(15, 0))
        await screen.wait(lambda: screen.app.screen.query_one("#event").display)


async def test_the_event_tab_shows_the_whole_of_the_selected_event(dialogue: Path):
    async with opened(dialogue) as screen:
        await screen.press("2", "j")
        text = await screen.wait("── recorded · exit 0 ──")
        assert "ls | wc -l" in text
        await screen.press("j")
        await screen.wait("wait_for_response: true")


async def test_raw_shows_every_event_and_back(dialogue: Path):
    async with opened(dialogue) as screen:
        await screen.press("j", "v")
        await screen.wait("every event of the file")
        assert len(screen.timeline._timeline) == len(DIALOGUE)
        assert screen.selected == 2
        await screen.press("v")
        await screen.wait("one row a step")
        assert screen.selected == 2


async def test_zoom_gives_a_pane_the_screen_and_takes_it_back(dialogue: Path):
    async with opened(dialogue) as screen:
        width = screen.timeline.size.width
        await screen.press("z")
        await screen.wait(lambda: screen.timeline.size.width > 150)
        assert "REPLAY PAUSED" in screen.status
        await screen.press("z")
        await screen.wait(lambda: screen.timeline.size.width == width)
        await screen.press("z")
        await screen.wait(lambda: screen.timeline.size.width > width)
        await screen.press("escape")
        await screen.wait(lambda: screen.timeline.size.width == width)


async def test_tab_goes_round_the_panes_and_enter_to_the_right_hand_one(dialogue: Path):
    async with opened(dialogue) as screen:
        assert screen.app.focused is screen.timeline
        await screen.press("tab")
        assert screen.app.focused.id == "sandbox"
        await screen.press("tab")
        assert screen.app.focused is screen.timeline
        await screen.press("2", "enter")
        assert screen.app.focused.id == "event"


async def test_another_tab_keeps_the_keys_working(dialogue: Path):
    """The focus does not stay on a pane that is not there any more."""
    async with opened(dialogue) as screen:
        await screen.press("enter", "2")
        await screen.pilot.pause()
        focused = screen.app.focused
        assert focused is None or focused.display
        await screen.press("s")
        await screen.wait(lambda: screen.stands_at(4))


@pytest.mark.parametrize("key", ["question_mark", "f1"])
async def test_the_help_shows_every_key_and_every_mark(dialogue: Path, key: str):
    async with opened(dialogue, size=(120, 200)) as screen:
        await screen.press(key)
        text = await screen.wait("step one action")
        for action in ACTIONS:
            assert f"{action.shown or 'Ctrl+P':<10} {action.what}"[:50] in text
        for mark in "·▶=≈≠?✎⊘r●★❯◇⌂Δ⚑":
            assert f"  {mark} " in text
        await screen.press("escape")
        await screen.wait("REPLAY PAUSED")


@pytest.mark.parametrize("opens", ["breakpoints", "copy", "insert_before", "replace_text", "quit", "world"])
async def test_f1_shows_the_keys_of_a_dialog(dialogue: Path, opens: str):
    async with opened(dialogue) as screen:
        await screen.press("w")
        screen.app.screen.action_act(opens)
        await screen.wait(lambda: isinstance(screen.app.screen, Dialog))
        dialog = screen.app.screen
        await screen.settle()
        await screen.press("f1")
        await screen.wait("  Here")
        assert re.search(r" Esc\b.* (cancel|close|leave)", screen.text)
        assert "step one action" not in screen.text  # which is none of its keys
        await screen.press("escape")
        await screen.wait(lambda: screen.app.screen is dialog)


async def test_f1_in_the_message_box_shows_its_keys_first(dialogue: Path):
    async with opened(dialogue, size=(120, 60)) as screen:
        await screen.press("m")
        await screen.type("go?")
        await screen.press("f1")
        text = await screen.wait("In this box")
        assert text.index("In this box") < text.index("step one action")
        await screen.press("escape")
        await screen.wait("go?")
        assert screen.app.focused.id == "message-text"


async def test_nothing_of_the_help_is_cut(dialogue: Path):
    async with opened(dialogue, size=(80, 200)) as screen:
        await screen.press("question_mark")
        text = await screen.wait("Keys and marks")
        assert not [
            what
            for what in (*(one.what for one in ACTIONS), *(what for _, what in MEANINGS))
            if what not in text
        ]


async def test_every_command_is_in_the_palette(dialogue: Path):
    async with opened(dialogue) as screen:
        await screen.press("ctrl+p")
        await screen.wait("Search for commands")
        await screen.type("breakpoint on")
        await screen.wait("breakpoint on the selected event")
        await screen.press("enter")
        await screen.wait("●")


async def test_the_palette_offers_no_way_out_that_does_not_ask(dialogue: Path):
    async with opened(dialogue) as screen:
        await screen.press("w", "ctrl+p")
        await screen.wait("Search for commands")
        await screen.type("quit")
        await screen.wait(lambda: "flip wait" not in screen.text)
        await screen.press("enter")
        await screen.wait("Quit without saving")


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
@pytest.mark.sampled(8)
async def test_no_key_breaks_a_thing_at_the_start_or_at_the_end(dialogue: Path, action: Any):
    if action.name == "quit":
        pytest.skip("quitting has tests of its own")
    async with opened(dialogue, at="6") as screen:
        await screen.wait(lambda: screen.stands_at(6))
        for key in action.keys:
            await screen.press(key)
            await screen.settle()
            await screen.press("escape")
            await screen.settle()
        assert screen.app.is_running


# Sizes


@pytest.mark.parametrize("size", [(80, 24), (40, 12), (20, 6), (300, 100)])
@pytest.mark.sampled(2)
async def test_it_works_at_any_size(dialogue: Path, size: tuple[int, int]):
    async with opened(dialogue, size=size) as screen:
        assert all(len(row) <= size[0] for row in screen.rows)
        await screen.press(
            "s", "j", "2", "enter", "1", "escape", "m", "escape", "question_mark", "escape", "c"
        )
        await screen.wait(lambda: screen.session.at_end)
        await screen.settle()
        if size[0] >= 40:
            assert "REPLAY FINISHED" in screen.text
            assert "2/2" in screen.status


async def test_narrow_screens_stack_the_panes_and_enter_gives_one_the_screen(dialogue: Path):
    async with opened(dialogue, size=(80, 24)) as screen:
        assert screen.timeline.size.width > 70
        await screen.press("z")
        await screen.wait(lambda: screen.timeline.size.height > 15)
        await screen.press("escape")
        await screen.press("2", "enter")
        await screen.wait(lambda: not screen.timeline.is_on_screen)
        await screen.press("escape")
        await screen.wait(lambda: screen.timeline.display)
        assert screen.app.focused is screen.timeline


async def test_what_must_be_seen_is_seen_at_80_columns(dialogue: Path):
    async with opened(dialogue, size=(80, 24)) as screen:
        await screen.press("w")
        await screen.wait("modified")
        assert "REPLAY PAUSED   0/2 " in screen.status
        assert "? keys" in screen.rows[-1] or "? all keys" in screen.rows[-1]


async def test_resizing_keeps_the_cursor_in_view(tmp_path: Path):
    path = write(tmp_path / "x.json", [message(id, f"message {id}") for id in range(300)])
    async with opened(path) as screen:
        await screen.press("G")
        for size in ((80, 24), (40, 12), (200, 60), (100, 24), (99, 10), (160, 48)):
            await screen.pilot.resize_terminal(*size)
            await screen.pilot.pause()
            await screen.wait("message 299", seconds=3)
            assert screen.selected == 299


# Large


@pytest.mark.parametrize("count", [20_000, pytest.param(100_000, marks=pytest.mark.long)])
async def test_very_many_events_open_and_move_in_a_small_tree_of_widgets(tmp_path: Path, count: int):
    path = tmp_path / "large.json"
    events = (json.dumps(message(id, f"message {id}")) for id in range(count))
    path.write_text("[" + ",\n".join(events) + "]")
    async with opened(path) as screen:
        assert f"{count} events" in screen.rows[0]
        await screen.press("G")
        await screen.wait(f"message {count - 1}")
        await screen.press(*"k" * 30)
        await screen.wait(lambda: screen.selected == count - 31)
        await screen.press("g", "pagedown", "v")
        await screen.settle()
        assert len(screen.app.screen.query("*")) < 60


@pytest.mark.bubblewrap
async def test_keys_are_answered_during_a_flood_of_output(tmp_path: Path):
    path = write(
        tmp_path / "x.json", [message(0, "go"), run(1, "yes 'a flood of output'"), ran(2, 1), finish(3)]
    )
    async with opened(path, sandbox="bubblewrap", drawn=True) as screen:
        await screen.press("c")
        await screen.wait(lambda: screen.text.count("a flood of output") > 20)
        for _ in range(3):
            await screen.press("j")
            await screen.wait(lambda: screen.selected == 1, seconds=2)
            await screen.press("g")
            await screen.wait(lambda: screen.selected == 0, seconds=2)
        await screen.press("escape")
        await screen.wait("REPLAY PAUSED", seconds=5)
        await keeps_a_bounded_part(screen)


async def keeps_a_bounded_part(screen: Shown) -> None:
    await screen.settle()
    assert len(screen.app.screen.query("*")) < 60
