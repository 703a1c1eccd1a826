"""The first frame of a large recording: how little is read for it, and that nothing is missing behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from contextvars import copy_context
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from textual import events

from documents import message, ran, run
from monkey import pressed
from program import write
from screens import Shown, opened
from trajcore.dialects.openhands_v0.dialect import OpenHandsV0
from trajcore.session import Session, Settings
from trajcore.trajectory import Trajectory
from trajtui.app import TrajApp
from trajtui.screens.debugger import DebuggerScreen
from trajtui.widgets.chat import ChatPane

HEIGHT = 48
AT_FIRST = 1000


def recording(path: Path, steps: int) -> Path:
    """Commands whose answers come right behind them, but for the first: its answer is the last event."""
    found: list[dict[str, Any]] = [message(0, "count the files"), run(1, "sleep 1000")]
    for id in range(2, 2 * steps, 2):
        found += [run(id, f"echo {id}"), ran(id + 1, id, str(id))]
    return write(path, [*found, ran(2 * steps, 1, "", exit_code=3)])


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many slots and heads the dialect was asked to read."""
    found: Counter[str] = Counter()
    slots, head = OpenHandsV0.slots, OpenHandsV0.head

    def counted_slots(dialect: OpenHandsV0, records: Sequence[Any]) -> Any:
        found["slots"] += len(records)
        return slots(dialect, records)

    def counted_head(dialect: OpenHandsV0, texts: Any, slot: Any) -> Any:
        found["heads"] += 1
        return head(dialect, texts, slot)

    monkeypatch.setattr(OpenHandsV0, "slots", counted_slots)
    monkeypatch.setattr(OpenHandsV0, "head", counted_head)
    return found


async def at_first(path: Path, then: Callable[[TrajApp], object] = lambda _: None) -> list[str]:
    """The rows of the screen when its first frame is there, and before anything else happens."""
    session = Session(Trajectory.open(path), Settings("recorded"))
    frame: list[str] = []

    def shown() -> None:
        strips = app.screen._compositor.render_strips()
        frame.extend("".join(segment.text for segment in row) for row in strips)
        then(app)
        app.exit()

    app = TrajApp(session, shown=shown)
    try:
        await app.run_async(headless=True, size=(160, HEIGHT))
    finally:
        await session.close()
    return frame


@asynccontextmanager
async def shown_first(app: TrajApp) -> AsyncIterator[Shown]:
    """The debugger, of which no more was waited for than that there is a screen."""
    try:
        async with app.run_test(size=(160, HEIGHT)) as pilot:
            debugger = app.screen
            assert isinstance(debugger, DebuggerScreen)
            yield Shown(pilot, app.session, debugger)
    finally:
        await app.session.close()


async def test_no_more_is_read_for_it_however_many_events_there_are(
    tmp_path: Path, read: Counter[str]
) -> None:
    counts = []
    for steps in (1000, 4000):
        read.clear()
        rows = await at_first(recording(tmp_path / "x.json", steps), lambda _: counts.append(read.copy()))
        assert "count the files" in rows[2]
        assert "keys" in rows[-1]
    assert counts[0] == counts[1]
    assert counts[1]["slots"] <= AT_FIRST
    assert counts[1]["heads"] <= 2 * HEIGHT  # an action's row shows how its answer came out


async def test_what_it_leaves_out_is_there_behind_it(tmp_path: Path) -> None:
    path = recording(tmp_path / "large.json", 2000)
    first = await at_first(path)
    assert "4001 events" in first[0]
    assert "steps" not in first[0]
    assert "exit 3" not in first[3]
    async with opened(path, size=(160, HEIGHT)) as screen:
        await screen.wait("4001 events · 2000 steps")
        assert "exit 3" in screen.rows[3]
        text = slice(
            0, screen.timeline.size.width - 1
        )  # without the scroll bar and the overview, which now know how far it goes
        assert [row[text] for row in screen.rows[4:-4]] == [row[text] for row in first[4:-4]]
        await screen.press("G")
        assert screen.selected == 3998


async def test_a_key_that_comes_before_all_is_read_does_what_it_says(tmp_path: Path) -> None:
    session = Session(Trajectory.open(recording(tmp_path / "large.json", 2000)), Settings("recorded"))
    read: list[bool] = []
    nobody = copy_context()  # keys come from the terminal, and from nobody within the program

    def press() -> None:
        read.append(session.trajectory.all_read)
        for key in ("G", "m", "H", "i"):
            app.post_message(events.Key(key, key))

    app = TrajApp(session, shown=partial(nobody.run, press))
    async with shown_first(app) as screen:
        await screen.wait(lambda: app.screen.conversation.box.typed == "Hi")
        assert screen.selected == 3998
    assert read == [False]


async def test_a_click_on_the_tab_of_a_pane_that_is_not_there_yet_shows_it(tmp_path: Path) -> None:
    session = Session(Trajectory.open(recording(tmp_path / "x.json", 20)), Settings("recorded"))
    there: list[int] = []
    nobody = copy_context()

    def click() -> None:
        there.append(len(app.screen.query(ChatPane)))
        x, y, *_ = app.screen.query_one("#tabs-below").region
        for event in pressed(x + len(" 2 Event  3 Compare  4 Files  5"), y):
            app.post_message(event)

    app = TrajApp(session, shown=partial(nobody.run, click))
    async with shown_first(app) as screen:
        await screen.wait(lambda: any(chat.display for chat in app.screen.query(ChatPane)))
    assert there == [0]
