"""The list of breakpoints, a service per step, and folded delegations, on the screen."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from textual.widgets import Input

from documents import message, ran, run
from program import finish, say, write
from screens import opened
from states import STATES, home
from states import recording as everything
from trajcore.events.kinds import Service
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory

DELEGATION: list[dict[str, Any]] = [
    message(0, "go"),
    {"id": 1, "source": "agent", "action": "delegate", "args": {"agent": "Helper", "inputs": {"task": "t"}}},
    message(2, "TASK: t"),
    run(3, "echo inside"),
    ran(4, 3, "inside"),
    {"id": 5, "source": "agent", "observation": "delegate", "content": "done", "extras": {"outputs": {}}},
    run(6, "false"),
    ran(7, 6, "", exit_code=1),
    say(8, "Shall I?", wait=True),
    message(9, "yes"),
    finish(10, "done"),
]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write(tmp_path / "delegation.json", DELEGATION)


async def test_a_condition_is_added_and_stops_the_replay(recording: Path):
    async with opened(recording, sandbox="recorded") as screen:
        await screen.press("B")
        await screen.wait("exit!=0 · diverged")
        await screen.type("waits")
        await screen.press("enter", "escape", "c")
        await screen.settle()
        assert screen.session.position == 8
        assert "breakpoint waits: before 8 say Shall I?" in screen.status


async def test_a_wrong_condition_is_explained_and_not_added(recording: Path):
    async with opened(recording) as screen:
        await screen.press("B")
        await screen.type("nonsense")
        await screen.press("enter")
        await screen.wait("'nonsense' is no condition")
        assert len(screen.session.breakpoints) == 0


async def test_the_keys_are_said_of_the_line_and_of_the_list(recording: Path):
    async with opened(recording) as screen:
        await screen.press("B")
        await screen.wait("Enter adds the condition · Esc leaves the line")
        assert "a add a condition" not in screen.text  # it would be typed
        await screen.type("waits")
        await screen.press("enter")
        await screen.wait("Space on/off · d remove · a add a condition")
        await screen.press("a")
        await screen.wait("Enter adds the condition")


async def test_what_is_cut_of_a_breakpoint_ends_in_an_ellipsis(tmp_path: Path):
    path = write(tmp_path / "long.json", [run(1, "echo " + "word " * 40), ran(2, 1, "")])
    async with opened(path, size=(80, 24)) as screen:
        await screen.press("b", "B")
        row = next(row for row in (await screen.wait("● at event 1")).split("\n") if "● at event 1" in row)
        said = row.partition("●")[2].rpartition("│")[0].rstrip()
        assert said.endswith("…"), row
        assert "echo word word" in said


async def test_breakpoints_are_switched_off_and_removed(recording: Path):
    async with opened(recording) as screen:
        await screen.press("j", "b", "B")
        await screen.wait("● at event 1")
        await screen.press("space")
        await screen.wait("○ at event 1")
        assert 1 not in screen.session.breakpoints
        await screen.press("d")
        await screen.wait(lambda: len(screen.session.breakpoints) == 0)


async def test_a_step_is_served_or_skipped_as_chosen(recording: Path):
    async with opened(recording) as screen:
        await screen.press("G", "k", "k", "k")
        assert screen.selected == 6
        await screen.press("x")
        assert screen.session.services[6] is Service.RECORDED
        assert "event 6: recorded" in screen.status
        await screen.press("x")
        assert any("⊘" in row and " 6 ◇ run" in row for row in screen.rows)
        await screen.press("c")
        await screen.settle()
        assert screen.session.run.results[6].reason == "you asked for it: skipped"
        await screen.press("g", "x")
        assert "asks nothing of the sandbox" in screen.status


async def test_a_delegation_folds_and_unfolds(recording: Path):
    async with opened(recording) as screen:
        assert "▾ delegate" in screen.text
        assert "TASK: t" in screen.text
        await screen.press("j", "space")
        assert "▸ delegate" in screen.text
        assert "TASK: t" not in screen.text
        await screen.press("j")
        assert screen.selected == 6
        await screen.press("k", "space")
        assert "TASK: t" in screen.text


async def test_what_is_served_stands_behind_its_prompt(recording: Path):
    async with opened(recording) as screen:
        await screen.press("c")
        await screen.settle()
        await screen.wait("(recorded) echo inside")
        pane = [row for row in screen.side if row.strip()]
        prompt = next(number for number, row in enumerate(pane) if "(recorded) echo inside" in row)
        assert pane[prompt + 1].strip("│ ") == "inside"


def kept(path: Path) -> Session:
    return Session(Trajectory.open(path), Settings("recorded", keep_breakpoints=True))


def test_breakpoints_are_kept_beside_the_recordings_name_and_not_in_it(recording: Path):
    before = recording.read_bytes()
    session = kept(recording)
    session.toggle_breakpoint(6)
    session.break_on("kind=run and exit!=0")
    session.toggle_breakpoint(3)
    session.toggle_breakpoint(3)
    again = kept(recording).breakpoints
    texts = [point.describe(session.trajectory) for point in again]
    assert texts == ["breakpoint at event 6", "breakpoint on kind=run and exit!=0"]
    assert recording.read_bytes() == before
    assert [path.name for path in recording.parent.iterdir() if path.suffix == ".json"] == [recording.name]


def test_a_damaged_list_of_breakpoints_is_passed_over(recording: Path):
    session = kept(recording)
    session.toggle_breakpoint(6)
    sidecar = session.breakpoints._sidecar()
    assert sidecar is not None
    sidecar.write_text("{")
    assert len(kept(recording).breakpoints) == 0


_WITH_FIELDS = ("breakpoints", "world", "model", "again", "replace-text", "edit-event", "insert-kind")


async def test_what_stands_in_an_empty_field_has_room_at_80_columns(tmp_path: Path) -> None:
    fields = 0
    async with opened(everything(tmp_path / "all.json"), (80, 24)) as screen:
        for name in _WITH_FIELDS:
            with ExitStack() as undo:
                await STATES[name](screen, undo)
                for field in screen.app.screen.query(Input).results(Input):
                    fields += 1
                    assert cell_len(str(field.placeholder)) <= field.scrollable_content_region.width, name
            await home(screen)
    assert fields >= len(_WITH_FIELDS)
