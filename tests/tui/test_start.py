"""The start screen: what it says of recordings, its keys, and picking a file directory by directory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

import conversations
from documents import message, ran, run
from program import SAMPLES, write
from trajcore.views.glances import GONE, Glance, Glances
from trajcore.views.recent import recent_files, remember
from trajtui.screens.browse import Browse
from trajtui.screens.help import Help
from trajtui.screens.palette import Palette
from trajtui.screens.start import StartApp

EVENTS = [message(0, "Fix the build"), run(1, "true"), ran(2, 1, "")]


class Start:
    """The start screen, and what stands on it."""

    def __init__(self, app: StartApp, pilot: Pilot[Any]) -> None:
        self.app = app
        self.press = pilot.press
        self._pilot = pilot

    async def wait(self, found: Callable[[], object]) -> None:
        for _ in range(750):
            if found():
                return
            await self._pilot.pause(0.02)
        pytest.fail(f"waited for it; the list has {self.rows}, the note {self.note!r}")

    @property
    def choices(self) -> OptionList:
        return self.app.screen.query_one(OptionList)

    @property
    def rows(self) -> list[str]:
        return [str(self.choices.get_option_at_index(at).prompt) for at in range(self.choices.option_count)]

    @property
    def note(self) -> str:
        note = "#start-note" if self.app.screen is self.app.screen_stack[0] else ".note"
        return str(self.app.screen.query_one(note, Static).render())

    async def browse(self, count: int) -> None:
        """Go to the dialog, and wait until so much is in it."""
        await self.press("o")
        await self.wait(lambda: isinstance(self.app.screen, Browse) and self.choices.option_count == count)


@asynccontextmanager
async def started(**more: Any) -> AsyncIterator[Start]:
    app = StartApp(**more)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        yield Start(app, pilot)


async def test_a_sample_that_was_opened_is_called_one_still() -> None:
    remember(SAMPLES / "demo.json")
    async with started() as start:
        await start.wait(lambda: "7 steps" in start.rows[0])
        assert start.rows[0].splitlines()[0] == "sample  demo.json"
        assert not any("demo.json" in row for row in start.rows[1:])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = write(tmp_path / "mine.json", EVENTS)
    remember(path)
    return path


# What was opened before


async def test_a_recent_recording_says_what_it_is(path: Path) -> None:
    async with started() as start:
        await start.wait(lambda: "1 step" in start.rows[0])
        assert start.rows[0].splitlines()[0] == str(path)
        assert start.rows[0].endswith(" · Fix the build")


async def test_the_first_frame_waits_for_no_recording(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One whose file system never answers stops neither the keys nor the end."""
    never, looked = Event(), Event()

    def stuck(glances: Glances, path: Path) -> Glance:
        looked.set()
        never.wait(60)
        return Glance()

    monkeypatch.setattr(Glances, "of", stuck)
    async with started() as start:
        await start.wait(looked.is_set)
        assert start.rows[0] == f"{path}\n  …"
        await start.press("q")
    assert start.app.return_value is None
    never.set()


async def test_one_that_is_gone_says_so_and_is_taken_off_the_list(path: Path) -> None:
    path.unlink()
    async with started() as start:
        await start.wait(lambda: GONE in start.rows[0])
        await start.press("enter")
        await start.wait(lambda: start.note == f"there is no file {path}")
        await start.press("d")
        await start.wait(lambda: "is off the list" in start.note)
        assert not any("mine.json" in row for row in start.rows)
    assert recent_files() == []


async def test_samples_stay_on_the_list(path: Path) -> None:
    async with started() as start:
        await start.press("end", "d")
        await start.wait(lambda: "only what was opened before" in start.note)
        assert "questions.json" in start.rows[-1]


