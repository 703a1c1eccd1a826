"""Saving, checking and recovering on the screen."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import conversations
from documents import message, ran, run
from mutations import MUTATIONS
from screens import Shown, opened
from trajcore.journal.recovery import orphans
from trajcore.sandbox.base import SandboxSettings
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory
from trajtui.app import TrajApp

HEX = conversations.ID.replace("-", "")
EVENTS = [message(0), run(1, "ls"), ran(2, 1, "a"), message(3, "more"), run(4, "pwd"), ran(5, 4, "/")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return written(tmp_path / "t.json", EVENTS)


def written(path: Path, events: list[Any]) -> Path:
    path.write_text(json.dumps(events, indent=4) + "\n")
    return path


@asynccontextmanager
async def journaled(path: Path) -> AsyncIterator[Shown]:
    """The debugger as the program starts it, with a journal."""
    settings = Settings("recorded", SandboxSettings(), keep_journal=True)
    session = Session(Trajectory.open(path), settings)
    app = TrajApp(session)
    try:
        async with app.run_test(size=(160, 48)) as pilot:
            await pilot.pause()
            yield Shown(pilot, session, app._debugger)
    finally:
        await session.close()


async def palette(shown: Shown, command: str) -> None:
    await shown.press("ctrl+p")
    await shown.type(command)
    await shown.wait(command)
    await shown.press("enter")


async def test_of_a_packed_recording_saving_asks_for_a_name(path: Path) -> None:
    packed = path.with_name("t.json.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    async with opened(packed) as shown:
        await shown.press("w", "ctrl+s")
        await shown.wait("Save the recording as")
        await shown.press("enter")  # without its ending
        await shown.wait("which is the recording now")
        assert json.loads(path.read_text())[0]["args"]["wait_for_response"] is True
        assert gzip.decompress(packed.read_bytes()) == json.dumps(EVENTS, indent=4).encode() + b"\n"


async def test_saved_as_another_file_the_recording_is_that_file(path: Path) -> None:
    async with opened(path) as shown:
        await shown.press("w")
        await shown.wait("modified")
        await shown.press("W")
        await shown.wait("Save the recording as")
        await shown.press(*["backspace"] * len(".json"))
        await shown.type(".copy.json")
        await shown.press("enter")
        await shown.wait("which is the recording now")
        assert "modified" not in shown.status
        assert "t.copy.json" in shown.rows[0]
        copy = path.with_name("t.copy.json")
        assert json.loads(copy.read_text())[0]["args"]["wait_for_response"] is True
        assert json.loads(path.read_text()) == EVENTS
        await shown.press("w", "ctrl+s")
        await shown.wait(f"saved {copy}")
        assert json.loads(copy.read_text()) == EVENTS


async def test_a_file_that_changed_on_disk_is_shown_against_and_then_overwritten(path: Path) -> None:
    async with opened(path) as shown:
        await shown.press("w")
        await shown.wait("modified")
        theirs = json.loads(path.read_text())
        theirs[4]["args"]["command"] = "whoami"
        written(path, theirs)
        await shown.press("ctrl+s")
        await shown.wait("since it was opened")
        await shown.press("enter")
        assert json.loads(path.read_text()) == theirs
        assert "modified" in shown.status
        await shown.press("ctrl+s")
        await shown.wait("Show what would change in it")
        await shown.press("j", "enter")
        await shown.wait('-             "command": "whoami"')
        assert '+             "command": "pwd"' in shown.text
        await shown.press("escape")
        await shown.wait("Overwrite what is on disk")
        await shown.press("j", "j", "j", "enter")
        await shown.wait("saved")
        assert json.loads(path.read_text())[4]["args"]["command"] == "pwd"


async def test_a_file_that_changed_on_disk_is_left_alone_by_saving_as_another(path: Path) -> None:
    async with opened(path) as shown:
        await shown.press("w")
        path.write_text("theirs")
        await shown.press("ctrl+s")
        await shown.wait("Save as another file")
        await shown.press("j", "j", "enter")
        await shown.wait("Save the recording as")
        await shown.press(*["backspace"] * len(".json"))
        await shown.type(".mine.json")
        await shown.press("enter")
        await shown.wait("which is the recording now")
        assert path.read_text() == "theirs"


@pytest.mark.skipif(os.getuid() == 0, reason="nothing is read-only for root")
async def test_a_read_only_file_is_said_and_the_work_stays(path: Path) -> None:
    path.chmod(0o444)
    async with opened(path) as shown:
        await shown.press("w", "ctrl+s")
        await shown.wait("read-only")
        assert "modified" in shown.status


async def test_what_a_save_would_change_is_shown(path: Path) -> None:
    async with opened(path) as shown:
        await palette(shown, "show what a save would change")
        await shown.wait("a save would change nothing")
        await shown.press("w")
        await shown.wait("modified")
        await palette(shown, "show what a save would change")
        await shown.wait('+             "wait_for_response": true')
        assert "+1 −1 lines" in shown.text
        await shown.press("G", "g", "j", "k", "pagedown", "pageup", "right", "left", "escape")
        await shown.wait(lambda: "What a save would change" not in shown.text)


async def test_the_checks_lead_to_the_event_and_repair_it(path: Path) -> None:
    written(path, [*EVENTS, ran(6, 99), message(3, "again")])
    async with opened(path) as shown:
        await palette(shown, "check the recording")
        await shown.wait("2 errors")
        await shown.wait("its cause 99 is not in this recording")
        await shown.press("enter")
        await shown.wait("1 error in 7 events")
        await shown.wait("mended")
        await shown.press("r")
        await shown.wait("nothing wrong was found in 7 events")
        await shown.press("escape")
        await shown.wait(lambda: "modified" in shown.status)
        await shown.press("u", "u")
        await shown.wait(lambda: "modified" not in shown.status)
        await palette(shown, "check the recording")
        await shown.wait("2 errors")
        await shown.press("s")
        await shown.wait(lambda: shown.selected == 6)
        assert path.read_text() == json.dumps([*EVENTS, ran(6, 99), message(3, "again")], indent=4) + "\n"


async def test_all_faults_of_a_conversation_are_mended_at_once_and_each_can_be_undone(tmp_path: Path) -> None:
    place = conversations.directory(tmp_path / HEX, conversations.talk(), conversations.state(13))
    for name in ("leaf", "action_alone", "torn"):
        MUTATIONS[name][1](place, 2)
    before = conversations.contents(place)
    async with opened(place) as shown:
        await palette(shown, "check the recording")
        screen = await shown.wait("4 errors")
        assert "base_state.json" in screen
        assert "event-00004-0000" in screen
        await shown.press("R")
        await shown.wait("faults mended")
        await shown.wait("nothing wrong was found")
        await shown.press("escape")
        await shown.wait(lambda: "modified" in shown.status)
        for _ in shown.session.trajectory.history:
            await shown.press("u")
        await shown.wait(lambda: "modified" not in shown.status)
        assert conversations.contents(place) == before


async def test_another_way_to_mend_is_shown_and_taken(tmp_path: Path) -> None:
    place = conversations.directory(tmp_path / HEX, conversations.talk(), conversations.state(13))
    MUTATIONS["action_alone"][1](place, 0)
    async with opened(place) as shown:
        await palette(shown, "check the recording")
        await shown.wait("way 1 of 2")
        await shown.press("o")
        await shown.wait("way 2 of 2")
        await shown.press("enter")
        await shown.wait("nothing wrong was found")
        assert shown.session.trajectory.modern(2)["args"]["command"] == "echo one > f; ls"


async def test_texts_of_the_recording_are_data_in_the_checks_and_the_differences(path: Path) -> None:
    written(path, [message(0), {"id": 1, "action": "[red]\x1b]0;x\x07[/red]", "args": {}}])
    async with opened(path) as shown:
        await palette(shown, "check the recording")
        screen = await shown.wait("unknown kind of action")
        assert "[red]" in screen
        assert "\x1b" not in screen
        await shown.press("escape")
        shown.session.editing.set_value(1, ("action",), "[b]\x1b[31m")
        await palette(shown, "show what a save would change")
        await shown.wait("[b]")


async def left_behind(path: Path, *flips: int) -> bytes:
    """What a program that ended too early had edited and not saved."""
    session = Session(Trajectory.open(path), Settings("recorded", keep_journal=True))
    for index in flips:
        session.editing.flip(index, "wait_for_response")
    await session.close()
    return session.trajectory.to_bytes()


async def test_nothing_is_restored_unasked_and_what_is_left_for_later_stays(path: Path) -> None:
    await left_behind(path, 0, 3)
    async with journaled(path) as shown:
        await shown.wait("2 edits of this recording unsaved")
        assert "modified" not in shown.text
        await shown.press("escape")
        await shown.wait("the unsaved edits are kept in")
        assert "modified" not in shown.status
    (orphan,) = orphans(Trajectory.open(path))
    assert len(orphan.edits) == 2
    orphan.release()


async def test_unsaved_edits_are_looked_at_and_restored(path: Path) -> None:
    expected = await left_behind(path, 0, 3)
    async with journaled(path) as shown:
        await shown.wait("2 edits of this recording unsaved")
        await shown.press("j", "j", "enter")
        await shown.wait("+2 −2 lines")
        await shown.press("escape")
        await shown.wait("Restore them")
        await shown.press("j", "enter")
        await shown.wait("restored 2 edits: not saved yet")
        assert "modified" in shown.status
        assert json.loads(path.read_text()) == EVENTS
        await shown.press("ctrl+s")
        await shown.wait("saved")
        assert path.read_bytes() == expected
    assert orphans(Trajectory.open(path)) == []


async def test_unsaved_edits_are_thrown_away_when_the_user_says_so(path: Path) -> None:
    await left_behind(path, 0)
    async with journaled(path) as shown:
        await shown.wait("1 edit of this recording unsaved")
        await shown.press("j", "j", "j", "enter")
        await shown.wait("thrown away")
    assert orphans(Trajectory.open(path)) == []


async def test_edits_that_no_longer_fit_are_kept_and_said_where(path: Path) -> None:
    await left_behind(path, 0)
    written(path, [message(0, "quite another")])
    async with journaled(path) as shown:
        await shown.wait("cannot be made on it as it is now")
        await shown.press("enter")
        await shown.wait("unsaved edits are kept in")
    (orphan,) = orphans(Trajectory.open(path))
    orphan.release()


async def test_quitting_without_saving_gives_the_work_up(path: Path) -> None:
    async with journaled(path) as shown:
        await shown.wait(lambda: shown.session.sandbox_kind is not None)
        await shown.press("w", "q")
        await shown.wait("Quit without saving")
        await shown.press("j", "j", "enter")
        await shown.pilot.pause()
    assert orphans(Trajectory.open(path)) == []


async def test_another_program_with_the_same_recording_is_told(path: Path) -> None:
    async with journaled(path) as first:
        await first.wait(lambda: first.session.sandbox_kind is not None)
        async with journaled(path) as second:
            await second.wait(f"trajtui (pid {os.getpid()}) has this recording open too")
            await second.press("w")
            await second.wait("modified")


@pytest.mark.parametrize("by", ["proposal", "typing"])
@pytest.mark.sampled(2)
async def test_a_run_is_never_saved_through_a_link(path: Path, by: str) -> None:
    profile = path.parent / "profile"
    link = path.with_name("t.run.json")
    link.symlink_to(profile)
    async with opened(path) as shown:
        await shown.press("s")
        await shown.settle()
        await shown.press("ctrl+o")
        await shown.wait("Save this run as")
        if by == "typing":
            await shown.press("ctrl+u")
            await shown.type(str(link))
            await shown.press("enter")
            await shown.wait("a save does not follow")
            await shown.press("escape")
        else:
            await shown.wait("t.run2.json")
            await shown.press("enter")
            await shown.wait("run saved")
    assert not profile.exists()
    assert link.is_symlink()