async def test_what_is_wrong_is_said_and_the_cursor_stays_until_it_is_moved(
    path: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("not json")
    remember(bad)
    remember(write(tmp_path / "other.json", EVENTS))
    async with started() as start:
        await start.press("j", "enter")
        await start.wait(lambda: start.note.startswith(f"{bad} is not JSON"))
        assert start.choices.highlighted == 1
        await start.press("j")
        await start.wait(lambda: start.note.startswith("Enter opens"))


async def test_what_was_wrong_with_the_one_before_is_said(path: Path) -> None:
    async with started(fault="mine.json: no event 7") as start:
        await start.wait(lambda: start.note == "mine.json: no event 7")


# Keys


@pytest.mark.parametrize("key", ["question_mark", "f1"])
async def test_help_shows_the_keys(key: str) -> None:
    async with started() as start:
        await start.press(key)
        await start.wait(lambda: isinstance(start.app.screen, Help))
        await start.press("escape")
        await start.wait(lambda: start.app.screen is start.app.screen_stack[0])


async def test_the_palette_does_what_the_keys_do(tmp_path: Path) -> None:
    async with started() as start:
        await start.press("slash", "x", "ctrl+p")
        await start.wait(lambda: isinstance(start.app.screen, Palette))
        await start.press(*"browse")
        await start.wait(lambda: start.choices.option_count == 1)
        await start.press("enter")
        await start.wait(lambda: isinstance(start.app.screen, Browse))


async def test_a_question_mark_is_typed_into_the_path() -> None:
    async with started() as start:
        await start.press("slash", "question_mark", "o", "d")
        assert start.app.query_one(Input).value == "?od"


# Directory by directory


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "here"
    conversations.directory(place / "talk", conversations.talk(), conversations.state(12))
    (place / "src").mkdir()
    write(place / "src" / "run.json", EVENTS)
    write(place / "a.json", EVENTS)
    write(place / ".hidden.json", EVENTS)
    (place / "package.json").write_text("{}")
    (place / "notes.txt").touch()
    monkeypatch.chdir(place)
    return place


PLAIN = ("  src/", "  notes.txt", "  package.json")


async def marked(start: Start, count: int = 2) -> None:
    """Wait until so many recordings are marked."""
    await start.wait(lambda: sum(row.startswith("● ") for row in start.rows) == count)


async def test_only_recordings_are_marked(tree: Path) -> None:
    async with started() as start:
        await start.browse(5)
        await marked(start)
        assert [row for row in start.rows if row.startswith("  ")] == list(PLAIN)
        assert any(row.startswith("● talk/") and "Make a file" in row for row in start.rows)
        assert any(row.startswith("● a.json") and "1 step · Fix the build" in row for row in start.rows)


async def test_a_directory_that_is_a_recording_is_picked_or_gone_into(tree: Path) -> None:
    async with started() as start:
        await start.browse(5)
        await marked(start)
        await start.press("j", "right")
        await start.wait(lambda: start.choices.option_count == 3 and "events/" in start.rows[0])
        await start.press("left")
        await marked(start)
        assert start.choices.highlighted == 1
        await start.press("enter")
        await start.wait(lambda: not start.app.is_running)
    assert start.app.return_value == tree / "talk"


async def test_a_recording_is_picked_in_a_directory_below(tree: Path) -> None:
    async with started() as start:
        await start.browse(5)
        await start.press("enter")
        await start.wait(lambda: start.choices.option_count == 1 and "run.json" in start.rows[0])
        await start.press("enter")
        await start.wait(lambda: not start.app.is_running)
    assert start.app.return_value == tree / "src" / "run.json"


async def test_names_are_filtered_and_hidden_ones_shown(tree: Path) -> None:
    async with started() as start:
        await start.browse(5)
        await start.press("full_stop")
        await start.wait(lambda: start.choices.option_count == 6)
        await start.press("slash", *"HID")
        await start.wait(lambda: start.choices.option_count == 1)
        await start.press("down", "full_stop")
        await start.wait(lambda: start.note.startswith("nothing here"))
        await start.press("escape")
        await start.wait(lambda: start.choices.option_count == 5)
        await start.press("escape")
        await start.wait(lambda: start.app.screen is start.app.screen_stack[0])


async def test_what_is_picked_and_is_no_recording_is_refused_there(tree: Path) -> None:
    async with started() as start:
        await start.browse(5)
        await start.press("end", "enter")
        await start.wait(lambda: start.note.startswith(str(tree / "package.json")))
        assert isinstance(start.app.screen, Browse)
        assert start.choices.highlighted == 4


async def test_a_directory_that_cannot_be_read_is_told_and_what_was_there_stays(tree: Path) -> None:
    async with started() as start:
        await start.browse(5)
        (tree / "src" / "run.json").unlink()
        (tree / "src").rmdir()
        await start.press("right")
        await start.wait(lambda: start.note == f"{tree / 'src'}: No such file or directory")
        assert start.choices.option_count == 5


async def test_the_names_of_a_hostile_directory_are_harmless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    write(tmp_path / "here" / "[bold]x\x1b]0;title\x07\n.json", [message(0, "\x1b[31mred")])
    monkeypatch.chdir(tmp_path / "here")
    async with started() as start:
        await start.browse(1)
        await marked(start, 1)
        assert "[bold]x" in start.rows[0]
        assert not set("\x1b\x07\n") & set(start.rows[0])


async def test_the_newest_sessions_of_agents_are_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "kept" / ("ab" * 16)
    conversations.directory(place, conversations.talk(), conversations.state(13))
    monkeypatch.setenv("OPENHANDS_CONVERSATIONS_DIR", str(place.parent))
    async with started() as start:
        await start.wait(lambda: any("openhands" in row and "steps" in row for row in start.rows))
        (row,) = (row for row in start.rows if "openhands" in row)
        assert "Make a file" in row
